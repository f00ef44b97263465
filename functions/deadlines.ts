/**
 * By when an object's present state should have passed. A pure function of the object: no timer is stored, so none is
 * ever lost. The source tells `deadline.due` when the time has come, and the functions look again.
 *
 * | object | state | by | then |
 * |---|---|---|---|
 * | instance | Pending | 30 s | schedule looks again |
 * | instance | Scheduling | 5 min | boot and observe look again |
 * | instance | Scheduled | 5 min 30 s | boot orders off (the node itself gives up after 5 min) |
 * | instance | Unknown | 60 s | observe looks again |
 * | migration | Pending | 60 s | migrate looks again |
 * | migration | Scheduling | 5 min | move fails it |
 * | migration | Scheduled, TargetReady | 60 s | move calls it off |
 * | migration | PreparingTarget | 5 min | move calls it off |
 * | migration | Running | 60 s | move looks again: the source itself keeps the limits of copying |
 * | instance | being deleted | its grace | stop orders off |
 * | instance | ended, not released | 60 s | release looks again |
 * | VM | crash-looping | retryAfterTimestamp | run starts another instance |
 * | Node | runtime heard | 20 s after the last heartbeat: the last that is written down, or, where heartbeats are kept, 20 s of listening after the last that was heard (roll-call.ts) | attend declares it silent |
 */
import { Node } from "#api/core.ts";
import { finalizer } from "#api/names.ts";
import { conditionOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration, type MigrationPhase } from "#api/virtual-machine-instance-migration.ts";
import { enteredPhaseAt, isOver, migrationPhase, type Migration } from "./migrate/migrations.ts";
import { enteredAt, graceSeconds, isFinal, phaseOf, type Instance, type Phase } from "./instance.ts";
import { RUNTIME_READY } from "./machine-facts.ts";

/** Seconds that an instance may wait in a phase. Undefined: the phase is no waiting. */
const waits = {
  Pending: 30,
  Scheduling: 300,
  Scheduled: 330,
  Running: undefined,
  Unknown: 60,
  WaitingForSync: undefined,
  Succeeded: 60,
  Failed: 60,
} as const satisfies Record<Phase, number | undefined>;

/** Seconds after the last heartbeat. */
export const SILENCE_SECONDS = 20;

export function deadlineOf(kind: Kind, object: Stored<KubeObject>): Date | undefined {
  switch (kind.kind) {
    case VirtualMachineInstance.kind:
      return ofInstance(object as Instance);
    case VirtualMachine.kind:
      return ofVirtualMachine(object as Stored<VirtualMachine>);
    case VirtualMachineInstanceMigration.kind:
      return ofMigration(object as Migration);
    case Node.kind:
      return silentFrom(object, undefined);
    default:
      return undefined;
  }
}

function ofInstance(vmi: Instance): Date | undefined {
  const { deletionTimestamp, finalizers } = vmi.metadata;
  const phase = phaseOf(vmi);
  if (isFinal(vmi) && finalizers?.includes(finalizer.vmi) !== true) return undefined;
  if (!isFinal(vmi) && deletionTimestamp !== undefined) return after(new Date(deletionTimestamp), graceSeconds(vmi));
  const seconds = waits[phase];
  return seconds === undefined ? undefined : after(since(vmi, phase), seconds);
}

/** A phase may be entered more than once (Unknown): its condition knows the last time. */
function since(vmi: Instance, phase: Phase): Date {
  const changed = phase === "Unknown" ? conditionOf(vmi, "Ready")?.lastTransitionTime : undefined;
  return changed == null ? enteredAt(vmi, phase) : new Date(changed);
}

function ofVirtualMachine(vm: VirtualMachine): Date | undefined {
  const at = vm.status?.startFailure?.retryAfterTimestamp;
  return at === undefined || vm.status?.created === true ? undefined : new Date(at);
}

const migrationWaits = {
  Pending: 60,
  Scheduling: 300,
  Scheduled: 60,
  PreparingTarget: 300,
  TargetReady: 60,
  Running: 60,
  Succeeded: 60,
  Failed: 60,
  WaitingForSync: 60,
  Synchronizing: 60,
} as const satisfies Record<MigrationPhase, number>;

function ofMigration(migration: Migration): Date | undefined {
  if (isOver(migration) && migration.metadata.finalizers?.includes(finalizer.migration) !== true) return undefined;
  return after(enteredPhaseAt(migration), migrationWaits[migrationPhase(migration)]);
}

/** What somebody who listens has heard of a node; both are later by the time in which nobody could be heard. */
export interface Listening {
  /** When the listening began. */
  readonly since: Date;
  readonly lastHeard: Date | undefined;
}

/**
 * When a node counts as silent if nothing more is heard of it. Undefined: it does already, or never was heard. Who listens
 * calls none silent before having listened for as long as a node may be silent.
 */
export function silentFrom(node: Node, listening: Listening | undefined): Date | undefined {
  const runtime = node.status?.conditions?.find((condition) => condition.type === RUNTIME_READY);
  if (runtime === undefined || runtime.status === "Unknown" || runtime.lastHeartbeatTime === undefined)
    return undefined;
  const written = new Date(runtime.lastHeartbeatTime);
  // What was heard here counts, not by which wall clock it was written down.
  const heard = listening?.lastHeard ?? new Date(Math.max(listening?.since.getTime() ?? 0, written.getTime()));
  return after(heard, SILENCE_SECONDS);
}

function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}
