/**
 * Real nodes on one machine: each in namespaces and a control group of its own, with containerd, kubelet and kube-proxy.
 * On the machine itself they have one bridge a cluster, and one link, one route and one network namespace a node.
 */
import { readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { outputOf, run } from "#node-runtime/host/command.ts";
import type { ProcessIdentity } from "#node-runtime/host/process.ts";
import type { Ask } from "./api.ts";
import { writeNodeFiles } from "./node-files.ts";
import { clusterProcesses, lastWords, startProcess } from "./processes.ts";
import { bridgeAddress, nodesOf, type Cluster, type ClusterNode } from "./record.ts";
import { until } from "./waiting.ts";

export interface NodePrograms {
  /** The directory that has `kube`. */
  readonly kube: string;
  /** The directory that has containerd, runc, `cni/` and `images/`. */
  readonly node: string;
}

const READY_MILLISECONDS = 180_000;
const MARK = "NODE_NAME";

const ip = (words: string): Promise<string> => outputOf(["ip", ...words.split(" ")]);

export async function makeBridge({ bridge, number }: Cluster): Promise<void> {
  await ip(`link add ${bridge} type bridge`);
  await ip(`addr add ${bridgeAddress(number)}/24 dev ${bridge}`);
  await ip(`link set ${bridge} up`);
}

/** Brings a node up and waits until it is Ready. Also one that was stopped: its pods and images are still there. */
export async function startNode(cluster: Cluster, node: ClusterNode, programs: NodePrograms, ask: Ask): Promise<void> {
  const since = Date.now();
  await writeNodeFiles(cluster, node, programs.node);
  await connect(cluster, node);
  await registerNode(node, ask);
  const first = startProcess(cluster, node.name, [join(import.meta.dirname, "node", "enter")], {
    [MARK]: node.name,
    NODE_ADDRESS: node.address,
    NODE_DIRECTORY: node.directory,
    NODE_CGROUP: node.cgroup,
    NODE_NAMESPACE: node.namespace,
    NODE_PROGRAMS: programs.node,
    KUBE_PROGRAMS: programs.kube,
    CLUSTER_PKI: cluster.paths.pki,
    CLUSTER_PODS: cluster.podRange,
  });
  await until(`${node.name} Ready (logs: ${join(node.directory, "log")})`, READY_MILLISECONDS, async () => {
    if (!first.alive()) {
      throw new Fault("later", "NodeEnded", `${node.name} ended:\n${await lastWords(cluster, node.name)}`);
    }
    const { code, text } = await ask("GET", `/api/v1/nodes/${node.name}`);
    return code === 200 && isReady(JSON.parse(text) as NodeObject, since) ? true : undefined;
  });
}

interface NodeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastHeartbeatTime: string;
    }[];
  };
}

/** Ready, and said so since: a node that was stopped may still look Ready. Heartbeats are in whole seconds. */
function isReady(node: NodeObject, since: number): boolean {
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= Math.floor(since / 1000) * 1000;
}

async function connect(cluster: Cluster, node: ClusterNode): Promise<void> {
  const { namespace, link, address } = node;
  await ip(`netns add ${namespace}`);
  await ip(`link add ${link} type veth peer name eth0 netns ${namespace}`);
  await ip(`link set ${link} master ${cluster.bridge} up`);
  const inside = (words: string): Promise<string> => ip(`-n ${namespace} ${words}`);
  await inside("link set lo up");
  await inside("link set eth0 up");
  await inside(`addr add ${address}/24 dev eth0`);
  await inside(`route add default via ${bridgeAddress(cluster.number)}`);
  await ip(`route replace ${node.podRange} via ${address} dev ${cluster.bridge}`);
  // All nodes are known from the start, so each learns the way to every other one's pods at once.
  for (const other of nodesOf(cluster)) {
    if (other.number !== node.number) await inside(`route replace ${other.podRange} via ${other.address}`);
  }
  const settings = ["net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1"];
  await outputOf(["ip", "netns", "exec", namespace, "sysctl", "-qw", ...settings]);
}

/** The pod range is in the network plugins' file, so it has to be decided before kubelet makes the node. */
async function registerNode({ name, podRange }: ClusterNode, ask: Ask): Promise<void> {
  const { code, text } = await ask("POST", "/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    spec: { podCIDR: podRange, podCIDRs: [podRange] },
  });
  if (code !== 201 && code !== 409) throw new Fault("later", "NodeNotMade", `node ${name}: ${code} ${text}`);
}

/** Power off: all of the node's processes end at once. What it has on disk stays. */
export async function stopNode(cluster: Cluster, node: ClusterNode): Promise<void> {
  const own = await clusterProcesses(cluster, `${MARK}=${node.name}`);
  await endProcesses(own);
  await removeNode(node);
}

/** What is left of a node on the machine when its processes are gone. */
export async function removeNode({ namespace, link, cgroup }: ClusterNode): Promise<void> {
  await run(["ip", "netns", "del", namespace]);
  // The link goes with the namespace, but a moment later; and without the namespace it would stay.
  await run(["ip", "link", "del", link]);
  await until(`control groups of ${cgroup} to be empty`, 20_000, async () => {
    const left = await Promise.all((await cgroupRoots(cgroup)).map(removeGroup));
    return left.every((gone) => gone) ? true : undefined;
  });
}

const FREEZER = "freezer.state";

async function cgroupRoots(cgroup: string): Promise<string[]> {
  const root = "/sys/fs/cgroup";
  const hierarchies = await readdir(root, { withFileTypes: true });
  const folders = hierarchies.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name, cgroup));
  return [join(root, cgroup), ...folders];
}

/** Removes a control group with all below it; false while something is still in it. */
async function removeGroup(path: string): Promise<boolean> {
  const below = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (below === undefined) return true;
  for (const entry of below) {
    if (entry.isDirectory()) await removeGroup(join(path, entry.name));
    // runc freezes a container to kill it. Ended in between, it leaves it so, and what is frozen can't die.
    if (entry.name === FREEZER) await writeFile(join(path, FREEZER), "THAWED").catch(() => undefined);
  }
  return rmdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
}

/** Ends processes at once and waits until they are gone. */
export async function endProcesses(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const one of processes) {
    if (!one.alive()) continue;
    try {
      process.kill(one.pid, "SIGKILL");
    } catch {
      // It ended by itself in between.
    }
  }
  await until("processes to end", 20_000, async () => (processes.some((one) => one.alive()) ? undefined : true));
}
