/** Rules for disks, wherever they are listed. Pure. */
import { DISK_BUSES, type Disk } from "../schema/disks.ts";
import { invalid, shown, unsupported, type Cause } from "./cause.ts";
import { isPCIAddress, whyNoLabel } from "./text-forms.ts";

const SERIAL = /^[A-Za-z0-9_.+-]*$/;
const MAX_SERIAL = 256;
const MIN_BLOCK = 512;
const MAX_BLOCK = 2 * 1024 * 1024;

/** `at` is the path of the list. `cdromOnVirtio`: the machine has no other bus for CD-ROM drives. */
export function validateDisks(disks: readonly Disk[], at: string, cdromOnVirtio = false): Cause[] {
  const first = new Map<string, number>();
  return disks.flatMap((disk, index) => {
    const field = `${at}[${index}]`;
    const same = first.get(disk.name);
    if (same === undefined) first.set(disk.name, index);
    return [
      ...(same === undefined
        ? []
        : [invalid(`${field}.name`, `must be unique; ${at}[${same}] is ${shown(disk.name)} too`)]),
      ...validateName(disk, field),
      ...validateTarget(disk, field, cdromOnVirtio),
      ...validateOptions(disk, field),
      ...validateBlockSize(disk, field),
    ];
  });
}

function validateName(disk: Disk, field: string): Cause[] {
  const why = whyNoLabel(disk.name);
  return why === undefined ? [] : [invalid(`${field}.name`, `${why}; it is ${shown(disk.name)}`)];
}

function validateTarget(disk: Disk, field: string, cdromOnVirtio: boolean): Cause[] {
  const targets = (["disk", "cdrom", "lun"] as const).filter((target) => disk[target] !== undefined);
  const [target] = targets;
  if (targets.length > 1)
    return [invalid(field, `must be one of disk, cdrom and lun; it sets ${targets.join(" and ")}`)];
  if (target === undefined) return [];
  const causes: Cause[] = [];
  const bus: string | undefined = disk[target]?.bus;
  const busField = `${field}.${target}.bus`;
  if (bus !== undefined && !DISK_BUSES.some((known) => known === bus)) {
    causes.push(invalid(busField, `must be one of ${DISK_BUSES.join(", ")}; it is ${shown(bus)}`));
  }
  if (target === "cdrom" && bus === "virtio" && !cdromOnVirtio) {
    causes.push(invalid(busField, "a CD-ROM drive cannot be on virtio: use sata, scsi or usb"));
  }
  if (target === "disk" && bus === "sata" && disk.disk?.readonly === true) {
    causes.push(invalid(busField, "a SATA disk cannot be read-only: use another bus, or a cdrom"));
  }
  const pciAddress = disk.disk?.pciAddress;
  if (pciAddress !== undefined && !isPCIAddress(pciAddress)) {
    causes.push(
      invalid(`${field}.disk.pciAddress`, `must be a PCI address such as 0000:81:00.1; it is ${shown(pciAddress)}`),
    );
  } else if (pciAddress !== undefined && bus !== "virtio") {
    causes.push(invalid(`${field}.disk.pciAddress`, "only disks on virtio have a PCI address of their own"));
  }
  if (disk.dedicatedIOThread === true && (bus === "sata" || bus === "usb")) {
    causes.push(unsupported(`${field}.dedicatedIOThread`, `needs a disk on virtio or scsi; this one is on ${bus}`));
  }
  return causes;
}

function validateOptions(disk: Disk, field: string): Cause[] {
  const causes: Cause[] = [];
  if (disk.bootOrder !== undefined && disk.bootOrder < 1) {
    causes.push(invalid(`${field}.bootOrder`, `must be 1 or more; it is ${disk.bootOrder}`));
  }
  const serial = disk.serial ?? "";
  if (!SERIAL.test(serial)) {
    causes.push(invalid(`${field}.serial`, `must be of letters, digits and _ . + -; it is ${shown(serial)}`));
  } else if (serial.length > MAX_SERIAL) {
    causes.push(invalid(`${field}.serial`, `must be up to ${MAX_SERIAL} characters long; it has ${serial.length}`));
  }
  return causes;
}

function validateBlockSize(disk: Disk, field: string): Cause[] {
  const { custom, matchVolume } = disk.blockSize ?? {};
  if (custom === undefined) return [];
  if (matchVolume !== undefined && matchVolume.enabled !== false) {
    return [invalid(`${field}.blockSize`, "must be custom or matchVolume, not both")];
  }
  const at = `${field}.blockSize.custom`;
  const logical = custom.logical ?? 0;
  const physical = custom.physical ?? 0;
  const causes = [...validateBlock(logical, `${at}.logical`), ...validateBlock(physical, `${at}.physical`)];
  if (logical > physical) {
    causes.push(invalid(`${at}.logical`, `must not be above physical, ${physical}; it is ${logical}`));
  }
  const bus = disk.disk?.bus ?? disk.cdrom?.bus ?? disk.lun?.bus;
  if (bus === "sata" && logical !== MIN_BLOCK) {
    causes.push(invalid(`${at}.logical`, `must be ${MIN_BLOCK} on sata; it is ${logical}`));
  }
  const granularity = custom.discardGranularity;
  if (granularity !== undefined && (granularity < 0 || (logical > 0 && granularity % logical !== 0))) {
    causes.push(invalid(`${at}.discardGranularity`, `must be a multiple of logical, ${logical}; it is ${granularity}`));
  }
  return causes;
}

function validateBlock(bytes: number, field: string): Cause[] {
  if (bytes < MIN_BLOCK) return [invalid(field, `must be at least ${MIN_BLOCK} bytes; it is ${bytes}`)];
  if (bytes > MAX_BLOCK) return [invalid(field, `must be at most ${MAX_BLOCK} bytes; it is ${bytes}`)];
  return Number.isInteger(Math.log2(bytes)) ? [] : [invalid(field, `must be a power of 2; it is ${bytes}`)];
}
