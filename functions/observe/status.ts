/** An instance's status from what its node says of the machine. Pure. */
import { conditionOf } from "#api/object.ts";
import type { VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import type { MachineState, MachineStatus } from "#events/machine.ts";
import { hasBeen, inPhase, isDeleting, phaseOf, type Instance, type Phase } from "../instance.ts";
import { migrationMethod } from "../migrate/migratable.ts";
import { conditionsEnded, conditionsFrom, conditionsUnknown } from "./conditions.ts";

/** What a live machine's state makes of the phase; `stopped` is another matter. "Same" before the guest ran. */
const phases = {
  preparing: "same",
  starting: "same",
  running: "Running",
  paused: "Running",
  stopping: "Running",
  unknown: "Unknown",
} as const satisfies Record<Exclude<MachineState, "stopped">, Phase | "same">;

export function phaseFrom(vmi: Instance, machine: MachineStatus): Phase {
  if (machine.state === "stopped") return finalPhase(vmi, machine);
  const phase = phases[machine.state];
  if (phase === "same") return phaseOf(vmi);
  // A machine that is asked to stop, or whose hypervisor went away, before it ever ran has not run by that.
  const proven = machine.state === "running" || machine.state === "paused" || hasBeen(vmi, "Running");
  return proven ? phase : phaseOf(vmi);
}

/** A guest that shut down succeeded; so did one that was ended because its deletion asked for it. */
function finalPhase(vmi: Instance, machine: MachineStatus): Phase {
  switch (machine.exit?.kind) {
    case "shutdown":
      return "Succeeded";
    case "destroyed":
      return isDeleting(vmi) ? "Succeeded" : "Failed";
    case "crashed":
    case "failed":
    case "lost":
    // It runs elsewhere: who claims it there has said so before this is read.
    case "moved":
    case undefined:
      return "Failed";
  }
}

export function statusFrom(vmi: Instance, machine: MachineStatus, now: Date): VirtualMachineInstanceStatus {
  const phase = phaseFrom(vmi, machine);
  if (machine.state === "stopped") {
    const { reason, message } = machine.exit ?? { reason: "Unknown", message: "The node does not say how it ended." };
    return endedStatus(vmi, phase, reason, message, now);
  }
  const status = inPhase(vmi, phase, now);
  const conditions = conditionsFrom(vmi, status.conditions, machine, now);
  const common = { ...status, ...(conditions === undefined ? {} : { conditions }) };
  return phase === "Running" ? withGuest(vmi, common, machine) : common;
}

export function endedStatus(
  vmi: Instance,
  phase: Phase,
  reason: string,
  message: string,
  now: Date,
): VirtualMachineInstanceStatus {
  const status = inPhase(vmi, phase, now);
  const conditions = conditionsEnded(status.conditions, reason, message, now);
  const { activePods: _pods, ...rest } = status;
  return { ...rest, reason, ...(conditions === undefined ? {} : { conditions }) };
}

/** Nothing is known; what was known last stays. */
export function unknownStatus(vmi: Instance, why: string, now: Date): VirtualMachineInstanceStatus {
  const old = conditionOf(vmi, "Ready");
  // The sentence may differ from one try to the next: it is not written anew while nothing is known.
  if (old?.status === "Unknown") return vmi.status ?? {};
  const status = hasBeen(vmi, "Running") ? inPhase(vmi, "Unknown", now) : (vmi.status ?? {});
  return { ...status, conditions: conditionsUnknown(status.conditions, why, now) };
}

function withGuest(
  vmi: Instance,
  status: VirtualMachineInstanceStatus,
  machine: MachineStatus,
): VirtualMachineInstanceStatus {
  const source = machine.agentConnected ? "domain, guest-agent" : "domain";
  const guest = vmi.spec.domain.memory?.guest;
  return {
    ...status,
    interfaces: machine.interfaces.map(({ addressFollows: _, ...link }) => ({ ...link, infoSource: source })),
    migrationMethod: migrationMethod(vmi.spec),
    volumeStatus: volumesFrom(status.volumeStatus, machine),
    ...(machine.machineType === undefined ? {} : { machine: { type: machine.machineType } }),
    ...(machine.guestOSInfo === undefined ? {} : { guestOSInfo: knownGuestInfo(machine.guestOSInfo) }),
    ...(guest === undefined || status.memory !== undefined
      ? {}
      : { memory: { guestAtBoot: guest, guestCurrent: guest, guestRequested: guest } }),
  };
}

/** What was noted of the claims when the instance's pod was made stays, whatever the machine tells of. */
function volumesFrom(
  old: VirtualMachineInstanceStatus["volumeStatus"] = [],
  machine: MachineStatus,
): VirtualMachineInstanceStatus["volumeStatus"] {
  const claims = old.filter((one) => one.persistentVolumeClaimInfo !== undefined);
  const told = machine.volumes.map((volume) => {
    const info = claims.find(({ name }) => name === volume.name)?.persistentVolumeClaimInfo;
    return { ...volume, phase: "Ready", ...(info === undefined ? {} : { persistentVolumeClaimInfo: info }) };
  });
  return [...told, ...claims.filter(({ name }) => !told.some((volume) => volume.name === name))];
}

const GUEST_INFO = [
  "id",
  "kernelRelease",
  "kernelVersion",
  "machine",
  "name",
  "prettyName",
  "version",
  "versionId",
] as const;

/** An agent may tell more than the API has fields for. */
function knownGuestInfo(info: Readonly<Record<string, string>>): VirtualMachineInstanceStatus["guestOSInfo"] {
  return Object.fromEntries(GUEST_INFO.flatMap((name) => (info[name] === undefined ? [] : [[name, info[name]]])));
}
