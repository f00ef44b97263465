/**
 * What a virtual machine instance's specification means where it says nothing. Pure; a second pass changes nothing.
 * What is filled in follows KubeVirt, since guests keep what they were started with.
 */
import { isArchitecture, type Architecture, type ClusterConfig } from "../cluster-config.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { defaultCPU, defaultMemory, defaultResources } from "./capacity.ts";
import { defaultDevices, defaultNetworks } from "./devices.ts";
import { defaultFeatures } from "./features.ts";
import { defaultFirmware, pullPolicyFor } from "./firmware.ts";
import { told } from "./told.ts";

export function architectureOf(spec: VirtualMachineInstanceSpec, config: ClusterConfig): Architecture {
  return isArchitecture(spec.architecture) ? spec.architecture : config.defaultArchitecture;
}

/** `uuid` makes the identity of a machine that has none. */
export function defaultInstanceSpec(
  spec: VirtualMachineInstanceSpec,
  config: ClusterConfig,
  uuid: () => string,
): VirtualMachineInstanceSpec {
  const architecture = architectureOf(spec, config);
  const { domain } = spec;
  const resources = defaultResources(domain, config);
  const memory = defaultMemory({ ...domain, resources }, architecture, config);
  const { schedulerName: named, ...rest } = spec;
  const schedulerName = told(named) ?? config.defaultSchedulerName;
  return {
    ...rest,
    architecture,
    evictionStrategy: spec.evictionStrategy ?? config.evictionStrategy,
    ...(schedulerName === undefined ? {} : { schedulerName }),
    ...defaultNetworks(spec),
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(defaultVolume) }),
    domain: {
      ...domain,
      resources,
      memory,
      cpu: defaultCPU({ ...domain, resources }, architecture, config),
      machine: { ...domain.machine, type: told(domain.machine?.type) ?? config.machines[architecture].default },
      firmware: defaultFirmware(domain.firmware ?? {}, architecture, uuid),
      features: defaultFeatures(domain.features ?? {}, architecture),
      devices: defaultDevices(spec, architecture, config),
    },
  };
}

type Volume = NonNullable<VirtualMachineInstanceSpec["volumes"]>[number];

function defaultVolume(volume: Volume): Volume {
  const { containerDisk } = volume;
  if (containerDisk === undefined || containerDisk.imagePullPolicy !== undefined) return volume;
  return { ...volume, containerDisk: { ...containerDisk, imagePullPolicy: pullPolicyFor(containerDisk.image) } };
}
