import { describe, expect, it } from "vitest";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { flowEvents, objectEvents, type EventType } from "#events/catalogue.ts";
import { virtualClock } from "#events/clock.ts";
import { objectEvent } from "#events/source/object-event.ts";
import { observe } from "#functions/observe/observe.ts";
import { statusFrom } from "#functions/observe/status.ts";
import { resync, type ResyncFacts } from "#functions/resync.ts";
import { claimedInstance, machineStatus, node, START } from "./objects.ts";

const running = claimedInstance("Running");
const machine = machineStatus("running");
const settled = { ...running, status: statusFrom(running, machine, START) };
const facts: ResyncFacts = { node: "node1", heard: true, machines: [machine], instances: [settled] };

describe("a resync", () => {
  it("finds nothing where the instance says all that its node does", () => {
    expect(resync.decide(facts, START).effects).toEqual([]);
  });

  it.each([
    ["an agent that is connected, of which the report was lost", { agentConnected: true }],
    [
      "another address",
      { interfaces: [{ ...machine.interfaces[0], ipAddress: "10.1.0.3", ipAddresses: ["10.1.0.3"] }] },
    ],
  ])("tells of %s", (_what, more) => {
    const decided = resync.decide({ ...facts, machines: [machineStatus("running", more as object)] }, START);
    expect(decided.effects).toMatchObject([{ do: "emit", type: flowEvents.differs, key: "default/web" }]);
  });

  it("tells a source whose run is over, and which waits for its target's word, although it is ordered off", () => {
    const move = { migration: "m1", role: "source", phase: "switching" } as const;
    const waiting = { ...machineStatus("paused", { move }), desired: "off" } as const;
    const { effects } = resync.decide({ ...facts, machines: [waiting], instances: [] }, START);
    const settled = { migration: "m1", at: "target" };
    expect(effects).toMatchObject([{ do: "order", order: { desired: "off", settled } }]);
    const told = { ...machineStatus("stopping"), desired: "off" } as const;
    expect(resync.decide({ ...facts, machines: [told], instances: [] }, START).effects).toEqual([]);
  });

  it("tells of no machine of another epoch: observe would not believe it", () => {
    const other = machineStatus("running", { agentConnected: true, claim: { ...machine.claim, epoch: 2 } });
    expect(resync.decide({ ...facts, machines: [other] }, START).effects).toEqual([]);
  });
});

describe("observe", () => {
  const asked = async (type: EventType, occasion: string): Promise<number> => {
    let looks = 0;
    const clock = virtualClock(START);
    const event = objectEvent({
      type,
      kind: VirtualMachineInstance,
      object: settled,
      source: "/test",
      occasion,
      clock,
    });
    const reader = {
      list: async () => [],
      get: async (kind: { readonly kind: string }) => (kind.kind === "Node" ? node() : settled) as never,
    };
    const nodes = {
      machine: async () => ((looks += 1), machine),
      machines: async () => [],
      identity: async () => Promise.reject(new Error("nobody asks")),
    };
    await observe.read({ cluster: reader, nodes, event }, "default/web");
    return looks;
  };

  it("asks no node about each instance that exists at a start: the resync asks once for all", async () => {
    expect(await asked(objectEvents.added, "added")).toBe(0);
    expect(await asked(objectEvents.updated, "update")).toBe(0);
    expect(await asked(flowEvents.deadline, "deadline.1.0")).toBe(1);
  });
});
