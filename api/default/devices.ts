/** Defaults of disks, interfaces, input devices and networks. Pure. */
import type { Architecture, ClusterConfig } from "../cluster-config.ts";
import type { Devices } from "../schema/devices.ts";
import type { Disk } from "../schema/disks.ts";
import type { Interface } from "../schema/interfaces.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";

/** The name that interface and network of the pod's network get when there are none. */
const POD_NETWORK = "default";

/** A guest that says nothing of networks is attached to the pod's. */
function wantsPodNetwork(spec: VirtualMachineInstanceSpec): boolean {
  return (
    spec.domain.devices.autoattachPodInterface !== false &&
    (spec.networks ?? []).length === 0 &&
    (spec.domain.devices.interfaces ?? []).length === 0
  );
}

export function defaultNetworks(spec: VirtualMachineInstanceSpec): Pick<VirtualMachineInstanceSpec, "networks"> {
  return wantsPodNetwork(spec) ? { networks: [{ name: POD_NETWORK, pod: {} }] } : {};
}

export function defaultDevices(
  spec: VirtualMachineInstanceSpec,
  architecture: Architecture,
  config: ClusterConfig,
): Devices {
  const { devices } = spec.domain;
  const disks = allDisks(spec).map((disk) => defaultDisk(disk, architecture));
  const interfaces = wantsPodNetwork(spec)
    ? [{ name: POD_NETWORK, [config.defaultNetworkInterface]: {} }]
    : devices.interfaces?.map(defaultInterface);
  return {
    ...devices,
    ...(disks.length === 0 ? {} : { disks }),
    ...(interfaces === undefined ? {} : { interfaces }),
    ...(devices.inputs === undefined ? {} : { inputs: devices.inputs.map(defaultInput) }),
  };
}

/** The disks, and one more for each volume that nothing shows. */
function allDisks(spec: VirtualMachineInstanceSpec): readonly Disk[] {
  const { disks = [], filesystems = [] } = spec.domain.devices;
  const shown = new Set([...disks, ...filesystems].map((device) => device.name));
  const missing = (spec.volumes ?? []).filter(
    (volume) =>
      !shown.has(volume.name) &&
      // These are for the pod, not for the guest.
      volume.memoryDump === undefined &&
      volume.downwardMetrics === undefined &&
      volume.containerPath === undefined,
  );
  return [...disks, ...missing.map((volume): Disk => ({ name: volume.name }))];
}

function defaultDisk(disk: Disk, architecture: Architecture): Disk {
  const bus = architecture === "amd64" ? "sata" : "virtio";
  if (disk.cdrom !== undefined) {
    const { cdrom } = disk;
    return {
      ...disk,
      cdrom: { ...cdrom, bus: cdrom.bus ?? bus, readonly: cdrom.readonly ?? true, tray: cdrom.tray ?? "closed" },
    };
  }
  if (disk.lun !== undefined) return { ...disk, lun: { ...disk.lun, bus: disk.lun.bus ?? bus } };
  return { ...disk, disk: { ...disk.disk, bus: disk.disk?.bus ?? bus } };
}

function defaultInterface(nic: Interface): Interface {
  if (nic.ports === undefined) return nic;
  return { ...nic, ports: nic.ports.map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })) };
}

type Input = NonNullable<Devices["inputs"]>[number];

function defaultInput(input: Input): Input {
  return { ...input, bus: input.bus ?? "usb", type: input.type === "" ? "tablet" : input.type };
}
