/**
 * The journal on disk: one SQLite table in the order of cursors, found by key and by type, bounded by rows and bytes.
 * Appending only puts an entry into a list, which is written in small batches soon after, so that nobody who decides or
 * delivers waits for the disk. kill -9 loses what came in the last moments; nothing rests on it.
 */
import { Buffer } from "node:buffer";
import { systemClock, type Clock } from "./clock.ts";
import { openDatabase } from "./database.ts";
import { asFault } from "./fault.ts";
import { createNews, followJournal } from "./follow-journal.ts";
import { indexOf, MOST_ENTRIES_A_READ, type DecisionRecord, type Journal, type JournalEntry } from "./journal-entry.ts";
import { silentLog, type Log } from "./log.ts";

export interface JournalOptions {
  /** Path of the database file. Its directory exists. */
  readonly file: string;
  readonly mostRows?: number;
  readonly mostBytes?: number;
  readonly clock?: Clock;
  readonly log?: Log;
}

/**
 * A batch takes a millisecond or two of the event loop; when much waits, more of it at once, so that it gets less. Between
 * batches a machine takes its next step: each batch of its own would cost more than what it writes.
 */
const BATCH = 64;
const BATCH_PART = 8;
const BATCH_EVERY_MILLISECONDS = 50;
/** Entries that may wait for the disk; with more the oldest are dropped and the loss is logged. */
const MOST_BUFFERED = 50_000;
/** Beyond its bound the journal drops this part of what it keeps, so that it need not for a while. */
const DROPPED_PART = 0.1;

/** SQLite waits for the disk when it moves the log into the file: that is done in quiet moments, or when it must. */
const QUIET_MILLISECONDS = 2000;
const LONGEST_LOG_BYTES = 64 * 1024 * 1024;

