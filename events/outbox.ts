/**
 * The node runtime's outbox: what was observed is on disk before anyone is told that it happened, and is sent until the
 * control plane has taken it. In order for each key; keys do not wait for each other. When too much waits, statuses
 * that a newer one of the same machine supersedes go first: each carries the whole status.
 */
import type { Key } from "#api/object.ts";
import { verdictOf } from "./broker/answers.ts";
import { backoff, systemRandom, type Random } from "./chance.ts";
import type { CloudEvent } from "./cloud-event.ts";
import { systemClock, wait, type Clock } from "./clock.ts";
import { openDatabase } from "./database.ts";
import { asFault, Fault } from "./fault.ts";
import { silentLog, type Log } from "./log.ts";

/** What the control plane answered to one event. */
export interface SendAnswer {
  readonly status: number;
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
}

export interface OutboxOptions {
  /** Path of the database file. Its directory exists. */
  readonly file: string;
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
  /** On disk when this returns. @throws Fault later (DiskFull) when it can't be */
  add(event: CloudEvent): void;
  /** How many wait to be sent. */
  readonly waiting: number;
  /** Events that were refused for good, newest first; the last 100 are kept. */
  refused(): readonly { readonly event: CloudEvent; readonly status: number; readonly detail: string }[];
  /** Tries now what waits for its next attempt: the control plane is known to be back. */
  nudge(): void;
  /** Resolves when nothing waits. */
  empty(): Promise<void>;
  /** Lets what is being sent end; the rest is kept for the next start. */
  close(): Promise<void>;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    machine TEXT NOT NULL,
    type TEXT NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS outbox_by_key ON outbox (key, number);
  CREATE INDEX IF NOT EXISTS outbox_by_machine ON outbox (machine, type, number);
  CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    status INTEGER NOT NULL,
    detail TEXT NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
`;
const MOST_REFUSED = 100;
const PARALLEL_KEYS = 8;
const FIRST_RETRY_MILLISECONDS = 100;
const LONGEST_RETRY_MILLISECONDS = 10_000;
const MOST_RETRY_AFTER_SECONDS = 300;
const LONGEST_DETAIL = 1024;

export function openOutbox(options: OutboxOptions): Outbox {
  const { file, send, mostEvents = 10_000, timeoutMilliseconds = 5000 } = options;
  const { clock = systemClock, random = systemRandom, log = silentLog } = options;
  const database = openDatabase(file, SCHEMA, log);
  const insert = database.prepare("INSERT INTO outbox (key, machine, type, json) VALUES (?, ?, ?, ?)");
  const first = database.prepare("SELECT number, json FROM outbox WHERE key = ? ORDER BY number LIMIT 1");
  const forget = database.prepare("DELETE FROM outbox WHERE number = ?");
  const ending = new AbortController();
  /** Keys that are being sent, each by one sender. */
  const senders = new Map<Key, Promise<void>>();
  /** Keys with something to send, in the order of their turns. */
  let turns: Key[] = [];
  let impatient = new AbortController();
  let waiting = Number(database.prepare("SELECT count(*) AS count FROM outbox").get()?.["count"]);
  let emptied: (() => void)[] = [];
  let closed = false;

  /** Frees room: superseded of the same type, then of any type, then the oldest. Never the newest of a machine. */
  function makeRoom(): void {
    const newer = (same: string): string =>
      `DELETE FROM outbox WHERE EXISTS (
         SELECT 1 FROM outbox AS newer WHERE newer.machine = outbox.machine ${same} AND newer.number > outbox.number)`;
    for (const statement of [newer("AND newer.type = outbox.type"), newer("")]) {
      waiting -= Number(database.prepare(statement).run().changes);
      if (waiting < mostEvents) return;
    }
    const dropped = database
      .prepare("DELETE FROM outbox WHERE number IN (SELECT number FROM outbox ORDER BY number LIMIT ?)")
      .run(Math.ceil(mostEvents / 10));
    waiting -= Number(dropped.changes);
    log.error({ dropped: Number(dropped.changes) }, "the outbox is full: the oldest reports were dropped");
  }

  function turn(key: Key): void {
    if (closed || senders.has(key)) return;
    if (senders.size >= PARALLEL_KEYS) {
      if (!turns.includes(key)) turns.push(key);
      return;
    }
    const sender = sendAll(key)
      .catch((thrown: unknown) => log.error({ key }, `the outbox can't send: ${asFault(thrown).message}`))
      .finally(() => {
        senders.delete(key);
        if (closed) return;
        const next = turns.shift();
        if (next !== undefined) turn(next);
        // Something may have been added while this sender was on its way out.
        if (first.get(key) !== undefined) turn(key);
        if (waiting === 0) for (const resolve of emptied.splice(0)) resolve();
      });
    senders.set(key, sender);
  }

  async function sendAll(key: Key): Promise<void> {
    // The adder goes on first: telling is never part of observing.
    await Promise.resolve();
    for (let attempt = 0; !closed;) {
      const row = first.get(key);
      if (row === undefined) return;
      const event = JSON.parse(String(row["json"])) as CloudEvent;
      const answer = await sent(event);
      const verdict = verdictOf(answer.status);
      if (verdict === "again") {
        const asked = Math.min(answer.retryAfterSeconds ?? 0, MOST_RETRY_AFTER_SECONDS) * 1000;
        const pause = backoff(attempt, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS, random);
        attempt += 1;
        if (attempt === 3) log.warn({ key, status: answer.status, waiting }, `reports wait: ${answer.detail ?? ""}`);
        if (!closed) await wait(clock, Math.max(asked, pause), AbortSignal.any([ending.signal, impatient.signal]));
        continue;
      }
      attempt = 0;
      if (closed) return;
      if (verdict === "never") setAside(event, answer);
      waiting -= Number(forget.run(Number(row["number"])).changes);
    }
  }

  async function sent(event: CloudEvent): Promise<SendAnswer> {
    const late = new AbortController();
    const cancel = clock.schedule(timeoutMilliseconds, () => late.abort());
    try {
      const signal = AbortSignal.any([ending.signal, late.signal]);
      const timedOut = new Promise<SendAnswer>((resolve) => {
        signal.addEventListener("abort", () => resolve({ status: 504, detail: "no answer in time" }), { once: true });
      });
      return await Promise.race([send(event, signal), timedOut]);
    } catch (thrown) {
      return { status: 503, detail: asFault(thrown).message };
    } finally {
      cancel();
    }
  }

  function setAside(event: CloudEvent, answer: SendAnswer): void {
    const detail = (answer.detail ?? "").slice(0, LONGEST_DETAIL);
    log.error({ event: event.id, type: event.type, status: answer.status }, `a report was refused for good: ${detail}`);
    database
      .prepare("INSERT INTO refused (status, detail, json) VALUES (?, ?, ?)")
      .run(answer.status, detail, JSON.stringify(event));
    database
      .prepare("DELETE FROM refused WHERE number NOT IN (SELECT number FROM refused ORDER BY number DESC LIMIT ?)")
      .run(MOST_REFUSED);
  }

  for (const row of database.prepare("SELECT key FROM outbox GROUP BY key ORDER BY min(number)").all()) {
    turn(String(row["key"]));
  }

  return {
    add(event) {
      if (closed) throw new Fault("later", "OutboxClosed", "the node runtime is shutting down");
      const key = event.extensions["partitionkey"] ?? event.id;
      try {
        if (waiting >= mostEvents) makeRoom();
        insert.run(key, event.extensions["uid"] ?? event.id, event.type, JSON.stringify(event));
      } catch (thrown) {
        throw new Fault("later", "DiskFull", `the report can't be kept: ${asFault(thrown).message}`, { cause: thrown });
      }
      waiting += 1;
      turn(key);
    },
    get waiting() {
      return waiting;
    },
    refused() {
      return database
        .prepare("SELECT status, detail, json FROM refused ORDER BY number DESC")
        .all()
        .map((row) => ({
          event: JSON.parse(String(row["json"])) as CloudEvent,
          status: Number(row["status"]),
          detail: String(row["detail"]),
        }));
    },
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
      ending.abort();
      await Promise.allSettled(senders.values());
      emptied = [];
      database.close();
    },
  };
}
