/**
 * Watches the copying of a guest, at each round over its memory and twice a second: tells how far it is, does what its course asks
 * for (course.ts), passes on how it is wished to move by now, and calls it off when it is not wanted any more.
 */
import type { Clock } from "#events/clock.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { MoveFigures, MoveMode, MoveParameters } from "#events/machine.ts";
import type { MigrationParameters, MigrationTuning, Outgoing } from "../hypervisor.ts";
import { begun, done, FIRST_DOWNTIME_MS, seen, turnOf, type Turn } from "./course.ts";

const LOOK_MS = 500;
/** A wish that could not be told before it began. */
const SOON_MS = 50;
/** Figures are told at most so often. */
const TELL_MS = 1_000;
/** An abort that comes before libvirt has begun is refused: it is asked for again. */
const ABORT_AGAIN_MS = 500;

export interface Copying {
  readonly clock: Clock;
  /** As they are wished now. */
  readonly limits: () => MoveParameters;
  /** Of the bandwidth that it was begun with. */
  readonly begun: Pick<MigrationParameters, "bandwidthBytesPerSecond" | "postCopy">;
  readonly outgoing: Pick<Outgoing, "tune" | "halt" | "startPostCopy" | "abort" | "figures">;
  readonly signal: AbortSignal;
  /** How far it is. */
  readonly told: (figures: MoveFigures) => void;
  /** A turn was done, and how its memory goes over from now on. */
  readonly turned: (turn: Turn, mode: MoveMode) => void;
}

export interface Watched {
  /** Why it was called off; undefined when it was not. */
  because(): Fault | undefined;
  /** It was switched to post-copy, or may have been. */
  readonly postCopy: boolean;
  /** A round has begun: it is looked at now. */
  round(): void;
  end(): void;
}

export function watchCopying(copying: Copying): Watched {
  const { clock, limits, signal, outgoing, told, turned } = copying;
  let course = begun(limits(), clock.now().getTime(), copying.begun.postCopy === true);
  let toldAt = 0;
  let tuned: MigrationTuning = {
    bandwidthBytesPerSecond: copying.begun.bandwidthBytesPerSecond,
    maxDowntimeMilliseconds: FIRST_DOWNTIME_MS,
  };
  let postCopy = false;
  let why: Fault | undefined;
  let over = false;
  let looking = false;
  let again = false;
  let cancel: (() => void) | undefined;

  const look = async (): Promise<void> => {
    cancel?.();
    if (over) return;
    // One at a time: whatever comes in between is looked at right after.
    if (looking) return void (again = true);
    looking = true;
    const soonest = await see();
    looking = false;
    if (over) return;
    if (again) {
      again = false;
      return look();
    }
    cancel = clock.schedule(soonest, () => void look());
  };

  /** Answers when to look again, in milliseconds. */
  const see = async (): Promise<number> => {
    // Once it is the target's it can't be called back.
    if (postCopy) {
      await tell(await outgoing.figures().catch(() => undefined));
      return LOOK_MS;
    }
    if (signal.aborted) why ??= new Fault("later", "CalledOff", "the move was called off");
    if (why === undefined) {
      await tell(await outgoing.figures().catch(() => undefined));
      await turn();
    }
    if (why !== undefined) {
      await outgoing.abort().catch(() => undefined); // asked for again
      return ABORT_AGAIN_MS;
    }
    await tune();
    return LOOK_MS;
  };

  const tell = async (figures: MoveFigures | undefined): Promise<void> => {
    if (figures === undefined || over) return;
    const now = clock.now().getTime();
    course = seen(course, figures, now);
    if (now - toldAt < TELL_MS) return;
    toldAt = now;
    told(figures);
  };

  const turn = async (): Promise<void> => {
    const now = clock.now().getTime();
    const next = turnOf(course, limits(), now);
    if (over || next.do === "nothing") return;
    if (next.do === "abort") why = new Fault("later", next.reason, next.because);
    // Refused until libvirt has begun, and once all is copied: decided again at the next look.
    if (next.do === "halt" && !(await outgoing.halt().then(yes, no))) return;
    if (next.do === "post-copy") {
      postCopy = true;
      const refused = await outgoing.startPostCopy().then(() => false, isRefusal);
      if (refused) {
        postCopy = false;
        course = { ...course, postCopy: false };
        return;
      }
    }
    course = done(course, next, now);
    turned(next, course.mode);
  };

  const tune = async (): Promise<void> => {
    const wished = tuningOf();
    if (!differs(wished, tuned)) return;
    if (await outgoing.tune(wished).then(yes, no)) tuned = wished;
  };

  /** A limit that was lowered in the meantime counts. */
  const tuningOf = (): MigrationTuning => {
    const { bandwidthBytesPerSecond, maxDowntimeMilliseconds = Infinity } = limits();
    return {
      bandwidthBytesPerSecond,
      maxDowntimeMilliseconds: Math.min(course.downtimeMilliseconds, maxDowntimeMilliseconds),
    };
  };

  const hurry = (): void => void look();
  signal.addEventListener("abort", hurry, { once: true });
  cancel = clock.schedule(differs(tuningOf(), tuned) ? SOON_MS : LOOK_MS, hurry);

  return {
    because: () => why,
    get postCopy() {
      return postCopy;
    },
    round: hurry,
    end() {
      over = true;
      cancel?.();
      signal.removeEventListener("abort", hurry);
    },
  };
}

const yes = (): boolean => true;
const no = (): boolean => false;

/** Not done, for certain; whatever else went wrong, it may have been. */
function isRefusal(thrown: unknown): boolean {
  const { kind, reason } = asFault(thrown);
  return kind === "refused" || reason === "NotInThisState" || reason === "OperationFailed";
}

function differs(wished: MigrationTuning, tuned: MigrationTuning): boolean {
  return (
    (wished.bandwidthBytesPerSecond ?? 0) !== (tuned.bandwidthBytesPerSecond ?? 0) ||
    wished.maxDowntimeMilliseconds !== tuned.maxDowntimeMilliseconds
  );
}
