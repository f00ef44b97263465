/**
 * The node runtime's outbox: what was observed is written down before anyone is told that it happened, and is sent until
 * the control plane has taken it. Written down is: the death of this process takes nothing back. A power cut may take
 * the newest reports; it also ends all that they tell of, and the node's next boot id says so. In order for each key;
 * keys do not wait for each other. When too much waits, statuses that a newer one of the same machine supersedes go
 * first: each carries the whole status.
 */
import type { Key } from "#api/object.ts";
import { verdictOf } from "./broker/answers.ts";
import { backoff, systemRandom, type Random } from "./chance.ts";
import type { CloudEvent } from "./cloud-event.ts";
import { systemClock, wait, type Clock } from "./clock.ts";
import { asFault, Fault } from "./fault.ts";
import { silentLog, type Log } from "./log.ts";
import type { OutboxStore, RefusedEvent } from "./outbox-store.ts";

/** What the control plane answered to one event. */
export interface SendAnswer {
  readonly status: number;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

export interface OutboxOptions {
  /** Keeps what waits. Closed with the outbox. */
  readonly store: OutboxStore;
  /** Rejects when there was no answer. */
  readonly send: (event: CloudEvent, signal: AbortSignal) => Promise<SendAnswer>;
  readonly mostEvents?: number;
  /** One sending, milliseconds. */
  readonly timeoutMilliseconds?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
}

export interface Outbox {
  /** Written down when this returns. @throws Fault later (DiskFull) when it can't be */
  add(event: CloudEvent): void;
  /** How many wait to be sent. */
  readonly waiting: number;
  /** Events that were refused for good, newest first; the last 100 are kept. */
  refused(): readonly RefusedEvent[];
  /** Tries now what waits for its next attempt: the control plane is known to be back. */
  nudge(): void;
  /** Resolves when nothing waits. */
  empty(): Promise<void>;
  /** Lets what is being sent end; the rest is kept for the next start. */
  close(): Promise<void>;
}

const PARALLEL_KEYS = 8;
const FIRST_RETRY_MILLISECONDS = 100;
const LONGEST_RETRY_MILLISECONDS = 10_000;
const MOST_RETRY_AFTER_SECONDS = 300;
const LONGEST_DETAIL = 1024;
/** Why a sending that has ended is aborted; without a reason an error is made for each. */
const OVER = "the sending has ended";

export function openOutbox(options: OutboxOptions): Outbox {
  const { store, send, mostEvents = 10_000, timeoutMilliseconds = 5000 } = options;
  const { clock = systemClock, random = systemRandom, log = silentLog } = options;
  /** Ways to end what is being sent. */
  const underWay = new Set<() => void>();
  /** Keys that are being sent, each by one sender. */
  const senders = new Map<Key, Promise<void>>();
  /** Keys whose events can't be read now, each with what calls off the next look. */
  const unread = new Map<Key, () => void>();
  /** Keys with something to send, in the order of their turns. */
  let turns: Key[] = [];
  let impatient = new AbortController();
  let waiting = store.count();
  let emptied: (() => void)[] = [];
  let closed = false;

  /** Frees room: superseded of the same type, then of any type, then the oldest. Never the newest of a machine. */
  function makeRoom(): void {
    for (const by of ["type", "machine"] as const) {
      waiting -= store.dropSuperseded(by);
      if (waiting < mostEvents) return;
    }
    const dropped = store.dropOldest(Math.ceil(mostEvents / 10));
    waiting -= dropped;
    log.error({ dropped }, "the outbox is full: the oldest reports were dropped");
  }

  function turn(key: Key): void {
    if (closed || senders.has(key)) return;
    if (senders.size >= PARALLEL_KEYS) {
      if (!turns.includes(key)) turns.push(key);
      return;
    }
    const sender = sendAll(key)
      .catch((thrown: unknown) => unreadable(key, thrown))
      .then(() => {
        senders.delete(key);
        if (closed) return;
        const next = turns.shift();
        if (next !== undefined) turn(next);
        // Something may have been added while this sender was on its way out.
        if (isWaiting(key)) turn(key);
        if (waiting === 0) for (const resolve of emptied.splice(0)) resolve();
      });
    senders.set(key, sender);
  }

  function isWaiting(key: Key): boolean {
    if (unread.has(key)) return false; // it has its time
    try {
      return store.first(key) !== undefined;
    } catch (thrown) {
      unreadable(key, thrown);
      return false;
    }
  }

  /** A disk that can't be read now may be later: what waits is looked for again. */
  function unreadable(key: Key, thrown: unknown): void {
    log.error({ key }, `the outbox can't send: ${asFault(thrown).message}`);
    unread.get(key)?.();
    const again = (): void => {
      unread.delete(key);
      turn(key);
    };
    unread.set(key, clock.schedule(LONGEST_RETRY_MILLISECONDS, again));
  }

  async function sendAll(key: Key): Promise<void> {
    // The adder goes on first: telling is never part of observing.
    await Promise.resolve();
    for (let attempt = 0; !closed;) {
      const next = store.first(key);
      if (next === undefined) return;
      const { event, number } = next;
      const answer = await sent(event);
      const verdict = verdictOf(answer.status);
      if (verdict === "again" || closed || !settled(number, event, answer, verdict)) {
        const asked = Math.min(answer.retryAfterSeconds ?? 0, MOST_RETRY_AFTER_SECONDS) * 1000;
        const pause = backoff(attempt, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS, random);
        attempt += 1;
        if (attempt === 3) log.warn({ key, status: answer.status, waiting }, `reports wait: ${answer.detail ?? ""}`);
        if (!closed) await wait(clock, Math.max(asked, pause), impatient.signal);
        continue;
      }
      attempt = 0;
    }
  }

  /** It need not be sent any more. False when a full disk keeps it: then it is sent again, later. */
  function settled(number: number, event: CloudEvent, answer: SendAnswer, verdict: "done" | "never"): boolean {
    try {
      if (verdict === "never") setAside(event, answer);
      waiting -= store.forget(number);
      return true;
    } catch (thrown) {
      log.error({ event: event.id }, `a report that was sent can't be forgotten: ${asFault(thrown).message}`);
      return false;
    }
  }

  async function sent(event: CloudEvent): Promise<SendAnswer> {
    const sending = new AbortController();
    const { promise: timedOut, resolve } = Promise.withResolvers<SendAnswer>();
    const end = (): void => {
      resolve({ status: 504, detail: "no answer in time" });
      sending.abort();
    };
    underWay.add(end);
    const cancel = clock.schedule(timeoutMilliseconds, end);
    try {
      return await Promise.race([send(event, sending.signal), timedOut]);
    } catch (thrown) {
      return { status: 503, detail: asFault(thrown).message };
    } finally {
      cancel();
      underWay.delete(end);
      // Whoever made another signal of it, and all that listens to that, is kept by Node until it is aborted.
      sending.abort(OVER);
    }
  }

  function setAside(event: CloudEvent, answer: SendAnswer): void {
    const detail = (answer.detail ?? "").slice(0, LONGEST_DETAIL);
    log.error({ event: event.id, type: event.type, status: answer.status }, `a report was refused for good: ${detail}`);
    store.setAside({ event, status: answer.status, detail });
  }

  for (const key of store.keys()) turn(key);

  return {
    add(event) {
      if (closed) throw new Fault("later", "OutboxClosed", "the node runtime is shutting down");
      const key = event.extensions["partitionkey"] ?? event.id;
      try {
        if (waiting >= mostEvents) makeRoom();
        store.add({ key, machine: event.extensions["uid"] ?? event.id, event });
      } catch (thrown) {
        throw new Fault("later", "DiskFull", `the report can't be kept: ${asFault(thrown).message}`, { cause: thrown });
      }
      waiting += 1;
      turn(key);
    },
    get waiting() {
      return waiting;
    },
    refused: () => store.refused(),
    nudge() {
      impatient.abort();
      impatient = new AbortController();
    },
    empty() {
      return waiting === 0 ? Promise.resolve() : new Promise((resolve) => emptied.push(resolve));
    },
    async close() {
      if (closed) return;
      closed = true;
      turns = [];
      for (const callOff of unread.values()) callOff();
      impatient.abort();
      for (const end of underWay) end();
      await Promise.allSettled(senders.values());
      emptied = [];
      store.close();
    },
  };
}
