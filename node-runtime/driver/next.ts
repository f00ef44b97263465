/**
 * What a driver does next. Pure: the same situation and time give the same step.
 *
 * ```
 *             order
 *               │
 *               ▼      disks, links            claim holds
 *              new ──────────────► prepared ──► created ──────► live ◄──► live
 *               │                     │    create  │   resume   │ running  paused
 *               │                     │            │            │
 *               │  stop wished, start │ deadline,  │ destroyed, │ guest powered off, QEMU died,
 *               ▼  claim lost         ▼ refusal    ▼ QEMU died  ▼ shut down, grace over
 *              ended ◄────────────────┴────────────┴────────────┘
 *               │
 *               ▼  disks removed, network down
 *            stopped
 * ```
 * Beside them stands `unsure`: a domain may exist, and the hypervisor must be asked before anything else is done (an
 * answer was lost, the hypervisor was away, the runtime was restarted).
 * A run that ends before its domain was created looks first, too: there may be one that lost records knew of.
 *
 * A guest that comes from another node goes `prepared ──receive──► incoming ──admit──► live`; one that is to leave is
 * live until it is gone (node-runtime/migration/departure.ts).
 */
import { POST_COPY_FAILED, type Desired, type Exit } from "#events/machine.ts";

export type At =
  | { readonly at: "new" }
  | { readonly at: "prepared" }
  | { readonly at: "created" }
  /** A domain waits for a guest of another node. Its vCPUs have not run. */
  | { readonly at: "incoming" }
  | { readonly at: "unsure" }
  | { readonly at: "live"; readonly vcpus: "running" | "paused"; readonly pausedReason?: string | undefined }
  | { readonly at: "ended"; readonly exit: Exit }
  | { readonly at: "stopped"; readonly exit: Exit };

export interface Situation {
  readonly place: At;
  readonly desired: Desired;
  readonly graceSeconds: number;
  readonly claimHolds: boolean;
  readonly connected: boolean;
  /**
   * The hypervisor was asked whether there is a domain of the machine. A runtime that has lost its records has no other
   * way to know: before it says that nothing runs, it must look.
   */
  readonly looked: boolean;
  /** Set once a live guest is to shut down: its grace counts from `since`. */
  readonly shutdown?: { readonly since: Date; readonly lastAsked?: Date | undefined } | undefined;
  /** By when the vCPUs must have run. */
  readonly startBy: Date;
  /** A step failed and may be tried again from here. */
  readonly retryAt?: Date | undefined;
  readonly moving: Moving;
  /** No vCPU has run for a while, though all are to: they are halted and let run again. */
  readonly stuck?: boolean | undefined;
  /** What stands in the way, for the exit's message when the deadline passes. */
  readonly problem?: { readonly reason: string; readonly message: string } | undefined;
}

/** What a migration, if there is one, wants of the driver. */
export interface Moving {
  /** The guest is to leave, and has not tried to for this migration. */
  readonly leaves: boolean;
  /** Copying that nobody watches any more. */
  readonly stranded: boolean;
  /** The target was asked to run it, and what came of it is not known. */
  readonly unsettled: boolean;
  /** It was halted for a migration, and never ran on the target. */
  readonly stayed: boolean;
  /** Nobody comes any more. */
  readonly withdrawn: boolean;
  /** What another node has asked for a guest that comes from there. */
  readonly asked: "prepare" | "finish" | undefined;
}

export const NOT_MOVING: Moving = {
  leaves: false,
  stranded: false,
  unsettled: false,
  stayed: false,
  withdrawn: false,
  asked: undefined,
};

export type Step =
  | { readonly do: "wait"; readonly until?: Date | undefined }
  /** Volumes and network, in parallel. */
  | { readonly do: "prepare" | "create" | "look" | "resume" | "suspend" | "shutdown" | "kick" | "takeDown" }
  /** See node-runtime/migration: the guest goes to another node, or comes from one. */
  | { readonly do: "leave" | "abandon" | "settle" | "receive" | "admit" }
  /** The domain is created and is wished paused: it counts as started and paused. */
  | { readonly do: "hold" }
  /** It is to end and nobody has looked for a domain of it: it becomes unsure. */
  | { readonly do: "doubt" }
  /** No domain exists: the run is over without one. */
  | { readonly do: "end"; readonly exit: Exit }
  | { readonly do: "destroy"; readonly exit: Exit };

/** Steps that take time and may fail. */
export type Doing = Exclude<Step, { do: "wait" | "doubt" | "end" }>;

/** Steps whose effect is unknown when they fail. */
export const UNCERTAIN: ReadonlySet<Step["do"]> = new Set([
  "resume",
  "suspend",
  "shutdown",
  "kick",
  "destroy",
  "leave",
  "abandon",
  "settle",
  "admit",
]);

