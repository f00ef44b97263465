/** How much a process of ours logs: `VIRTIVE_LOG`, the same in each of them. */
import { Fault } from "./fault.ts";

/** pino's, from all to nothing. */
export const LOG_LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** What VIRTIVE_LOG says; info when it says nothing. @throws Fault refused LogLevelUnknown */
export function logLevel(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const level = env["VIRTIVE_LOG"] || "info";
  if (LOG_LEVELS.includes(level)) return level;
  const message = `VIRTIVE_LOG is ${JSON.stringify(level)}; it must be one of ${LOG_LEVELS.join(", ")}`;
  throw new Fault("refused", "LogLevelUnknown", message);
}
