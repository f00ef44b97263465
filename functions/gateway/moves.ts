/** What became of an instance's migrations, for `explain`: why each was made, where from and to, how long, how it ended. Pure. */
import { annotation } from "#api/names.ts";
import { isOver, migrationPhase, newestFirst, waitingOf, type Migration } from "../migrate/migrations.ts";

export interface Move {
  readonly migration: string;
  /** RFC 3339: when it was asked for. */
  readonly asked: string;
  /** Who or what asked for it. */
  readonly why: string;
  readonly phase: string;
  readonly from?: string;
  readonly to?: string;
  /** From its begin to its end, or from being asked for where it never began; whole seconds. */
  readonly seconds?: number;
  /** Why it failed, or what it waits for. */
  readonly because?: string;
}

/** Newest first. */
export function movesOf(migrations: readonly Migration[]): readonly Move[] {
  return [...migrations].sort(newestFirst).map(moveOf);
}

function moveOf(migration: Migration): Move {
  const { name, creationTimestamp, annotations, deletionTimestamp } = migration.metadata;
  const { migrationState: state, phaseTransitionTimestamps: passed = [] } = migration.status ?? {};
  const phase = migrationPhase(migration);
  const leaves = annotations?.[annotation.evacuation];
  const ended = state?.endTimestamp ?? passed.findLast((entry) => entry.phase === phase)?.phaseTransitionTimestamp;
  const because =
    state?.failureReason ??
    waitingOf(migration)?.message ??
    (deletionTimestamp !== undefined && !isOver(migration) ? "It is being called off." : undefined);
  return {
    migration: name,
    asked: creationTimestamp,
    why: leaves === undefined ? "a user asked for it" : `the guest must leave ${leaves}`,
    phase,
    ...(state?.sourceNode === undefined ? {} : { from: state.sourceNode }),
    ...(state?.targetNode === undefined ? {} : { to: state.targetNode }),
    ...(isOver(migration) && ended !== undefined
      ? { seconds: (Date.parse(ended) - Date.parse(state?.startTimestamp ?? creationTimestamp)) / 1000 }
      : {}),
    ...(because === undefined ? {} : { because }),
  };
}
