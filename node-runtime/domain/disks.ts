/** The guest's disks, in the order of the spec, and the names under which it finds them. Pure. */
import { Fault } from "#events/fault.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { topologyOf } from "./compute.ts";
import { element, type Element } from "./element.ts";
import { isQ35, machineTypeOf } from "./firmware.ts";
import type { DomainDisk, PreparedVolumes } from "./parts.ts";
import { pciAddress } from "./pci.ts";
import type { Disk, Domain } from "./spec.ts";

export type Bus = "virtio" | "sata" | "scsi" | "usb";

/** Which disks of one prefix the guest counts through: a virtio disk and a SATA disk are vda and sda. */
const PREFIX = { virtio: "vd", sata: "sd", scsi: "sd", usb: "sd" } as const satisfies Record<Bus, string>;

export interface PlannedDisk {
  readonly disk: Disk;
  readonly device: "disk" | "cdrom" | "lun";
  readonly bus: Bus;
  /** vda, sdb, …: stable for one spec. */
  readonly target: string;
  readonly readonly: boolean;
}

/**
 * The disks as the guest gets them: those that the spec lists, then a plain disk for each volume that it does not list.
 * @throws Fault refused DiskNotSupported
 */
export function planDisks(spec: VirtualMachineInstanceSpec): readonly PlannedDisk[] {
  const listed = spec.domain.devices.disks ?? [];
  const names = new Set(listed.map((disk) => disk.name));
  const shared = new Set((spec.domain.devices.filesystems ?? []).map((filesystem) => filesystem.name));
  const unlisted = (spec.volumes ?? []).filter((volume) => !names.has(volume.name) && !shared.has(volume.name));
  const counts = new Map<string, number>();
  return [...listed, ...unlisted.map((volume): Disk => ({ name: volume.name }))].map((disk, index) => {
    const device = disk.cdrom !== undefined ? "cdrom" : disk.lun !== undefined ? "lun" : "disk";
    const bus = busOf(disk, device, spec.domain, `spec.domain.devices.disks[${index}]`);
    const prefix = PREFIX[bus];
    const count = counts.get(prefix) ?? 0;
    counts.set(prefix, count + 1);
    const readonly = device === "cdrom" ? disk.cdrom?.readonly !== false : (disk.disk ?? disk.lun)?.readonly === true;
    return { disk, device, bus, target: `${prefix}${letters(count)}`, readonly };
  });
}

/** a … z, aa, ab, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`;
}

function busOf(disk: Disk, device: PlannedDisk["device"], domain: Domain, field: string): Bus {
  const told = disk.cdrom?.bus ?? disk.lun?.bus ?? disk.disk?.bus;
  const bus = told ?? (device === "lun" ? "scsi" : isQ35(machineTypeOf(domain)) ? "sata" : "virtio");
  if (bus !== "virtio" && bus !== "sata" && bus !== "scsi" && bus !== "usb") {
    throw unsupported(`${field}.${device}.bus`, `is ${JSON.stringify(bus)}; it must be virtio, sata, scsi or usb`);
  }
  if (device === "cdrom" && bus === "virtio") {
    throw unsupported(`${field}.cdrom.bus`, "is virtio; a CD-ROM must be on sata, scsi or usb");
  }
  if (disk.disk?.pciAddress !== undefined && bus !== "virtio") {
    throw unsupported(
      `${field}.disk.pciAddress`,
      `is set, and the bus is ${bus}; only virtio disks have a PCI address`,
    );
  }
  return bus;
}

function unsupported(field: string, problem: string): Fault {
  const message = `${field} ${problem}`;
  return new Fault("refused", "DiskNotSupported", message, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}

/** Volume name → target, for the machine's status. */
export function diskTargets(spec: VirtualMachineInstanceSpec): { readonly name: string; readonly target: string }[] {
  return planDisks(spec).map(({ disk, target }) => ({ name: disk.name, target }));
}

