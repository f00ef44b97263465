/**
 * attend: keeps Nodes in step with the heartbeats of their runtimes, and says so when a runtime has gone silent.
 * Wakes on heartbeats, the one kind of event that is state, and on the deadline of the last one that was written down.
 * Writes annotations, the label `kubevirt.io/schedulable`, labels of the CPU and the condition RuntimeReady; where Nodes are ours alone
 * also the Node itself, Ready, capacity and addresses.
 *
 * A new boot is the proof that machines of the boot before are gone, and a heartbeat of an earlier one, held up on its
 * way, would look like it. So the node is asked before another boot is believed: its answer is of now.
 *
 * A heartbeat comes every 2 s. Where somebody listens and keeps what he hears (`roll-call.ts`), one is written down when it
 * says something new, or every 5 minutes, as kubelets do; the others wake nobody (`heartbeatNews`), and who has not been
 * heard for too long is found by the Node's deadline, which goes by what was heard. Where nobody does, one is written down
 * every 8 s, and the deadline goes by what is written: two small writes in 20 s.
 */
import { Node } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import { partsOf, rfc3339, type Condition, type Stored } from "#api/object.ts";
import { nodeEvents } from "#events/catalogue.ts";
import { asFault } from "#events/fault.ts";
import { Heartbeat, type NodeCpu } from "#events/machine.ts";
import { sameJson } from "#events/json.ts";
import type { Source } from "#events/source/source.ts";
import type { FunctionsConfig } from "./config.ts";
import { withCpuLabels } from "./cpu-labels.ts";
import { SILENCE_SECONDS, silentFrom, type Listening } from "./deadlines.ts";
import {
  defineFunction,
  changed,
  due,
  nothing,
  statusPatch,
  told,
  type Decision,
  type FunctionDefinition,
  type Looks,
} from "./define.ts";
import { bootIDOf, RUNTIME_READY } from "./machine-facts.ts";
import type { Heard, RollCall } from "./roll-call.ts";

export interface AttendFacts {
  readonly name: string;
  readonly node: Stored<Node> | undefined;
  /** The last one: of the event, or kept by who listens. */
  readonly heartbeat: Told | undefined;
  /** From when silence counts, for who keeps what he hears. Undefined: nobody does. */
  readonly listening?: Listening | undefined;
}

interface Told extends Heard {
  /** Where it tells of a boot that is not known: what the node itself answers. */
  readonly present?: BootFact;
}

type BootFact =
  | { readonly known: "yes"; readonly bootID: string; readonly cpu?: NodeCpu | undefined }
  /** The node did not answer, for this reason. */
  | { readonly known: "no"; readonly reason: string };

const WRITE_AFTER_MILLISECONDS = 8_000;
const KEPT_WRITE_AFTER_MILLISECONDS = 300_000;

/** Of a Node that no kubelet writes. */
const OWN_NODES = [
  "Node.create",
  ...["capacity", "allocatable", "addresses", "nodeInfo", "conditions[Ready]"].map((part) => `Node.status.${part}`),
];

type NodeStatus = NonNullable<Node["status"]>;
type NodeCondition = NonNullable<NodeStatus["conditions"]>[number];

