/** A cluster's processes: detached from this one, known by a mark in their environment that their children inherit. */
import { spawn } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { processAt, type ProcessIdentity } from "#node-runtime/host/process.ts";
import type { Cluster } from "./record.ts";

const MARK = "VIRTIVE_CLUSTER";

/** The environment that marks a process as the cluster's. */
export function marked(cluster: Cluster): NodeJS.ProcessEnv {
  return { ...process.env, ...markOf(cluster) };
}

/** By which a process is known as the cluster's, in its environment: it ends with the cluster. */
export const markOf = ({ directory }: Cluster): Readonly<Record<string, string>> => ({ [MARK]: directory });

/** Starts a process that outlives this one; what it says goes to a file of the cluster's log folder. */
export function startProcess(
  cluster: Cluster,
  name: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ProcessIdentity {
  const [program = "", ...args] = argv;
  const log = openSync(join(cluster.paths.log, `${name}.log`), "a");
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...marked(cluster), ...env },
    });
    child.on("error", () => undefined); // seen below: it has no pid, or is gone when it is waited for
    child.unref();
    const started = child.pid === undefined ? undefined : processAt(child.pid);
    return started ?? { pid: child.pid ?? 0, startTime: 0, alive: () => false };
  } finally {
    closeSync(log);
  }
}

/** The last lines of a process's log, for the error that says why it is not there. */
export async function lastWords(cluster: Cluster, name: string): Promise<string> {
  const text = await readFile(join(cluster.paths.log, `${name}.log`), "utf8").catch(() => "");
  return text.trim().split("\n").slice(-15).join("\n");
}

/** All processes of the cluster, however they came to be; or those of them that have one more word in their environment. */
export async function clusterProcesses(cluster: Cluster, more?: string): Promise<ProcessIdentity[]> {
  const marks = [`${MARK}=${cluster.directory}`, ...(more === undefined ? [] : [more])];
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = (await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")).split("\0");
      return marks.every((mark) => environment.includes(mark)) ? processAt(Number(pid)) : undefined;
    }),
  );
  return found.filter((one) => one !== undefined).filter(({ pid }) => pid !== process.pid);
}
