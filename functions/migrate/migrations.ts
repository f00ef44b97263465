/** A migration as functions see it: its phase, whether it is under way, which of several is next, when it is too late. Pure. */
import { isMigrationPriority, MIGRATION_PRIORITIES } from "#api/migration-priority.ts";
import { conditionOf, rfc3339, type Condition, type Stored } from "#api/object.ts";
import type {
  MigrationPhase,
  MigrationStatus,
  VirtualMachineInstanceMigration,
} from "#api/virtual-machine-instance-migration.ts";
import { annotation } from "#api/names.ts";

export type Migration = Stored<VirtualMachineInstanceMigration>;

export function migrationPhase(migration: VirtualMachineInstanceMigration): MigrationPhase {
  return migration.status?.phase ?? "Pending";
}

export function isOver(migration: VirtualMachineInstanceMigration): boolean {
  const phase = migrationPhase(migration);
  return phase === "Succeeded" || phase === "Failed";
}

/** It has a target pod, or more. */
export function isUnderWay(migration: VirtualMachineInstanceMigration): boolean {
  return !isOver(migration) && migrationPhase(migration) !== "Pending";
}

/** 0 goes first. What says nothing, a user has asked for. */
export function rankOf({ spec }: VirtualMachineInstanceMigration): number {
  const { priority = "user-triggered" } = spec;
  return isMigrationPriority(priority) ? MIGRATION_PRIORITIES.indexOf(priority) : MIGRATION_PRIORITIES.length;
}

/** Of those that wait all over the cluster: who is to have the next free place. */
export function inRank(one: Migration, other: Migration): number {
  return (
    rankOf(one) - rankOf(other) ||
    compare(one.metadata.creationTimestamp, other.metadata.creationTimestamp) ||
    compare(one.metadata.name, other.metadata.name)
  );
}

/** Of one instance's: evacuations come after what a user asked for, which may make them needless; the older first. */
export function inTurn(one: Migration, other: Migration): number {
  const background = (migration: Migration): number =>
    migration.metadata.annotations?.[annotation.evacuation] === undefined ? 0 : 1;
  return (
    background(one) - background(other) ||
    compare(one.metadata.creationTimestamp, other.metadata.creationTimestamp) ||
    compare(one.metadata.name, other.metadata.name)
  );
}

/** As it was asked for, for lists that people read and for what is kept. */
export function newestFirst({ metadata: one }: Migration, { metadata: other }: Migration): number {
  return compare(other.creationTimestamp, one.creationTimestamp) || compare(other.name, one.name);
}

/** The condition that says what a waiting one waits for; undefined while nothing has been said. */
export function waitingOf(migration: VirtualMachineInstanceMigration): Condition | undefined {
  return conditionOf(migration, WAITING);
}

export const WAITING = "Waiting";

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The one of an instance's migrations that is under way, else the one whose turn it is. */
export function current(migrations: readonly Migration[]): Migration | undefined {
  const open = migrations.filter((migration) => !isOver(migration)).sort(inTurn);
  return open.find(isUnderWay) ?? open[0];
}

/** `through`: phases that it went through on the way there, at the same moment. */
export function inMigrationPhase(
  migration: Migration,
  phase: MigrationPhase,
  now: Date,
  through: readonly MigrationPhase[] = [],
): MigrationStatus {
  const status = migration.status ?? {};
  if (status.phase === phase) return status;
  const noted = status.phaseTransitionTimestamps ?? [];
  const entered = [...through, phase].map((one) => ({ phase: one, phaseTransitionTimestamp: rfc3339(now) }));
  return { ...status, phase, phaseTransitionTimestamps: [...noted, ...entered] };
}

export function enteredPhaseAt(migration: Migration): Date {
  const phase = migrationPhase(migration);
  const noted = migration.status?.phaseTransitionTimestamps?.findLast((entry) => entry.phase === phase);
  return new Date(noted?.phaseTransitionTimestamp ?? migration.metadata.creationTimestamp);
}
