/** A node for benchmarks and tests of the control plane: the real runtime over a modelled hypervisor. */
import type { Random } from "#events/chance.ts";
import { Fault } from "#events/fault.ts";
import { CONTROL_URI } from "#events/identities.ts";
import { silentLog } from "#events/log.ts";
import type { Disk } from "#node-runtime/disk.ts";
import type { DomainDescription, MachineVolumes } from "#node-runtime/driver/ports.ts";
import type { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import { startRuntime, type Runtime } from "#node-runtime/runtime.ts";
import type { ServerTls } from "#node-runtime/server.ts";

export const modelDomain: DomainDescription = {
  uuid: ({ uid }) => uid,
  xml: ({ uid, namespace, name, claim }) =>
    `<domain><name>${namespace}_${name}</name><uuid>${uid}</uuid><mark>${uid}/${claim.epoch}</mark></domain>`,
  targets: () => [],
  interfaces: () => [{ name: "default", mac: "02:00:00:00:00:01", ipAddresses: ["10.0.0.2"], ipAddress: "10.0.0.2" }],
  copied: () => [],
  incoming: (xml) => xml,
  name: ({ namespace, name }) => `${namespace}_${name}`,
  claimOf: (xml) => {
    const found = /<mark>(.*)\/(\d+)<\/mark>/.exec(xml);
    return found === null ? undefined : { uid: found[1] ?? "", epoch: Number(found[2]) };
  },
};

const noImages = {
  pull: async (reference: string) => {
    throw new Fault("refused", "ImageRefused", `the model has no image ${reference}`);
  },
  extractFile: async () => {
    throw new Fault("refused", "DiskNotFound", "the model has no images");
  },
  prune: async () => 0,
};

export interface ModelNodeOptions {
  readonly node: string;
  readonly stateDirectory: string;
  readonly hypervisor: ModelHypervisor;
  readonly controlURL: string;
  readonly tls: ServerTls;
  readonly random: Random;
  readonly disk: Disk;
  /** By default machines with volumes are refused. */
  readonly volumes?: MachineVolumes;
}

export function startModelNode(options: ModelNodeOptions): Promise<Runtime> {
  const { controlURL, tls, ...rest } = options;
  return startRuntime({
    ...rest,
    hostBootID: bootIDOf(options.node),
    capacity: { cpus: 256, memoryBytes: 2 ** 40, machines: 10_000 },
    accelerator: "tcg",
    emulator: "/usr/bin/model",
    images: noImages,
    network: {
      up: async () => ({ links: [], serve: async () => undefined }),
      hold: async () => undefined,
      down: async () => undefined,
    },
    control: { url: controlURL, tls },
    listen: { host: "127.0.0.1", port: 0, tls, mayOrder: (uris) => uris.includes(CONTROL_URI) },
    versions: { qemu: "0.0.0", kernel: "0.0.0" },
    log: silentLog,
    domain: modelDomain,
  });
}

export function bootIDOf(node: string): string {
  return `00000000-0000-4000-8000-${node.replace(/\D/g, "").padStart(12, "0")}`;
}
