/**
 * Whether a guest that has come from another node does run. Its vCPUs may hang after the switch-over (seen under QEMU's
 * emulator), and libvirt says "running" all the same. What can be proven from outside: that none of them was given a
 * processor for a while. Then they are halted and let run again, which costs a healthy guest a few milliseconds; and if
 * that does not help, it is told.
 *
 * One vCPU that hangs beside others that run is not found: an idle one looks the same.
 */
import type { Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { Alarm } from "./alarm.ts";
import { Trouble } from "./trouble.ts";

const LOOK_MS = 2_000;
/** Far longer than an operating system that idles sleeps. */
const SILENT_MS = 10_000;
/** A guest that ran so long after it came is not looked after any more. */
const WATCH_MS = 60_000;
/** Once these have not helped, it is told; they go on more rarely. */
const KICKS = 2;
const KICK_AGAIN_MS = 60_000;

export interface LivenessParts {
  readonly clock: Clock;
  /** Undefined: it can't be known. */
  readonly runs: () => Promise<number | undefined>;
  /** The vCPUs are wished and believed to run. */
  readonly expected: () => boolean;
  /** Something is to be done, or a problem is over. */
  readonly changed: (to: "stuck" | "recovered") => void;
}

export class Liveness {
  readonly #parts: LivenessParts;
  readonly #alarm: Alarm;
  readonly #trouble: Trouble;
  /** Counts beginnings and ends: what an older look brings is of no interest. */
  #round = 0;
  #until = 0;
  #seen: { readonly runs: number; readonly since: number } | undefined;
  #kicks = 0;
  #kickDue = false;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.clock);
    this.#trouble = new Trouble(parts.clock, () => 0);
  }

  get problem(): Trouble["problem"] {
    return this.#trouble.problem;
  }

  /** The vCPUs are to be halted and let run again. */
  get stuck(): boolean {
    return this.#kickDue;
  }

  /** Watching already: nothing to do. */
  begin(): void {
    if (this.#until > 0) return;
    this.#until = this.#now + WATCH_MS;
    this.#again();
  }

  /** It was done, or tried: what the vCPUs did for it is no sign of life. */
  kicked(): void {
    this.#kickDue = false;
    this.#kicks += 1;
    this.#seen = undefined;
  }

  end(): void {
    this.#round += 1;
    this.#until = 0;
    this.#alarm.off();
    this.#trouble.over();
    this.#seen = undefined;
    this.#kicks = 0;
    this.#kickDue = false;
  }

  get #now(): number {
    return this.#parts.clock.now().getTime();
  }

  #again(): void {
    const now = this.#parts.clock.now();
    this.#alarm.set([new Date(now.getTime() + LOOK_MS)], now, () => void this.#look(this.#round));
  }

  async #look(round: number): Promise<void> {
    const runs = await this.#parts.runs().catch(() => undefined);
    if (round !== this.#round) return;
    const now = this.#now;
    // Halted by anybody's wish, or out of sight: counting begins anew.
    if (runs === undefined || !this.#parts.expected()) this.#seen = undefined;
    else if (this.#seen === undefined) this.#seen = { runs, since: now };
    else if (runs > this.#seen.runs) return this.#lives(now, runs);
    else if (now - this.#seen.since >= this.#patience) this.#silent(now - this.#seen.since);
    this.#again();
  }

  get #patience(): number {
    return this.#kicks <= KICKS ? SILENT_MS : KICK_AGAIN_MS;
  }

  #lives(now: number, runs: number): void {
    const recovered = this.#trouble.problem !== undefined;
    this.#trouble.over();
    this.#kicks = 0;
    this.#kickDue = false;
    this.#seen = { runs, since: now };
    if (recovered) this.#parts.changed("recovered");
    if (now < this.#until) this.#again();
    else this.#until = 0;
  }

  #silent(milliseconds: number): void {
    if (this.#kickDue) return;
    this.#kickDue = true;
    if (this.#kicks >= KICKS) {
      const seconds = Math.round(milliseconds / 1000);
      const message = `no vCPU has run for ${seconds} s since the guest came from another node, though halted and let run again ${this.#kicks} times`;
      this.#trouble.note(new Fault("later", "GuestStuck", message));
    }
    this.#parts.changed("stuck");
  }
}
