/**
 * The nodes of a local instance: each a host of its own (namespaces, libvirtd) with a runtime on it, over one image
 * store and one pod network.
 */
import { release } from "node:os";
import { join } from "node:path";
import { readdir } from "node:fs/promises";
import { isMissing } from "#events/file-fault.ts";
import { CONTROL_URI } from "#events/identities.ts";
import type { Log } from "#events/log.ts";
import { realDisk } from "#node-runtime/disk.ts";
import { EMULATOR, emulatorVersion, probeAccelerator } from "#node-runtime/host/accelerator.ts";
import { startHost, type Host } from "#node-runtime/host/host.ts";
import type { ImageStore } from "#node-runtime/images/image.ts";
import { openImageStore } from "#node-runtime/images/store.ts";
import { openLibvirt } from "#node-runtime/libvirt/hypervisor.ts";
import { guestLinks } from "#node-runtime/network/guest-link.ts";
import { openPodNetwork, type PodNetwork } from "#node-runtime/network/pod-network.ts";
import { startRuntime, type Runtime } from "#node-runtime/runtime.ts";
import { localClaims } from "./claims.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Instance } from "./instance.ts";
import type { Pki } from "./pki.ts";
import { orUndo, type Undo } from "#events/undo.ts";

/** KubeVirt's default for machines a node. */
const MOST_MACHINES = 110;

export interface NodesOptions {
  readonly instance: Instance;
  readonly pki: Pki;
  readonly names: readonly string[];
  readonly control: Promise<Pick<ControlPlane, "ingressURL" | "controlFor" | "onDisk">>;
  readonly log: Log;
  /** As LocalOptions say. */
  readonly tunnels?: boolean | undefined;
  readonly progress: (line: string) => void;
}

export interface LocalNodes {
  readonly network: PodNetwork;
  readonly images: ImageStore;
  readonly accelerator: "kvm" | "tcg";
  readonly runtimes: ReadonlyMap<string, Runtime>;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Guests, libvirtd and namespaces go on. */
  close(): Promise<void>;
}

export async function startNodes(options: NodesOptions): Promise<LocalNodes> {
  const { instance, names, log, progress } = options;
  const images = openImageStore({
    directory: instance.paths.images,
    localLayouts: () => layoutsIn(instance.paths.layouts),
    log,
  });
  const [network, probe, version] = await Promise.all([
    openPodNetwork({ instance: instance.id, directory: instance.paths.network, disk: realDisk, log }),
    probeAccelerator(),
    emulatorVersion(),
  ]);
  progress(
    probe.accelerator === "kvm"
      ? `QEMU ${version} with KVM`
      : `QEMU ${version}; guests run on TCG, QEMU's emulator: ${probe.because}`,
  );
  const shared = { images, network, accelerator: probe.accelerator, version, runtimes: new Map<string, Runtime>() };
  const results = await Promise.allSettled(names.map((name) => startNode(options, name, shared)));
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    // One node without the other is not what was asked for.
    await Promise.allSettled(started.map((node) => node.close()));
    await network.close();
    throw failed.reason;
  }
  return {
    network,
    images,
    accelerator: probe.accelerator,
    runtimes: shared.runtimes,
    hosts: new Map(started.map(({ host }) => [host.name, host])),
    async close() {
      await Promise.all(started.map((node) => node.close()));
      await network.close();
    },
  };
}

interface Shared {
  readonly images: ImageStore;
  readonly network: PodNetwork;
  readonly accelerator: "kvm" | "tcg";
  readonly version: string;
  /** Those that have come up. */
  readonly runtimes: Map<string, Runtime>;
}

interface LocalNode {
  readonly runtime: Runtime;
  readonly host: Host;
  close(): Promise<void>;
}

function startNode(options: NodesOptions, name: string, shared: Shared): Promise<LocalNode> {
  return orUndo((undo) => start(options, name, shared, undo));
}

async function start(options: NodesOptions, name: string, shared: Shared, undo: Undo): Promise<LocalNode> {
  const { instance, pki, log, progress } = options;
  const begun = Date.now();
  const host = await startHost({ name, stateDirectory: instance.paths.host(name), instance: instance.id, log });
  undo.add(() => host.detach());
  const hypervisor = openLibvirt({ socketPath: host.socketPath, log });
  undo.add(() => hypervisor.close());
  await hypervisor.ready();
  const identity = { ...(await pki.node(name)), ca: pki.authority };
  const { ingressURL, controlFor, onDisk } = await options.control;
  const runtime = await startRuntime({
    node: name,
    stateDirectory: instance.paths.runtime(name),
    hypervisor,
    hostBootID: host.bootID,
    capacity: { ...host.capacity(), machines: MOST_MACHINES },
    accelerator: shared.accelerator,
    emulator: EMULATOR,
    images: shared.images,
    network: guestLinks({
      instance: instance.id,
      node: name,
      hypervisorNamespace: host.networkNamespace,
      directory: join(instance.paths.node(name), "links"),
      pods: shared.network,
      log,
    }),
    claims: localClaims(instance.paths.claims),
    control: { url: ingressURL, tls: identity, client: controlFor(name) },
    orderLasts: onDisk,
    listen: { host: "127.0.0.1", port: 0, tls: identity, mayOrder: (uris) => uris.includes(CONTROL_URI) },
    ...(options.tunnels === true ? {} : { peersHere: (node: string) => shared.runtimes.get(node)?.peers }),
    versions: { qemu: shared.version, kernel: release() },
    log,
  });
  shared.runtimes.set(name, runtime);
  undo.add(async () => {
    shared.runtimes.delete(name);
    await runtime.close();
  });
  const guests = runtime.machines().filter((machine) => machine.state !== "stopped").length;
  const found = guests === 0 ? "" : `, ${guests} machines found`;
  progress(`node ${name}: libvirt and runtime ready in ${Date.now() - begun} ms${found}`);
  return { runtime, host, close: () => undo.run() };
}

/** Each folder (or link to one) is a layout; looked up at each pull, so that one can be added while the process runs. */
async function layoutsIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).map((name) => join(directory, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
