/**
 * Watches the copying of a guest: tells how far it is, passes on how it is wished to move by now, and calls it off when it
 * is not wanted any more, makes no progress, or takes too long.
 */
import type { Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { MoveFigures, MoveParameters } from "#events/machine.ts";
import type { MigrationTuning } from "../hypervisor.ts";

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
  /** How it was begun. */
  readonly begun: MigrationTuning;
  readonly tune: (tuning: MigrationTuning) => Promise<void>;
  readonly signal: AbortSignal;
  readonly figures: () => Promise<MoveFigures | undefined>;
  readonly abort: () => Promise<void>;
  readonly told: (figures: MoveFigures) => void;
}

export interface Watched {
  /** Why it was called off; undefined when it was not. */
  because(): Fault | undefined;
  end(): void;
}

export function watchCopying(copying: Copying): Watched {
  const { clock, limits, signal, figures, tune, abort, told } = copying;
  const began = clock.now().getTime();
  let least: number | undefined;
  let progressAt = began;
  let toldAt = 0;
  let tuned = copying.begun;
  let why: Fault | undefined;
  let over = false;
  let cancel: (() => void) | undefined;

  const look = async (): Promise<void> => {
    const now = clock.now().getTime();
    why ??= signal.aborted ? new Fault("later", "CalledOff", "the move was called off") : tooLong(now);
    if (why !== undefined) {
      await abort().catch(() => undefined); // asked for again below
      return again(ABORT_AGAIN_MS);
    }
    const wished = limits();
    if (differs(wished, tuned)) {
      // Refused until libvirt has begun: wished again at the next look.
      await tune(wished).then(
        () => void (tuned = wished),
        () => undefined,
      );
    }
    const seen = await figures().catch(() => undefined);
    if (over) return;
    if (seen !== undefined) {
      if (least === undefined || seen.remainingBytes < least) {
        least = seen.remainingBytes;
        progressAt = now;
      }
      if (now - toldAt >= TELL_MS) {
        toldAt = now;
        told(seen);
      }
    }
    again(LOOK_MS);
  };

  const tooLong = (now: number): Fault | undefined => {
    const { progressTimeoutSeconds, completionTimeoutSeconds } = limits();
    if (progressTimeoutSeconds !== undefined && now - progressAt > progressTimeoutSeconds * 1000) {
      return new Fault("later", "NoProgress", `no less was left to copy for ${progressTimeoutSeconds} s`);
    }
    if (completionTimeoutSeconds !== undefined && now - began > completionTimeoutSeconds * 1000) {
      return new Fault("later", "TookTooLong", `it was not copied within ${completionTimeoutSeconds} s`);
    }
    return undefined;
  };

  const again = (milliseconds: number): void => {
    if (over) return;
    cancel = clock.schedule(milliseconds, () => void look());
  };

  const hurry = (): void => {
    cancel?.();
    void look();
  };
  signal.addEventListener("abort", hurry, { once: true });
  again(differs(limits(), tuned) ? SOON_MS : LOOK_MS);

  return {
    because: () => why,
    end() {
      over = true;
      cancel?.();
      signal.removeEventListener("abort", hurry);
    },
  };
}

function differs(wished: MigrationTuning, tuned: MigrationTuning): boolean {
  return (
    (wished.bandwidthBytesPerSecond ?? 0) !== (tuned.bandwidthBytesPerSecond ?? 0) ||
    wished.maxDowntimeMilliseconds !== tuned.maxDowntimeMilliseconds
  );
}
