import { describe, expect, it } from "vitest";
import type { Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { startSource, type Peek } from "#events/source/source.ts";
import { boot } from "#functions/boot.ts";
import { keysOf } from "#functions/dispatcher.ts";
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

describe("an instance that was claimed by a host which has ended since", () => {
  it("wakes who orders it, when it is told again", async () => {
    const clock = virtualClock();
    const cluster = memoryCluster({ clock });
    const { object } = await cluster.create(VirtualMachineInstance, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: "web", namespace: "default" },
      spec: { domain: { devices: {} } },
    });
    const told: CloudEvent[] = [];
    const source = startSource({
      cluster,
      kinds: [VirtualMachineInstance],
      publish: async (event) => void told.push(event),
      deadlineOf: () => undefined,
      resyncSeconds: 0,
      retellSeconds: 0,
      retellWaiting: { seconds: 20, waits },
      clock,
      sourceName: "/test",
    });
    await clock.settle();
    const status = {
      phase: "Scheduled",
      phaseTransitionTimestamps: [{ phase: "Scheduled", phaseTransitionTimestamp: clock.now().toISOString() }],
    };
    await cluster.patch(VirtualMachineInstance, object, { ...object, status } as VirtualMachineInstance, "status");
    await clock.settle();
    const wakes = (): Promise<readonly string[][]> =>
      Promise.all(told.map(async (event) => [...(await keysOf(boot)(event, cluster))]));
    expect((await wakes()).at(-1)).toEqual([]);
    await clock.advance(45_000);
    expect((await wakes()).at(-1)).toEqual(["default/web"]);
    await source.close();
  });
});
