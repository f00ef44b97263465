/**
 * One trigger's deliveries: coalesced by key while they wait, attempted, tried again, given up.
 *
 *                        newer event: takes its place
 *                            ┌──┐
 *   deliver ─────────────► queued ──turn──► running ──done──► (reply published)
 *                            ▲                 │ again            │ never, or retries used up
 *                            │                 ▼                  ▼
 *                            └─pause over── pausing           dead letter
 *                              or newer event
 */
import { Node } from "#api/core.ts";
import type { Key } from "#api/object.ts";
import type { Trigger } from "../broker-types.ts";
import type { CloudEvent } from "../cloud-event.ts";
import { flowEvents, nodeEvents, objectEvents, reports } from "../catalogue.ts";
import type { Random } from "../chance.ts";
import type { Clock } from "../clock.ts";
import { asFault } from "../fault.ts";
import {
  answerOf,
  isFailure,
  pauseBefore,
  retryAfterOf,
  verdictOf,
  type ExactAnswer,
  type Failure,
} from "./answers.ts";
import type { Passing } from "./passing.ts";
import type { Lanes } from "./lanes.ts";

/** What came of deliveries, a trigger. Counters only grow. */
export interface TriggerMetrics {
  delivered: number;
  /** Attempts that failed and are tried again. */
  retried: number;
  deadLettered: number;
  /** Events that took the place of one that waited, or were covered by it. */
  coalesced: number;
  timedOut: number;
  /** Milliseconds that attempts took, in all. */
  milliseconds: number;
}

export interface Deliveries {
  deliver(passing: Passing, key: Key): void;
  /** Waiting for their next attempt. */
  readonly pausing: number;
  readonly metrics: Readonly<TriggerMetrics>;
  /** Drops what waits; what runs is left to end. */
  close(): void;
}

export interface DeliveriesOptions {
  readonly trigger: Trigger;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes the subscriber's reply in; a rejection fails the delivery. */
  readonly reply: (answered: Passing, reply: ExactAnswer & { readonly status: 200 }) => Promise<void>;
  readonly giveUp: (passing: Passing, key: Key, failure: Failure, attempts: number) => void;
  /** Told of so many more that wait for their next attempt, or (below 0) fewer. */
  readonly paused: (more: number) => void;
}

interface Delivery {
  passing: Passing;
  /** Attempts made. */
  attempts: number;
  /** Set while pausing. */
  pause?: { readonly cancel: () => void; readonly obliged: boolean };
}