export const RUNNING: At = { at: "live", vcpus: "running" };
export const PAUSED = { at: "live", vcpus: "paused", pausedReason: "PausedByUser" } as const satisfies At;

/** Halted in post-copy, with a part of its memory at either end. */
export const PAUSED_POST_COPY = "PausedPostCopy";

/** Guests miss a power button that is pressed while they boot. */
export const SHUTDOWN_REPEAT_MS = 5_000;
export const START_DEADLINE_MS = 5 * 60_000;

/** Whoever halted the vCPUs for these wants them halted, until a wish to pause and then to run says otherwise. */
const NOT_OURS_TO_RESUME: ReadonlySet<string> = new Set([
  "PausedWatchdog",
  "PausedCrashed",
  "PausedMigration",
  "PausedSaving",
  "PausedDumping",
  "PausedSnapshot",
  "PausedByGuest",
]);

export function next(situation: Situation, now: Date): Step {
  const { place } = situation;
  if (place.at === "stopped") return { do: "wait" };
  const waiting = situation.retryAt !== undefined && situation.retryAt > now;
  if (place.at === "ended") return waiting ? { do: "wait", until: situation.retryAt } : { do: "takeDown" };
  if (place.at === "new" || place.at === "prepared") return beforeDomain(situation, now, waiting);
  // From here a domain exists, or may: nothing can be done without the hypervisor.
  if (!situation.connected) return { do: "wait" };
  if (place.at === "unsure") return waiting ? { do: "wait", until: situation.retryAt } : { do: "look" };
  if (place.at === "incoming") return whileIncoming(situation);
  if (place.at === "created") return beforeRunning(situation, now, waiting);
  return whileLive(situation, place, now, waiting);
}

function beforeDomain(situation: Situation, now: Date, waiting: boolean): Step {
  const exit = reasonNotToStart(situation, now);
  if (exit !== undefined) return situation.looked ? { do: "end", exit } : { do: "doubt" };
  if (waiting) return { do: "wait", until: earlier(situation.retryAt, situation.startBy) };
  if (situation.place.at === "new") return { do: "prepare" };
  if (situation.desired === "incoming") {
    // Nobody comes, or the source has handed over what is not here any more.
    if (situation.moving.withdrawn || situation.moving.asked === "finish") {
      const exit = situation.moving.withdrawn ? exits.withdrawn : exits.arrivalCutShort;
      return situation.looked ? { do: "end", exit } : { do: "doubt" };
    }
    return situation.connected && situation.moving.asked === "prepare"
      ? { do: "receive" }
      : { do: "wait", until: situation.startBy };
  }
  return situation.connected ? { do: "create" } : { do: "wait", until: situation.startBy };
}

function beforeRunning(situation: Situation, now: Date, waiting: boolean): Step {
  const exit = reasonNotToStart(situation, now);
  if (exit !== undefined) return { do: "destroy", exit };
  // The incoming domain of a runtime that is gone: the guest goes on where it was.
  if (situation.desired === "incoming") return { do: "destroy", exit: exits.arrivalCutShort };
  if (waiting) return { do: "wait", until: earlier(situation.retryAt, situation.startBy) };
  return situation.desired === "paused" ? { do: "hold" } : { do: "resume" };
}

/** How long it may take is for the source and for functions to say. */
function whileIncoming({ desired, claimHolds, moving }: Situation): Step {
  if (desired === "stopped" || desired === "off") return { do: "destroy", exit: exits.stoppedBeforeStart };
  if (!claimHolds) return { do: "destroy", exit: exits.claimLost };
  if (moving.withdrawn) return { do: "destroy", exit: exits.withdrawn };
  return moving.asked === "finish" ? { do: "admit" } : { do: "wait" };
}

function whileLive(situation: Situation, live: Extract<At, { at: "live" }>, now: Date, waiting: boolean): Step {
  const { moving } = situation;
  // A guest that may run elsewhere stays halted here, and may only end.
  if (moving.unsettled && situation.desired !== "off")
    return waiting ? { do: "wait", until: situation.retryAt } : { do: "settle" };
  if (moving.stranded) return waiting ? { do: "wait", until: situation.retryAt } : { do: "abandon" };
  // It was the target's, or its source's, and can't be made whole again at either end.
  if (live.pausedReason === PAUSED_POST_COPY)
    return waiting ? { do: "wait", until: situation.retryAt } : { do: "destroy", exit: exits.postCopyFailed };
  const lives = situation.desired === "running" || situation.desired === "paused";
  if (moving.leaves && lives && live.vcpus === "running") return { do: "leave" };
  switch (situation.desired) {
    case "off":
      return waiting ? { do: "wait", until: situation.retryAt } : { do: "destroy", exit: exits.ordered };
    case "stopped":
      return shutDown(situation, live, now, waiting);
    case "running":
    case "incoming":
      if (live.vcpus === "running" && situation.stuck === true)
        return waiting ? { do: "wait", until: situation.retryAt } : { do: "kick" };
      if (live.vcpus === "running" || staysHalted(live, situation)) return { do: "wait" };
      return waiting ? { do: "wait", until: situation.retryAt } : { do: "resume" };
    case "paused":
      if (live.vcpus === "paused") return { do: "wait" };
      return waiting ? { do: "wait", until: situation.retryAt } : { do: "suspend" };
  }
}

