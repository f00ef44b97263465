/**
 * What a bare `virsh` works on beside the product: a domain that is in everything like an instance's, with disks and links
 * of its own that stay over the rounds.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { Instance } from "#local/instance.ts";
import type { Local } from "#local/process.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import { EMULATOR } from "#node-runtime/host/accelerator.ts";
import { guestLinks } from "#node-runtime/network/guest-link.ts";
import { runProgram } from "#node-runtime/programs.ts";
import { prepareVolumes } from "#node-runtime/volumes/prepare.ts";

export interface Twin {
  readonly node: string;
  /** Of the node's libvirt. */
  readonly uri: string;
  readonly xmlPath: string;
  readonly name: string;
  readonly directory: string;
  readonly order: MachineOrder;
  /** Where the guest's ports are reached while it runs on this node. */
  readonly address: string;
  remove(): Promise<void>;
}

export interface TwinOptions {
  readonly local: Local;
  readonly instance: Instance;
  readonly vmi: VirtualMachineInstance;
  readonly node: string;
  /** The same on each node that the domain is to run on. */
  readonly uid?: string;
  /** Of the domain, after "bench_"; two on one node need two. Default: twin. */
  readonly name?: string;
}

export async function twinOf({
  local,
  instance,
  vmi,
  node,
  uid = randomUUID(),
  name = "twin",
}: TwinOptions): Promise<Twin> {
  const host = local.nodes.hosts.get(node);
  if (host === undefined) throw new Error(`there is no ${node}`);
  const { firmware, ...domain } = vmi.spec.domain;
  const { uuid: _uuid, ...restOfFirmware } = firmware ?? {};
  const podUID = randomUUID();
  const place = await local.nodes.network.ensure(podUID);
  const order: MachineOrder = {
    uid,
    namespace: "bench",
    name,
    claim: { node, bootID: host.bootID, epoch: 1 },
    version: "1",
    desired: "running",
    graceSeconds: 0,
    anchor: { podUID, podName: name, podIP: place.podIP },
    spec: { ...vmi.spec, domain: { ...domain, firmware: restOfFirmware } },
    files: {},
  };
  const network = guestLinks({
    instance: instance.id,
    node,
    hypervisorNamespace: host.networkNamespace,
    directory: join(instance.paths.node(node), "links"),
    pods: local.nodes.network,
    log: silentLog,
  });
  const directory = join(instance.directory, `${name}-${node}`);
  const [volumes, { links, serve }] = await Promise.all([
    prepareVolumes({ order, directory, images: local.nodes.images, log: silentLog }),
    network.up(order),
  ]);
  await serve();
  const parts = { volumes, links, accelerator: local.nodes.accelerator, emulator: EMULATOR };
  const xmlPath = join(directory, "domain.xml");
  await mkdir(directory, { recursive: true });
  await writeFile(xmlPath, domainXml(order, parts));
  return {
    node,
    uri: `qemu+unix:///system?socket=${host.socketPath}`,
    xmlPath,
    name: `bench_${name}`,
    directory,
    order,
    address: place.podIP,
    async remove() {
      await network.down(uid);
      await local.nodes.network.end(podUID);
    },
  };
}

/** As from a user's shell: this process, which is large, does not fork for it. Answers what it prints. */
export async function virsh(uri: string, args: readonly string[]): Promise<string> {
  const { code, output, complaint } = await runProgram("virsh", ["-q", "-c", uri, ...args], {
    timeoutMilliseconds: 120_000,
  });
  if (code !== 0) throw new Error(`virsh ${args.join(" ")}: ${complaint}`);
  return output;
}
