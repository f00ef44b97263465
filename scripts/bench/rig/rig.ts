/**
 * The rig: the real control plane in one process (embedded API server over TLS, source, broker, functions, ingress), real
 * node runtimes over modelled hypervisors in a second, and the item, a client of the API like any other, in a third.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Node, Pod } from "#api/core.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Cluster } from "#events/cluster.ts";
import { connect } from "#events/kubernetes.ts";
import { openInstance } from "#local/instance.ts";
import type { ControlReady, Counts } from "./messages.ts";
import { startPart, type Part } from "./part.ts";
import { machinesFrom, nodesFrom, seedStore, type Sample } from "./seed.ts";

export interface Rig {
  readonly control: Part<ControlReady>;
  readonly fleet: Part<object>;
  readonly cluster: Cluster;
  /** Resolves when no delivery waits, runs or pauses for a second. */
  quiet(signal: AbortSignal): Promise<Counts>;
  close(): Promise<void>;
}

export interface RigOptions {
  /** How many nodes; 100 machines each is ordinary. */
  readonly nodes: number;
  /** Machines that run from the start, as copies of one that was really started. */
  readonly machines?: { readonly count: number; readonly like: Sample };
  readonly say: (line: string) => void;
}

export async function startRig({ nodes, machines, say }: RigOptions): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), "vt-rig-"));
  // Each real node has a disk of its own; a hundred modelled ones on this one would measure it.
  const memory = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "vt-rig-"));
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  const parts: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const part of parts.reverse()) await part.close();
    for (const path of [directory, memory]) await rm(path, { recursive: true, force: true });
  };
  try {
    const instance = await openInstance(directory);
    let orders: string | undefined;
    if (machines !== undefined) {
      // The kinds must be known before their objects are put there.
      const first = await startPart<ControlReady>("control.ts", { directory, nodes: [] });
      await first.close();
      const seeded = machinesFrom(machines.like, machines.count, names);
      await seedStore(instance.paths.api, [
        ...nodesFrom(machines.like, names),
        ...seeded.flatMap(({ objects }) => objects),
      ]);
      orders = join(directory, "orders.json");
      await writeFile(orders, JSON.stringify(seeded.map(({ order }) => order)));
      say(`${machines.count} machines on ${nodes} nodes are in the store`);
    }
    const control = await startPart<ControlReady>("control.ts", { directory, nodes: names });
    parts.push(control);
    const { ingressURL } = control.ready;
    const fleet = await startPart<object>("fleet.ts", {
      directory,
      stateDirectory: memory,
      ingressURL,
      nodes: names,
      orders,
    });
    parts.push(fleet);
    await control.ask({ ask: "run" });
    const cluster = await connect(instance.paths.kubeconfig);
    parts.push({ close: async () => cluster.close() });
    return { control, fleet, cluster, close, quiet: (signal) => quiet(control, signal) };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

const LOOK_MILLISECONDS = 250;
const CALM_LOOKS = 4;

async function quiet(control: Part<ControlReady>, signal: AbortSignal): Promise<Counts> {
  for (let calm = 0; ;) {
    signal.throwIfAborted();
    const counts = await control.ask({ ask: "counts" });
    calm = counts.unfinished === 0 ? calm + 1 : 0;
    if (calm === CALM_LOOKS) return counts;
    await sleep(LOOK_MILLISECONDS);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Starts one machine for real, and answers its objects as they are once it runs and all is quiet. */
export async function sampleMachine(
  vm: VirtualMachine,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Sample> {
  const rig = await startRig({ nodes: 1, say });
  try {
    await rig.cluster.create(VirtualMachine, vm);
    const at = { namespace: "default", name: vm.metadata.name };
    for (;;) {
      const vmi = await rig.cluster.get(VirtualMachineInstance, at);
      const [pod] = await rig.cluster.list(Pod);
      const [node] = await rig.cluster.list(Node);
      await rig.quiet(signal);
      const machine = await rig.cluster.get(VirtualMachine, at);
      if (
        vmi?.status?.phase === "Running" &&
        pod !== undefined &&
        node !== undefined &&
        machine?.status?.ready === true
      ) {
        return { vm: machine, vmi, pod, node };
      }
      await sleep(LOOK_MILLISECONDS);
    }
  } finally {
    await rig.close();
  }
}
