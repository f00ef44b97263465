/** Disks: how the guest sees a volume. */
import { flag, int, object, required, text, word, type Value } from "./vocabulary.ts";

/** Buses that a disk, CD-ROM drive or LUN may be on. */
export const DISK_BUSES = ["virtio", "scsi", "sata", "usb"] as const;

const bus = word("How it is attached; sata when unset, virtio on machines without SATA.", [...DISK_BUSES]);

export const DiskSchema = object("A disk of the guest. Its content is the volume of the same name.", {
  name: required(text("Name of the volume in spec.volumes that it shows.")),
  disk: object("A hard disk. Assumed when neither cdrom nor lun is set.", {
    bus,
    readonly: flag("The guest cannot write to it."),
    pciAddress: text("PCI address in the guest, such as 0000:81:00.1. Only for virtio."),
  }),
  cdrom: object("A CD-ROM drive.", {
    bus,
    readonly: flag("The guest cannot write to it; true when unset."),
    tray: word("Whether the tray is open at the start; closed when unset.", ["open", "closed"]),
  }),
  lun: object("A SCSI device of the node, with SCSI commands passed through. Needs a claim or data volume.", {
    bus,
    readonly: flag("The guest cannot write to it."),
    reservation: flag("Let the guest make SCSI persistent reservations, as clustered guests do."),
  }),
  bootOrder: int("Place in the order of devices that are tried for booting, from 1. Devices without come last."),
  serial: text("Serial number that the guest sees: letters, digits, _ . + and -, up to 256."),
  cache: word("How writes go through the node's page cache: none is used where the storage can, else writethrough.", [
    "none",
    "writeback",
    "writethrough",
  ]),
  io: word("How QEMU does its I/O: native is asynchronous in the kernel, threads a pool.", ["native", "threads"]),
  errorPolicy: word("What happens on an I/O error: stop pauses the guest, report passes it on.", [
    "stop",
    "ignore",
    "report",
    "enospace",
  ]),
  dedicatedIOThread: flag("Give the disk an I/O thread of its own. Only for virtio and scsi."),
  shareable: flag("Several virtual machines may write to it at the same time; turns the cache off."),
  tag: text("Label that the guest reads in its device metadata."),
  changedBlockTracking: flag("Keep track of the blocks that change, for incremental backups."),
  blockSize: object("Sector sizes that the guest sees.", {
    custom: object("Sizes as given here.", {
      logical: int("Bytes that are addressed at once: a power of two from 512, not above `physical`."),
      physical: int("Bytes that are written at once: a power of two from 512."),
      discardGranularity: int("Bytes that are discarded at once; a multiple of `logical`."),
    }),
    matchVolume: object("Sizes as the volume's block device has them.", {
      enabled: flag("Whether to match; true when unset."),
    }),
  }),
});
export type Disk = Value<ReturnType<(typeof DiskSchema)["unwrap"]>>;
