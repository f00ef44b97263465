/** What becomes of a guest whose node is to be empty: whether it leaves, what it waits for, what blocks. Pure. */
import { annotation } from "#api/names.ts";
import type { ClusterConfig } from "#api/cluster-config.ts";
import { isDeleting, isFinal, type Instance } from "../instance.ts";
import { claimOf, targetOf } from "../machine-facts.ts";
import { obstacleOf } from "./migratable.ts";
import { current, enteredPhaseAt, migrationPhase, waitingOf, type Migration } from "./migrations.ts";

export interface Leaving {
  /**
   * - `leaves`: it moves or shuts down
   * - `waits`: it has been asked to leave, and something else must happen first
   * - `blocked`: nothing will happen by itself
   * - `stays`: nobody has asked it to leave
   */
  readonly how: "leaves" | "waits" | "blocked" | "stays";
  /** A sentence without its full stop. */
  readonly why: string;
}

/** Guests whose claim the node has, and which it has to be rid of. */
export function isGuestOf(vmi: Instance, node: string): boolean {
  return claimOf(vmi)?.node === node && !isFinal(vmi);
}

/** `migrations`: all of the instance. */
export function leavingOf(
  vmi: Instance,
  migrations: readonly Migration[],
  byDefault: ClusterConfig["evictionStrategy"],
): Leaving {
  if (isDeleting(vmi)) return { how: "leaves", why: "it shuts down" };
  const open = current(migrations);
  if (open !== undefined) return underWay(vmi, open);
  const strategy = vmi.spec.evictionStrategy ?? byDefault;
  const obstacle = obstacleOf(vmi);
  const marked = vmi.status?.evacuationNodeName === claimOf(vmi)?.node && claimOf(vmi) !== undefined;
  if (strategy === "External" && marked) return { how: "waits", why: "whoever manages it moves it" };
  if (strategy === "LiveMigrate" && obstacle !== undefined) {
    return { how: "blocked", why: `it may only leave by moving, and can't: ${sentence(obstacle.message)}` };
  }
  if (!marked) return { how: "stays", why: "nobody has asked it to leave" };
  const failed = migrations
    .filter(
      (one) => migrationPhase(one) === "Failed" && one.metadata.annotations?.[annotation.evacuation] !== undefined,
    )
    .sort((one, other) => enteredPhaseAt(other).getTime() - enteredPhaseAt(one).getTime())[0];
  if (failed === undefined) return { how: "waits", why: "its move is about to be asked for" };
  const reason = sentence(failed.status?.migrationState?.failureReason ?? "no reason is given");
  return { how: "waits", why: `its last move failed and is tried again: ${reason}` };
}

function underWay(vmi: Instance, open: Migration): Leaving {
  const phase = migrationPhase(open);
  if (isDeleting(open)) return { how: "waits", why: `its migration ${open.metadata.name} is being called off` };
  if (phase === "Pending")
    return { how: "waits", why: sentence(waitingOf(open)?.message ?? "its migration waits for its turn") };
  const to = targetOf(vmi)?.node;
  return { how: "leaves", why: `it moves${to === undefined ? "" : ` to ${to}`} (${phase})` };
}

function sentence(text: string): string {
  return text.replace(/\.$/, "");
}
