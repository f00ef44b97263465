/** What the hypervisor says, in a driver's words: tables from its events and states to places, exits and reasons. */
import type { Exit } from "#events/machine.ts";
import type { Domain, DomainEvent } from "../hypervisor.ts";
import { exits, type At } from "./next.ts";

type How = Extract<DomainEvent, { event: "stopped" }>["how"];

/** `asked`: a shutdown was asked for. `ran`: the vCPUs have run. `ending`: what the driver itself is destroying it for. */
export interface Circumstances {
  readonly asked: boolean;
  readonly ran: boolean;
  readonly ending?: Exit | undefined;
  /** The guest reported a panic before it ended. */
  readonly panicked: boolean;
}

const HOW = {
  shutdown: ({ asked }) => (asked ? exits.shutdownAsked : exits.guestShutdown),
  destroyed: () => exits.destroyedByOthers,
  crashed: ({ ran, panicked }) => (panicked ? exits.guestPanicked : ran ? exits.qemuExited : exits.diedBeforeStart),
  failed: () => exits.diedBeforeStart,
  migrated: () => ({ kind: "destroyed", reason: "Migrated", message: "it runs on another node now" }),
  saved: () => ({ kind: "destroyed", reason: "Saved", message: "its memory was saved to a file, not by order" }),
} as const satisfies Record<How, (circumstances: Circumstances) => Exit>;

/** How a run ended whose domain the hypervisor reports as stopped. The driver's own deed explains it best. */
export function exitOf(how: How, circumstances: Circumstances): Exit {
  if (circumstances.ending !== undefined && how === "destroyed") return circumstances.ending;
  return HOW[how](circumstances);
}

const PAUSED_REASONS: Readonly<Record<string, string>> = {
  User: "PausedByUser",
  IOError: "PausedIOError",
  Watchdog: "PausedWatchdog",
  Migration: "PausedMigration",
  PostCopy: "PausedMigration",
  PostCopyFailed: "PausedMigration",
  Saving: "PausedSaving",
  Dumping: "PausedDumping",
  Snapshot: "PausedSnapshot",
  StartingUp: "PausedStartingUp",
  Crashed: "PausedCrashed",
  GuestSuspended: "PausedByGuest",
};

export function pausedReasonOf(reason: string): string {
  return PAUSED_REASONS[reason] ?? "PausedUnknown";
}

/** Where a machine is whose domain was looked up; undefined when the domain is on its way out: look again. */
export function placeOf(domain: Domain | undefined, ran: boolean, asked: boolean): At | undefined {
  if (domain === undefined) return ran ? { at: "ended", exit: exits.lost } : { at: "prepared" };
  switch (domain.state) {
    case "running":
      return { at: "live", vcpus: "running" };
    case "paused":
      return ran ? { at: "live", vcpus: "paused", pausedReason: pausedReasonOf(domain.reason) } : { at: "created" };
    case "shutdown":
      // The guest is down, QEMU is about to go.
      return { at: "live", vcpus: "running" };
    case "shutoff":
      // A transient domain is that for a moment only, and its last event says how it ended.
      return undefined;
    case "crashed":
      return { at: "ended", exit: exitOf("crashed", { asked, ran, panicked: domain.reason === "Panicked" }) };
  }
}
