/**
 * Clusters with nodes where a Docker engine and `kind` are there: the nodes are containers then. The control plane alone is
 * never a matter for kind, which has no such thing.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { outputOf, run } from "#node-runtime/host/command.ts";
import { exists } from "./cache.ts";
import { checkedName, clustersDirectory } from "./record.ts";

const UP_MILLISECONDS = 600_000;

export interface KindCluster {
  readonly name: string;
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

function kindDirectory(): string {
  return join(clustersDirectory(), ".kind");
}

function directoryOf(name: string): string {
  return join(kindDirectory(), checkedName(name));
}

export interface KindWish {
  readonly name: string;
  readonly nodes: number;
  /** What kind has no way for: refused. */
  readonly fsync: boolean;
  readonly apiServerFlags: readonly string[];
}

/**
 * Makes a cluster with one node for the control plane and so many others. When it can't, nothing of it stays.
 * @returns the path of its kubeconfig
 */
export async function kindUp(
  { name, nodes, fsync, apiServerFlags }: KindWish,
  say: (line: string) => void,
): Promise<string> {
  if (fsync || apiServerFlags.length > 0) {
    const why = "--fsync and --flag are not there with kind; VIRTIVE_CLUSTER_WITH=modules makes clusters without kind";
    throw new Fault("refused", "NotWithKind", why);
  }
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
  try {
    await outputOf(["kind", ...words], UP_MILLISECONDS);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return kubeconfig;
}

export async function kindClusters(): Promise<KindCluster[]> {
  const names = await readdir(kindDirectory()).catch(() => []);
  const clusters = await Promise.all(names.map(kindClusterNamed));
  return clusters.filter((cluster) => cluster !== undefined);
}

export async function kindClusterNamed(name: string): Promise<KindCluster | undefined> {
  const directory = directoryOf(name);
  const kubeconfig = join(directory, "kubeconfig");
  if (!(await exists(kubeconfig))) return undefined;
  return {
    name,
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
