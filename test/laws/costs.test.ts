/** Counts that must not grow: what a start writes and reads, what rest costs, and what one change makes functions look at. */
import { afterEach, describe, expect, it } from "vitest";
import { Node } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { compileFilters } from "#events/broker/filters.ts";
import { flowEvents, objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import { virtualClock } from "#events/clock.ts";
import type { MachineStatus } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { createCache } from "#events/source/cache.ts";
import { objectEvent } from "#events/source/object-event.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { defaultConfig } from "#functions/config.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { claimedInstance, node, virtualMachine } from "../unit/functions/objects.ts";
import { startWorld, type World } from "../unit/functions/world.ts";

const MINUTE = 60_000;

describe("a start", () => {
  let world: World;
  afterEach(() => world.close());

  it("writes its instance three times after the creation, its VM's status twice, and its pod once", async () => {
    world = await startWorld();
    const counts = await startOne(world);
    expect(counts.get("create VirtualMachineInstance object")).toBe(1);
    expect(counts.get("patch VirtualMachineInstance status")).toBe(3);
    expect(counts.get("patch VirtualMachineInstance object")).toBeUndefined();
    expect(counts.get("patch VirtualMachine status")).toBeLessThanOrEqual(2);
    expect(counts.get("create Pod object")).toBe(1);
    // A Kubernetes Event for what no object says: that the guest runs.
    expect(counts.get("create Event object")).toBe(1);
    // What the user and the test's kubelet wrote is not ours.
    for (const name of ["create VirtualMachine object", "patch Pod status"]) counts.delete(name);
    const kinds = ["VirtualMachineInstance", "VirtualMachine", "Pod", "Event"];
    const all = [...counts].filter(([name]) => kinds.includes(name.split(" ")[1] ?? ""));
    expect(all.reduce((sum, [, count]) => sum + count, 0)).toBe(8);
  });

  it("asks the API nothing: all that it reads, the source has seen", async () => {
    world = await startWorld();
    let reads = 0;
    const counted = (method: "get" | "list"): void => {
      const read = world.cluster[method].bind(world.cluster) as (...asked: unknown[]) => Promise<never>;
      world.cluster[method] = (...asked: unknown[]) => ((reads += 1), read(...asked));
    };
    counted("get");
    counted("list");
    await startOne(world);
    const mine = 2; // the test's kubelet reads its pod where it is, at its creation and after its own write
    expect(reads).toBeLessThanOrEqual(mine);
  });

  it("writes nothing afterwards but what nodes' heartbeats say", async () => {
    world = await startWorld();
    await startOne(world);
    const before = world.writes.length;
    await world.clock.advance(30 * MINUTE);
    const after = world.writes.slice(before);
    expect(after.filter(({ kind }) => kind !== "Node")).toEqual([]);
    expect(after.length).toBeGreaterThan(0);
  });
});

/** Creates a VM and waits, without reading, until its status says that it is ready. Answers its writes, counted. */
async function startOne(world: World): Promise<Map<string, number>> {
  const before = world.writes.length;
  await world.create(VirtualMachine, virtualMachine());
  const ready = (object: Stored<KubeObject>): boolean =>
    (object as Stored<VirtualMachine>).status?.ready === true && object.kind === VirtualMachine.kind;
  await world.until("the VM is ready", () => world.writes.slice(before).some(({ object }) => ready(object)));
  await world.clock.advance(5000);
  const counts = new Map<string, number>();
  for (const { verb, kind, part } of world.writes.slice(before)) {
    const name = `${verb} ${kind} ${part}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const MACHINES_A_NODE = 5;
const PAST_MIGRATIONS = 5;

describe("what one event makes functions look at does not depend on how many machines there are elsewhere", () => {
  it.each(functions({ ...defaultConfig, ownNodes: true }).map((definition) => [definition.name, definition] as const))(
    "%s",
    async (_name, definition) => {
      const [few, many] = [await looked(definition, 4), await looked(definition, 40)];
      expect(many).toEqual(few);
      // Or nothing would have been counted.
      expect(few.events).toBeGreaterThan(0);
    },
  );

  it("is counted: a function that looks at all instances is found out", async () => {
    const [attend] = functions(defaultConfig).filter(({ name }) => name === "attend");
    if (attend === undefined) return expect.fail("no attend");
    const greedy = {
      ...attend,
      on: [
        {
          filters: [],
          describe: "all",
          keys: async (_event: CloudEvent, cluster: Reader) => {
            await cluster.list(VirtualMachineInstance);
            return ["/node1"];
          },
        },
      ],
    };
    const [few, many] = [await looked(greedy, 4), await looked(greedy, 40)];
    expect(many.objects).toBeGreaterThan(few.objects);
  });
});

type Definition = ReturnType<typeof functions>[number];

/** Objects that the function is handed for: a change of one instance, a node that was heard, and its heartbeat. */
async function looked(
  definition: Definition,
  nodes: number,
): Promise<{ readonly events: number; readonly objects: number }> {
  const clock = virtualClock();
  const cluster = memoryCluster({ clock });
  const cache = createCache({ kinds: watchedKinds, cluster, changed: () => undefined });
  const put = (kind: Kind, object: Stored<KubeObject>): void => cache.shelf(kind)?.put(object);
  const machines: MachineStatus[] = [];
  for (let index = 0; index < nodes; index += 1) {
    const name = `node${index + 1}`;
    put(Node, named(node(name), name, ""));
    for (let machine = 0; machine < MACHINES_A_NODE; machine += 1) {
      const vmi = claimedInstance("Running");
      const claim = { node: name, bootID: "boot-1", epoch: 1 };
      const placed = { ...vmi, status: { ...vmi.status, nodeName: name, claim } };
      const instance = named(placed, `vm-${index}-${machine}`, "default");
      put(VirtualMachineInstance, instance);
      for (let past = 0; past < PAST_MIGRATIONS; past += 1) {
        put(VirtualMachineInstanceMigration, ended(instance.metadata.name, past));
      }
      machines.push(running(instance, name));
    }
  }
  for (const kind of watchedKinds) {
    const shelf = cache.shelf(kind);
    if (shelf !== undefined) shelf.ready = true;
  }
  let objects = 0;
  const counting: Reader = {
    async get(kind, at) {
      const found = await cache.reader.get(kind, at);
      objects += found === undefined ? 0 : 1;
      return found;
    },
    async list(kind, selection) {
      const found = await cache.reader.list(kind, selection);
      objects += found.length;
      return found;
    },
  };
  const there = {
    identity: async (node: string) => ({ node, bootID: "boot-1" }),
    machine: async (_node: string, uid: string) => machines.find((machine) => machine.uid === uid),
    machines: async (name: string) => machines.filter(({ claim }) => claim.node === name),
  };
  let events = 0;
  for (const event of await eventsOf(cache.reader, clock)) {
    for (const wake of definition.on) {
      if (!compileFilters(wake.filters)(event)) continue;
      events += 1;
      const keys = (await wake.keys?.(event, counting)) ?? [event.extensions["partitionkey"] ?? ""];
      // A resync is of all nodes; what one node's costs is what is asked here.
      for (const key of keys.slice(0, 1)) await definition.read({ cluster: counting, nodes: there, event }, key);
      if (event.type === flowEvents.resync.type) objects -= keys.length;
    }
  }
  return { events, objects };
}

async function eventsOf(reader: Reader, clock: ReturnType<typeof virtualClock>): Promise<CloudEvent[]> {
  const vmi = await reader.get(VirtualMachineInstance, { namespace: "default", name: "vm-0-0" });
  const heard = await reader.get(Node, { name: "node1" });
  const at = { namespace: "default", name: "vm-0-0-0" };
  const migration = await reader.get(VirtualMachineInstanceMigration, at);
  if (vmi === undefined || heard === undefined || migration === undefined) throw new Error("nothing is there");
  const parts = { type: objectEvents.updated, source: "/test", occasion: "update", clock };
  return [
    objectEvent({ ...parts, kind: VirtualMachineInstance, object: vmi }),
    objectEvent({ ...parts, type: flowEvents.deadline, kind: VirtualMachineInstance, object: vmi }),
    objectEvent({ ...parts, kind: VirtualMachine, object: { ...vmi, kind: "VirtualMachine" } }),
    objectEvent({ ...parts, kind: VirtualMachineInstanceMigration, object: migration }),
    objectEvent({ ...parts, kind: Node, object: heard }),
    objectEvent({ ...parts, type: flowEvents.deadline, kind: Node, object: heard }),
    makeEvent({ type: flowEvents.resync, source: "/test", key: "/resync", data: {}, clock }),
  ];
}

function ended(vmiName: string, nth: number): Stored<VirtualMachineInstanceMigration> {
  const object: VirtualMachineInstanceMigration = {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: { name: "" },
    spec: { vmiName },
    status: { phase: "Succeeded" },
  };
  return named(object, `${vmiName}-${nth}`, "default");
}

function named<T extends KubeObject>(object: T, name: string, namespace: string): Stored<T> {
  const metadata = {
    ...object.metadata,
    name,
    uid: `uid-${name}`,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...(namespace === "" ? {} : { namespace }),
  };
  return { ...object, metadata };
}

function running(vmi: Stored<VirtualMachineInstance>, name: string): MachineStatus {
  return {
    uid: vmi.metadata.uid,
    namespace: "default",
    name: vmi.metadata.name,
    claim: { node: name, bootID: "boot-1", epoch: 1 },
    version: "1",
    desired: "running",
    state: "running",
    since: "2026-01-01T00:00:00Z",
    sequence: 1,
    interfaces: [],
    volumes: [],
    agentConnected: false,
  };
}
