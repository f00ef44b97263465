/**
 * The kubelet's part for anchor pods, in the local shape only. There is no container here: an anchor is a network
 * namespace with an address, which the node's pod network makes; a migration's target has its source's. Wakes on pods
 * bound to nodes of this process; writes their status; when a pod is deleted, takes the namespace down once no machine
 * uses it, and lets the pod go. One that is gone already is taken down just so.
 *
 * It is no function: on a real cluster the real kubelet does this, so its writes are the kubelet's, not ours.
 */
import { Pod } from "#api/core.ts";
import { label } from "#api/names.ts";
import { controllerOf, rfc3339, type Condition, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Answer } from "#events/broker-types.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { anchorName } from "#functions/instance.ts";
import { DONE, tendAll, type Tended, type Tending } from "./tending.ts";

export interface PodNetwork {
  /** `heirOf`: the pod whose address it is to have. */
  ensure(podUID: string, heirOf?: string): Promise<{ readonly podIP: string }>;
  end(podUID: string): Promise<void>;
}

export interface KubeletOptions extends Tending {
  /** Nodes of this process. */
  readonly nodes: ReadonlySet<string>;
  readonly network: PodNetwork;
  /** True while a machine on the node still uses the pod. */
  readonly inUse: (node: string, podUID: string) => boolean;
  readonly reader: Reader;
  readonly cluster: Cluster;
  readonly now: () => Date;
}

/** Pods that were seen and have not been ended: their nodes, by name (namespace/name) and uid. */
type Seen = Map<string, Map<string, string>>;

export function runKubelet(options: KubeletOptions): void {
  const seen: Seen = new Map();
  tendAll(options, Pod, "kubelet", (at) => tend(options, at, seen));
}

async function tend(options: KubeletOptions, at: Tended, seen: Seen): Promise<Answer> {
  const pod = await options.reader.get(Pod, at);
  for (const uid of seen.get(nameOf(at))?.keys() ?? []) {
    if (uid !== pod?.metadata.uid) await endGone(options, uid, at, seen);
  }
  if (pod === undefined || pod.metadata.labels?.[label.component] !== "virt-launcher") return DONE;
  const node = pod.spec.nodeName;
  if (node === undefined || !options.nodes.has(node)) return DONE;
  note(seen, at, pod.metadata.uid, node);
  if (pod.metadata.deletionTimestamp !== undefined) return end(options, pod, node, at, seen);
  if (pod.status?.phase === "Running" || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed")
    return DONE;
  const { podIP } = await options.network.ensure(pod.metadata.uid, await heirOf(options.reader, pod));
  await options.cluster.patch(Pod, pod, { ...pod, status: ready(pod, podIP, options.now()) }, "status");
  return DONE;
}

/** A pod that went without a word to its node, as `kubectl delete --force` lets it. */
async function endGone(options: KubeletOptions, uid: string, at: Tended, seen: Seen): Promise<void> {
  if (options.inUse(seen.get(nameOf(at))?.get(uid) ?? "", uid)) {
    at.again(soon(options));
    return;
  }
  await options.network.end(uid);
  forget(seen, at, uid);
}

function nameOf({ namespace, name }: Tended): string {
  return `${namespace}/${name}`;
}

function note(seen: Seen, at: Tended, uid: string, node: string): void {
  const known = seen.get(nameOf(at));
  if (known === undefined) seen.set(nameOf(at), new Map([[uid, node]]));
  else known.set(uid, node);
}

function forget(seen: Seen, at: Tended, uid: string): void {
  const known = seen.get(nameOf(at));
  known?.delete(uid);
  if (known?.size === 0) seen.delete(nameOf(at));
}

/** The pod that a guest is to leave for this one: it takes its address along. */
async function heirOf(reader: Reader, pod: Stored<Pod>): Promise<string | undefined> {
  const { labels, namespace = "", name } = pod.metadata;
  const owner = controllerOf(pod);
  if (labels?.[label.migrationJobUID] === undefined || owner === undefined) return undefined;
  const vmi = await reader.get(VirtualMachineInstance, { namespace, name: owner.name });
  if (vmi?.metadata.uid !== owner.uid || anchorName(vmi) === name) return undefined;
  return (await reader.get(Pod, { namespace, name: anchorName(vmi) }))?.metadata.uid;
}

async function end(options: KubeletOptions, pod: Stored<Pod>, node: string, at: Tended, seen: Seen): Promise<Answer> {
  if (options.inUse(node, pod.metadata.uid)) {
    // As a real anchor does, it outlives SIGTERM until the guest is down.
    return at.again(soon(options));
  }
  await options.network.end(pod.metadata.uid);
  forget(seen, at, pod.metadata.uid);
  await options.cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
  return DONE;
}

function soon({ now }: KubeletOptions): Date {
  return new Date(now().getTime() + 500);
}

function ready(pod: Stored<Pod>, podIP: string, now: Date): NonNullable<Pod["status"]> {
  const at = rfc3339(now);
  const condition = (type: string): Condition => ({ type, status: "True", lastTransitionTime: at });
  return {
    ...pod.status,
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    hostIP: "127.0.0.1",
    startTime: at,
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    containerStatuses: pod.spec.containers.map((container) => ({
      name: container.name,
      image: container.image,
      imageID: "",
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
    })),
  };
}