function staysHalted({ pausedReason = "" }: Extract<At, { at: "live" }>, { moving, desired }: Situation): boolean {
  // Halted by a migration that has ended here, or arrived here and was not let run: nobody else will.
  if (pausedReason === "PausedMigration" && (moving.stayed || desired === "incoming")) return false;
  return NOT_OURS_TO_RESUME.has(pausedReason);
}

function shutDown(situation: Situation, live: Extract<At, { at: "live" }>, now: Date, waiting: boolean): Step {
  const since = situation.shutdown?.since ?? now;
  const graceEnds = new Date(since.getTime() + situation.graceSeconds * 1000);
  if (graceEnds <= now) {
    return waiting ? { do: "wait", until: situation.retryAt } : { do: "destroy", exit: exits.graceExpired };
  }
  if (waiting) return { do: "wait", until: earlier(situation.retryAt, graceEnds) };
  // A guest whose vCPUs are halted cannot shut itself down: they run again for it.
  if (live.vcpus === "paused") return { do: "resume" };
  const lastAsked = situation.shutdown?.lastAsked;
  const again = lastAsked === undefined ? now : new Date(lastAsked.getTime() + SHUTDOWN_REPEAT_MS);
  return again <= now ? { do: "shutdown" } : { do: "wait", until: earlier(again, graceEnds) };
}

function reasonNotToStart(situation: Situation, now: Date): Exit | undefined {
  if (situation.desired === "stopped" || situation.desired === "off") return exits.stoppedBeforeStart;
  if (!situation.claimHolds) return exits.claimLost;
  if (situation.startBy > now) return undefined;
  const { problem } = situation;
  return {
    ...exits.startTimedOut,
    message:
      problem === undefined
        ? exits.startTimedOut.message
        : `${exits.startTimedOut.message}: ${problem.message}`.slice(0, 2048),
  };
}

function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

/** Every way in which a run ends by a driver's own doing, or is found ended. */
export const exits = {
  stoppedBeforeStart: {
    kind: "destroyed",
    reason: "StoppedBeforeStart",
    message: "it was ordered to stop before its vCPUs ran",
  },
  ordered: { kind: "destroyed", reason: "OrderedOff", message: "it was ended by order" },
  graceExpired: {
    kind: "destroyed",
    reason: "GraceExpired",
    message: "the guest did not shut down within its grace period and was ended",
  },
  claimLost: {
    kind: "destroyed",
    reason: "ClaimLost",
    message: "its claim ended before its vCPUs ran here: another owner has the machine, or the node has booted anew",
  },
  startTimedOut: {
    kind: "failed",
    reason: "StartTimedOut",
    message: `the vCPUs did not run within ${START_DEADLINE_MS / 1000} s`,
  },
  moved: { kind: "moved", reason: "Migrated", message: "it runs on another node now" },
  withdrawn: { kind: "destroyed", reason: "Withdrawn", message: "the guest that was to come does not come any more" },
  arrivalCutShort: {
    kind: "destroyed",
    reason: "ArrivalCutShort",
    message: "the runtime ended while a guest was coming in: it goes on where it was",
  },
  postCopyFailed: {
    kind: "crashed",
    reason: POST_COPY_FAILED,
    message: "its move was cut short after it had been switched to post-copy: a part of its memory was lost",
  },
  guestShutdown: { kind: "shutdown", reason: "GuestShutdown", message: "the guest powered off" },
  shutdownAsked: { kind: "shutdown", reason: "ShutdownAsked", message: "the guest shut down as it was asked to" },
  qemuExited: { kind: "crashed", reason: "QemuExited", message: "QEMU's process ended by itself" },
  guestPanicked: { kind: "crashed", reason: "GuestPanicked", message: "the guest's kernel panicked" },
  diedBeforeStart: { kind: "failed", reason: "QemuExited", message: "QEMU's process ended before the vCPUs ran" },
  destroyedByOthers: {
    kind: "destroyed",
    reason: "DestroyedByOthers",
    message: "it was ended in the hypervisor, not by order",
  },
  lost: {
    kind: "lost",
    reason: "NotFound",
    message: "it was not there any more when its runtime or its hypervisor came back",
  },
} as const satisfies Record<string, Exit>;
