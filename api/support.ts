/**
 * What is done about each field that the API takes. docs/fields.md is made from it, and so is the condition that tells
 * a user which fields of an instance are without effect. Pure.
 */
import type { VirtualMachineInstance } from "./virtual-machine-instance.ts";

/**
 * - `acted`: the field has its effect
 * - `accepted`: it is stored, and without effect as yet; the guest is the same without it
 * - `refused`: an instance with it is not started, since without it the guest would not be what its owner asked for
 */
export type Support = "acted" | "accepted" | "refused";

/** By path; a path speaks for all below it that is not named itself. */
type Table = Readonly<Record<string, Support>>;

/** Fields of a virtual machine instance's spec, and so of spec.template.spec of a virtual machine. */
export const instanceSupport: Table = {
  "spec": "accepted",
  "spec.affinity.nodeAffinity": "acted",
  "spec.architecture": "acted",

  "spec.domain": "acted",
  "spec.domain.cpu.dedicatedCpuPlacement": "refused",
  "spec.domain.cpu.isolateEmulatorThread": "refused",
  "spec.domain.cpu.numa": "refused",
  "spec.domain.cpu.realtime": "refused",
  "spec.domain.firmware.acpi": "refused",
  "spec.domain.firmware.bootloader.efi.persistent": "refused",
  "spec.domain.ioThreads": "accepted",
  "spec.domain.launchSecurity": "refused",
  "spec.domain.memory.maxGuest": "accepted",
  "spec.domain.memory.reservedOverhead": "accepted",
  "spec.domain.resources.overcommitGuestOverhead": "accepted",

  "spec.domain.devices.autoattachVSOCK": "refused",
  "spec.domain.devices.blockMultiQueue": "accepted",
  "spec.domain.devices.clientPassthrough": "refused",
  "spec.domain.devices.disks[].blockSize.matchVolume": "accepted",
  "spec.domain.devices.disks[].changedBlockTracking": "accepted",
  "spec.domain.devices.disks[].lun": "refused",
  "spec.domain.devices.disks[].tag": "accepted",
  "spec.domain.devices.downwardMetrics": "refused",
  "spec.domain.devices.filesystems": "refused",
  "spec.domain.devices.gpus": "refused",
  "spec.domain.devices.hostDevices": "refused",
  "spec.domain.devices.interfaces[].binding": "refused",
  "spec.domain.devices.interfaces[].macvtap": "refused",
  "spec.domain.devices.interfaces[].passt": "refused",
  "spec.domain.devices.interfaces[].passtBinding": "refused",
  "spec.domain.devices.interfaces[].slirp": "refused",
  "spec.domain.devices.interfaces[].sriov": "refused",
  "spec.domain.devices.interfaces[].tag": "accepted",
  "spec.domain.devices.logSerialConsole": "accepted",
  "spec.domain.devices.networkInterfaceMultiqueue": "accepted",
  "spec.domain.devices.tpm": "refused",
  "spec.domain.devices.useVirtioTransitional": "accepted",
  "spec.domain.devices.watchdog.diag288": "refused",

  "spec.evictionStrategy": "acted",
  "spec.hostname": "acted",
  "spec.livenessProbe.httpGet": "acted",
  "spec.livenessProbe.tcpSocket": "acted",
  "spec.livenessProbe.initialDelaySeconds": "acted",
  "spec.livenessProbe.periodSeconds": "acted",
  "spec.livenessProbe.timeoutSeconds": "acted",
  "spec.livenessProbe.successThreshold": "acted",
  "spec.livenessProbe.failureThreshold": "acted",
  "spec.networks[].name": "acted",
  "spec.networks[].multus": "refused",
  "spec.networks[].pod": "acted",
  "spec.networks[].pod.vmIPv6NetworkCIDR": "accepted",
  "spec.networks[].resourceClaim": "refused",
  "spec.nodeSelector": "acted",
  "spec.priorityClassName": "acted",
  "spec.readinessProbe.httpGet": "acted",
  "spec.readinessProbe.tcpSocket": "acted",
  "spec.readinessProbe.initialDelaySeconds": "acted",
  "spec.readinessProbe.periodSeconds": "acted",
  "spec.readinessProbe.timeoutSeconds": "acted",
  "spec.readinessProbe.successThreshold": "acted",
  "spec.readinessProbe.failureThreshold": "acted",
  "spec.schedulerName": "acted",
  "spec.startStrategy": "acted",
  "spec.subdomain": "acted",
  "spec.terminationGracePeriodSeconds": "acted",
  "spec.tolerations": "acted",
  "spec.topologySpreadConstraints": "acted",

  "spec.volumes[]": "refused",
  "spec.volumes[].name": "acted",
  "spec.volumes[].cloudInitConfigDrive": "acted",
  "spec.volumes[].cloudInitNoCloud": "acted",
  "spec.volumes[].configMap": "acted",
  "spec.volumes[].containerDisk": "acted",
  "spec.volumes[].dataVolume": "acted",
  "spec.volumes[].dataVolume.hotpluggable": "refused",
  "spec.volumes[].emptyDisk": "acted",
  "spec.volumes[].persistentVolumeClaim": "acted",
  "spec.volumes[].persistentVolumeClaim.hotpluggable": "refused",
  "spec.volumes[].secret": "acted",
};

