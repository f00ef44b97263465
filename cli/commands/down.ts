/** `virtive down`: ends the process, the guests and the nodes of the local instance. */
import { rm } from "node:fs/promises";
import { openInstance, runningProcess, type Instance, type ProcessRecord } from "#local/instance.ts";
import { teardown } from "#local/teardown.ts";
import { EXIT } from "../exit.ts";

export interface DownOptions {
  readonly state: string;
  readonly purge: boolean;
  /** Seconds that guests get to shut down. */
  readonly graceSeconds: number;
}

/** A process that has not ended by itself by then is killed: guests do not depend on it. */
const PROCESS_GRACE_MILLISECONDS = 10_000;

export async function down(options: DownOptions): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const instance = await openInstance(options.state);
  const running = await runningProcess(instance);
  if (running !== undefined) {
    say(`ending process ${running.pid}`);
    await endProcess(instance, running);
  }
  await teardown(instance, { graceSeconds: options.graceSeconds, progress: say });
  if (options.purge) {
    say(`removing ${instance.directory}`);
    await rm(instance.directory, { recursive: true, force: true });
  }
  say("down");
  return EXIT.ok;
}

async function endProcess(instance: Instance, record: ProcessRecord): Promise<void> {
  process.kill(record.pid, "SIGTERM");
  const end = Date.now() + PROCESS_GRACE_MILLISECONDS;
  while ((await runningProcess(instance))?.pid === record.pid) {
    if (Date.now() > end) {
      process.kill(record.pid, "SIGKILL");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
