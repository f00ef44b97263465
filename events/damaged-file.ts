/** SQLite files of this room that turn out to be damaged are set aside: none of them holds the truth. */
import { renameSync, rmSync } from "node:fs";
import type { Log } from "./log.ts";

/** SQLite's result codes for a damaged file, and for one that is something else. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26]);

/** What `open` answers; where the file is damaged, it is renamed to `<file>.damaged` and opened anew. */
export function openOrBeginAnew<T>(file: string, open: () => T, log: Log): T {
  try {
    return open();
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("errcode" in thrown) || !DAMAGED.has(thrown.errcode)) throw thrown;
    log.error({ file }, `the database is damaged (${thrown.message}): it is set aside and a new one begun`);
    renameSync(file, `${file}.damaged`);
    for (const rest of ["-wal", "-shm"]) rmSync(`${file}${rest}`, { force: true });
    return open();
  }
}
