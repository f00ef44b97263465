/**
 * Clusters with nodes where a Docker engine and `kind` are there: the nodes are containers then. The control plane alone is
 * never a matter for kind, which has no such thing.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { outputOf, run } from "#node-runtime/host/command.ts";
import { exists } from "./cache.ts";
import { clustersDirectory } from "./record.ts";

const UP_MILLISECONDS = 600_000;

export interface KindCluster {
  readonly kubeconfig: string;
  down(): Promise<void>;
  load(archive: string): Promise<void>;
  /** The command that runs `argv` in a node, by the name the cluster gives it. */
  inside(node: string, argv: readonly string[]): string[];
}

/** VIRTIVE_CLUSTER_WITH=modules: as if there were no Docker. */
export async function kindIsHere(): Promise<boolean> {
  if (process.env["VIRTIVE_CLUSTER_WITH"] === "modules") return false;
  const answers = await Promise.all(
    [
      ["docker", "info"],
      ["kind", "version"],
    ].map((argv) => run(argv).catch(() => undefined)),
  );
  return answers.every((answer) => answer?.code === 0);
}

function directoryOf(name: string): string {
  return join(clustersDirectory(), ".kind", name);
}

export async function kindUp(name: string, nodes: number, say: (line: string) => void): Promise<string> {
  const directory = directoryOf(name);
  const kubeconfig = join(directory, "kubeconfig");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const configuration = join(directory, "kind.json");
  const roles = ["control-plane", ...Array.from({ length: nodes }, () => "worker")];
  await writeFile(
    configuration,
    JSON.stringify({ kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", nodes: roles.map((role) => ({ role })) }),
  );
  say(`kind makes cluster ${name} with ${nodes} nodes`);
  const words = [
    "create",
    "cluster",
    "--name",
    name,
    "--config",
    configuration,
    "--kubeconfig",
    kubeconfig,
    "--wait",
    "5m",
  ];
  await outputOf(["kind", ...words], UP_MILLISECONDS);
  return kubeconfig;
}

export async function kindClusterNamed(name: string): Promise<KindCluster | undefined> {
  const directory = directoryOf(name);
  const kubeconfig = join(directory, "kubeconfig");
  if (!(await exists(kubeconfig))) return undefined;
  return {
    kubeconfig,
    async down() {
      await outputOf(["kind", "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig], UP_MILLISECONDS);
      await rm(directory, { recursive: true, force: true });
    },
    load: async (archive) =>
      void (await outputOf(["kind", "load", "image-archive", archive, "--name", name], UP_MILLISECONDS)),
    inside: (node, argv) => ["docker", "exec", "--interactive", node, ...argv],
  };
}
