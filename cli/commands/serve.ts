/** `virtive serve`: the local shape without a word to the user; its log is JSON lines on standard error. */
import { pino } from "pino";
import { logLevel } from "#events/log-level.ts";
import { openInstance } from "#local/instance.ts";
import { startLocal } from "#local/process.ts";
import { EXIT } from "../exit.ts";
import { openLogFile } from "../log-file.ts";

export interface ServeOptions {
  readonly state: string;
  readonly nodes: number;
  readonly port: number;
  /** Where the log goes, bounded; without it to standard error. */
  readonly logFile?: string;
}

export async function serve(options: ServeOptions): Promise<number> {
  const level = logLevel();
  const log =
    options.logFile === undefined
      ? pino({ level }, pino.destination({ dest: 2, sync: false }))
      : openLogFile(options.logFile, level);
  const local = await startLocal({
    instance: await openInstance(options.state),
    nodes: options.nodes,
    port: options.port,
    log,
    progress: (line) => log.info({}, line),
  });
  await untilSignalled();
  await local.close();
  return EXIT.ok;
}

/** Resolves at SIGINT or SIGTERM. */
export function untilSignalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const once = (signal: NodeJS.Signals): void => {
      process.off("SIGINT", once);
      process.off("SIGTERM", once);
      resolve(signal);
    };
    process.on("SIGINT", once);
    process.on("SIGTERM", once);
  });
}
