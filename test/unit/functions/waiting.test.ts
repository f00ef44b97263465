import { describe, expect, it } from "vitest";
import type { Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import type { Peek } from "#events/source/source.ts";
import { waits } from "#functions/waiting.ts";

const vm = (metadata: object, status: object): Stored<VirtualMachine> =>
  ({
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "1", generation: 2, ...metadata },
    spec: { template: { spec: { domain: { devices: {} } } } },
    status: { desiredGeneration: 2, printableStatus: "Stopped", created: false, ready: false, ...status },
  }) as Stored<VirtualMachine>;

const nothing: Peek = () => undefined;
const running: Peek = () =>
  ({ metadata: {}, status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }) as never;

describe("a VirtualMachine waits", () => {
  it.each([
    ["when its spec has not been looked at", vm({ generation: 3 }, {}), nothing],
    ["while it is deleted", vm({ deletionTimestamp: "2026-01-01T00:00:00Z" }, {}), nothing],
    ["while it starts", vm({}, { printableStatus: "Starting", created: true }), running],
    ["while it is asked for something", vm({}, { stateChangeRequests: [{ action: "Start" }] }), nothing],
    ["when nobody told it that its instance is gone", vm({}, { printableStatus: "Running", created: true }), nothing],
    ["when nobody told it that its instance is there", vm({}, {}), running],
    ["when nobody told it that its instance is ready", vm({}, { printableStatus: "Running", created: true }), running],
  ])("%s", (_what, object, peek) => {
    expect(waits(VirtualMachine, object, peek)).toBe(true);
  });

  it.each([
    ["stopped", vm({}, {}), nothing],
    ["running", vm({}, { printableStatus: "Running", created: true, ready: true }), running],
  ])("for nothing when it is %s", (_what, object, peek) => {
    expect(waits(VirtualMachine, object, peek)).toBe(false);
  });
});
