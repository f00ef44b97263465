/**
 * One cluster on this machine: a folder of state, and a number that keeps its ports, addresses and links apart from those
 * of others. All that it ever makes bears the folder's path or the number, so it can be found and removed by these alone.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { exists, lock } from "./cache.ts";

export interface Record {
  readonly name: string;
  readonly number: number;
  /** Real nodes; without them the control plane is on loopback. */
  readonly nodes: number;
}

/** Addresses, ports and names that follow from the number. */
export interface Cluster extends Record {
  readonly directory: string;
  /** Of the bridge between this machine and the nodes; it bears the control plane. */
  readonly bridge: string;
  /** Where the API server listens: loopback, or the bridge where nodes must reach it. */
  readonly address: string;
  readonly port: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly podRange: string;
  readonly url: string;
  readonly kubeconfig: string;
  readonly paths: { readonly pki: string; readonly log: string; readonly etcd: string; node(name: string): string };
}

export interface ClusterNode {
  readonly name: string;
  readonly number: number;
  readonly address: string;
  /** Its share of the pod range, with the prefix length. */
  readonly podRange: string;
  readonly podGateway: string;
  readonly namespace: string;
  readonly link: string;
  readonly cgroup: string;
  readonly directory: string;
}

const MOST_CLUSTERS = 50;
const MOST_NODES = 20;
const FIRST_PORT = 26_000;
export const SERVICE_RANGE = "10.96.0.0/16";
export const SERVICE_ADDRESS = "10.96.0.1";

export function clustersDirectory(): string {
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state");
  return join(state, "virtive", "kubernetes");
}

export function clusterOf(record: Record): Cluster {
  const { name, number, nodes } = record;
  const directory = join(clustersDirectory(), name);
  const address = nodes === 0 ? "127.0.0.1" : bridgeAddress(number);
  const port = FIRST_PORT + number * 10;
  return {
    ...record,
    directory,
    bridge: `vk${number}`,
    address,
    port,
    etcdPort: port + 1,
    etcdPeerPort: port + 2,
    podRange: `10.${150 + number}.0.0/16`,
    url: `https://${address}:${port}`,
    kubeconfig: join(directory, "kubeconfig"),
    paths: {
      pki: join(directory, "pki"),
      log: join(directory, "log"),
      etcd: join(directory, "etcd"),
      node: (node) => join(directory, "nodes", node),
    },
  };
}

/** What nodes reach the control plane by, and pods this machine. */
export function bridgeAddress(number: number): string {
  return `10.250.${number}.1`;
}

export function nodesOf(cluster: Cluster): ClusterNode[] {
  return Array.from({ length: cluster.nodes }, (_, index) => {
    const number = index + 1;
    const name = `node-${number}`;
    return {
      name,
      number,
      address: `10.250.${cluster.number}.${10 + number}`,
      podRange: `10.${150 + cluster.number}.${number}.0/24`,
      podGateway: `10.${150 + cluster.number}.${number}.1`,
      namespace: `${cluster.bridge}-${name}`,
      link: `${cluster.bridge}n${number}`,
      cgroup: `${cluster.bridge}-${name}`,
      directory: cluster.paths.node(name),
    };
  });
}

async function recordAt(name: string): Promise<Record | undefined> {
  try {
    return JSON.parse(await readFile(join(clustersDirectory(), name, "cluster.json"), "utf8")) as Record;
  } catch {
    return undefined; // none, or its `up` was cut off before it wrote one: nothing runs then
  }
}

/** @throws Fault refused, reason NoSuchCluster */
export async function findCluster(name: string): Promise<Cluster> {
  const record = await recordAt(checkedName(name));
  if (record !== undefined) return clusterOf(record);
  const names = (await allClusters()).map((cluster) => cluster.name);
  const there = names.length === 0 ? "there is none" : `there are: ${names.join(", ")}`;
  throw new Fault("refused", "NoSuchCluster", `no cluster ${JSON.stringify(name)}; ${there}`);
}

export async function allClusters(): Promise<Cluster[]> {
  const names = await readdir(clustersDirectory()).catch(() => []);
  const records = await Promise.all(names.map(recordAt));
  return records.filter((record) => record !== undefined).map(clusterOf);
}

/** @throws Fault refused, reason BadName */
export function checkedName(name: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) return name;
  throw new Fault(
    "refused",
    "BadName",
    `--name ${JSON.stringify(name)}: lower-case letters, digits and dashes are wanted`,
  );
}

/** Takes a name and a number. @throws Fault refused, reason ClusterExists or TooManyClusters */
export async function claimCluster(name: string, nodes: number): Promise<Cluster> {
  checkedName(name);
  if (!Number.isInteger(nodes) || nodes < 0 || nodes > MOST_NODES) {
    throw new Fault("refused", "BadNodes", `--nodes ${nodes}: a whole number from 0 to ${MOST_NODES} is wanted`);
  }
  await mkdir(clustersDirectory(), { recursive: true, mode: 0o700 });
  const release = await lock(join(clustersDirectory(), ".lock"));
  try {
    const clusters = await allClusters();
    if (clusters.some((cluster) => cluster.name === name)) {
      throw new Fault(
        "refused",
        "ClusterExists",
        `cluster ${name} is there already; scripts/cluster down --name ${name}`,
      );
    }
    const taken = new Set(clusters.map((cluster) => cluster.number));
    for (let number = 0; number < MOST_CLUSTERS; number++) {
      const cluster = clusterOf({ name, number, nodes });
      if (taken.has(number) || !(await isFree(cluster))) continue;
      await mkdir(cluster.paths.pki, { recursive: true, mode: 0o700 });
      await mkdir(cluster.paths.log, { recursive: true });
      await writeFile(join(cluster.directory, "cluster.new"), JSON.stringify({ name, number, nodes }));
      await rename(join(cluster.directory, "cluster.new"), join(cluster.directory, "cluster.json"));
      return cluster;
    }
    throw new Fault("refused", "TooManyClusters", `all ${MOST_CLUSTERS} numbers of clusters are taken on this machine`);
  } finally {
    release();
  }
}

/** Another user's clusters are not in our folder, but their links and ports are on the machine. */
async function isFree({ bridge, port, etcdPort, etcdPeerPort }: Cluster): Promise<boolean> {
  if (await exists(`/sys/class/net/${bridge}`)) return false;
  for (const wanted of [port, etcdPort, etcdPeerPort]) if (!(await canListen(wanted))) return false;
  return true;
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.on("error", () => resolve(false)).listen(port, () => server.close(() => resolve(true)));
  });
}

export async function forgetCluster(cluster: Cluster): Promise<void> {
  await rm(cluster.directory, { recursive: true, force: true });
}
