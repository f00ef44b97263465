import type { Clock } from "#events/clock.ts";

/** One wake-up at a time: setting it anew calls the last one off. */
export class Alarm {
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** At the earliest of these times that lies ahead; never when there is none. */
  set(times: readonly (Date | undefined)[], act: () => void): void {
    this.off();
    const now = this.#clock.now().getTime();
    const ahead = times.flatMap((time) => (time !== undefined && time.getTime() > now ? [time.getTime()] : []));
    if (ahead.length > 0) this.#cancel = this.#clock.schedule(Math.min(...ahead) - now, act);
  }

  off(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