export function attend(config: FunctionsConfig): FunctionDefinition<AttendFacts> {
  return defineFunction<AttendFacts>({
    name: "attend",
    purpose: "Keeps Nodes in step with their runtimes' heartbeats, and notices when one goes silent.",
    on: [told([nodeEvents.heartbeat]), due(Node), changed(Node)],
    reads: ["Node.get"],
    writes: [
      "Node.metadata.annotations",
      "Node.metadata.labels",
      `Node.status.conditions[${RUNTIME_READY}]`,
      ...(config.ownNodes ? OWN_NODES : []),
      "record",
    ],

    async read({ cluster, nodes, event, rollCall }, key) {
      const { name } = partsOf(key);
      const node = await cluster.get(Node, { name });
      const told =
        event.type === nodeEvents.heartbeat.type
          ? { said: Heartbeat.parse(event.data), at: new Date(event.time ?? 0) }
          : undefined;
      const kept = rollCall?.last(name);
      const heard = kept !== undefined && (told === undefined || kept.at > told.at) ? kept : told;
      const news = heard !== undefined && (heard.said.bootID !== bootIDOf(node) || hasOtherCpu(node, heard.said));
      const heartbeat =
        news && (node !== undefined || config.ownNodes)
          ? { ...heard, present: await presentBoot(nodes, heard.said) }
          : heard;
      // Last: while the node was asked, time has passed.
      return { name, node, heartbeat, listening: rollCall?.listening(name) };
    },

    decide(facts, now) {
      const { heartbeat, listening } = facts;
      const kept = listening !== undefined;
      const hears = heartbeat !== undefined && (!kept || isRecent(heartbeat, now));
      return hears ? hear(facts, heartbeat, config, now) : listen(facts, now);
    },
  });
}

async function presentBoot(nodes: Looks["nodes"], { node, url }: Heartbeat): Promise<BootFact> {
  try {
    const { bootID, cpu } = await nodes.identity(node, url);
    return { known: "yes", bootID, cpu };
  } catch (thrown) {
    const { kind, message } = asFault(thrown);
    if (kind === "bug") throw thrown;
    return { known: "no", reason: message };
  }
}

/** Than its labels say. */
function hasOtherCpu(node: Node | undefined, { versions }: Heartbeat): boolean {
  const cpu = versions["cpu"];
  return cpu !== undefined && cpu !== node?.metadata.annotations?.[annotation.cpu];
}

function heardAt(node: Node | undefined): Date | undefined {
  const noted = node?.status?.conditions?.find((condition) => condition.type === RUNTIME_READY)?.lastHeartbeatTime;
  return noted === undefined ? undefined : new Date(noted);
}

function isRecent({ at }: Heard, now: Date): boolean {
  return now.getTime() - at.getTime() < SILENCE_SECONDS * 1000;
}

function hear(facts: AttendFacts, heard: Told, config: FunctionsConfig, now: Date): Decision {
  const { name, node, listening } = facts;
  const { said, at, present } = heard;
  const last = heardAt(node);
  // One that comes late may tell of an earlier boot of the node.
  if (!isRecent(heard, now) || (last !== undefined && at < last)) {
    return nothing(`the heartbeat of ${at.toISOString()} is overtaken`);
  }
  if (node === undefined && !config.ownNodes) return nothing(`there is no Node ${name} in the cluster`);
  if (said.bootID !== bootIDOf(node)) {
    // The next heartbeat comes soon.
    if (present?.known !== "yes")
      return nothing(`${name} tells of another boot, and can't be asked: ${present?.reason ?? "nobody has asked it"}`);
    if (present.bootID !== said.bootID)
      return nothing(`the heartbeat is of ${said.bootID}; the present boot of ${name} is ${present.bootID}`);
  }
  const object = node ?? emptyNode(name);
  const { metadata, status } = attended(object, heard, config);
  if (node === undefined) {
    const created: Node = { ...object, metadata, status };
    return {
      effects: [{ do: "create", kind: Node, object: created }],
      because: `the runtime on ${name} reports for the first time`,
    };
  }
  const news = isNews(node, { metadata, status });
  if (isFresh(last, at, listening !== undefined) && !news) return nothing(`${name} is heard, nothing is new`);
  return {
    effects: [
      ...(sameJson(node.metadata, metadata)
        ? []
        : [{ do: "patch", kind: Node, before: node, after: { ...node, metadata }, part: "object" } as const]),
      ...statusPatch(Node, node, status),
    ],
    because: news ? `${name} tells something new` : `${name} is heard`,
  };
}

type Attended = Required<Pick<Node, "metadata" | "status">>;