/** How long a subscriber that was told to stop may take before its key is given to others all the same. */
const STOPPING_MILLISECONDS = 5000;
const NOTHING = Promise.resolve();

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { trigger, lanes, clock, random } = options;
  /** Queued or pausing, by key. */
  const pending = new Map<Key, Delivery>();
  const metrics: TriggerMetrics = {
    delivered: 0,
    retried: 0,
    deadLettered: 0,
    coalesced: 0,
    timedOut: 0,
    milliseconds: 0,
  };
  let pausing = 0;
  let closed = false;

  function queue(key: Key, delivery: Delivery): void {
    if (closed) return;
    const work = (): Promise<void> => {
      if (pending.get(key) === delivery) pending.delete(key);
      return closed ? NOTHING : run(key, delivery);
    };
    lanes.add(key, work, isUrgent(delivery.passing.event));
  }

  function pause(more: number): void {
    pausing += more;
    options.paused(more);
  }

  function resume(key: Key, delivery: Delivery): void {
    delivery.pause?.cancel();
    delete delivery.pause;
    // In this order there is no moment between in which it counts as neither.
    queue(key, delivery);
    pause(-1);
  }

  function deliver(passing: Passing, key: Key): void {
    if (closed) return;
    const there = pending.get(key);
    if (there === undefined) {
      const delivery: Delivery = { passing, attempts: 0 };
      pending.set(key, delivery);
      return queue(key, delivery);
    }
    metrics.coalesced += 1;
    if (weightOf(passing) < weightOf(there.passing)) {
      // The waiting event says more; the key is looked at in any case.
    } else {
      there.passing = passing;
      there.attempts = 0;
    }
    if (there.pause === undefined) {
      if (isUrgent(passing.event)) lanes.hurry(key);
    } else if (!there.pause.obliged) resume(key, there);
  }

  async function run(key: Key, delivery: Delivery): Promise<void> {
    const { passing } = delivery;
    const began = clock.now().getTime();
    const answer = await ask(passing, key);
    const failure = isFailure(answer) ? answer : answer.status === 200 ? await replied(passing, answer) : undefined;
    metrics.milliseconds += clock.now().getTime() - began;
    delivery.attempts += 1;
    if (failure === undefined) {
      metrics.delivered += 1;
      return;
    }
    const final = verdictOf(codeOf(failure)) === "never" || delivery.attempts > trigger.delivery.retry;
    if (final) {
      metrics.deadLettered += 1;
      return options.giveUp(passing, key, failure, delivery.attempts);
    }
    metrics.retried += 1;
    pauseThenQueue(key, delivery, failure);
  }

  function pauseThenQueue(key: Key, delivery: Delivery, failure: Failure): void {
    if (closed) return;
    const newer = pending.get(key);
    if (newer !== undefined) {
      // Something happened while it ran: that delivery is the next attempt.
      metrics.coalesced += 1;
      if (weightOf(newer.passing) < weightOf(delivery.passing)) newer.passing = delivery.passing;
      return;
    }
    pending.set(key, delivery);
    pause(1);
    const milliseconds = pauseBefore(trigger.delivery, delivery.attempts, failure, random);
    delivery.pause = {
      cancel: clock.schedule(milliseconds, () => resume(key, delivery)),
      // Too many requests: the subscriber asked for the pause; news does not shorten it.
      obliged: failure.status === 429 && retryAfterOf(failure) > 0,
    };
  }

  /** Undefined once the reply is taken. */
  async function replied(
    passing: Passing,
    answer: ExactAnswer & { readonly status: 200 },
  ): Promise<Failure | undefined> {
    try {
      await options.reply(passing, answer);
      return undefined;
    } catch (thrown) {
      return { status: 503, detail: `the reply could not be taken: ${asFault(thrown).message}` };
    }
  }

  function ask(passing: Passing, key: Key): Promise<ExactAnswer> {
    const { timeoutMilliseconds } = trigger.delivery;
    const stopping = new AbortController();
    return new Promise((resolve) => {
      let late: ExactAnswer | undefined;
      const stop = (): void => {
        const detail = `no answer within ${timeoutMilliseconds} ms`;
        metrics.timedOut += 1;
        late = { status: 503, code: 504, detail };
        cancel = clock.schedule(STOPPING_MILLISECONDS, () => resolve(late as ExactAnswer));
        stopping.abort(new DOMException(detail, "TimeoutError"));
      };
      let cancel = clock.schedule(timeoutMilliseconds, stop);
      const answered = (answer: ExactAnswer): void => {
        cancel();
        resolve(late ?? answer);
      };
      const failed = (thrown: unknown): void => answered(answerOf(thrown));
      try {
        trigger.subscriber(passing.event, key, stopping.signal).then(answered, failed);
      } catch (thrown) {
        failed(thrown);
      }
    });
  }

  return {
    deliver,
    get pausing() {
      return pausing;
    },
    metrics,
    close() {
      closed = true;
      for (const delivery of pending.values()) delivery.pause?.cancel();
      pending.clear();
      pause(-pausing);
    },
  };
}

export function codeOf(failure: Failure): number {
  return failure.code ?? failure.status;
}

const FROM_NODES: ReadonlySet<string> = new Set(
  [...Object.values(reports), nodeEvents.heartbeat].map(({ type }) => type),
);

/**
 * What nodes say goes before what is told of objects: all that exists is told at a start, and a node whose heartbeat
 * waited behind it would be taken for silent. And so does that a node should have said something by now: until its silence
 * is noticed, what is done about its machines is tried again, and the queue may be full of that.
 */
export function isUrgent({ type, extensions }: CloudEvent): boolean {
  return FROM_NODES.has(type) || (type === flowEvents.deadline.type && extensions["kind"] === Node.kind);
}

const SAYS_NOTHING: ReadonlySet<string> = new Set(Object.values(flowEvents).map(({ type }) => type));
const NAMES_AN_OBJECT: ReadonlySet<string> = new Set(Object.values(objectEvents).map(({ type }) => type));

/**
 * When two events wait for the same key, the newer stays unless it says less: a report or heartbeat carries what was
 * seen, an object's event only that it changed, a wake nothing.
 */
function weightOf({ event }: Passing): number {
  if (SAYS_NOTHING.has(event.type)) return 0;
  return NAMES_AN_OBJECT.has(event.type) ? 1 : 2;
}
