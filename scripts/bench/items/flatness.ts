/**
 * What one change costs the functions among ever more machines: an instance that changed, and a Node that says something new.
 * Source, cache, broker, dispatcher and all functions in this process, on a cluster in memory with nodes that agree.
 * Seconds are of CPU. The exponent is that of the total for one change a machine, by least squares over the sizes: 1 is a
 * cost of a change that does not depend on how many machines there are.
 */
import { Node } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import { keyOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { createBroker } from "#events/broker/broker.ts";
import { systemRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { silentLog } from "#events/log.ts";
import type { MachineStatus, Nodes } from "#events/machine.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { startSource } from "#events/source/source.ts";
import { defaultConfig } from "#functions/config.ts";
import { deadlineOf } from "#functions/deadlines.ts";
import { isNews } from "#functions/news.ts";
import { createDispatcher } from "#functions/dispatcher.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { cpuTimer } from "../cpu.ts";
import type { FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { runningInstance } from "../objects.ts";

const MACHINES_A_NODE = 100;
const MOST_EXPONENT = 1.1;

export const flatness: BenchItem = {
  name: "flatness",
  about: "CPU of one change among 100 to 100,000 machines",
  quick: true,
  mostSeconds: 1800,
  run,
};

async function run({ quick, say, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const sizes = quick ? [100, 1000, 10_000] : [100, 1000, 10_000, 100_000];
  const changes = quick ? 300 : 1000;
  const instance: number[] = [];
  const node: number[] = [];
  // The first size compiles for the others.
  await costs(100, changes);
  for (const size of sizes) {
    signal.throwIfAborted();
    const cost = await costs(size, changes);
    instance.push(cost.instance);
    node.push(cost.node);
    say(`${size} machines: ${cost.instance.toFixed(0)} µs an instance's change, ${cost.node.toFixed(0)} µs a node's`);
  }
  return [
    ...figures("instance", "an instance's change", sizes, instance),
    ...figures("node", "a Node that says something new", sizes, node),
  ];
}

function figures(name: string, title: string, sizes: readonly number[], microseconds: readonly number[]): FigureSpec[] {
  return [
    ...sizes.map((size, index): FigureSpec => {
      const value = microseconds[index] ?? Number.NaN;
      return {
        name: `${name}-${size}`,
        title: `${title} among ${size} machines: CPU`,
        unit: "µs",
        better: "less",
        value,
      };
    }),
    {
      name: `${name}-exponent`,
      title: `${title}: exponent of the total over the number of machines`,
      unit: "exponent",
      better: "less",
      value: 1 + slope(sizes.map(Math.log), microseconds.map(Math.log)),
      promise: { of: "value", at: "most", limit: MOST_EXPONENT },
    },
  ];
}

function slope(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const product = xs.reduce((sum, each, index) => sum + (each - x) * ((ys[index] ?? y) - y), 0);
  return product / xs.reduce((sum, each) => sum + (each - x) ** 2, 0);
}

async function costs(size: number, changes: number): Promise<{ readonly instance: number; readonly node: number }> {
  const nodeCount = Math.max(1, size / MACHINES_A_NODE);
  const cluster = memoryCluster({ clock: systemClock });
  const instances = await placed(cluster, size, nodeCount);
  const journal = memoryJournal(1000);
  const broker = createBroker({ journal, clock: systemClock, random: systemRandom, log: silentLog });
  let telling = false;
  const source = startSource({
    cluster,
    kinds: watchedKinds,
    // What exists is told at the start; here only what changes counts.
    publish: async (event) => (telling ? broker.publish(event) : undefined),
    deadlineOf,
    isNews,
    resyncSeconds: 0,
    retellSeconds: 0,
    clock: systemClock,
    sourceName: "/bench/source",
  });
  createDispatcher({
    functions: functions({ ...defaultConfig, ownNodes: true }),
    reader: source.reader,
    writer: source.writer,
    nodes: nodesOf(instances),
    journal,
    broker,
    clock: systemClock,
    log: silentLog,
  }).start();
  await source.idle();
  telling = true;
  /** Kinds that are written. */
  const written = new Set<string>();
  cluster.onWrite(({ kind, part }) => written.add(`${kind} (${part})`));
  const done = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    await source.idle();
    await broker.idle();
  };
  const each = async (count: number, change: (index: number) => Promise<unknown>): Promise<number> => {
    globalThis.gc?.();
    const before = broker.metrics().published;
    written.clear();
    const cpuSeconds = cpuTimer();
    for (let index = 0; index < count; index += 1) {
      await change(index);
      await done();
    }
    const cost = (cpuSeconds() / count) * 1e6;
    const published = broker.metrics().published - before;
    if (published < count) throw new Error(`${published} of ${count} changes were told`);
    // A sample that functions have something to say of would cost what no later change costs.
    if (written.size > 1) throw new Error(`functions wrote too: ${[...written].join(", ")}`);
    return cost;
  };
  const stride = Math.max(1, Math.floor(size / changes));
  const instance = await each(changes, async (index) => {
    const at = { namespace: "default", name: instances[(index * stride) % size]?.metadata.name ?? "" };
    const vmi = await cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) throw new Error(`${at.name} is gone`);
    const annotations = { ...vmi.metadata.annotations, "bench/change": String(index) };
    await cluster.patch(VirtualMachineInstance, vmi, { ...vmi, metadata: { ...vmi.metadata, annotations } }, "object");
  });
  const node = await each(Math.ceil(changes / 3), async (index) => {
    const there = await cluster.get(Node, { name: nodeName(index % nodeCount) });
    if (there === undefined) throw new Error("the node is gone");
    const annotations = { ...there.metadata.annotations, "bench/change": String(index) };
    await cluster.patch(Node, there, { ...there, metadata: { ...there.metadata, annotations } }, "object");
  });
  await source.close();
  await broker.close();
  return { instance, node };
}

function nodeName(index: number): string {
  return `node-${index + 1}`;
}

const BOOT = "00000000-0000-4000-8000-000000000001";

/** Nodes that are heard, and instances that run on them. */
async function placed(cluster: MemoryCluster, size: number, nodes: number): Promise<Stored<VirtualMachineInstance>[]> {
  const condition = { status: "True", lastHeartbeatTime: new Date(Date.now() + 3_600_000).toISOString() } as const;
  for (let index = 0; index < nodes; index += 1) {
    await cluster.create(Node, {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: nodeName(index),
        labels: { [label.schedulable]: "true" },
        annotations: { [annotation.runtimeURL]: "https://127.0.0.1:1", [annotation.bootID]: BOOT },
      },
      status: { conditions: ["Ready", "RuntimeReady"].map((type) => ({ type, ...condition })) },
    });
  }
  const instances: Stored<VirtualMachineInstance>[] = [];
  for (let index = 0; index < size; index += 1) {
    const { status, ...bare } = runningInstance(index);
    const { object } = await cluster.create(VirtualMachineInstance, bare);
    const node = nodeName(index % nodes);
    const claim = { node, bootID: BOOT, epoch: 1 };
    instances.push(
      await cluster.patch(
        VirtualMachineInstance,
        object,
        { ...object, status: { ...status, nodeName: node, claim } },
        "status",
      ),
    );
  }
  return instances;
}

/** What each node says of its machines: that they run, as their instances have it. */
function nodesOf(instances: readonly Stored<VirtualMachineInstance>[]): Nodes {
  const statuses = instances.map((vmi): MachineStatus => {
    const { claim, interfaces = [], volumeStatus = [] } = vmi.status ?? {};
    if (claim === undefined) throw new Error(`${keyOf(vmi)} has no claim`);
    return {
      uid: vmi.metadata.uid,
      namespace: "default",
      name: vmi.metadata.name,
      claim,
      version: "1",
      desired: "running",
      state: "running",
      since: vmi.metadata.creationTimestamp,
      sequence: 1,
      interfaces: interfaces.map(({ name, mac, ipAddress, ipAddresses }) => ({
        name: name ?? "",
        mac: mac ?? "",
        ...(ipAddress === undefined ? {} : { ipAddress }),
        ipAddresses: [...(ipAddresses ?? [])],
      })),
      volumes: volumeStatus.map(({ name, target }) => ({ name, target: target ?? "" })),
      machineType: "pc-q35-7.2",
      accelerator: "tcg",
      agentConnected: false,
    };
  });
  const byUID = new Map(statuses.map((status) => [status.uid, status]));
  const byNode = Map.groupBy(statuses, ({ claim }) => claim.node);
  const not = (what: string) => async (): Promise<never> => {
    throw new Error(`nothing is to be ${what}`);
  };
  return {
    identity: async (node) => ({ node, bootID: "boot-1" }),
    machine: async (_node, uid) => byUID.get(uid),
    machines: async (node) => byNode.get(node) ?? [],
    order: not("ordered"),
    forget: not("forgotten"),
    act: not("done"),
  };
}
