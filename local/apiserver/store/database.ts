/**
 * The SQLite file behind the store: the objects as they are, and for each write what was there before (an undo log),
 * which is enough to know every state since the oldest write that is kept. The only file that knows SQL and
 * node:sqlite.
 *
 * A commit appends to SQLite's log and returns: it outlives this process, not yet a power cut. `sync` waits for the disk,
 * away from the event loop, and for all commits before it. What a power cut leaves of a log that was not synced ends
 * with a whole commit: SQLite's checksums see to that.
 */
import { close, closeSync, fdatasync, fdatasyncSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { diskFull } from "#events/file-fault.ts";
import { noRoom } from "../status.ts";

/** One write: what is there now, and what was there before. Texts are the objects as JSON. */
export interface Write {
  readonly version: number;
  readonly resource: string;
  /** namespace/name, or /name for cluster-scoped objects. */
  readonly key: string;
  /** Undefined: the object is gone. */
  readonly after: string | undefined;
  /** Undefined: there was none. */
  readonly before: string | undefined;
}

export interface Row {
  readonly resource: string;
  readonly key: string;
  readonly version: number;
  readonly text: string;
}

export interface HistoryRow {
  readonly version: number;
  readonly resource: string;
  readonly key: string;
  readonly before: string | null;
}

/** 2: pages that are no longer used can be given back to the file system. */
const LAYOUT_VERSION = 2;

/** The write-ahead log is cut to this when a checkpoint has emptied it; a checkpoint comes every 1000 pages (4 MB). */
const WAL_BYTES = 8 * 1024 * 1024;

/** Unused pages that stay in the file for what comes next, and those that go back to the file system in one go (8 MiB). */
const SPARE_PAGES = 1024;
const MOST_PAGES_GIVEN_BACK = 2048;

const layout = `
  CREATE TABLE IF NOT EXISTS objects (
    resource TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (resource, key)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS history (
    version INTEGER PRIMARY KEY, resource TEXT NOT NULL, key TEXT NOT NULL, before TEXT
  ) STRICT;
`;

/** SQLite's result code for a disk without room; the upper bits of an extended code say more. */
const SQLITE_FULL = 13;

export class Database {
  readonly #path: string;
  readonly #sqlite: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;
  readonly #remember: StatementSync;
  readonly #forget: StatementSync;
  /** SQLite's log: it stays the same file while the database is open. */
  readonly #log: number;
  #syncs = 0;
  #closed = false;

  /** Opens or makes `apiserver.sqlite` in the directory, which is made with mode 0700 when missing. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#path = path.join(directory, "apiserver.sqlite");
    this.#sqlite = new DatabaseSync(this.#path);
    // NORMAL: SQLite syncs only when it moves the log into the file. EXCLUSIVE: a second process fails instead of corrupting.
    this.#sqlite.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${WAL_BYTES};`);
    const user_version = this.#pragma("user_version");
    if (user_version > LAYOUT_VERSION) {
      this.#sqlite.close();
      throw new Error(`the database in ${directory} has layout ${user_version}; this program knows ${LAYOUT_VERSION}`);
    }
    // A file of layout 1 gives pages back only once it has been written anew.
    if (user_version === 1) this.#sqlite.exec("VACUUM;");
    this.#sqlite.exec(`BEGIN; ${layout} PRAGMA user_version = ${LAYOUT_VERSION}; COMMIT;`);
    this.#upsert = this.#sqlite.prepare(
      `INSERT INTO objects (resource, key, version, text) VALUES (?, ?, ?, ?)
       ON CONFLICT (resource, key) DO UPDATE SET version = excluded.version, text = excluded.text`,
    );
    this.#remove = this.#sqlite.prepare("DELETE FROM objects WHERE resource = ? AND key = ?");
    this.#remember = this.#sqlite.prepare("INSERT INTO history (version, resource, key, before) VALUES (?, ?, ?, ?)");
    this.#forget = this.#sqlite.prepare("DELETE FROM history WHERE version <= ?");
    this.#log = openSync(`${this.#path}-wal`, "r+");
    syncDirectory(directory);
  }

  objects(): Row[] {
    return this.#sqlite.prepare("SELECT resource, key, version, text FROM objects").all() as unknown as Row[];
  }

  /** Oldest first. */
  history(): HistoryRow[] {
    return this.#sqlite
      .prepare("SELECT version, resource, key, before FROM history ORDER BY version")
      .all() as unknown as HistoryRow[];
  }

  /** All of the writes or none; on disk once `sync` has returned. @throws StatusError 507 when there is no room */
  commit(writes: readonly Write[]): void {
    this.#transaction(() => {
      for (const { version, resource, key, after, before } of writes) {
        if (after === undefined) this.#remove.run(resource, key);
        else this.#upsert.run(resource, key, version, after);
        this.#remember.run(version, resource, key, before ?? null);
      }
    });
  }

  /** Drops history up to that version, and gives unused pages back to the file system, some at a time. */
  forget(until: number): void {
    this.#transaction(() => {
      this.#forget.run(until);
      const unused = this.#pragma("freelist_count") - SPARE_PAGES;
      if (unused > 0) this.#sqlite.exec(`PRAGMA incremental_vacuum(${Math.min(unused, MOST_PAGES_GIVEN_BACK)})`);
    });
  }

  #pragma(name: "user_version" | "freelist_count"): number {
    const row = this.#sqlite.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
    return row[name] ?? 0;
  }

  #transaction(work: () => void): void {
    this.#sqlite.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#sqlite.exec("COMMIT");
    } catch (error) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
      throw isFull(error) ? noRoom(diskFull(this.#path).message) : error;
    }
  }

  /** Resolves when all that was committed before the call is on disk. */
  async sync(): Promise<void> {
    this.#syncs += 1;
    try {
      await new Promise<void>((resolve, reject) => {
        fdatasync(this.#log, (error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      this.#syncs -= 1;
      if (this.#closed && this.#syncs === 0) close(this.#log);
    }
  }

  /** All that was committed is on disk when it returns. */
  close(): void {
    try {
      fdatasyncSync(this.#log);
    } finally {
      this.#sqlite.close();
      this.#closed = true;
      if (this.#syncs === 0) closeSync(this.#log);
    }
  }
}

/** The names of the files are on disk too. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isFull(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return false;
  return (error.errcode & 0xff) === SQLITE_FULL;
}