/** What the heartbeat makes of the Node. */
function attended(node: Node, { said, at, present }: Told, { ownNodes }: FunctionsConfig): Attended {
  // The answer is of the boot that is told, or nothing is said of the CPU.
  const cpu = present?.known === "yes" && present.bootID === said.bootID ? present.cpu : undefined;
  return { metadata: metadataFrom(node, said, cpu), status: statusFrom(node, said, at, ownNodes) };
}

function isNews(node: Node, { metadata, status }: Attended): boolean {
  return !sameJson(node.metadata, metadata) || !sameJson(timeless(node.status), timeless(status));
}

function isFresh(last: Date | undefined, at: Date, kept: boolean): boolean {
  const milliseconds = kept ? KEPT_WRITE_AFTER_MILLISECONDS : WRITE_AFTER_MILLISECONDS;
  return last !== undefined && at.getTime() - last.getTime() < milliseconds;
}

/**
 * Whether anybody need hear of a heartbeat that comes in now, which is kept: not while all that it says stands on its Node
 * and was written down not long ago. Knows the Nodes of the source, so all is news until it has listed.
 */
export function heartbeatNews(
  config: FunctionsConfig,
  source: Pick<Source, "reader" | "synced">,
  rollCall: RollCall,
): (said: Heartbeat) => Promise<boolean> {
  /** By each Node as it is now: the last heartbeat that said nothing new of it. */
  const known = new WeakMap<Node, { readonly said: Heartbeat; readonly last: Date }>();
  let listed = false;
  void source.synced().then(() => (listed = true));
  return async (said) => {
    const { at } = rollCall.heard(said);
    const node = listed ? await source.reader.get(Node, { name: said.node }) : undefined;
    if (node === undefined || said.bootID !== bootIDOf(node)) return true;
    const before = known.get(node);
    const last = before?.last ?? heardAt(node);
    if (last === undefined || at < last || !isFresh(last, at, true)) return true;
    if (before !== undefined && saysTheSame(before.said, said)) return false;
    if (hasOtherCpu(node, said) || isNews(node, attended(node, { said, at }, config))) return true;
    known.set(node, { said, last });
    return false;
  };
}

/** In all that is written on a Node. */
function saysTheSame(one: Heartbeat, other: Heartbeat): boolean {
  return (
    one.url === other.url &&
    one.hypervisorReady === other.hypervisorReady &&
    one.accelerator === other.accelerator &&
    sameJson(one.capacity, other.capacity) &&
    sameJson(one.versions, other.versions)
  );
}

