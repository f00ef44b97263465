/**
 * The kubelet's part for anchor pods, in the local shape only. There is no container here: an anchor is a network
 * namespace with an address, which the node's pod network makes; a migration's target has its source's. Wakes on pods bound to nodes of this process; writes
 * their status; when a pod is deleted, takes the namespace down once no machine uses it, and lets the pod go.
 *
 * It is no function: on a real cluster the real kubelet does this, so its writes are the kubelet's, not ours.
 */
import { Pod } from "#api/core.ts";
import { label } from "#api/names.ts";
import { controllerOf, partsOf, rfc3339, type Condition, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Answer, Broker, DeliverySpec } from "#events/broker-types.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { asFault } from "#events/fault.ts";
import { anchorName } from "#functions/instance.ts";

export interface PodNetwork {
  /** `heirOf`: the pod whose address it is to have. */
  ensure(podUID: string, heirOf?: string): Promise<{ readonly podIP: string }>;
  end(podUID: string): Promise<void>;
}

export interface KubeletOptions {
  /** Nodes of this process. */
  readonly nodes: ReadonlySet<string>;
  readonly network: PodNetwork;
  /** True while a machine on the node still uses the pod. */
  readonly inUse: (node: string, podUID: string) => boolean;
  readonly reader: Reader;
  readonly cluster: Cluster;
  readonly broker: Broker;
  readonly delivery: DeliverySpec;
  readonly now: () => Date;
}

const TRIGGER = "kubelet";

export function runKubelet(options: KubeletOptions): void {
  options.broker.addTrigger({
    name: TRIGGER,
    filters: [{ prefix: { type: "dev.knative.apiserver.resource." } }, { exact: { kind: "Pod" } }],
    delivery: options.delivery,
    // Pods of one VM are told apart by their own keys: the pod of its next run may start while the last one's ends.
    keys: (event) => [`pod/${event.extensions["namespace"] ?? ""}/${event.extensions["name"] ?? ""}`],
    subscriber: async (_event, key) => {
      try {
        return await tend(options, key);
      } catch (error) {
        const fault = asFault(error);
        return { status: fault.kind === "stale" ? 409 : 503, detail: `${fault.reason}: ${fault.message}` };
      }
    },
  });
}

async function tend(options: KubeletOptions, key: string): Promise<Answer> {
  const { namespace, name } = partsOf(key.slice("pod/".length));
  const pod = await options.reader.get(Pod, { namespace, name });
  if (pod === undefined || pod.metadata.labels?.[label.component] !== "virt-launcher") return { status: 204 };
  const node = pod.spec.nodeName;
  if (node === undefined || !options.nodes.has(node)) return { status: 204 };
  if (pod.metadata.deletionTimestamp !== undefined) return end(options, pod, node, key);
  if (pod.status?.phase === "Running" || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") {
    return { status: 204 };
  }
  const { podIP } = await options.network.ensure(pod.metadata.uid, await heirOf(options.reader, pod));
  await options.cluster.patch(Pod, pod, { ...pod, status: ready(pod, podIP, options.now()) }, "status");
  return { status: 204 };
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

async function end(options: KubeletOptions, pod: Stored<Pod>, node: string, key: string): Promise<Answer> {
  if (options.inUse(node, pod.metadata.uid)) {
    // As a real anchor does, it outlives SIGTERM until the guest is down.
    options.broker.wakeAt(TRIGGER, key, new Date(options.now().getTime() + 500));
    return { status: 204 };
  }
  await options.network.end(pod.metadata.uid);
  await options.cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
  return { status: 204 };
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
