/**
 * Publishes one kind's events, and none is dropped while the broker says "later": the outlet tries again and,
 * when too much waits, keeps only the newest update of each object (an event is a hint).
 */
import { backoff, type Random } from "../chance.ts";
import type { CloudEvent } from "../cloud-event.ts";
import { wait, type Clock } from "../clock.ts";
import { asFault } from "../fault.ts";
import type { Log } from "../log.ts";

/** Events that wait before updates of one object become one. */
const PLENTY = 1000;
const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 5000;

export interface Outlet {
  /** `about` names the object; an event that may take the place of an older one about the same says so. */
  push(event: CloudEvent, about: string, replaces: boolean): void;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

export interface OutletOptions {
  readonly publish: (event: CloudEvent) => Promise<void>;
  /** Nothing is published before. */
  readonly gate: Promise<void>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /**
   * Events on their way at a time; default 1, which keeps their order. More is for a broker that keeps none and answers
   * late, so that one event that it will not take holds up no others.
   */
  readonly parallel?: number;
}

interface Waiting {
  event: CloudEvent;
  readonly about: string;
  readonly replaceable: boolean;
}

export function createOutlet(options: OutletOptions): Outlet {
  const { publish, gate, signal, clock, random, log, parallel = 1 } = options;
  let queue: Waiting[] = [];
  /** Those before it in the queue are on their way. */
  let next = 0;
  const newest = new Map<string, Waiting>();
  let pumps = 0;
  let idlers: (() => void)[] = [];

  function take(): Waiting | undefined {
    if (signal.aborted || next >= queue.length) return undefined;
    const waiting = queue[next];
    next += 1;
    if (next > PLENTY || next === queue.length) {
      queue = queue.slice(next);
      next = 0;
    }
    if (waiting !== undefined && newest.get(waiting.about) === waiting) newest.delete(waiting.about);
    return waiting;
  }

  async function pump(): Promise<void> {
    await gate;
    for (let waiting = take(); waiting !== undefined; waiting = take()) await deliver(waiting.event);
    pumps -= 1;
    if (pumps > 0) return;
    const resolved = idlers;
    idlers = [];
    for (const resolve of resolved) resolve();
  }

  async function deliver(event: CloudEvent): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        return await publish(event);
      } catch (thrown) {
        const fault = asFault(thrown);
        if (fault.kind === "bug" || fault.kind === "refused") {
          return log.error(
            { event: event.id, type: event.type, fault: fault.reason },
            `event dropped: ${fault.message}`,
          );
        }
        const pause = backoff(attempt, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS, random);
        await wait(clock, Math.max(pause, (fault.retryAfterSeconds ?? 0) * 1000), signal);
      }
    }
  }

  return {
    push(event, about, replaces) {
      if (signal.aborted) return;
      const older = newest.get(about);
      if (queue.length - next >= PLENTY && replaces && older?.replaceable === true) {
        older.event = event;
        return;
      }
      const waiting: Waiting = { event, about, replaceable: replaces };
      queue.push(waiting);
      newest.set(about, waiting);
      if (pumps >= parallel) return;
      pumps += 1;
      void pump();
    },
    async idle() {
      if (pumps > 0) await new Promise<void>((resolve) => idlers.push(resolve));
    },
  };
}
