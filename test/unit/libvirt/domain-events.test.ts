import { describe, expect, it } from "vitest";
import { agentEvent, lifecycleEvent, stateOf } from "#node-runtime/libvirt/domain-events.ts";

const uuid = "00112233-4455-6677-8899-aabbccddeeff";

describe("libvirt's lifecycle events", () => {
  it.each([
    ["started, booted", 2, 0, { event: "started" }],
    ["suspended by a user", 3, 0, { event: "suspended", reason: "User" }],
    ["suspended on an I/O error", 3, 2, { event: "suspended", reason: "IOError" }],
    ["suspended for a reason of the future", 3, 99, { event: "suspended", reason: "Unknown" }],
    ["resumed", 4, 0, { event: "resumed" }],
    ["shut down by the guest itself", 6, 1, { event: "shutting-down" }],
    ["stopped after a shutdown", 5, 0, { event: "stopped", how: "shutdown" }],
    ["destroyed", 5, 1, { event: "stopped", how: "destroyed" }],
    ["stopped after a panic", 5, 2, { event: "stopped", how: "crashed" }],
    ["QEMU killed: libvirt's word is failed", 5, 5, { event: "stopped", how: "crashed" }],
    ["migrated away", 5, 3, { event: "stopped", how: "migrated" }],
    ["stopped in a way of the future", 5, 99, { event: "stopped", how: "failed" }],
    ["panicked", 8, 0, { event: "panicked" }],
    ["asleep by its own wish", 7, 0, { event: "suspended", reason: "GuestSuspended" }],
  ])("%s", (_what, event, detail, meaning) => {
    expect(lifecycleEvent(uuid, event, detail)).toEqual({ uuid, ...meaning });
  });

  it("tell nothing of definitions, of a crash kernel, and of what is not known yet", () => {
    for (const [event, detail] of [
      [0, 0],
      [1, 0],
      [8, 1],
      [42, 0],
    ] as const) {
      expect(lifecycleEvent(uuid, event, detail)).toBeUndefined();
    }
  });

  it("tell of the guest agent's coming and going", () => {
    expect(agentEvent(uuid, 1)).toEqual({ uuid, event: "agent-connected" });
    expect(agentEvent(uuid, 2)).toEqual({ uuid, event: "agent-disconnected" });
    expect(agentEvent(uuid, 3)).toBeUndefined();
  });
});

describe("libvirt's states", () => {
  it("are read with their reasons", () => {
    expect(stateOf(1, 5)).toEqual({ state: "running", reason: "Unpaused" });
    expect(stateOf(3, 5)).toEqual({ state: "paused", reason: "IOError" });
    expect(stateOf(5, 3)).toEqual({ state: "shutoff", reason: "Crashed" });
    expect(stateOf(6, 1)).toEqual({ state: "crashed", reason: "Panicked" });
  });

  it("of a newer libvirt are no licence to call a domain off or running", () => {
    expect(stateOf(99, 0)).toEqual({ state: "paused", reason: "Unknown" });
    expect(stateOf(3, 99)).toEqual({ state: "paused", reason: "Unknown" });
  });
});
