/**
 * Fake nodes in one process: a real runtime each, over a modelled hypervisor, and without `kwok` the kubelet's part too.
 * Started with its options as JSON; says "ready" on its output, ends with SIGTERM.
 */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { seededRandom } from "#events/chance.ts";
import { CLIENT_AUTH, openAuthority, SERVER_AUTH, type Identity } from "#events/certificates.ts";
import { systemClock } from "#events/clock.ts";
import { nodeURI } from "#events/identities.ts";
import { connect } from "#events/kubernetes.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import { MemoryDisk } from "../bench/rig/memory-disk.ts";
import { startModelNode } from "../bench/rig/model-node.ts";
import { runKubelets } from "./kubelets.ts";

export interface FleetOptions {
  readonly nodes: readonly string[];
  readonly controlURL: string;
  readonly stateDirectory: string;
  readonly authority: Identity & { readonly ca: string };
  /** With it, the process plays kubelet as well. */
  readonly kubeconfig?: string;
}

// Our clocks keep no process alive.
const alive = setInterval(() => undefined, 60_000);
const { nodes, controlURL, stateDirectory, authority, kubeconfig } = JSON.parse(process.argv[2] ?? "") as FleetOptions;
const random = seededRandom(1);
const signer = await openAuthority(authority);
const usages = [SERVER_AUTH, CLIENT_AUTH];

/** Between nodes of one process no byte need pass: both ends of a machine's wire are known by the machine, with which their names end. */
class NearWires extends Map<string, { loaded: boolean }> {
  override has(path: string): boolean {
    return super.has(machineIn(path));
  }
  override get(path: string): { loaded: boolean } | undefined {
    return super.get(machineIn(path));
  }
  override set(path: string, wire: { loaded: boolean }): this {
    return super.set(machineIn(path), wire);
  }
  override delete(path: string): boolean {
    return super.delete(machineIn(path));
  }
}
const machineIn = (path: string): string => basename(path).slice(1);
const wires = new NearWires();

const runtimes = await Promise.all(
  nodes.map(async (node) => {
    const directory = join(stateDirectory, node);
    await mkdir(directory, { recursive: true });
    const names = [{ type: "url", value: nodeURI(node) } as const];
    const identity = await signer.issue({ commonName: `system:virtive:node:${node}`, names, usages });
    return startModelNode({
      node,
      stateDirectory: directory,
      hypervisor: new ModelHypervisor({
        clock: systemClock,
        random,
        latency: { least: 0, most: 2 },
        guests: { shutdownMilliseconds: 50 },
        wires,
        copying: { least: 50, most: 100 },
      }),
      controlURL,
      tls: { ...identity, ca: authority.ca },
      random,
      disk: new MemoryDisk(),
      volumes: {
        prepare: async () => ({ disks: [], directory }),
        remove: async () => undefined,
      },
    });
  }),
);

const kubelets =
  kubeconfig === undefined
    ? undefined
    : runKubelets({
        cluster: await connect(kubeconfig),
        nodes: new Set(nodes),
        inUse: (uid) => runtimes.some((runtime) => runtime.usesPod(uid)),
      });
console.log("ready");

process.once("SIGTERM", () => {
  clearInterval(alive);
  void Promise.all([kubelets?.close(), ...runtimes.map((runtime) => runtime.close())]).then(() => process.exit(0));
});
