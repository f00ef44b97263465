/**
 * The settings of the cluster as defaulting and validation use them: spec.configuration of the KubeVirt object, with
 * defaults filled in. Pure.
 */
import type { KubeVirt } from "./kubevirt.ts";
import type { VirtualMachineInstanceSpec } from "./virtual-machine-instance.ts";

export const ARCHITECTURES = ["amd64", "arm64", "s390x"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface ClusterConfig {
  readonly defaultArchitecture: Architecture;
  readonly machines: Readonly<Record<Architecture, MachineTypes>>;
  /** CPU model of guests that ask for none; when undefined it follows the architecture. */
  readonly cpuModel: string | undefined;
  /** Set as requests.cpu of guests that ask for no CPU; when undefined the pod's request is derived instead. */
  readonly cpuRequest: string | number | undefined;
  readonly evictionStrategy: NonNullable<VirtualMachineInstanceSpec["evictionStrategy"]>;
  readonly defaultNetworkInterface: "bridge" | "masquerade";
  readonly permitBridgeInterfaceOnPodNetwork: boolean;
  /** Percent of the guest's memory of what its pod requests. */
  readonly memoryOvercommitPercent: number;
  /** Whether changes reach running guests, which then may grow up to these bounds. */
  readonly liveUpdate: boolean;
  readonly maxHotplugRatio: number;
  readonly maxCpuSockets: number | undefined;
  readonly maxGuest: string | number | undefined;
  readonly persistentReservation: boolean;
  readonly featureGates: ReadonlySet<string>;
  /** Scheduler of guests that ask for none. When undefined the field stays unset: Kubernetes' own. */
  readonly defaultSchedulerName: string | undefined;
}

export interface MachineTypes {
  readonly default: string;
  /** Patterns in which * stands for any text. */
  readonly allowed: readonly string[];
}

/** What the place that the control plane runs in adds to the KubeVirt object. */
export interface Surroundings {
  /** Architecture of the nodes, when the KubeVirt object names none. */
  readonly architecture?: Architecture;
  readonly defaultSchedulerName?: string;
}

/** Features that are on unless the KubeVirt object turns them off. All others are off unless it turns them on. */
const ON_BY_DEFAULT = [
  "ImageVolume",
  "Snapshot",
  "KubevirtSeccompProfile",
  "NodeRestriction",
  "WorkloadEncryptionSEV",
  "GPUsWithDRA",
  "HostDevicesWithDRA",
  "DecentralizedLiveMigration",
  "DeclarativeHotplugVolumes",
  "PasstBinding",
  "PodSecondaryInterfaceNamingUpgrade",
  "ExternalNetResourceInjection",
  "RebootPolicy",
  "Template",
  "OptOutRoleAggregation",
] as const;

const MACHINES: Readonly<Record<Architecture, MachineTypes>> = {
  amd64: { default: "q35", allowed: ["q35*", "pc-q35*"] },
  arm64: { default: "virt", allowed: ["virt*"] },
  s390x: { default: "s390-ccw-virtio", allowed: ["s390-ccw-virtio*"] },
};

const EVICTION = ["None", "LiveMigrate", "LiveMigrateIfPossible", "External"] as const;

export function isArchitecture(text: string | undefined): text is Architecture {
  return ARCHITECTURES.some((architecture) => architecture === text);
}

export function clusterConfig(kubevirt: KubeVirt | undefined, around: Surroundings = {}): ClusterConfig {
  const settings = kubevirt?.spec.configuration ?? {};
  const developer = settings.developerConfiguration ?? {};
  const byArchitecture = settings.architectureConfiguration ?? {};
  const machines = (architecture: Architecture): MachineTypes => ({
    default: byArchitecture[architecture]?.machineType ?? settings.machineType ?? MACHINES[architecture].default,
    allowed:
      byArchitecture[architecture]?.emulatedMachines ?? settings.emulatedMachines ?? MACHINES[architecture].allowed,
  });
  const off = new Set(developer.disabledFeatureGates);
  const named = byArchitecture.defaultArchitecture;
  return {
    defaultArchitecture: isArchitecture(named) ? named : (around.architecture ?? "amd64"),
    machines: { amd64: machines("amd64"), arm64: machines("arm64"), s390x: machines("s390x") },
    cpuModel: settings.cpuModel,
    cpuRequest: settings.cpuRequest,
    evictionStrategy: EVICTION.find((strategy) => strategy === settings.evictionStrategy) ?? "None",
    defaultNetworkInterface: settings.network?.defaultNetworkInterface === "masquerade" ? "masquerade" : "bridge",
    permitBridgeInterfaceOnPodNetwork: settings.network?.permitBridgeInterfaceOnPodNetwork ?? true,
    memoryOvercommitPercent: developer.memoryOvercommit ?? 100,
    liveUpdate: settings.vmRolloutStrategy !== "Stage",
    maxHotplugRatio: settings.liveUpdateConfiguration?.maxHotplugRatio ?? 4,
    maxCpuSockets: settings.liveUpdateConfiguration?.maxCpuSockets,
    maxGuest: settings.liveUpdateConfiguration?.maxGuest,
    persistentReservation:
      settings.persistentReservationConfiguration !== undefined &&
      settings.persistentReservationConfiguration.enabled !== false,
    featureGates: new Set(
      [...ON_BY_DEFAULT, ...(developer.featureGates ?? [])].filter((gate) => gate !== "" && !off.has(gate)),
    ),
    defaultSchedulerName: around.defaultSchedulerName,
  };
}
