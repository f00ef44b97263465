/**
 * Publishes one kind's events in order, and none is dropped while the broker says "later": the outlet tries again and,
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
}

interface Waiting {
  event: CloudEvent;
  readonly replaceable: boolean;
}

export function createOutlet({ publish, gate, signal, clock, random, log }: OutletOptions): Outlet {
  let queue: Waiting[] = [];
  const newest = new Map<string, Waiting>();
  let pumping: Promise<void> | undefined;

  async function pump(): Promise<void> {
    await gate;
    while (queue.length > 0 && !signal.aborted) {
      const batch = queue;
      queue = [];
      newest.clear();
      for (const { event } of batch) await deliver(event);
    }
    pumping = undefined;
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
      if (queue.length >= PLENTY && replaces && older?.replaceable === true) {
        older.event = event;
        return;
      }
      const waiting: Waiting = { event, replaceable: replaces };
      queue.push(waiting);
      newest.set(about, waiting);
      pumping ??= pump();
    },
    async idle() {
      while (pumping !== undefined) await pumping;
    },
  };
}
