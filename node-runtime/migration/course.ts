/**
 * What to do about a guest that is being copied. Its memory goes over in rounds, each of which copies what changed during
 * the one before: it arrives when a round is small enough to be copied while it stands still. Pure: the same course, limits
 * and time give the same turn.
 *
 * ```
 *   rounds get smaller ───────► nothing: it arrives by itself
 *   they do not ──────────────► it may stand still for longer, step by step; where it may be slowed down, QEMU does
 *   no step is left for long, or the time is up
 *        ├─ post-copy allowed ─► it goes on at the target, and the rest follows
 *        ├─ disruption allowed ► it is halted, and the rest is copied
 *        └─ else ──────────────► called off, with what stands in the way
 * ```
 */
import type { MoveFigures, MoveMode, MoveParameters } from "#events/machine.ts";

export interface Course {
  readonly mode: MoveMode;
  /** Milliseconds since 1970, as all moments here. */
  readonly began: number;
  /** How long it may stand still at the switch by now. */
  readonly downtimeMilliseconds: number;
  /** When it was last let stand still for longer. */
  readonly steppedAt: number;
  readonly round: number;
  /** The round that had the least to copy when it began. */
  readonly smallest?: { readonly round: number; readonly bytes: number; readonly at: number };
  /** The least that was ever left, and since when. */
  readonly least?: { readonly bytes: number; readonly at: number };
  readonly figures?: MoveFigures;
  /** It was begun so that it can be switched to post-copy, and that has not failed. */
  readonly postCopy: boolean;
}

export type Turn = { readonly because: string } & (
  | { readonly do: "nothing" }
  | { readonly do: "allow-downtime"; readonly milliseconds: number }
  /** Halted where it is, so that nothing changes any more. */
  | { readonly do: "halt" }
  /** From then on it never runs here again. */
  | { readonly do: "post-copy" }
  | { readonly do: "abort"; readonly reason: "NoProgress" | "TookTooLong" | "CannotConverge" }
);

interface Why {
  readonly reason: Extract<Turn, { readonly do: "abort" }>["reason"];
  readonly message: string;
}

/** libvirt's own. */
export const FIRST_DOWNTIME_MS = 300;
/** Of letting it stand still for longer, where nobody says otherwise. */
const STEPS = { steps: 4, cooldownSeconds: 5, startAfterIteration: 3 } as const;
/** A round is smaller than all before when it has at most so much of theirs. */
const SMALLER = 0.95;
/** QEMU slows a guest down so far, and no further. */
const MOST_THROTTLE_PERCENT = 99;
/** Once nothing is left to try, it goes on for so much of the time that it may go on without progress. */
const PATIENCE = 0.5;

/** `postCopy`: it can be switched to post-copy. */
export function begun(limits: MoveParameters, now: number, postCopy = false): Course {
  return {
    postCopy,
    mode: "PreCopy",
    began: now,
    downtimeMilliseconds: firstDowntime(limits),
    steppedAt: now,
    round: 0,
  };
}

/** With what the hypervisor says of it now. */
export function seen(course: Course, figures: MoveFigures, now: number): Course {
  const { remainingBytes: bytes, iterations: round } = figures;
  const least = course.least === undefined || bytes < course.least.bytes ? { bytes, at: now } : course.least;
  if (round <= course.round) return { ...course, least, figures };
  const { smallest } = course;
  const smaller = smallest === undefined || bytes <= smallest.bytes * SMALLER;
  return { ...course, least, figures, round, smallest: smaller ? { round, bytes, at: now } : smallest };
}

/** With the turn done: what is done once is not done again, and what counts from then on counts anew. */
export function done(course: Course, turn: Turn, now: number): Course {
  switch (turn.do) {
    case "allow-downtime":
      return { ...course, downtimeMilliseconds: turn.milliseconds, steppedAt: now };
    case "halt": {
      const { least: _before, ...rest } = course;
      return { ...rest, mode: "Paused" };
    }
    case "post-copy":
      return { ...course, mode: "PostCopy" };
    default:
      return course;
  }
}

