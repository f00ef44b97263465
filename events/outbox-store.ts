/**
 * Where the outbox keeps what waits to be sent: in SQLite on a node (`sqliteOutboxStore`), in memory for simulation
 * (`events/memory-outbox.ts`); one suite of tests holds both.
 */
import type { Key } from "#api/object.ts";
import type { CloudEvent } from "./cloud-event.ts";
import { openDatabase } from "./database.ts";
import type { Log } from "./log.ts";

export interface WaitingEvent {
  readonly number: number;
  readonly event: CloudEvent;
}

export interface RefusedEvent {
  readonly event: CloudEvent;
  readonly status: number;
  readonly detail: string;
}

/** Numbers grow in the order of adding. All calls are synchronous: what `add` took outlives this process when it returns. */
export interface OutboxStore {
  /** `machine`: events of one machine supersede each other. @throws when there is no room */
  add(entry: { readonly key: Key; readonly machine: string; readonly event: CloudEvent }): void;
  /** The oldest that waits for this key. */
  first(key: Key): WaitingEvent | undefined;
  /** Answers how many were dropped: 1, or 0 when it is gone already. */
  forget(number: number): number;
  /** Keys with something to send, oldest first. */
  keys(): readonly Key[];
  count(): number;
  /** Drops each event of which a newer one of the same machine (and type) waits. Answers how many. */
  dropSuperseded(by: "type" | "machine"): number;
  /** Answers how many were dropped. */
  dropOldest(most: number): number;
  /** Keeps the newest hundred. */
  setAside(refused: RefusedEvent): void;
  /** Newest first. */
  refused(): readonly RefusedEvent[];
  close(): void;
}

export const MOST_REFUSED = 100;

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
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

/** Path of the database file; its directory exists. */
export function sqliteOutboxStore(file: string, log: Log): OutboxStore {
  const database = openDatabase(file, SCHEMA, log);
  const insert = database.prepare("INSERT INTO outbox (key, machine, type, json) VALUES (?, ?, ?, ?)");
  const first = database.prepare("SELECT number, json FROM outbox WHERE key = ? ORDER BY number LIMIT 1");
  const forget = database.prepare("DELETE FROM outbox WHERE number = ?");
  const superseded = (same: string): string =>
    `DELETE FROM outbox WHERE EXISTS (
       SELECT 1 FROM outbox AS newer WHERE newer.machine = outbox.machine ${same} AND newer.number > outbox.number)`;
  return {
    add: ({ key, machine, event }) => void insert.run(key, machine, event.type, JSON.stringify(event)),
    first(key) {
      const row = first.get(key);
      if (row === undefined) return undefined;
      return { number: Number(row["number"]), event: JSON.parse(String(row["json"])) as CloudEvent };
    },
    forget: (number) => Number(forget.run(number).changes),
    keys: () =>
      database
        .prepare("SELECT key FROM outbox GROUP BY key ORDER BY min(number)")
        .all()
        .map((row) => String(row["key"])),
    count: () => Number(database.prepare("SELECT count(*) AS count FROM outbox").get()?.["count"]),
    dropSuperseded: (by) =>
      Number(database.prepare(superseded(by === "type" ? "AND newer.type = outbox.type" : "")).run().changes),
    dropOldest: (most) =>
      Number(
        database
          .prepare("DELETE FROM outbox WHERE number IN (SELECT number FROM outbox ORDER BY number LIMIT ?)")
          .run(most).changes,
      ),
    setAside({ event, status, detail }) {
      database
        .prepare("INSERT INTO refused (status, detail, json) VALUES (?, ?, ?)")
        .run(status, detail, JSON.stringify(event));
      database
        .prepare("DELETE FROM refused WHERE number NOT IN (SELECT number FROM refused ORDER BY number DESC LIMIT ?)")
        .run(MOST_REFUSED);
    },
    refused: () =>
      database
        .prepare("SELECT status, detail, json FROM refused ORDER BY number DESC")
        .all()
        .map((row) => ({
          event: JSON.parse(String(row["json"])) as CloudEvent,
          status: Number(row["status"]),
          detail: String(row["detail"]),
        })),
    close: () => database.close(),
  };
}
