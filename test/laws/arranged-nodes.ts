/** Nodes of a situation, and what holds for all instances; its time. */
import { Namespace, Node } from "#api/core.ts";
import { MigrationPolicy } from "#api/migration-policy.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { node as nodeObject } from "../unit/functions/objects.ts";
import type { Situation } from "./situation.ts";
import { NODE, OTHER_NODE } from "./still-nodes.ts";

export const NOW = new Date("2026-01-01T01:00:00Z");

export function ago(seconds: number): string {
  return new Date(NOW.getTime() - seconds * 1000).toISOString().replace(".000", "");
}

const DRAINED_BEFORE = { type: "Drained", status: "False", reason: "Before", message: "before" } as const;

export async function arrangeNode(cluster: MemoryCluster, { node, cordoned }: Situation): Promise<void> {
  if (node === "absent") return;
  const heard = node === "silent" ? "Unknown" : node === "not ready" ? "False" : "True";
  const { metadata, ...rest } = nodeObject(NODE, { heard, bootID: node === "rebooted" ? "boot-2" : "boot-1" });
  const { name, labels = {}, annotations = {} } = metadata;
  const conditions = rest.status?.conditions?.map((one) => ({ ...one, lastHeartbeatTime: ago(15) })) ?? [];
  await cluster.create(Node, {
    ...rest,
    ...(cordoned === "yes" ? { spec: { unschedulable: true } } : {}),
    metadata: { name, labels, annotations },
    status: { ...rest.status, conditions: [...conditions, ...(cordoned === "was" ? [DRAINED_BEFORE] : [])] },
  });
}

export function otherNode(): Node {
  const { metadata, ...rest } = nodeObject(OTHER_NODE, { heard: "True", bootID: "boot-there" });
  const { name, labels = {}, annotations = {} } = metadata;
  const conditions = rest.status?.conditions?.map((one) => ({ ...one, lastHeartbeatTime: ago(15) })) ?? [];
  return { ...rest, metadata: { name, labels, annotations }, status: { ...rest.status, conditions } };
}

export async function arrangePolicy(cluster: MemoryCluster): Promise<void> {
  const metadata = { name: "default", labels: { team: "web" } };
  await cluster.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
  await cluster.create(MigrationPolicy, {
    apiVersion: "migrations.kubevirt.io/v1alpha1",
    kind: "MigrationPolicy",
    metadata: { name: "slow" },
    spec: { selectors: { namespaceSelector: { team: "web" } }, bandwidthPerMigration: "1Mi" },
  });
}
