/**
 * The kubelet's part for fake nodes, on a real API server: keeps Nodes Ready by their Leases, as real kubelets do; what
 * becomes of pods is the local shape's own kubelet's matter, with addresses instead of a network.
 */
import { Node, Pod } from "#api/core.ts";
import { rfc3339, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { createBroker } from "#events/broker/broker.ts";
import { systemRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import type { Cluster } from "#events/cluster.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { startSource } from "#events/source/source.ts";
import { defaultDelivery } from "#functions/dispatcher.ts";
import { runKubelet } from "#local/kubelet.ts";

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
/** A node counts as lost after 16 s (scripts/kubernetes). */
const RENEW_MILLISECONDS = 5_000;
/** Nobody reads it. */
const JOURNALED = 100;

export function runKubelets({ cluster, nodes, inUse }: KubeletsOptions): { close(): Promise<void> } {
  let addresses = 0;
  let closed = false;
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const broker = createBroker({ ...parts, journal: memoryJournal(JOURNALED) });
  const source = startSource({
    cluster,
    kinds: [Pod],
    publish: (event) => broker.publish(event),
    deadlineOf: () => undefined,
    resyncSeconds: 0,
    clock: systemClock,
    sourceName: "/virtive/kubelets",
  });
  runKubelet({
    nodes,
    network: {
      async ensure() {
        addresses += 1;
        return { podIP: `10.200.${(addresses >> 8) & 255}.${addresses & 255}` };
      },
      end: async () => undefined,
    },
    inUse: (_node, uid) => inUse(uid),
    reader: source.reader,
    cluster: { ...cluster, ...source.writer },
    broker,
    delivery: defaultDelivery,
    now: () => new Date(),
  });

  const leases = new Map<string, Stored<Lease>>();
  async function renew(node: string): Promise<void> {
    const at = { namespace: LEASE_NAMESPACE, name: node };
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime };
    const lease: Lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: at, spec };
    const last = leases.get(node);
    leases.delete(node);
    leases.set(
      node,
      last === undefined
        ? (await cluster.create(Lease, lease)).object
        : await cluster.patch(Lease, last, { ...last, spec }, "object"),
    );
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
      await broker.close();
    },
  };
}