function emptyNode(name: string): Node {
  const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

function metadataFrom(node: Node, said: Heartbeat, cpu: NodeCpu | undefined): Node["metadata"] {
  const { [annotation.confirmedOff]: off, ...rest } = node.metadata.annotations ?? {};
  const annotations = {
    ...rest,
    // It is not off: whoever said so was wrong.
    ...(off === undefined || off === said.bootID ? {} : { [annotation.confirmedOff]: off }),
    [annotation.runtimeURL]: said.url,
    [annotation.bootID]: said.bootID,
    ...(cpu === undefined || said.versions["cpu"] === undefined ? {} : { [annotation.cpu]: said.versions["cpu"] }),
  };
  const labels = {
    ...(cpu === undefined ? node.metadata.labels : withCpuLabels(node.metadata.labels, cpu)),
    [label.schedulable]: String(said.hypervisorReady),
    [label.accelerator]: said.accelerator,
  };
  return { ...node.metadata, annotations, labels };
}

function statusFrom(node: Node, said: Heartbeat, at: Date, ours: boolean): NodeStatus {
  const old = node.status?.conditions ?? [];
  const runtime: NodeCondition = said.hypervisorReady
    ? {
        type: RUNTIME_READY,
        status: "True",
        reason: "HypervisorAnswers",
        message: `Machines run by ${said.accelerator}.`,
      }
    : { type: RUNTIME_READY, status: "False", reason: "HypervisorSilent", message: "The hypervisor does not answer." };
  const conditions = withHeartbeat(old, runtime, at);
  if (!ours) return { ...node.status, conditions };
  const ready = {
    type: "Ready",
    status: "True",
    reason: "RuntimeHeard",
    message: "The node runtime reports.",
  } as const;
  const { cpus, memoryBytes } = said.capacity;
  const capacity = { cpu: String(cpus), memory: inKi(memoryBytes), pods: String(said.capacity.machines) };
  return {
    ...node.status,
    capacity,
    allocatable: { ...capacity, memory: inKi(memoryBytes - reservedBytes(memoryBytes)) },
    addresses: [
      { type: "InternalIP", address: new URL(said.url).hostname },
      { type: "Hostname", address: node.metadata.name },
    ],
    nodeInfo: nodeInfoFrom(said),
    conditions: withHeartbeat(conditions, ready, at),
  };
}

/** Only fields that Node has: the API server drops others, and what is dropped would look new at every heartbeat. */
function nodeInfoFrom({ versions }: Heartbeat): NonNullable<NodeStatus["nodeInfo"]> {
  return {
    operatingSystem: "linux",
    architecture: architectures[process.arch] ?? process.arch,
    ...(versions["kernel"] === undefined ? {} : { kernelVersion: versions["kernel"] }),
    ...(versions["qemu"] === undefined ? {} : { containerRuntimeVersion: `qemu://${versions["qemu"]}` }),
  };
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Memory that is not for machines: what the host itself needs, a tenth but at most 1 GiB. */
function reservedBytes(memoryBytes: number): number {
  return Math.min(2 ** 30, Math.floor(memoryBytes / 10));
}

function inKi(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}

function withHeartbeat(conditions: readonly NodeCondition[], next: NodeCondition, at: Date): readonly NodeCondition[] {
  const old = conditions.find((condition) => condition.type === next.type);
  const same = old?.status === next.status;
  const merged: NodeCondition = {
    ...next,
    lastHeartbeatTime: rfc3339(at),
    lastTransitionTime: (same ? old?.lastTransitionTime : undefined) ?? rfc3339(at),
  };
  return old === undefined
    ? [...conditions, merged]
    : conditions.map((condition) => (condition === old ? merged : condition));
}

/** The status without the times that change with every heartbeat. */
function timeless(status: NodeStatus | undefined): unknown {
  const conditions = (status?.conditions ?? []).map((condition): Condition => {
    const { lastHeartbeatTime: _time, ...rest } = condition;
    return rest;
  });
  return { ...status, conditions };
}

/** Nothing was heard lately: for too long? */
function listen({ name, node, heartbeat, listening }: AttendFacts, now: Date): Decision {
  if (node === undefined) return nothing(`there is no Node ${name}`);
  const by = silentFrom(node, listening);
  const written = heardAt(node);
  if (by === undefined || written === undefined) return nothing(`${name} is silent already`);
  const last = heartbeat !== undefined && heartbeat.at > written ? heartbeat.at : written;
  if (by > now)
    return nothing(`${name} was heard at ${last.toISOString()}; it counts as silent from ${by.toISOString()}`);
  const message = `No heartbeat since ${rfc3339(last)}.`;
  const conditions = (node.status?.conditions ?? []).map((condition): NodeCondition => {
    const mine =
      condition.type === RUNTIME_READY || (condition.type === "Ready" && condition.reason === "RuntimeHeard");
    if (!mine) return condition;
    return { ...condition, status: "Unknown", reason: "RuntimeSilent", message, lastTransitionTime: rfc3339(now) };
  });
  return {
    effects: [
      ...statusPatch(Node, node, { ...node.status, conditions }),
      { do: "record", about: node, type: "Warning", reason: "NodeUnresponsive", message },
    ],
    because: `${name} has not been heard for ${SILENCE_SECONDS} s`,
  };
}
