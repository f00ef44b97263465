import { describe, expect, it } from "vitest";
import type { Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { startSource, type Peek } from "#events/source/source.ts";
import { boot } from "#functions/boot.ts";
import type { Looks } from "#functions/define.ts";
import { keysOf } from "#functions/dispatcher.ts";
import { observe } from "#functions/observe/observe.ts";
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

describe("an instance that is told again, since it waits", () => {
  /** The events about it, and what they lead to, from when it is in this state on. */
  async function retold(status: object, finalizers: readonly string[] = []) {
    const clock = virtualClock();
    const cluster = memoryCluster({ clock });
    const { object } = await cluster.create(VirtualMachineInstance, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: "web", namespace: "default", finalizers: [...finalizers] },
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
    const entered = [{ phase: "Scheduled", phaseTransitionTimestamp: clock.now().toISOString() }];
    const claim = { node: "node-1", bootID: "b", epoch: 1 };
    const after = { ...object, status: { claim, phaseTransitionTimestamps: entered, ...status } };
    const patched = await cluster.patch(VirtualMachineInstance, object, after as VirtualMachineInstance, "status");
    if (finalizers.length > 0) await cluster.remove(VirtualMachineInstance, patched);
    await clock.settle();
    const [changed, found] = [told.at(-1), (await clock.advance(45_000), told.at(-1))];
    await source.close();
    if (changed === undefined || found === undefined) throw new Error("nothing was told");
    return { cluster, changed, found };
  }

  it("wakes who orders it at its node, where who claimed it may have ended before that", async () => {
    const { cluster, changed, found } = await retold({ phase: "Scheduled" });
    expect([...(await keysOf(boot)(changed, cluster))]).toEqual([]);
    expect([...(await keysOf(boot)(found, cluster))]).toEqual(["default/web"]);
  });

  it("is asked for at its node when it is to go, where the report of its end may be lost", async () => {
    const { cluster, changed, found } = await retold({ phase: "Running" }, ["test/kept"]);
    const asked: string[] = [];
    const machine = async (node: string) => void asked.push(node);
    const nodes = { machine } as unknown as Looks["nodes"];
    await observe.read({ cluster, nodes, event: changed }, "default/web");
    expect(asked).toEqual([]);
    await observe.read({ cluster, nodes, event: found }, "default/web");
    expect(asked).toEqual(["node-1"]);
  });
});
