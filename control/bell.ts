/** Wakes one who waits: by a ring, also one that came while he did not wait, or by the time. */
import type { Clock } from "#events/clock.ts";

export interface Bell {
  ring(): void;
  /** Resolves at a ring, after the time, or when the signal aborts. */
  heard(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    heard: (milliseconds, signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          cancel();
          signal.removeEventListener("abort", done);
          if (wake === done) wake = undefined;
          rung = false;
          resolve();
        };
        const cancel = clock.schedule(milliseconds, done);
        signal.addEventListener("abort", done);
        wake = done;
        if (rung || signal.aborted) done();
      }),
  };
}
