/** The whole loop in memory: cluster, source, broker, functions and nodes that behave, on a virtual clock. */
import { Node, Pod } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { createBroker, type LocalBroker } from "#events/broker/broker.ts";
import { nodeEvents } from "#events/catalogue.ts";
import { seededRandom } from "#events/chance.ts";
import { virtualClock, type Clock, type VirtualClock } from "#events/clock.ts";
import type { Cluster } from "#events/cluster.ts";
import { silentLog } from "#events/log.ts";
import type { Nodes } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { memoryCluster, type MemoryCluster, type Write } from "#events/memory-cluster.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import type { Journal } from "#events/journal-entry.ts";
import { startSource, type Source } from "#events/source/source.ts";
import { deadlineOf } from "#functions/deadlines.ts";
import { isNews } from "#functions/news.ts";
import { defaultConfig } from "#functions/config.ts";
import { createDispatcher } from "#functions/dispatcher.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { defaulting } from "./defaulting.ts";
import { modelNodes, type ModelNode, type ModelNodes } from "./model-node.ts";
import { START } from "./objects.ts";

export interface World {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly nodes: ModelNodes;
  readonly journal: Journal;
  readonly broker: LocalBroker;
  readonly source: Source;
  readonly writes: Write[];
  readonly node: ModelNode;
  /** Lets time pass until it holds. @throws after two hours of the world's time */
  until(what: string, holds: () => Promise<boolean> | boolean): Promise<void>;
  create<T extends KubeObject>(kind: Kind<T>, object: T): Promise<Stored<T>>;
  /** Reads it, changes it, writes it back. */
  edit<T extends KubeObject>(
    kind: Kind<T>,
    name: string,
    part: "object" | "status",
    change: (old: Stored<T>) => T,
  ): Promise<void>;
  remove(kind: Kind, name: string): Promise<void>;
  vm(name?: string): Promise<Stored<VirtualMachine> | undefined>;
  vmi(name?: string): Promise<Stored<VirtualMachineInstance> | undefined>;
  pods(): Promise<readonly Stored<Pod>[]>;
  /** The newest decisions on the machine, newest first, as "function: because". */
  why(name?: string): readonly string[];
  close(): Promise<void>;
}

const HEARTBEAT_MILLISECONDS = 2000;
const TWO_HOURS = 2 * 3600 * 1000;

export interface FunctionsParts {
  readonly cluster: Cluster;
  /** Where the cluster is behind: what is there now. */
  readonly present?: Cluster;
  readonly nodes: Nodes;
  readonly journal: Journal;
  readonly broker: LocalBroker;
  readonly clock: Clock;
  readonly seed: number;
}

/** Source and dispatcher with all functions, as a control plane has them. */
export function startFunctions({ cluster, present, nodes, journal, broker, clock, seed }: FunctionsParts): Source {
  const source = startSource({
    cluster,
    kinds: watchedKinds,
    publish: (event) => broker.publish(event),
    deadlineOf,
    isNews,
    resyncSeconds: 60,
    clock,
    sourceName: "/test/source",
    random: seededRandom(seed),
  });
  createDispatcher({
    functions: functions({ ...defaultConfig, ownNodes: true }),
    reader: source.reader,
    ...(present === undefined ? {} : { present }),
    writer: source.writer,
    nodes,
    journal,
    broker,
    clock,
    log: silentLog,
  }).start();
  return source;
}

export async function startWorld(names: readonly string[] = ["node1"], seed = 1): Promise<World> {
  const clock = virtualClock(START);
  const cluster = memoryCluster({ clock, collectGarbage: true, admission: defaulting(clock) });
  const writes: Write[] = [];
  cluster.onWrite((write) => writes.push(write));
  const journal = memoryJournal();
  const broker = createBroker({ journal, clock, random: seededRandom(seed), log: silentLog });
  const nodes = modelNodes(names, clock, (event) => void broker.publish(event));
  const source = startFunctions({ cluster, nodes, journal, broker, clock, seed });
  const stopKubelet = playKubelet(cluster, nodes, clock);
  let alive = true;
  const beat = (): void => {
    if (!alive) return;
    for (const name of names) {
      const node = nodes.node(name);
      if (!node.up) continue;
      const type = nodeEvents.heartbeat;
      const extensions = { node: name, bootid: node.bootID };
      void broker.publish(
        makeEvent({ type, source: "/test/ingress", key: `/${name}`, data: node.heartbeat(), extensions, clock }),
      );
    }
    clock.schedule(HEARTBEAT_MILLISECONDS, beat);
  };
  beat();

  const world: World = {
    clock,
    cluster,
    nodes,
    journal,
    broker,
    source,
    writes,
    node: nodes.node(names[0] ?? "node1"),
    async until(what, holds) {
      const end = clock.now().getTime() + TWO_HOURS;
      while (!(await holds())) {
        if (clock.now().getTime() > end) throw new Error(`never: ${what}; ${world.why().slice(0, 8).join(" | ")}`);
        await clock.step();
      }
    },
    create: async (kind, object) => (await cluster.create(kind, object)).object,
    async edit(kind, name, part, change) {
      const old = await cluster.get(kind, { namespace: "default", name });
      if (old === undefined) throw new Error(`no ${kind.kind} ${name}`);
      await cluster.patch(kind, old, change(old), part);
    },
    async remove(kind, name) {
      const object = await cluster.get(kind, kind.namespaced ? { namespace: "default", name } : { name });
      if (object !== undefined) await cluster.remove(kind, object);
    },
    vm: (name = "web") => cluster.get(VirtualMachine, { namespace: "default", name }),
    vmi: (name = "web") => cluster.get(VirtualMachineInstance, { namespace: "default", name }),
    pods: () => cluster.list(Pod),
    why: (name = "web") =>
      journal
        .latestDecisions(`default/${name}`, 100)
        .map(({ function: from, because, outcome }) => `${from}: ${because} (${outcome})`),
    async close() {
      alive = false;
      stopKubelet();
      await source.close();
      await broker.close();
    },
  };
  await world.until("nodes are Ready", async () => {
    const list = await cluster.list(Node);
    return list.length === names.length && list.every((node) => node.status?.capacity !== undefined);
  });
  return world;
}

/** Makes bound pods Ready, and ends deleted ones once no machine uses them. */
function playKubelet(cluster: MemoryCluster, nodes: ModelNodes, clock: VirtualClock): () => void {
  const inUse = (pod: Stored<Pod>): boolean =>
    nodes
      .node(pod.spec.nodeName ?? "")
      .all()
      .some((machine) => machine.state !== "stopped" && pod.metadata.ownerReferences?.[0]?.uid === machine.uid);
  const tend = async (name: string): Promise<void> => {
    const pod = await cluster.get(Pod, { namespace: "default", name });
    if (pod?.spec.nodeName === undefined) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (inUse(pod)) clock.schedule(500, () => void tend(name));
      else await cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
    } else if (pod.status?.phase === "Pending") {
      const status = {
        phase: "Running",
        podIP: "10.1.0.2",
        conditions: [{ type: "Ready", status: "True" }],
      } as const;
      await cluster.patch(Pod, pod, { ...pod, status }, "status");
    }
  };
  return cluster.onWrite(({ kind, object }) => {
    if (kind === Pod.kind) clock.schedule(1, () => void tend(object.metadata.name));
  });
}
