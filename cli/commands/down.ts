/** `virtive down`: ends the process, the guests and the nodes of the local instance. */
import { existsSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { instanceAt, lock, runningProcess, type Instance, type ProcessRecord } from "#local/instance.ts";
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
  const instance = instanceAt(options.state);
  if (!existsSync(instance.directory)) {
    say(`nothing to end: there is no ${instance.directory}`);
    return EXIT.ok;
  }
  const running = await runningProcess(instance);
  if (running !== undefined) {
    say(`ending process ${running.pid}`);
    await endProcess(instance, running);
  }
  // Nobody starts what is being torn down.
  const held = await lock(instance);
  try {
    await teardown(instance, { graceSeconds: options.graceSeconds, progress: say });
    if (options.purge) {
      say(`removing objects and data in ${instance.directory}`);
      await purge(instance);
    }
  } finally {
    await held.release();
  }
  if (options.purge) await rmdir(instance.directory).catch(() => undefined); // something of the user's is in it
  say("down");
  return EXIT.ok;
}

/** What is ours in the state directory, and nothing else: it may be a directory that was named by mistake. */
async function purge({ paths, directory }: Instance): Promise<void> {
  const { pki, api, journal, network, images, claims, layouts, kubeconfig, log } = paths;
  for (const path of [
    pki,
    api,
    journal,
    network,
    images,
    claims,
    layouts,
    kubeconfig,
    log,
    `${log}.1`,
    join(directory, "nodes"),
  ]) {
    await rm(path, { recursive: true, force: true });
  }
}

async function endProcess(instance: Instance, record: ProcessRecord): Promise<void> {
  signal(record.pid, "SIGTERM");
  const end = Date.now() + PROCESS_GRACE_MILLISECONDS;
  while ((await runningProcess(instance))?.pid === record.pid) {
    if (Date.now() > end) {
      signal(record.pid, "SIGKILL");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself
  }
}
