/** Rules for devices other than disks and interfaces, and for what all devices share. Pure. */
import type { Architecture, ClusterConfig } from "../cluster-config.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { gateOff, invalid, shown, type Cause } from "./cause.ts";

const VIDEO: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ["vga", "cirrus", "virtio", "bochs", "ramfb"],
  arm64: ["virtio", "ramfb"],
  s390x: ["virtio"],
};

/** `at` is the path of the spec. */
export function validateDevices(
  spec: VirtualMachineInstanceSpec,
  at: string,
  architecture: Architecture,
  config: ClusterConfig,
): Cause[] {
  const field = `${at}.domain.devices`;
  return [
    ...validateBootOrder(spec, field),
    ...validateDisksHaveVolumes(spec, field, config),
    ...validateFilesystems(spec, field, config),
    ...validateSmallDevices(spec, field, architecture),
    ...validateNodeDevices(spec, at, config),
    ...validateGates(spec, field, config),
    ...validateIOThreads(spec, `${at}.domain`),
  ];
}

/** Disks and interfaces share one order. */
function validateBootOrder(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  const { disks = [], interfaces = [] } = spec.domain.devices;
  const taken = new Map<number, string>();
  const causes: Cause[] = [];
  const check = (order: number | undefined, field: string, isInterface: boolean): void => {
    if (order === undefined) return;
    if (order < 1) {
      // Disks are checked wherever they are listed.
      if (isInterface) causes.push(invalid(`${field}.bootOrder`, `must be 1 or more; it is ${order}`));
      return;
    }
    const other = taken.get(order);
    if (other !== undefined) causes.push(invalid(`${field}.bootOrder`, `${order} is taken by ${other}`));
    else taken.set(order, field);
  };
  disks.forEach((disk, index) => check(disk.bootOrder, `${at}.disks[${index}]`, false));
  interfaces.forEach((nic, index) => check(nic.bootOrder, `${at}.interfaces[${index}]`, true));
  return causes;
}

function validateDisksHaveVolumes(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return (spec.domain.devices.disks ?? []).flatMap((disk, index) => {
    const field = `${at}.disks[${index}]`;
    const volume = volumes.get(disk.name);
    if (volume === undefined) {
      const emptyDrive = disk.cdrom !== undefined && config.featureGates.has("DeclarativeHotplugVolumes");
      return emptyDrive ? [] : [invalid(`${field}.name`, `there is no volume ${shown(disk.name)} in spec.volumes`)];
    }
    const causes: Cause[] = [];
    if (disk.lun !== undefined && volume.persistentVolumeClaim === undefined && volume.dataVolume === undefined) {
      causes.push(invalid(`${field}.lun`, "needs a volume that is a persistentVolumeClaim or a dataVolume"));
    }
    if (disk.lun?.reservation === true && !config.persistentReservation) {
      causes.push(
        invalid(
          `${field}.lun.reservation`,
          "is off in this cluster; the KubeVirt object has persistentReservationConfiguration",
        ),
      );
    }
    return causes;
  });
}

function validateFilesystems(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const field = `${at}.filesystems`;
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return (spec.domain.devices.filesystems ?? []).flatMap((filesystem, index) => {
    const volume = volumes.get(filesystem.name);
    if (volume === undefined) {
      return [invalid(`${field}[${index}].name`, `there is no volume ${shown(filesystem.name)} in spec.volumes`)];
    }
    const storage = volume.persistentVolumeClaim !== undefined || volume.dataVolume !== undefined;
    return storage && !config.featureGates.has("EnableVirtioFsStorageVolumes")
      ? [gateOff(field, "EnableVirtioFsStorageVolumes")]
      : [];
  });
}