const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 0;
  CREATE TABLE IF NOT EXISTS entries (
    cursor INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    key TEXT NOT NULL,
    type TEXT NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS entries_by_key ON entries (key, cursor);
  CREATE INDEX IF NOT EXISTS entries_by_type ON entries (type, cursor);
`;

export function openJournal(options: JournalOptions): Journal {
  const { file, mostRows = 200_000, mostBytes = 256 * 1024 * 1024, clock = systemClock, log = silentLog } = options;
  const database = openDatabase(file, SCHEMA, log);
  const insert = database.prepare("INSERT INTO entries (cursor, entry, key, type, json) VALUES (?, ?, ?, ?, ?)");
  const extent = database
    .prepare(
      "SELECT count(*) AS rows, coalesce(sum(length(json)), 0) AS bytes, coalesce(max(cursor), 0) AS last FROM entries",
    )
    .get();
  let rows = Number(extent?.["rows"]);
  let bytes = Number(extent?.["bytes"]);
  let last = Number(extent?.["last"]);
  /** What waits for the disk, from `written` on; what is before that is on it and goes some at a time. */
  let buffer: JournalEntry[] = [];
  let written = 0;
  let cancelBatch: (() => void) | undefined;
  let cancelTidying: (() => void) | undefined;
  let logged = 0;
  let closed = false;
  const news = createNews();

  function append(entry: JournalEntry): number {
    if (closed) return entry.cursor;
    buffer.push(entry);
    if (waiting() > MOST_BUFFERED) {
      buffer = buffer.slice(-MOST_BUFFERED / 2);
      written = 0;
      log.error({ kept: buffer.length }, "the journal's disk is too slow or full: entries were dropped");
    }
    cancelBatch ??= clock.schedule(BATCH_EVERY_MILLISECONDS, batch);
    news.tell();
    return entry.cursor;
  }

  function waiting(): number {
    return buffer.length - written;
  }

  function batch(): void {
    cancelBatch = undefined;
    const done = write(Math.max(BATCH, Math.ceil(waiting() / BATCH_PART)));
    if (waiting() > 0 && !closed) cancelBatch = clock.schedule(done ? BATCH_EVERY_MILLISECONDS : 1000, batch);
  }

  /** Taken from the front without moving the rest each time. */
  function taken(count: number): void {
    written += count;
    if (written < buffer.length / 2) return;
    buffer = buffer.slice(written);
    written = 0;
  }

  /** False when the disk refuses; the entries stay in the buffer. */
  function write(most: number): boolean {
    const entries = buffer.slice(written, written + most);
    if (entries.length === 0) return true;
    let size = 0;
    try {
      database.exec("BEGIN");
      for (const entry of entries) {
        const json = JSON.stringify(entry);
        const { key, type } = indexOf(entry);
        insert.run(entry.cursor, entry.entry, key, type, json);
        size += Buffer.byteLength(json);
      }
      database.exec("COMMIT");
    } catch (thrown) {
      if (database.isTransaction) database.exec("ROLLBACK");
      log.error({ file, waiting: waiting() }, `the journal can't be written: ${asFault(thrown).message}`);
      return false;
    }
    taken(entries.length);
    rows += entries.length;
    bytes += size;
    logged += size;
    cancelTidying?.();
    if (logged > LONGEST_LOG_BYTES) tidy();
    else cancelTidying = clock.schedule(QUIET_MILLISECONDS, tidy);
    if (rows > mostRows || bytes > mostBytes) attempt("old entries can't be dropped", prune);
    return true;
  }

  function tidy(): void {
    cancelTidying = undefined;
    logged = 0;
    attempt("its log can't be moved into the file", () => database.exec("PRAGMA wal_checkpoint(PASSIVE)"));
  }

  /** What can be done later as well: on a full disk the journal must not end the process. */
  function attempt(otherwise: string, work: () => void): void {
    try {
      work();
    } catch (thrown) {
      log.error({ file }, `the journal's disk: ${otherwise}: ${asFault(thrown).message}`);
    }
  }

  function prune(): void {
    const part = Math.max(DROPPED_PART, 1 - mostRows / rows, 1 - mostBytes / bytes);
    const dropped = database
      .prepare(
        `DELETE FROM entries WHERE cursor IN (SELECT cursor FROM entries ORDER BY cursor LIMIT ?)
         RETURNING length(json) AS bytes`,
      )
      .all(Math.ceil(rows * part));
    rows -= dropped.length;
    for (const row of dropped) bytes -= Number(row["bytes"]);
    database.exec("PRAGMA incremental_vacuum");
  }

  function flush(): void {
    while (waiting() > 0 && write(1000));
  }

  function select(where: string, parameters: readonly (string | number)[]): JournalEntry[] {
    if (closed) return [];
    flush();
    return database
      .prepare(`SELECT json FROM entries WHERE ${where}`)
      .all(...parameters)
      .map((row) => JSON.parse(String(row["json"])) as JournalEntry);
  }

  const journal: Journal = {
    appendEvent: (event) => append({ cursor: (last += 1), entry: "event", event }),
    appendDecision: (decision) => append({ cursor: (last += 1), entry: "decision", decision }),
    appendDeadLetter: (deadLetter) => append({ cursor: (last += 1), entry: "dead-letter", deadLetter }),
    read({ after = 0, entry, key, type, limit }) {
      const conditions: (readonly [string, string])[] = [];
      if (entry !== undefined) conditions.push(["entry = ?", entry]);
      if (key !== undefined) conditions.push(["key = ?", key]);
      if (type !== undefined) conditions.push(["type = ?", type]);
      const where = ["cursor > ?", ...conditions.map(([condition]) => condition)].join(" AND ");
      return select(`${where} ORDER BY cursor LIMIT ?`, [
        after,
        ...conditions.map(([, value]) => value),
        Math.min(Math.max(limit, 0), MOST_ENTRIES_A_READ),
      ]);
    },
    follow: (query, signal) => followJournal(journal, news, query, signal),
    latestDecisions(key, limit = 20) {
      const decisions: DecisionRecord[] = [];
      const most = Math.min(Math.max(limit, 0), MOST_ENTRIES_A_READ);
      for (const found of select("entry = 'decision' AND key = ? ORDER BY cursor DESC LIMIT ?", [key, most])) {
        if (found.entry === "decision") decisions.push(found.decision);
      }
      return decisions;
    },
    get last() {
      return last;
    },
    flush,
    close() {
      if (closed) return;
      flush();
      closed = true;
      cancelBatch?.();
      cancelTidying?.();
      database.close();
    },
  };
  return journal;
}