export function turnOf(course: Course, limits: MoveParameters, now: number): Turn {
  if (course.mode === "PostCopy") return nothing("it is the target's, and what is left follows");
  if (course.mode === "Paused") {
    const why = noProgress(course, limits, now);
    return why === undefined ? nothing("it is halted, and the rest is copied") : abort(why);
  }
  const late = tookTooLong(course, limits, now) ?? noProgress(course, limits, now);
  if (late !== undefined) return instead(course, limits, late);
  const { smallest, round } = course;
  const { startAfterIteration: patient = STEPS.startAfterIteration } = limits.downtimeSteps ?? {};
  if (smallest === undefined) return nothing("its memory is not being copied yet");
  if (!flows(course)) return nothing("nothing gets through at the moment");
  if (round - smallest.round < patient) return nothing(`round ${round}: rounds get smaller, or may yet`);
  const next = nextDowntime(course, limits);
  if (next !== undefined) {
    const { cooldownSeconds = STEPS.cooldownSeconds } = limits.downtimeSteps ?? {};
    if (now - course.steppedAt < cooldownSeconds * 1000) return nothing("it has just been let stand still for longer");
    return {
      do: "allow-downtime",
      milliseconds: next,
      because: `${howItGoes(course, now)}: it may stand still for ${next} ms`,
    };
  }
  const throttle = course.figures?.throttlePercent ?? 0;
  if (limits.autoConverge === true && throttle < MOST_THROTTLE_PERCENT)
    return nothing(`its vCPUs are slowed down by ${throttle} %, and more each round`);
  const patience = (limits.progressTimeoutSeconds ?? Infinity) * 1000 * PATIENCE;
  if (now - Math.max(smallest.at, course.steppedAt) < patience) return nothing(howItGoes(course, now));
  return instead(course, limits, {
    reason: "CannotConverge",
    message: `${howItGoes(course, now)}${whatHelps(limits)}`,
  });
}

/** It can't go on as it does. */
function instead(course: Course, limits: MoveParameters, why: Why): Turn {
  // Where nothing gets through, it would only stand still.
  if (!flows(course)) return abort(why);
  if (course.postCopy)
    return { do: "post-copy", because: `${why.message}: it goes on at the target, and the rest follows` };
  if (limits.mayHalt !== true) {
    return abort(why.reason === "CannotConverge" ? { ...why, message: `${why.message}${whatHelps(limits)}` } : why);
  }
  return { do: "halt", because: `${why.message}: it is halted while the rest is copied` };
}

function flows({ figures }: Course): boolean {
  return figures !== undefined && figures.bytesPerSecond > 0;
}

function firstDowntime({ maxDowntimeMilliseconds, downtimeSteps }: MoveParameters): number {
  return Math.min(downtimeSteps?.initialMilliseconds ?? FIRST_DOWNTIME_MS, maxDowntimeMilliseconds ?? Infinity);
}

/** Undefined: it may stand still for as long as it ever may. */
function nextDowntime({ downtimeMilliseconds }: Course, limits: MoveParameters): number | undefined {
  const { maxDowntimeMilliseconds: most, downtimeSteps: { steps = STEPS.steps } = {} } = limits;
  if (most === undefined || downtimeMilliseconds >= most) return undefined;
  const step = Math.max(1, Math.ceil((most - firstDowntime(limits)) / steps));
  return Math.min(most, downtimeMilliseconds + step);
}

/** A round that begins with less is progress, too: what is left within one falls to nearly nothing each time. */
function noProgress(
  { least, smallest, began, mode }: Course,
  { progressTimeoutSeconds }: MoveParameters,
  now: number,
): Why | undefined {
  const since = Math.max(least?.at ?? began, mode === "PreCopy" ? (smallest?.at ?? 0) : 0);
  if (progressTimeoutSeconds === undefined || now - since <= progressTimeoutSeconds * 1000) return undefined;
  return { reason: "NoProgress", message: `no less was left to copy for ${progressTimeoutSeconds} s` };
}

function tookTooLong({ began }: Course, { completionTimeoutSeconds }: MoveParameters, now: number): Why | undefined {
  if (completionTimeoutSeconds === undefined || now - began <= completionTimeoutSeconds * 1000) return undefined;
  return { reason: "TookTooLong", message: `it was not copied within ${completionTimeoutSeconds} s` };
}

const MEBIBYTE = 1024 * 1024;

function howItGoes({ figures, smallest, round }: Course, now: number): string {
  const mebibytes = (bytes = 0): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
  const seconds = Math.round((now - (smallest?.at ?? now)) / 1000);
  return (
    `round ${round}: ${mebibytes(figures?.dirtyBytesPerSecond)} change and ${mebibytes(figures?.bytesPerSecond)} get through ` +
    `a second, and no round has begun with less than ${mebibytes(smallest?.bytes)} for ${seconds} s`
  );
}

function whatHelps({ autoConverge, bandwidthBytesPerSecond }: MoveParameters): string {
  const means = [
    ...(autoConverge === true ? [] : ["allowAutoConverge"]),
    "allowPostCopy or allowWorkloadDisruption",
    "a larger maxDowntimeMs",
    ...((bandwidthBytesPerSecond ?? 0) > 0 ? ["a larger bandwidthPerMigration"] : []),
  ];
  return `; ${means.join(", ")} would let it arrive`;
}

function nothing(because: string): Turn {
  return { do: "nothing", because };
}

function abort({ reason, message }: Why): Turn {
  return { do: "abort", reason, because: message };
}