function validateSmallDevices(spec: VirtualMachineInstanceSpec, at: string, architecture: Architecture): Cause[] {
  const { inputs = [], sound, video, autoattachGraphicsDevice, watchdog } = spec.domain.devices;
  const causes = inputs.flatMap((input, index) =>
    input.type === "tablet" || input.type === ""
      ? []
      : [invalid(`${at}.inputs[${index}].type`, `must be tablet; it is ${shown(input.type)}`)],
  );
  if (sound?.name === "") causes.push(invalid(`${at}.sound.name`, "must be a name"));
  if (video !== undefined && autoattachGraphicsDevice === false) {
    causes.push(invalid(`${at}.video`, "must not be set when autoattachGraphicsDevice is false"));
  }
  if (video?.type !== undefined && !VIDEO[architecture].includes(video.type)) {
    const known = VIDEO[architecture].join(", ");
    causes.push(invalid(`${at}.video.type`, `must be one of ${known} on ${architecture}; it is ${shown(video.type)}`));
  }
  if (watchdog !== undefined) {
    const device = architecture === "s390x" ? "diag288" : "i6300esb";
    const other = device === "diag288" ? "i6300esb" : "diag288";
    if (watchdog[device] === undefined || watchdog[other] !== undefined) {
      causes.push(invalid(`${at}.watchdog`, `must have the device ${device}, and no other, on ${architecture}`));
    }
  }
  return causes;
}

/** Devices of the node: graphics cards and others, by resource or by claim. */
function validateNodeDevices(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const { gpus = [], hostDevices = [] } = spec.domain.devices;
  const causes: Cause[] = [];
  const frameBuffers = gpus.filter(({ virtualGPUOptions }) => {
    const display = virtualGPUOptions?.display;
    return display !== undefined && display.enabled !== false && display.ramFB?.enabled !== false;
  });
  if (frameBuffers.length > 1) {
    causes.push(
      invalid(
        `${at}.domain.devices.gpus`,
        "only one virtual GPU can have a display with ramFB: turn it off on the others",
      ),
    );
  }
  const claimed = (devices: readonly { readonly claimName?: string | undefined }[]) =>
    devices.filter((device) => device.claimName !== undefined);
  for (const [list, devices, gate] of [
    ["gpus", gpus, "GPUsWithDRA"],
    ["hostDevices", hostDevices, "HostDevicesWithDRA"],
  ] as const) {
    if (claimed(devices).length > 0 && !config.featureGates.has(gate)) {
      causes.push(gateOff(`${at}.domain.devices.${list}`, gate));
    }
  }
  if (hostDevices.length > claimed(hostDevices).length && !config.featureGates.has("HostDevices")) {
    causes.push(gateOff(`${at}.domain.devices.hostDevices`, "HostDevices"));
  }
  const claims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  const unknown = claimed([...gpus, ...hostDevices]).find((device) => !claims.has(device.claimName ?? ""));
  if (unknown !== undefined) {
    causes.push(
      invalid(`${at}.resourceClaims`, `must have an entry ${shown(unknown.claimName)}, which a device claims`),
    );
  }
  return causes;
}

function validateGates(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const { autoattachVSOCK, downwardMetrics } = spec.domain.devices;
  const causes: Cause[] = [];
  if (autoattachVSOCK === true && !config.featureGates.has("VSOCK")) {
    causes.push(gateOff(`${at}.autoattachVSOCK`, "VSOCK"));
  }
  if (downwardMetrics !== undefined && !config.featureGates.has("DownwardMetrics")) {
    causes.push(gateOff(`${at}.downwardMetrics`, "DownwardMetrics"));
  }
  if (spec.domain.rebootPolicy !== undefined && !config.featureGates.has("RebootPolicy")) {
    causes.push(gateOff(at.replace(/devices$/, "rebootPolicy"), "RebootPolicy"));
  }
  return causes;
}

function validateIOThreads(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  const { ioThreadsPolicy, ioThreads } = spec.domain;
  const count = ioThreads?.supplementalPoolThreadCount ?? 0;
  if (ioThreadsPolicy !== "supplementalPool" || count >= 1) return [];
  return [
    invalid(
      `${at}.ioThreads.supplementalPoolThreadCount`,
      `must be 1 or more for ioThreadsPolicy supplementalPool; it is ${count}`,
    ),
  ];
}
