/** What stands in a driver's way: how often it failed in a row, what to tell of it, when to try again. */
import { backoff, type Random } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import type { Fault } from "#events/fault.ts";

const FIRST_MS = 500;
const MOST_MS = 30_000;
/** A running machine that had no trouble for so long has none any more. */
const FADES_MS = 30_000;

export class Trouble {
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #at: Date | undefined;
  #problem: { readonly reason: string; readonly message: string } | undefined;
  #retryAt: Date | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get problem(): { readonly reason: string; readonly message: string } | undefined {
    return this.#problem;
  }

  get retryAt(): Date | undefined {
    this.#follow();
    return this.#retryAt;
  }

  /** When the last trouble is old enough to be forgotten; undefined when there is none. */
  get fadesAt(): Date | undefined {
    this.#follow();
    if (this.#problem === undefined || this.#at === undefined) return undefined;
    return new Date(this.#at.getTime() + FADES_MS);
  }

  /** Notes it; answers whether it is another problem than before. Tried again after `most` at the latest. */
  note(fault: Fault, most = MOST_MS): boolean {
    const isNew = this.#problem?.reason !== fault.reason;
    const now = this.#clock.now();
    const delay = Math.max(
      backoff(this.#failures, FIRST_MS, most, this.#random),
      (fault.retryAfterSeconds ?? 0) * 1000,
    );
    this.#failures += 1;
    this.#at = now;
    this.#retryAt = new Date(now.getTime() + delay);
    this.#problem = { reason: fault.reason.slice(0, 128), message: fault.message.slice(0, 2048) };
    return isNew;
  }

  /** Tries again at once: something changed. The problem is told until it is known to be over. */
  hurry(): void {
    this.#retryAt = undefined;
  }

  /** Of a machine that runs: whether its last trouble is old enough to be over, which it then is. */
  faded(now: Date): boolean {
    const { fadesAt } = this;
    if (fadesAt === undefined || fadesAt > now) return false;
    this.over();
    return true;
  }

  /** Where the wall clock was set back, what was to come in seconds would be hours away. */
  #follow(): void {
    const now = this.#clock.now().getTime();
    const back = (this.#at?.getTime() ?? now) - now;
    if (this.#at === undefined || back <= 0) return;
    this.#at = new Date(now);
    if (this.#retryAt !== undefined) this.#retryAt = new Date(this.#retryAt.getTime() - back);
  }

  over(): void {
    this.#failures = 0;
    this.#problem = undefined;
    this.#retryAt = undefined;
  }
}
