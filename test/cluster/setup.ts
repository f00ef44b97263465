/** Builds what the cluster tests need, where no test's timeout runs, and ends the clusters of runs that were killed. */
import { processAt } from "#node-runtime/host/process.ts";
import { ensureKube } from "../../scripts/kubernetes/build.ts";
import { downCluster } from "../../scripts/kubernetes/cluster.ts";
import { ensureHelm } from "../../scripts/kubernetes/helm.ts";
import { ensureKnative } from "../../scripts/kubernetes/knative.ts";
import { allClusters } from "../../scripts/kubernetes/record.ts";
import { removeLink } from "./knative/link.ts";

const NAME = /^cluster-[a-z]+-(\d+)$/;

export async function setup(): Promise<void> {
  for (const cluster of await allClusters()) {
    const [, pid] = NAME.exec(cluster.name) ?? [];
    if (pid === undefined || processAt(Number(pid)) !== undefined) continue;
    await downCluster(cluster);
    if (process.getuid?.() === 0) await removeLink(cluster);
  }
  const say = (line: string): void => console.error(`cluster: ${line}`);
  await ensureKube(say);
  await ensureHelm(say);
  await ensureKnative(say);
}
