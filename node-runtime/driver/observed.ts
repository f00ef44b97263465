/** What the hypervisor says, in a driver's words: tables from its events and states to places, exits and reasons. */
import type { Fault } from "#events/fault.ts";
import type { Exit } from "#events/machine.ts";
import type { Domain, DomainEvent, Hypervisor } from "../hypervisor.ts";
import { exits, PAUSED_POST_COPY, type At } from "./next.ts";
import type { DomainDescription, Notes } from "./ports.ts";

type How = Extract<DomainEvent, { event: "stopped" }>["how"];

/** `asked`: a shutdown was asked for. `ran`: the vCPUs have run. `ending`: what the driver itself is destroying it for. */
export interface Circumstances {
  readonly asked: boolean;
  readonly ran: boolean;
  readonly ending?: Exit | undefined;
  /** The guest reported a panic before it ended. */
  readonly panicked: boolean;
  /** It was heard to have stopped so. */
  readonly how?: How | undefined;
}

/** What events have told of a domain while something of ours was under way that ends in another view of it. */
export interface Heard {
  /** The guest reported a panic. */
  panicked: boolean;
  /** It stopped so, while it was not known whether there is one. */
  stop?: How | undefined;
  /** Its vCPUs were halted so since they were last told to run. */
  halted?: Extract<At, { at: "live" }> | undefined;
}

const HOW = {
  shutdown: ({ asked }) => (asked ? exits.shutdownAsked : exits.guestShutdown),
  destroyed: () => exits.destroyedByOthers,
  crashed: ({ ran, panicked }) => (panicked ? exits.guestPanicked : ran ? exits.qemuExited : exits.diedBeforeStart),
  failed: () => exits.diedBeforeStart,
  migrated: () => exits.moved,
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
  PostCopy: PAUSED_POST_COPY,
  PostCopyFailed: PAUSED_POST_COPY,
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
export function placeOf(domain: Domain | undefined, ran: boolean, circumstances: Circumstances): At | undefined {
  if (domain === undefined) {
    const { how, ending } = circumstances;
    if (how !== undefined) return { at: "ended", exit: exitOf(how, circumstances) };
    return ran ? { at: "ended", exit: ending ?? exits.lost } : { at: "prepared" };
  }
  switch (domain.state) {
    case "running":
      // What is left of its memory is on its way: it either gets here, or does not.
      if (domain.reason === "PostCopy") return undefined;
      // Its vCPUs stand still where they miss a page.
      if (domain.reason === "PostCopyFailed")
        return { at: "live", vcpus: "paused", pausedReason: pausedReasonOf(domain.reason) };
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
      return { at: "ended", exit: exitOf("crashed", { ...circumstances, panicked: domain.reason === "Panicked" }) };
  }
}

/** Where a machine is whose notes were read from disk: a domain of it may exist, unless they say that its run is over. */
export function placeIn(notes: Pick<Notes, "exit" | "stoppedAt">): At {
  if (notes.exit === undefined) return { at: "unsure" };
  return { at: notes.stoppedAt === undefined ? "ended" : "stopped", exit: notes.exit };
}

/** How a start ended that a fault ended. */
export function failureOf(fault: Fault): Exit {
  return { kind: "failed", reason: fault.reason.slice(0, 128), message: fault.message.slice(0, 2048) };
}

/**
 * The machine's own domain. Two machines may have been given one firmware UUID: the other's domain is none of our
 * business, and while it is there ours cannot be.
 */
export async function ownDomain(
  at: { readonly uid: string; readonly uuid: string },
  hypervisor: Pick<Hypervisor, "domain" | "xml">,
  description: Pick<DomainDescription, "claimOf">,
): Promise<Domain | undefined> {
  const domain = await hypervisor.domain(at.uuid);
  if (domain === undefined) return undefined;
  return description.claimOf(await hypervisor.xml(at.uuid))?.uid === at.uid ? domain : undefined;
}