/** Fields of a virtual machine's spec outside the instance's. */
export const machineSupport: Table = {
  "spec": "accepted",
  "spec.dataVolumeTemplates": "acted",
  "spec.dataVolumeTemplates[].spec.sourceRef": "refused",
  "spec.running": "acted",
  "spec.runStrategy": "acted",
  "spec.template.metadata": "acted",
};

/** Fields of the KubeVirt object's spec. */
export const clusterSupport: Table = {
  "spec": "accepted",
  "spec.configuration.architectureConfiguration": "acted",
  "spec.configuration.architectureConfiguration.amd64.ovmfPath": "accepted",
  "spec.configuration.architectureConfiguration.arm64.ovmfPath": "accepted",
  "spec.configuration.architectureConfiguration.ppc64le": "accepted",
  "spec.configuration.architectureConfiguration.s390x.ovmfPath": "accepted",
  "spec.configuration.cpuModel": "acted",
  "spec.configuration.cpuRequest": "acted",
  "spec.configuration.developerConfiguration.disabledFeatureGates": "acted",
  "spec.configuration.developerConfiguration.featureGates": "acted",
  "spec.configuration.developerConfiguration.memoryOvercommit": "acted",
  "spec.configuration.emulatedMachines": "acted",
  "spec.configuration.evictionStrategy": "acted",
  "spec.configuration.liveUpdateConfiguration": "acted",
  "spec.configuration.machineType": "acted",
  "spec.configuration.migrations.allowAutoConverge": "acted",
  "spec.configuration.migrations.allowPostCopy": "acted",
  "spec.configuration.migrations.allowWorkloadDisruption": "acted",
  "spec.configuration.migrations.bandwidthPerMigration": "acted",
  "spec.configuration.migrations.completionTimeoutPerGiB": "acted",
  "spec.configuration.migrations.maxDowntimeMs": "acted",
  "spec.configuration.migrations.parallelMigrationsPerCluster": "acted",
  "spec.configuration.migrations.parallelOutboundMigrationsPerNode": "acted",
  "spec.configuration.migrations.progressTimeout": "acted",
  "spec.configuration.network.defaultNetworkInterface": "acted",
  "spec.configuration.network.permitBridgeInterfaceOnPodNetwork": "acted",
  "spec.configuration.vmRolloutStrategy": "acted",
};

/** Fields of a migration policy. */
export const policySupport: Table = {
  "spec": "accepted",
  "spec.selectors": "acted",
  "spec.allowAutoConverge": "acted",
  "spec.allowPostCopy": "acted",
  "spec.allowWorkloadDisruption": "acted",
  "spec.bandwidthPerMigration": "acted",
  "spec.completionTimeoutPerGiB": "acted",
  "spec.experimental.downtimeTuning": "acted",
  "spec.maxDowntimeMs": "acted",
};

/** What the table says of a field: its own entry, or that of the nearest field above it. */
export function supportOf(table: Table, path: string): Support {
  for (let at = path; at !== ""; at = above(at)) {
    const support = table[at];
    if (support !== undefined) return support;
  }
  throw new RangeError(`no entry speaks for ${path}`);
}

function above(path: string): string {
  return path.replace(/(\[\]|\{\}|(^|\.)[^.[{]+)$/, "");
}

export interface WithoutEffect {
  /** Path in the object, such as spec.domain.devices.gpus. */
  readonly field: string;
  readonly support: Exclude<Support, "acted">;
}

/** What defaulting fills in although nothing acts on it yet: not the user's wish. */
const ALWAYS_FILLED_IN: readonly string[] = ["spec.domain.memory.maxGuest"];

/** The table of instances by the parts of its paths: a spec is walked only as far down as the table says something. */
interface Entry {
  support?: Support;
  isFilledIn?: true;
  readonly below: Map<string, Entry>;
}

const instanceEntries = entriesOf(instanceSupport);

function entriesOf(table: Table): Entry {
  const root: Entry = { below: new Map() };
  const at = (path: string): Entry => {
    let entry = root;
    for (const part of path.match(/\[\]|[^.[]+/g) ?? []) {
      const there = entry.below.get(part) ?? { below: new Map<string, Entry>() };
      entry.below.set(part, there);
      entry = there;
    }
    return entry;
  };
  for (const [path, support] of Object.entries(table)) at(path).support = support;
  for (const path of ALWAYS_FILLED_IN) at(path).isFilledIn = true;
  return root;
}

/** Fields that a user has set and that are without effect, or stand in the way of a start; the shortest paths of each. */
export function refusedOrUnsupported(vmi: Pick<VirtualMachineInstance, "spec">): readonly WithoutEffect[] {
  const found: WithoutEffect[] = [];
  const visit = (value: unknown, field: string, entry: Entry | undefined, above: Support): void => {
    if (saysNothing(value) || entry?.isFilledIn === true) return;
    const support = entry?.support ?? above;
    if (entry === undefined || entry.below.size === 0) {
      if (support !== "acted") found.push({ field, support });
    } else if (Array.isArray(value)) {
      value.forEach((item: unknown, index) => visit(item, `${field}[${index}]`, entry.below.get("[]"), support));
    } else if (typeof value === "object" && value !== null) {
      for (const [name, child] of Object.entries(value)) {
        visit(child, `${field}.${name}`, entry.below.get(name), support);
      }
    }
  };
  visit(vmi.spec, "spec", instanceEntries.below.get("spec"), "accepted");
  return found;
}

/** Turning something off that is not there is no wish. */
function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && "enabled" in value && value.enabled === false;
}
