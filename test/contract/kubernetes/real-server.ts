/** Names the real Kubernetes of this run, builds it if it is not there yet, and takes it down when the run is over. */
import { processAt } from "#node-runtime/host/process.ts";
import { downCluster } from "../../../scripts/kubernetes/cluster.ts";
import { ensureKube } from "../../../scripts/kubernetes/build.ts";
import { allClusters, findCluster } from "../../../scripts/kubernetes/record.ts";

const name = `contract-${process.pid}`;

export async function setup(): Promise<void> {
  process.env["VIRTIVE_REAL_CLUSTER"] = name;
  // Of runs that were killed nobody else would take them down.
  for (const cluster of await allClusters()) {
    const [, pid] = /^contract-(\d+)$/.exec(cluster.name) ?? [];
    if (pid !== undefined && processAt(Number(pid)) === undefined) await downCluster(cluster);
  }
  // Here no test's timeout runs.
  if ((process.env["VIRTIVE_SERVERS"] ?? "real").includes("real")) {
    await ensureKube((line) => console.error(`cluster: ${line}`));
  }
}

export async function teardown(): Promise<void> {
  const cluster = await findCluster(name).catch(() => undefined);
  if (cluster !== undefined) await downCluster(cluster);
}
