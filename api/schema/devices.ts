/** The guest's devices other than disks and interfaces, and the lists of all. */
import { DiskSchema } from "./disks.ts";
import { InterfaceSchema } from "./interfaces.ts";
import { flag, list, object, presence, required, text, word, type Value } from "./vocabulary.ts";

const WATCHDOG_ACTIONS = ["poweroff", "reset", "shutdown"] as const;
const watchdogAction = word("What happens when the guest stops feeding it; reset when unset.", [...WATCHDOG_ACTIONS]);

const claimed = {
  name: required(text("Name of the device, unique among the devices of its kind.")),
  deviceName: text("Resource under which the node offers it, such as nvidia.com/GP102."),
  claimName: text("Entry of spec.resourceClaims that holds it, for dynamic resource allocation."),
  requestName: text("Request in that claim."),
  tag: text("Label that the guest reads in its device metadata."),
};

const GPUSchema = object("A physical or virtual graphics card of the node.", {
  ...claimed,
  virtualGPUOptions: object("For virtual ones.", {
    display: object("Show the card's output on VNC.", {
      enabled: flag("Whether to; true when unset."),
      ramFB: object("A plain frame buffer until the guest's driver has taken over.", {
        enabled: flag("Whether to have one; true when unset."),
      }),
    }),
  }),
});

const InputSchema = object("An input device.", {
  name: required(text("Name of the device.")),
  type: required(text("Kind of device; only tablet is known.")),
  bus: word("How it is attached; usb when unset.", ["virtio", "usb"]),
});

const WatchdogSchema = object("A watchdog: acts when the guest hangs. Exactly one device says which.", {
  name: required(text("Name of the device.")),
  i6300esb: object("Intel's 6300ESB, for x86 and arm64.", { action: watchdogAction }),
  diag288: object("diag288, for s390x.", { action: watchdogAction }),
});

export const DevicesSchema = object("The guest's devices.", {
  disks: list("Disks, CD-ROM drives and LUNs.", DiskSchema, { max: 256 }),
  interfaces: list("Network interfaces.", InterfaceSchema, { max: 256 }),
  inputs: list("Input devices.", InputSchema),
  filesystems: list(
    "Volumes that the guest mounts as directories rather than disks.",
    object("One file system.", {
      name: required(text("Name of the volume in spec.volumes that it shows, and the tag that the guest mounts.")),
      virtiofs: required(presence("Shared by virtiofs.")),
    }),
    { list: "atomic" },
  ),
  gpus: list("Graphics cards of the node.", GPUSchema, { list: "atomic" }),
  hostDevices: list("Other devices of the node.", object("A device of the node.", claimed), { list: "atomic" }),
  panicDevices: list(
    "Devices by which the guest tells that it crashed.",
    object("One device.", {
      model: word("Device that the guest sees.", ["hyperv", "isa", "pvpanic"]),
    }),
  ),
  autoattachGraphicsDevice: flag("Give the guest a screen, reached by VNC; true when unset."),
  autoattachInputDevice: flag("Give the guest a tablet, so that the pointer on VNC follows the mouse."),
  autoattachMemBalloon: flag("Give the guest a memory balloon, which reports its use of memory; true when unset."),
  autoattachPodInterface: flag("Attach the guest to the pod network when it has no interfaces; true when unset."),
  autoattachSerialConsole: flag("Give the guest a serial console; true when unset."),
  autoattachVSOCK: flag("Give the guest a VSOCK device, for sockets between node and guest."),
  logSerialConsole: flag("Keep what the guest writes to its serial console; needs the console."),
  blockMultiQueue: flag("Give virtio disks as many queues as the guest has CPUs."),
  networkInterfaceMultiqueue: flag("Give virtio interfaces as many queues as the guest has CPUs."),
  disableHotplug: flag("Nothing can be plugged into the running guest."),
  useVirtioTransitional: flag("Virtio devices that guests without virtio 1.0 can use as well."),
  clientPassthrough: presence("Let a client pass USB devices of its own to the guest."),
  downwardMetrics: presence("Give the guest a serial port that answers with metrics of the node."),
  rng: presence("Give the guest a source of randomness from the node."),
  sound: object("A sound card.", {
    name: required(text("Name of the device.")),
    model: word("Device that the guest sees; ich9 when unset.", ["ich9", "ac97"]),
  }),
  tpm: object("A TPM, emulated.", {
    enabled: flag("Whether the guest has one; true when unset."),
    persistent: flag("Keep its state from one start to the next."),
  }),
  video: object("The graphics device.", {
    type: text("Device that the guest sees: vga, cirrus, virtio, bochs or ramfb; chosen by architecture when unset."),
  }),
  watchdog: WatchdogSchema,
});
export type Devices = Value<ReturnType<(typeof DevicesSchema)["unwrap"]>>;
