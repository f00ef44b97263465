/** Everything else that is plugged in: consoles, channels, display, input, and the devices that report on the guest. Pure. */
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { element, type Element } from "./element.ts";
import type { PlannedDisk } from "./disks.ts";
import { hasSerialConsole, isQ35, machineTypeOf } from "./firmware.ts";
import { rootPorts, SPARE_ROOT_PORTS } from "./pci.ts";
import type { Devices, Domain } from "./spec.ts";

/** sockaddr_un holds 107 bytes of a path. */
const LONGEST_SOCKET_PATH = 107;

const BALLOON_STATS_SECONDS = 10;

export function consoleElements(devices: Devices): Element[] {
  if (!hasSerialConsole(devices)) return [];
  return [
    element("serial", { type: "pty" }, element("target", { type: "isa-serial", port: 0 })),
    element("console", { type: "pty" }, element("target", { type: "serial", port: 0 })),
  ];
}

/** The guest agent's line. */
export function channelElement(): Element {
  return element("channel", { type: "unix" }, element("target", { type: "virtio", name: "org.qemu.guest_agent.0" }));
}

/** Where a machine's display is to be reached; undefined when the path would be too long for a socket. */
export function vncSocketPath(directory: string): string | undefined {
  const path = join(directory, "volumes", "vnc.sock");
  return Buffer.byteLength(path) <= LONGEST_SOCKET_PATH ? path : undefined;
}

/** VNC on a unix socket: no port, so nothing to find or to guard on the network. */
export function displayElements(devices: Devices, directory: string | undefined): Element[] {
  if (devices.autoattachGraphicsDevice === false) return [];
  const socket = directory === undefined ? undefined : vncSocketPath(directory);
  const type = devices.video?.type ?? "vga";
  return [
    element("graphics", { type: "vnc" }, element("listen", { type: "socket", socket })),
    element("video", {}, element("model", { type, heads: 1, vram: type === "vga" ? 16384 : undefined })),
  ];
}

export function inputElements(devices: Devices): Element[] {
  const wanted = devices.inputs ?? [];
  const inputs =
    wanted.length === 0 && devices.autoattachInputDevice === true
      ? [{ name: "default-0", type: "tablet", bus: undefined }]
      : wanted;
  return inputs.map((input, index) => {
    const field = `spec.domain.devices.inputs[${index}]`;
    if (input.type !== "tablet") throw refused(`${field}.type`, input.type, "tablet");
    const bus = input.bus ?? "usb";
    if (bus !== "usb" && bus !== "virtio") throw refused(`${field}.bus`, bus, "usb or virtio");
    return element("input", { type: "tablet", bus }, element("alias", { name: `ua-${input.name}` }));
  });
}

function refused(field: string, value: string, allowed: string): Fault {
  const message = `${field} is ${JSON.stringify(value)}; it must be ${allowed}`;
  return new Fault("refused", "DeviceNotSupported", message, {
    causes: [{ reason: "FieldValueNotSupported", field, message }],
  });
}

/** Balloon, entropy, watchdog, panic notifier, sound: what the spec asks for, and a notifier of panics in any case. */
export function platformElements(domain: Domain): Element[] {
  const { devices } = domain;
  const panic = new Set((devices.panicDevices ?? []).map((device) => device.model ?? "isa"));
  panic.add("isa");
  const watchdog = devices.watchdog?.i6300esb;
  return [
    devices.autoattachMemBalloon === false
      ? element("memballoon", { model: "none" })
      : element(
          "memballoon",
          // Guest RAM on huge pages cannot be given back page by page.
          { model: "virtio", freePageReporting: domain.memory?.hugepages === undefined ? "on" : undefined },
          element("stats", { period: BALLOON_STATS_SECONDS }),
        ),
    ...(devices.rng === undefined
      ? []
      : [element("rng", { model: "virtio" }, element("backend", { model: "random" }, "/dev/urandom"))]),
    ...(devices.watchdog === undefined
      ? []
      : [
          element(
            "watchdog",
            { model: "i6300esb", action: watchdog?.action ?? "reset" },
            element("alias", { name: `ua-${devices.watchdog.name}` }),
          ),
        ]),
    ...[...panic].sort().map((model) => element("panic", { model })),
    ...(devices.sound === undefined
      ? []
      : [
          element(
            "sound",
            { model: devices.sound.model ?? "ich9" },
            element("alias", { name: `ua-${devices.sound.name}` }),
          ),
        ]),
  ];
}

/** The controllers that disks and inputs need, and on q35 the ports for PCI Express. */
export function controllerElements(domain: Domain, disks: readonly PlannedDisk[]): Element[] {
  const { devices } = domain;
  const scsi = disks.some((disk) => disk.bus === "scsi");
  const inputs = inputElements(devices);
  const usb = disks.some((disk) => disk.bus === "usb") || inputs.some((input) => input.attributes["bus"] === "usb");
  return [
    ...(isQ35(machineTypeOf(domain)) ? portsFor(domain, disks, { scsi, usb }) : []),
    usb
      ? element("controller", { type: "usb", index: 0, model: "qemu-xhci" })
      : element("controller", { type: "usb", index: 0, model: "none" }),
    ...(scsi ? [element("controller", { type: "scsi", index: 0, model: "virtio-scsi" })] : []),
    element("controller", { type: "virtio-serial", index: 0 }),
  ];
}

function portsFor(
  domain: Domain,
  disks: readonly PlannedDisk[],
  controllers: { readonly scsi: boolean; readonly usb: boolean },
): Element[] {
  const { devices } = domain;
  const inUse =
    disks.filter((disk) => disk.bus === "virtio").length +
    (devices.interfaces ?? []).length +
    (devices.inputs ?? []).filter((input) => input.bus === "virtio").length +
    Number(controllers.scsi) +
    Number(controllers.usb) +
    Number(devices.rng !== undefined) +
    Number(devices.autoattachMemBalloon !== false) +
    1; // virtio-serial
  return rootPorts(inUse, devices.disableHotplug === true ? 0 : SPARE_ROOT_PORTS);
}
