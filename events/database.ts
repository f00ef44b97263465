/**
 * The one place where this room opens SQLite. A file that turns out to be damaged is set aside: none of ours holds the
 * truth.
 */
import { renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Log } from "./log.ts";

/** SQLite's result codes for a damaged file, and for one that is something else. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);

/** The file with this schema; where it is damaged, it is renamed to `<file>.damaged` and opened anew. */
export function openDatabase(file: string, schema: string, log: Log): DatabaseSync {
  try {
    return opened(file, schema);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("errcode" in thrown) || !DAMAGED.has(thrown.errcode)) throw thrown;
    log.error({ file }, `the database is damaged (${thrown.message}): it is set aside and a new one begun`);
    renameSync(file, `${file}.damaged`);
    for (const rest of ["-wal", "-shm"]) rmSync(`${file}${rest}`, { force: true });
    return opened(file, schema);
  }
}

function opened(file: string, schema: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec(schema);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}
