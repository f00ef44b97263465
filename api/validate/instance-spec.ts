/** All rules for the specification of a virtual machine instance. Pure. */
import { isArchitecture, type ClusterConfig } from "../cluster-config.ts";
import { architectureOf } from "../default/instance-spec.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { validateCapacity } from "./capacity.ts";
import { invalid, shown, type Cause } from "./cause.ts";
import { validateDevices } from "./devices.ts";
import { validateDisks } from "./disks.ts";
import { validateFirmware, validateLaunchSecurity } from "./firmware.ts";
import { validateNetworks } from "./network.ts";
import { validateAffinity, validateLabels, validateTolerations, validateTopologySpread } from "./placement.ts";
import { validateAccessCredentials, validateDNS, validateNames, validateProbes } from "./surroundings.ts";
import { whyNoLabel } from "./text-forms.ts";
import { validateContainerDiskPaths, validateVolumes } from "./volumes.ts";

/** `at` is the path of the spec: spec, or spec.template.spec. */
export function validateInstanceSpec(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  return [
    ...validateHardware(spec, at, config),
    ...validateDisks(
      spec.domain.devices.disks ?? [],
      `${at}.domain.devices.disks`,
      architectureOf(spec, config) !== "amd64",
    ),
    ...validateVolumes(spec.volumes ?? [], `${at}.volumes`, config),
    ...validateVolumeNames(spec, `${at}.volumes`),
    ...validateNetworks(spec, at, config),
  ];
}

/** The rules that concern neither a single disk or volume nor the network. */
export function validateHardware(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const architecture = architectureOf(spec, config);
  const domain = `${at}.domain`;
  const named: string | undefined = spec.architecture;
  return [
    ...(named === undefined || named === "" || isArchitecture(named)
      ? []
      : [invalid(`${at}.architecture`, `must be amd64, arm64 or s390x; it is ${shown(named)}`)]),
    ...validateCapacity(spec.domain, domain, architecture, config),
    ...validateFirmware(spec.domain, domain, architecture, config),
    ...validateLaunchSecurity(spec, at, architecture, config),
    ...validateDevices(spec, at, architecture, config),
    ...validateContainerDiskPaths(spec.volumes ?? [], `${at}.volumes`),
    ...validateNames(spec, at),
    ...validateDNS(spec, at),
    ...validateProbes(spec, at),
    ...validateLabels(spec.nodeSelector, `${at}.nodeSelector`),
    ...validateTolerations(spec.tolerations, `${at}.tolerations`),
    ...validateAffinity(spec.affinity, `${at}.affinity`),
    ...validateTopologySpread(spec.topologySpreadConstraints, `${at}.topologySpreadConstraints`),
    ...validateAccessCredentials(spec, at),
  ];
}

/** Files and containers are named after volumes. */
function validateVolumeNames(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  return (spec.volumes ?? []).flatMap((volume, index) => {
    const why = whyNoLabel(volume.name);
    return why === undefined ? [] : [invalid(`${at}[${index}].name`, `${why}; it is ${shown(volume.name)}`)];
  });
}
