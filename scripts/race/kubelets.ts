/**
 * The kubelet's part for fake nodes, on a real API server: keeps Nodes Ready by their Leases, makes pods that are bound to
 * them Running, and lets deleted ones go once no machine uses them.
 */
import { Node, Pod } from "#api/core.ts";
import { rfc3339, type Condition, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { systemClock } from "#events/clock.ts";
import type { Cluster } from "#events/cluster.ts";
import { asFault } from "#events/fault.ts";
import { startSource } from "#events/source/source.ts";

export interface KubeletsOptions {
  readonly cluster: Cluster;
  readonly nodes: ReadonlySet<string>;
  /** True while a machine still uses the pod. */
  readonly inUse: (podUID: string) => boolean;
}

interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity: string; readonly leaseDurationSeconds: number; readonly renewTime: string };
}
const Lease: Kind<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};

const LEASE_NAMESPACE = "kube-node-lease";
const RENEW_MILLISECONDS = 4_000;
const AGAIN_MILLISECONDS = 100;

export function runKubelets({ cluster, nodes, inUse }: KubeletsOptions): { close(): Promise<void> } {
  let addresses = 0;
  let closed = false;
  const busy = new Set<string>();

  const source = startSource({
    cluster,
    kinds: [Pod],
    publish: async (event) => void tend(event.data as Stored<Pod>),
    deadlineOf: () => undefined,
    resyncSeconds: 0,
    retellSeconds: 5,
    clock: systemClock,
    sourceName: "/virtive/kubelets",
  });

  async function tend({ metadata: { uid, namespace = "", name } }: Stored<Pod>): Promise<void> {
    if (busy.has(uid)) return;
    busy.add(uid);
    try {
      const pod = await source.reader.get(Pod, { namespace, name });
      if (pod === undefined || pod.metadata.uid !== uid || !nodes.has(pod.spec.nodeName ?? "")) return;
      if (pod.metadata.deletionTimestamp !== undefined) {
        while (inUse(uid) && !closed) await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLISECONDS));
        await cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
      } else if (pod.status?.phase === "Pending") {
        await source.writer.patch(Pod, pod, { ...pod, status: running(pod) }, "status");
      }
    } catch (thrown) {
      // Told again within seconds.
      if (asFault(thrown).kind === "bug") console.error(thrown);
    } finally {
      busy.delete(uid);
    }
  }

  function running(pod: Stored<Pod>): NonNullable<Pod["status"]> {
    const at = rfc3339(new Date());
    addresses += 1;
    const podIP = `10.200.${(addresses >> 8) & 255}.${addresses & 255}`;
    const condition = (type: string): Condition => ({ type, status: "True", lastTransitionTime: at });
    return {
      ...pod.status,
      phase: "Running",
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: at,
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    };
  }

  async function renew(node: string): Promise<void> {
    const at = { namespace: LEASE_NAMESPACE, name: node };
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime };
    const lease: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: at, spec };
    const { created, object } = await cluster.create(Lease, lease);
    if (!created) await cluster.patch(Lease, object, { ...object, spec }, "object");
  }

  async function becomeReady(name: string): Promise<void> {
    const node = await cluster.get(Node, { name });
    if (node === undefined) return;
    const at = rfc3339(new Date());
    const ready = { type: "Ready", status: "True", reason: "Fake", message: "", lastTransitionTime: at } as const;
    const others = (node.status?.conditions ?? []).filter(({ type }) => type !== "Ready");
    const conditions = [...others, { ...ready, lastHeartbeatTime: at }];
    await cluster.patch(Node, node, { ...node, status: { ...node.status, conditions } }, "status");
  }

  async function keepReady(): Promise<void> {
    const attempt = (work: Promise<void>): Promise<void> => work.catch(() => undefined); // the next turn comes soon
    const names = [...nodes];
    for (const name of names) await attempt(becomeReady(name));
    while (!closed) {
      await Promise.all(names.map((name) => attempt(renew(name))));
      await new Promise((resolve) => setTimeout(resolve, RENEW_MILLISECONDS));
    }
  }
  void keepReady();

  return {
    async close() {
      closed = true;
      await source.close();
    },
  };
}
