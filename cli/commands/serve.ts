/** `virtive serve`: the local shape without a word to the user; its log is JSON lines on standard error. */
import { pino } from "pino";
import { openInstance } from "#local/instance.ts";
import { startLocal } from "#local/process.ts";
import { EXIT } from "../exit.ts";

export interface ServeOptions {
  readonly state: string;
  readonly nodes: number;
  readonly port: number;
}

export async function serve(options: ServeOptions): Promise<number> {
  const log = pino({ level: process.env["VIRTIVE_LOG"] ?? "info" }, pino.destination({ dest: 2, sync: false }));
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
