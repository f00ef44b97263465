/**
 * What serves a guest that was found running (NAT, DHCP) may have ended while nobody looked. It is brought up again
 * beside the driver's steps, since the guest must be stoppable even if that fails, and tried until it works.
 */
import type { Random } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import { asFault } from "#events/fault.ts";
import { Alarm } from "./alarm.ts";
import { Trouble } from "./trouble.ts";

export interface MendingParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Harmless when all is well. @throws Fault */
  readonly mend: () => Promise<void>;
  /** The problem has changed: it is told once each. */
  readonly changed: (to: "troubled" | "recovered") => void;
}

export class Mending {
  readonly #parts: MendingParts;
  readonly #trouble: Trouble;
  readonly #alarm: Alarm;
  #trying: Promise<void> = Promise.resolve();
  /** Counts beginnings and ends: what an older round brings is of no interest. */
  #round = 0;

  constructor(parts: MendingParts) {
    this.#parts = parts;
    this.#trouble = new Trouble(parts.clock, parts.random);
    this.#alarm = new Alarm(parts.clock);
  }

  /** What does not serve, until it does; the newest try's words. */
  get problem(): Trouble["problem"] {
    return this.#trouble.problem;
  }

  begin(): void {
    this.#round += 1;
    this.#go(this.#round);
  }

  /** The run is over, or the driver lets go. */
  end(): void {
    this.#round += 1;
    this.#alarm.off();
    this.#trouble.over();
  }

  /** Resolves when nothing is being done any more. */
  ended(): Promise<void> {
    return this.#trying;
  }

  #go(round: number): void {
    const before = this.#trying;
    this.#trying = this.#try(round).then(() => before);
  }

  async #try(round: number): Promise<void> {
    this.#alarm.off();
    try {
      await this.#parts.mend();
    } catch (thrown) {
      if (round !== this.#round) return;
      const now = this.#parts.clock.now();
      const isNew = this.#trouble.note(asFault(thrown));
      this.#alarm.set([this.#trouble.retryAt], now, () => this.#go(round));
      if (isNew) this.#parts.changed("troubled");
      return;
    }
    if (round !== this.#round || this.problem === undefined) return;
    this.#trouble.over();
    this.#parts.changed("recovered");
  }
}