export interface DiskElements {
  readonly elements: readonly Element[];
  readonly ioThreads: number;
}

export function diskElements(spec: VirtualMachineInstanceSpec, volumes: PreparedVolumes): DiskElements {
  const prepared = new Map(volumes.disks.map((disk) => [disk.volume, disk]));
  const planned = planDisks(spec);
  const threads = ioThreadsOf(spec.domain, planned);
  const elements = planned.flatMap((plan) => {
    const source = prepared.get(plan.disk.name);
    // A CD-ROM drive may be empty.
    if (source === undefined && plan.device !== "cdrom") {
      throw new Fault("bug", "VolumeNotPrepared", `The volume ${plan.disk.name} was not prepared, but a disk uses it`);
    }
    return [diskElement(plan, source, threads.of.get(plan.disk.name))];
  });
  return { elements, ioThreads: threads.count };
}

function diskElement(plan: PlannedDisk, source: DomainDisk | undefined, ioThread: number | undefined): Element {
  const { disk, device, bus } = plan;
  const readonly = plan.readonly || source?.readonly === true;
  const custom = disk.blockSize?.custom;
  if (disk.shareable === true && source?.format === "qcow2") {
    throw unsupported(
      `spec.domain.devices.disks[${disk.name}].shareable`,
      "is set, and its image is qcow2; two guests can only share a raw disk",
    );
  }
  return element(
    "disk",
    { type: source?.block === true ? "block" : "file", device },
    element("driver", {
      name: "qemu",
      type: source?.format ?? "raw",
      // QEMU's own I/O in the kernel needs the page cache out of the way.
      cache: disk.cache ?? (disk.io === "native" ? "none" : source?.cache),
      error_policy: disk.errorPolicy ?? "stop",
      io: disk.io,
      discard: device === "disk" && !readonly ? "unmap" : undefined,
      iothread: ioThread,
    }),
    source !== undefined && element("source", source.block ? { dev: source.path } : { file: source.path }),
    custom !== undefined &&
      element("blockio", {
        logical_block_size: custom.logical,
        physical_block_size: custom.physical,
        discard_granularity: custom.discardGranularity,
      }),
    element("target", { dev: plan.target, bus, tray: disk.cdrom?.tray }),
    readonly && element("readonly"),
    disk.shareable === true && element("shareable"),
    disk.serial !== undefined && disk.serial !== "" && element("serial", {}, disk.serial),
    disk.bootOrder !== undefined && element("boot", { order: disk.bootOrder }),
    element("alias", { name: `ua-${disk.name}` }),
    disk.disk?.pciAddress !== undefined && pciAddress(disk.disk.pciAddress, `the disk ${disk.name}`),
  );
}

/**
 * Which I/O thread serves which virtio disk. A dedicated disk has its own. Policy `shared`: one for all others; `auto`:
 * at most two threads a vCPU in all, taken in turn by the disks that have none of their own; no policy: QEMU's main loop.
 */
function ioThreadsOf(domain: Domain, planned: readonly PlannedDisk[]): { count: number; of: Map<string, number> } {
  const virtio = planned.filter((plan) => plan.bus === "virtio");
  const dedicated = virtio.filter((plan) => plan.disk.dedicatedIOThread === true);
  const others = virtio.filter((plan) => plan.disk.dedicatedIOThread !== true);
  const policy = domain.ioThreadsPolicy;
  const of = new Map<string, number>();
  if (policy === undefined && dedicated.length === 0) return { count: 0, of };
  const room = policy === "auto" ? Math.max(1, topologyOf(domain).vcpus * 2 - dedicated.length) : 1;
  const pool = others.length === 0 ? 0 : Math.min(others.length, room);
  others.forEach((plan, index) => of.set(plan.disk.name, (index % pool) + 1));
  dedicated.forEach((plan, index) => of.set(plan.disk.name, pool + index + 1));
  return { count: pool + dedicated.length, of };
}
