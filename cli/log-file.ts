/** The process's log file, bounded: when it is full it becomes FILE.1, in the place of the one before, and a new one begins. */
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { pino, type Logger } from "pino";

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_UNWRITTEN_BYTES = 1024 * 1024;

/**
 * @param level of pino, as `logLevel` gives it
 * @param mostBytes of one file; two are kept. A line is never cut, so that a file may be a little larger
 */
export function openLogFile(path: string, level: string, mostBytes: number = MOST_BYTES): Logger {
  mkdirSync(dirname(path), { recursive: true });
  const found = statSync(path, { throwIfNoEntry: false });
  // A pipe, or /dev/null, is somebody else's, and takes what it is given.
  const bounded = found === undefined || found.isFile();
  let size = found?.size ?? 0;
  if (bounded && size >= mostBytes) {
    renameSync(path, `${path}.1`);
    size = 0;
  }
  const file = pino.destination({ dest: path, sync: false, maxLength: MOST_UNWRITTEN_BYTES });
  file.on("error", () => undefined); // a full disk must not end what runs; what can't be written is dropped
  file.on("write", (bytes: number) => {
    size += bytes;
    if (!bounded || size < mostBytes) return;
    size = 0;
    try {
      renameSync(path, `${path}.1`);
    } catch {
      // Somebody has removed it, or its folder: there is nothing to put aside.
    }
    file.reopen();
  });
  return pino({ level }, file);
}
