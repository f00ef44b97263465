/**
 * Whether a guest can move while it runs, by its spec, its node's network and what was noted of its claims: the condition
 * LiveMigratable and its reason. Pure.
 */
import { conditionOf } from "#api/object.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { Instance } from "../instance.ts";
import { isDeleting, phaseOf } from "../instance.ts";
import { notedClaims, type ClaimedVolume } from "../schedule/claims.ts";

export interface Obstacle {
  /** KubeVirt's word where it has one. */
  readonly reason: string;
  readonly message: string;
}

/** `addressFollows`: its node says that addresses go with their guests. Else it is as the condition has noted it. */
export function obstacleOf(
  vmi: Instance,
  addressFollows = conditionOf(vmi, "LiveMigratable")?.status === "True",
): Obstacle | undefined {
  const { spec } = vmi;
  const { devices, cpu } = spec.domain;
  const bridged = devices.interfaces?.find((one) => one.bridge !== undefined);
  if (
    bridged !== undefined &&
    !addressFollows &&
    spec.networks?.some((one) => one.name === bridged.name && one.pod !== undefined)
  ) {
    return {
      reason: "InterfaceNotLiveMigratable",
      message: `Interface ${bridged.name} has its pod's own address, which stays with the pod: use masquerade.`,
    };
  }
  if ((devices.hostDevices ?? []).length > 0 || (devices.gpus ?? []).length > 0) {
    return { reason: "HostDeviceNotLiveMigratable", message: "A device of the node is passed through to the guest." };
  }
  if (cpu?.model === "host-passthrough") {
    return { reason: "CPUModeNotLiveMigratable", message: "The guest has its node's own CPU (host-passthrough)." };
  }
  const stays = spec.volumes?.find((volume) => volume.hostDisk !== undefined);
  if (stays !== undefined) return disk(`Volume ${stays.name} is a file of its node, which no other node has.`);
  for (const claimed of notedClaims(vmi)) {
    const why = whyNotShared(claimed, spec);
    if (why !== undefined) return disk(`Volume ${claimed.volume}: ${why}.`);
  }
  return undefined;
}

function disk(message: string): Obstacle {
  return { reason: "DisksNotLiveMigratable", message };
}

/** Both nodes have the disk open at the switch, so its claim must allow that, and nothing of it may lie in a node's memory. */
function whyNotShared({ volume, claim, readOnly, info }: ClaimedVolume, spec: VirtualMachineInstanceSpec) {
  if (info === undefined) return `nothing is known of claim ${claim}; the instance must be started anew`;
  const modes = info.accessModes ?? [];
  const shared = modes.includes("ReadWriteMany") || (readOnly && modes.includes("ReadOnlyMany"));
  if (!shared) {
    return `claim ${claim} can't be used by two nodes at once: it is ${modes.join(", ") || "without an access mode"}, and must be ReadWriteMany${readOnly ? " or ReadOnlyMany" : ""}`;
  }
  const cache = spec.domain.devices.disks?.find(({ name }) => name === volume)?.cache;
  const kept = !readOnly && (cache === "writeback" || cache === "writethrough");
  return kept ? `its cache is ${cache}, which is its node's memory; it must be none, or left out` : undefined;
}

/** Container disks and empty disks are copied; a guest without any has nothing to copy but its memory. */
export function migrationMethod(spec: VirtualMachineInstanceSpec): "BlockMigration" | "LiveMigration" {
  const own = spec.volumes?.some((volume) => volume.containerDisk !== undefined || volume.emptyDisk !== undefined);
  return own === true ? "BlockMigration" : "LiveMigration";
}

/** Why the instance can never move as it is: another migration would end the same. */
export function refusal(vmi: Instance): Obstacle | undefined {
  const phase = phaseOf(vmi);
  if (isDeleting(vmi) || phase === "Succeeded" || phase === "Failed") {
    return { reason: "InstanceEnding", message: `The instance is ${isDeleting(vmi) ? "being deleted" : phase}.` };
  }
  return obstacleOf(vmi);
}

/** Why it can't move right now. */
export function hindrance(vmi: Instance): string | undefined {
  if (phaseOf(vmi) !== "Running") return `the instance is ${phaseOf(vmi)}; it moves once it is Running`;
  if (conditionOf(vmi, "Paused")?.status === "True") return "the guest is paused; it moves once it runs";
  return undefined;
}
