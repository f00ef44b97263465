/** A Kubernetes cluster on this machine, brought up and taken down: for tests, and for scripts/cluster. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { outputOf, run } from "#node-runtime/host/command.ts";
import { asAdministrator, type Ask } from "./api.ts";
import { ensureKube, ensureNodePrograms } from "./build.ts";
import { writeCertificates, type Administrator } from "./certificates.ts";
import { startControlPlane } from "./control-plane.ts";
import { endProcesses, makeBridge, removeNode, startNode, stopNode, type NodePrograms } from "./nodes.ts";
import { clusterProcesses } from "./processes.ts";
import { claimCluster, forgetCluster, nodesOf, type Cluster, type ClusterNode } from "./record.ts";
import { until } from "./waiting.ts";

type Say = (line: string) => void;

export interface ClusterOptions {
  readonly name: string;
  /** 0: only the control plane, which needs no root. */
  readonly nodes?: number;
  readonly fsync?: boolean;
  readonly apiServerFlags?: readonly string[];
  readonly say?: Say;
}

/** Builds what is missing and brings the cluster up; when that fails, what had come up goes down again. */
export async function upCluster(options: ClusterOptions): Promise<Cluster> {
  const { name, nodes = 0, fsync = false, apiServerFlags = [], say = () => undefined } = options;
  if (nodes > 0 && process.getuid?.() !== 0) {
    throw new Fault("refused", "RootNeeded", "nodes need root: namespaces, mounts and control groups");
  }
  const kube = await ensureKube(say);
  const programs = nodes > 0 ? { kube, node: await ensureNodePrograms(say) } : undefined;
  const cluster = await claimCluster(name, nodes);
  try {
    const ask = asAdministrator(cluster, await writeCertificates(cluster));
    if (programs !== undefined) await makeBridge(cluster);
    await startControlPlane(cluster, { programs: kube, ask, fsync, apiServerFlags });
    say(`control plane of ${name} is up on ${cluster.url}`);
    if (programs !== undefined) {
      await Promise.all(
        nodesOf(cluster).map(async (node) => {
          await startNode(cluster, node, programs, ask);
          say(`${node.name} is Ready`);
        }),
      );
    }
    return cluster;
  } catch (failure) {
    await downCluster(cluster);
    throw failure;
  }
}

/** Ends all processes of the cluster and removes all that it made, also after any of it was killed. */
export async function downCluster(cluster: Cluster): Promise<void> {
  // A process that is just being made by another is seen the next time.
  await until("the cluster's processes to end", 60_000, async () => {
    const processes = await clusterProcesses(cluster);
    await endProcesses(processes);
    return processes.length === 0 ? true : undefined;
  });
  if (cluster.nodes > 0) {
    for (const node of nodesOf(cluster)) await removeNode(node);
    await run(["ip", "link", "del", cluster.bridge]);
  }
  await forgetCluster(cluster);
}

export async function administratorOf({ paths }: Cluster): Promise<Administrator> {
  const read = (file: string): Promise<string> => readFile(join(paths.pki, file), "utf8");
  const [ca, cert, key] = await Promise.all([read("ca.crt"), read("admin.crt"), read("admin.key")]);
  return { ca, cert, key };
}

/** @throws Fault refused, reason NoSuchNode */
export function nodeNamed(cluster: Cluster, name: string): ClusterNode {
  const nodes = nodesOf(cluster);
  const node = nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  const there = nodes.length === 0 ? "it has none" : `there are: ${nodes.map((one) => one.name).join(", ")}`;
  throw new Fault("refused", "NoSuchNode", `cluster ${cluster.name} has no node ${JSON.stringify(name)}; ${there}`);
}

/** As if its power had been cut. */
export async function powerOff(cluster: Cluster, name: string): Promise<void> {
  await stopNode(cluster, nodeNamed(cluster, name));
}

export async function powerOn(cluster: Cluster, name: string, say: Say = () => undefined): Promise<void> {
  const programs: NodePrograms = { kube: await ensureKube(say), node: await ensureNodePrograms(say) };
  const ask: Ask = asAdministrator(cluster, await administratorOf(cluster));
  await startNode(cluster, nodeNamed(cluster, name), programs, ask);
}

/** The command that runs `argv` inside a node, in all of its namespaces. */
export async function insideNode(cluster: Cluster, name: string, argv: readonly string[]): Promise<string[]> {
  const node = nodeNamed(cluster, name);
  const own = await clusterProcesses(cluster, `NODE_NAME=${node.name}`);
  // The first process of a PID namespace has number 1 in it: the last of its numbers.
  for (const { pid } of own) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    if (!/^NSpid:.*\t1$/m.test(status)) continue;
    const programs = [await ensureKube(() => undefined), await ensureNodePrograms(() => undefined)];
    const path = `PATH=${[...programs, process.env["PATH"]].join(":")}`;
    return ["nsenter", "-t", String(pid), "-m", "-u", "-i", "-n", "-p", "-C", "env", path, ...argv];
  }
  throw new Fault("refused", "NodeOff", `${name} of cluster ${cluster.name} does not run`);
}

/** Gives all nodes an image: an archive as `docker save` or an OCI layout's tar has it. */
export async function loadImage(cluster: Cluster, archive: string): Promise<void> {
  const command = ["ctr", "--namespace", "k8s.io", "images", "import", archive];
  await Promise.all(
    nodesOf(cluster).map(async ({ name }) => outputOf(await insideNode(cluster, name, command), 300_000)),
  );
}
