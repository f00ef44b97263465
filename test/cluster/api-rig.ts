/** A real Kubernetes for a test file, and kubectl on it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKube } from "../../scripts/kubernetes/build.ts";
import { downCluster, upCluster } from "../../scripts/kubernetes/cluster.ts";
import type { Cluster } from "../../scripts/kubernetes/record.ts";
import { run, type Ran } from "#node-runtime/host/command.ts";

export interface Rig {
  readonly cluster: Cluster;
  /** With the administrator's kubeconfig. `stdin`: what `-f -` reads. */
  kubectl(args: readonly string[], stdin?: string): Promise<Ran>;
  /** As JSON. */
  json<T>(args: readonly string[]): Promise<T>;
  close(): Promise<void>;
}

/** A drain waits for all that leaves. */
const KUBECTL_MILLISECONDS = 700_000;

/** Named by the run, so that what a killed run leaves is found by the next. */
export async function startRig(what: string, nodes = 0, apiServerFlags: readonly string[] = []): Promise<Rig> {
  const programs = await ensureKube((line) => console.error(`cluster: ${line}`));
  const cluster = await upCluster({ name: `cluster-${what}-${process.pid}`, nodes, apiServerFlags });
  const base = [
    `${programs}/kubectl`,
    `--kubeconfig=${cluster.kubeconfig}`,
    `--cache-dir=${join(cluster.directory, "kubectl-cache")}`,
  ];
  const kubectl: Rig["kubectl"] = async (args, stdin) => {
    if (stdin === undefined) return run([...base, ...args], KUBECTL_MILLISECONDS);
    const folder = await mkdtemp(join(tmpdir(), "virtive-rig-"));
    try {
      const file = join(folder, "stdin");
      await writeFile(file, stdin);
      return await run(
        ["sh", "-c", 'exec <"$1"; shift; exec "$@"', "sh", file, ...base, ...args],
        KUBECTL_MILLISECONDS,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  return {
    cluster,
    kubectl,
    async json<T>(args: readonly string[]) {
      const { code, output, complaint } = await kubectl([...args, "-o", "json"]);
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${complaint}`);
      return JSON.parse(output) as T;
    },
    close: () => downCluster(cluster),
  };
}
