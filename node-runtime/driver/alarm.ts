import type { Clock } from "#events/clock.ts";

/** One wake-up at a time: setting it anew calls the last one off. */
export class Alarm {
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * At the earliest of these times that was ahead at `now`; never when there is none. `now` is the time at which it was
   * decided to wait: what has come since then is due at once, or nobody would look at it again.
   */
  set(times: readonly (Date | undefined)[], now: Date, act: () => void): void {
    this.off();
    const ahead = times.flatMap((time) => (time !== undefined && time > now ? [time.getTime()] : []));
    if (ahead.length > 0) this.#cancel = this.#clock.schedule(Math.min(...ahead) - this.#clock.now().getTime(), act);
  }

  off(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
