/**
 * One life of a control plane: the real source, broker, dispatcher, functions and kubelet's part, on doors to the API
 * server and the nodes. Killed, it leaves nothing behind but what it wrote; the next one lists and goes on.
 */
import type { CloudEvent } from "#events/cloud-event.ts";
import { createBroker } from "#events/broker/broker.ts";
import { Fault } from "#events/fault.ts";
import type { DeadLetter, DecisionRecord, Journal } from "#events/journal-entry.ts";
import { silentLog } from "#events/log.ts";
import { heartbeatEvent } from "#events/ingress.ts";
import type { Heartbeat } from "#events/machine.ts";
import { startSource } from "#events/source/source.ts";
import { heartbeatNews } from "#functions/attend.ts";
import { defaultConfig } from "#functions/config.ts";
import { createDispatcher, defaultDelivery } from "#functions/dispatcher.ts";
import { isNews } from "#functions/news.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { createRollCall, deadlinesHeard } from "#functions/roll-call.ts";
import { waits } from "#functions/waiting.ts";
import { runKubelet, type PodNetwork } from "#local/kubelet.ts";
import { apiDoor, type ApiServer } from "./api-door.ts";
import type { Listening } from "./control-door.ts";
import type { Lags } from "./lags.ts";
import { looseBroker } from "./loose-broker.ts";
import type { SimulatedNode } from "./node.ts";
import { nodesDoor } from "./nodes-door.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Seams } from "./seams.ts";
import type { Weather } from "./weather.ts";
import type { SimulatedPods } from "./pods.ts";

export interface ControlPlaneParts {
  readonly server: ApiServer;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly seams: Seams;
  /** Events reach functions through a broker that is not ours, and functions read the API server itself. */
  readonly loose: boolean;
  /** How far its watches are behind. */
  readonly lags: Lags;
  /** Milliseconds that its wall clock is ahead. */
  readonly pods: SimulatedPods;
  readonly skew: number;
  readonly decided: (decision: DecisionRecord) => void;
  readonly gaveUp: (letter: DeadLetter) => void;
  readonly took: (event: CloudEvent) => void;
}

export interface ControlPlane extends Listening {
  readonly process: Process;
  readonly lags: Lags;
  kill(): void;
}

/** So short a queue that publishers have to wait for room now and then, and what nodes say too. */
const CROWDED = { parallel: 64, mostWaiting: 4 } as const;
const config = { ...defaultConfig, ownNodes: true };
const all = functions(config);
/** What control does where a broker may lose events. */
const LOSSY = { parallel: 32, retellSeconds: 300, retellWaiting: { seconds: 20, waits } } as const;

export function startControlPlane(parts: ControlPlaneParts): ControlPlane {
  const { server, nodes, scheduler, weather, seams, lags } = parts;
  const process = scheduler.process("control plane");
  process.skew = parts.skew;
  const { clock } = process;
  const journal = journalOf(parts);
  const broker = createBroker({ journal, clock, random: weather.random, log: silentLog, ...CROWDED });
  const loose = parts.loose ? looseBroker({ ...parts, process }) : undefined;
  const publish = seams.publish(async (event) => {
    if (loose !== undefined) await loose.publish(event);
    await broker.publish(event);
  });
  // Functions that live elsewhere hear no heartbeat but by its event.
  const rollCall = seams.rollCall(createRollCall(clock));
  const cluster = seams.cluster(apiDoor({ server, process, scheduler, weather, lags }));
  const source = startSource({
    cluster,
    kinds: watchedKinds,
    publish,
    deadlineOf: seams.deadlineOf(deadlinesHeard(() => (loose === undefined ? rollCall : undefined))),
    isNews,
    resyncSeconds: seams.resyncSeconds,
    ...(parts.loose ? LOSSY : {}),
    clock,
    sourceName: "/virtive/source",
    random: weather.random,
    log: silentLog,
  });
  const heartbeatIsNews = heartbeatNews(config, source, rollCall);
  // Who has no cache sees what is there at the first look.
  const present = loose === undefined ? seams.present(cluster) : undefined;
  createDispatcher({
    functions: seams.functions(all),
    reader: loose === undefined ? source.reader : cluster,
    ...(present === undefined ? {} : { present }),
    writer: loose === undefined ? source.writer : cluster,
    nodes: nodesDoor({ nodes, process, scheduler, weather }),
    journal,
    broker: loose ?? broker,
    clock,
    log: silentLog,
    ...(loose === undefined ? { rollCall } : {}),
  }).start();
  runKubelet({
    nodes: new Set(nodes.keys()),
    network: podNetwork(parts, process),
    // Who can't be asked may be using it.
    inUse: (node, podUID) => nodes.get(node)?.machines?.usesPod(podUID) ?? true,
    reader: source.reader,
    cluster,
    broker,
    delivery: defaultDelivery,
    now: () => clock.now(),
  });

  return {
    process,
    lags,
    async heartbeat(body) {
      const said = heartbeatIn(body);
      if (loose !== undefined || (await heartbeatIsNews(said))) await publish(heartbeatEvent(said, clock));
      return said.node;
    },
    report: (event) => publish(event),
    get frozenUntil() {
      return process.frozenUntil;
    },
    kill: () => scheduler.kill(process),
  };
}

/** Most of a node's heartbeats are the same text. */
const heartbeats = new Map<string, Heartbeat>();
const MOST_HEARTBEATS = 1000;

function heartbeatIn(body: string): Heartbeat {
  const known = heartbeats.get(body);
  if (known !== undefined) return known;
  const said = JSON.parse(body) as Heartbeat;
  if (heartbeats.size >= MOST_HEARTBEATS) heartbeats.clear();
  heartbeats.set(body, Object.freeze(said));
  return said;
}

function podNetwork({ nodes, pods, scheduler, weather }: ControlPlaneParts, process: Process): PodNetwork {
  return {
    async ensure(podUID, heirOf) {
      await scheduler.park(process, weather.between(1, 200));
      return { podIP: pods.ensure(podUID, heirOf) };
    },
    async end(podUID) {
      await scheduler.park(process, weather.between(1, 50));
      const busy = [...nodes.values()].some((node) => node.machines?.usesPod(podUID) === true);
      if (busy) throw new Fault("later", "InUse", "the machine's links are still there");
      pods.end(podUID);
    },
  };
}

/** What it would keep is looked at and forgotten. */
function journalOf({ decided, gaveUp, took }: ControlPlaneParts): Journal {
  let last = 0;
  return {
    appendEvent(event) {
      took(event);
      return (last += 1);
    },
    appendDecision(decision) {
      decided(decision);
      return (last += 1);
    },
    appendDeadLetter(letter) {
      gaveUp(letter);
      return (last += 1);
    },
    read: () => [],
    async *follow() {
      // nobody follows
    },
    latestDecisions: () => [],
    get last() {
      return last;
    },
    flush: () => undefined,
    close: () => undefined,
  };
}
