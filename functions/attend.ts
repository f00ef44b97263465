/**
 * attend: keeps Nodes in step with the heartbeats of their runtimes, and says so when a runtime has gone silent.
 * Wakes on heartbeats, the one kind of event that is state, and on the deadline of the last one that was written down.
 * Writes annotations, the label `kubevirt.io/schedulable` and the condition RuntimeReady; where Nodes are ours alone
 * also the Node itself, Ready, capacity and addresses.
 *
 * A new boot is the proof that machines of the boot before are gone, and a heartbeat of an earlier one, held up on its
 * way, would look like it. So the node is asked before another boot is believed: its answer is of now.
 *
 * A heartbeat comes every 2 s and is written down when it says something new, or every 8 s: two small writes in 20 s.
 */
import { Node } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import { partsOf, rfc3339, type Condition, type Stored } from "#api/object.ts";
import { nodeEvents } from "#events/catalogue.ts";
import { asFault } from "#events/fault.ts";
import { Heartbeat } from "#events/machine.ts";
import { sameJson } from "#events/merge-patch.ts";
import type { FunctionsConfig } from "./config.ts";
import { deadlineOf, SILENCE_SECONDS } from "./deadlines.ts";
import {
  defineFunction,
  due,
  nothing,
  statusPatch,
  told,
  type Decision,
  type FunctionDefinition,
  type Looks,
} from "./define.ts";
import { bootIDOf, RUNTIME_READY } from "./machine-facts.ts";

export interface AttendFacts {
  readonly name: string;
  readonly node: Stored<Node> | undefined;
  readonly heartbeat: Heard | undefined;
}

interface Heard {
  readonly said: Heartbeat;
  /** When it came in. */
  readonly at: Date;
  /** Where it tells of a boot that is not known: what the node itself answers. */
  readonly present?: BootFact;
}

type BootFact =
  | { readonly known: "yes"; readonly bootID: string }
  /** The node did not answer, for this reason. */
  | { readonly known: "no"; readonly reason: string };

const WRITE_AFTER_MILLISECONDS = 8_000;

type NodeStatus = NonNullable<Node["status"]>;
type NodeCondition = NonNullable<NodeStatus["conditions"]>[number];

export function attend(config: FunctionsConfig): FunctionDefinition<AttendFacts> {
  return defineFunction<AttendFacts>({
    name: "attend",
    purpose: "Keeps Nodes in step with their runtimes' heartbeats, and notices when one goes silent.",
    on: [told([nodeEvents.heartbeat]), due(Node)],
    reads: ["Node.get"],
    writes: [
      "Node.metadata.annotations",
      `Node.metadata.labels.${label.schedulable}`,
      `Node.status.conditions[${RUNTIME_READY}]`,
      ...(config.ownNodes ? ["Node.create", "Node.status"] : []),
      "record",
    ],

    async read({ cluster, nodes, event }, key) {
      const { name } = partsOf(key);
      const node = await cluster.get(Node, { name });
      if (event.type !== nodeEvents.heartbeat.type) return { name, node, heartbeat: undefined };
      const said = Heartbeat.parse(event.data);
      const heard = { said, at: new Date(event.time ?? 0) };
      const unknown = said.bootID !== bootIDOf(node) && (node !== undefined || config.ownNodes);
      return { name, node, heartbeat: unknown ? { ...heard, present: await presentBoot(nodes, said) } : heard };
    },

    decide(facts, now) {
      return facts.heartbeat === undefined ? listen(facts, now) : hear(facts, facts.heartbeat, config, now);
    },
  });
}

async function presentBoot(nodes: Looks["nodes"], { node, url }: Heartbeat): Promise<BootFact> {
  try {
    const { bootID } = await nodes.identity(node, url);
    return { known: "yes", bootID };
  } catch (thrown) {
    const { kind, message } = asFault(thrown);
    if (kind === "bug") throw thrown;
    return { known: "no", reason: message };
  }
}

function heardAt(node: Node | undefined): Date | undefined {
  const noted = node?.status?.conditions?.find((condition) => condition.type === RUNTIME_READY)?.lastHeartbeatTime;
  return noted === undefined ? undefined : new Date(noted);
}

function hear({ name, node }: AttendFacts, { said, at, present }: Heard, config: FunctionsConfig, now: Date): Decision {
  const last = heardAt(node);
  // One that comes late may tell of an earlier boot of the node.
  if (now.getTime() - at.getTime() > SILENCE_SECONDS * 1000 || (last !== undefined && at < last)) {
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
  const metadata = metadataFrom(object, said);
  const status = statusFrom(object, said, at, config.ownNodes);
  if (node === undefined) {
    const created: Node = { ...object, metadata, status };
    return {
      effects: [{ do: "create", kind: Node, object: created }],
      because: `the runtime on ${name} reports for the first time`,
    };
  }
  const news = !sameJson(node.metadata, metadata) || !sameJson(timeless(node.status), timeless(status));
  const fresh = last !== undefined && at.getTime() - last.getTime() < WRITE_AFTER_MILLISECONDS;
  if (fresh && !news) return nothing(`${name} is heard, nothing is new`);
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

function emptyNode(name: string): Node {
  const labels = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}

function metadataFrom(node: Node, said: Heartbeat): Node["metadata"] {
  const annotations = {
    ...node.metadata.annotations,
    [annotation.runtimeURL]: said.url,
    [annotation.bootID]: said.bootID,
  };
  const labels = { ...node.metadata.labels, [label.schedulable]: String(said.hypervisorReady) };
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

/** No heartbeat woke us: has the last one become too old? */
function listen({ name, node }: AttendFacts, now: Date): Decision {
  if (node === undefined) return nothing(`there is no Node ${name}`);
  const by = deadlineOf(Node, node);
  const last = heardAt(node);
  if (by === undefined || last === undefined) return nothing(`${name} is silent already`);
  if (by > now) return nothing(`${name} was heard at ${last.toISOString()}`);
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
