/**
 * One local instance: a state directory, an id that keeps its names apart from other instances' on the same machine,
 * and the lock that lets one process run it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { homedir } from "node:os";
import { Fault } from "#events/fault.ts";
import { errnoOf } from "#events/file-fault.ts";

export interface Instance {
  /** Absolute path. */
  readonly directory: string;
  /** Six hex digits of the path's hash: part of every link, namespace and bridge name of this instance. */
  readonly id: string;
  readonly paths: {
    readonly pki: string;
    readonly api: string;
    readonly journal: string;
    readonly network: string;
    readonly images: string;
    /** What PersistentVolumeClaims hold. */
    readonly claims: string;
    readonly kubeconfig: string;
    /** OCI layouts that the image store looks into before a registry: one folder each. */
    readonly layouts: string;
    readonly log: string;
    /** A node's part of the state: `host/` and `runtime/`. */
    node(name: string): string;
    host(name: string): string;
    runtime(name: string): string;
  };
}

/** Where state lives unless --state or VIRTIVE_STATE says otherwise. */
export function defaultStateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env["VIRTIVE_STATE"] !== undefined && env["VIRTIVE_STATE"] !== "") return resolve(env["VIRTIVE_STATE"]);
  return process.getuid?.() === 0 ? "/var/lib/virtive" : join(homedir(), ".local", "share", "virtive");
}

/** The instance, with its directory made. */
export async function openInstance(directory: string): Promise<Instance> {
  const instance = instanceAt(directory);
  await mkdir(instance.directory, { recursive: true, mode: 0o700 });
  return instance;
}

/** The instance that is or would be there; touches nothing. */
export function instanceAt(directory: string): Instance {
  const absolute = resolve(directory);
  return {
    directory: absolute,
    id: createHash("sha256").update(absolute).digest("hex").slice(0, 6),
    paths: {
      pki: join(absolute, "pki"),
      api: join(absolute, "api"),
      journal: join(absolute, "journal"),
      network: join(absolute, "network"),
      images: join(absolute, "images"),
      claims: join(absolute, "claims"),
      kubeconfig: join(absolute, "kubeconfig"),
      layouts: join(absolute, "layouts"),
      log: join(absolute, "virtive.log"),
      node: (name) => join(absolute, "nodes", name),
      host: (name) => join(absolute, "nodes", name, "host"),
      runtime: (name) => join(absolute, "nodes", name, "runtime"),
    },
  };
}

/** What a running process tells others about itself. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks after boot at which the process started: a reused pid has another value. */
  readonly startTime: string;
  readonly bootID: string;
  /** Set once the API serves. */
  readonly url?: string;
  readonly nodes?: readonly string[];
}

/** The guard is held for milliseconds. */
const GUARD_SECONDS = 10;

/** The process that runs the instance now, if one does. */
export async function runningProcess(instance: Instance): Promise<ProcessRecord | undefined> {
  const record = await readRecord(recordPath(instance));
  if (record === undefined || record.bootID !== (await kernelBootID())) return undefined;
  return (await startTimeOf(record.pid)) === record.startTime ? record : undefined;
}

export interface Lock {
  update(more: Pick<ProcessRecord, "url" | "nodes">): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the one that runs the instance.
 * @throws Fault refused, reason AlreadyRunning
 */
export async function lock(instance: Instance): Promise<Lock> {
  const running = await runningProcess(instance);
  if (running !== undefined) throw alreadyRunning(instance, running);
  const startTime = await startTimeOf(process.pid);
  if (startTime === undefined)
    throw new Fault("bug", "NoProcFilesystem", "/proc is not there: cannot tell processes apart");
  let record: ProcessRecord = { pid: process.pid, startTime, bootID: await kernelBootID() };
  // Two that start at the same moment: one looks and writes at a time.
  const letGo = await takeGuard(instance);
  try {
    const other = await runningProcess(instance);
    if (other !== undefined) throw alreadyRunning(instance, other);
    await writeRecord(recordPath(instance), record);
  } finally {
    await letGo();
  }
  return {
    async update(more) {
      record = { ...record, ...more };
      await writeRecord(recordPath(instance), record);
    },
    async release() {
      await rm(recordPath(instance), { force: true });
    },
  };
}

function alreadyRunning(instance: Instance, record: ProcessRecord): Fault {
  return new Fault("refused", "AlreadyRunning", `process ${record.pid} runs ${instance.directory} already`);
}

/**
 * A lock of the kernel's on the state directory, which `flock` puts on the description that we share with it: it holds
 * until we close it, or end in whatever way. What a process left behind that was killed in the midst holds up nobody.
 * @returns lets go
 */
async function takeGuard({ directory }: Instance): Promise<() => Promise<void>> {
  const held = await open(directory, "r");
  try {
    const flock = spawn("flock", ["--wait", String(GUARD_SECONDS), "3"], {
      stdio: ["ignore", "ignore", "ignore", held.fd],
    });
    const [code] = (await once(flock, "exit")) as [number | null];
    if (code === 0) return () => held.close();
    throw new Fault("refused", "AlreadyRunning", `another process is starting ${directory}`);
  } catch (thrown) {
    await held.close();
    if (errnoOf(thrown) !== "ENOENT") throw thrown;
    throw new Fault("refused", "ProgramMissing", "flock is not installed");
  }
}

function recordPath(instance: Instance): string {
  return join(instance.directory, "process.json");
}

async function readRecord(path: string): Promise<ProcessRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ProcessRecord;
  } catch {
    return undefined; // absent, or cut off by a crash of the machine: nothing runs
  }
}

async function writeRecord(path: string, record: ProcessRecord): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function kernelBootID(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** Field 22 of /proc/PID/stat, or undefined when there is no such process (a zombie counts as none). */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command name in parentheses may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
