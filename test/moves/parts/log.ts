/** What the processes of a test log, in one file: one JSON line each. */
import { appendFileSync } from "node:fs";
import type { Log } from "#events/log.ts";

export function logTo(file: string, name: string): Log {
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), name, level, ...fields, message })}\n`);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
