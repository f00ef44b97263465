/**
 * A node's own namespaces on a machine that it shares: network (by name, under /run/netns), mounts (libvirt's
 * directories are the node's) and host name. A keeper process holds them; while it, the daemon or any QEMU of the node
 * lives, they are found again.
 */
import { spawn } from "node:child_process";
import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import { outputOf, run } from "./command.ts";
import type { Layout } from "./layout.ts";
import { processAt, type ProcessIdentity } from "./process.ts";
import { processOf, type HostRecord } from "./record.ts";

const KEEPER_MILLISECONDS = 10_000;
/** libvirtd's own, among those of its guests. */
const DRIVER_PID_FILE = "driver.pid";

/** How to run something in the namespaces that this process is in. */
export function entering(holder: ProcessIdentity, argv: readonly string[]): string[] {
  return ["nsenter", `--target=${holder.pid}`, "--mount", "--uts", "--net", "--", ...argv];
}

/** A living process of the node: whatever it is, it is in the namespaces. */
export function findHolder(layout: Layout, record: HostRecord | undefined): ProcessIdentity | undefined {
  return processOf(record?.keeper) ?? findDaemon(layout, record) ?? guestProcesses(layout)[0];
}

/** The node's libvirtd, if it runs: from the record, or from its pid file when our process ended before it wrote that. */
export function findDaemon(layout: Layout, record: HostRecord | undefined): ProcessIdentity | undefined {
  return processOf(record?.daemon) ?? inNamespace(layout, join(layout.run, "libvirtd.pid"));
}

/** QEMU processes of this node that live, by libvirt's pid files. */
export function guestProcesses(layout: Layout): readonly ProcessIdentity[] {
  const directory = join(layout.run, "qemu");
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".pid") && name !== DRIVER_PID_FILE)
    .map((name) => inNamespace(layout, join(directory, name)))
    .filter((found) => found !== undefined);
}

/**
 * The process that a pid file names, if it lives and is in the node's network namespace: a pid that was given to
 * another process since is not.
 */
function inNamespace(layout: Layout, pidFile: string): ProcessIdentity | undefined {
  try {
    const found = processAt(Number(readFileSync(pidFile, "utf8").trim()));
    if (found === undefined) return undefined;
    const inode = statSync(namespaceFile(layout)).ino;
    return readlinkSync(`/proc/${found.pid}/ns/net`) === `net:[${inode}]` ? found : undefined;
  } catch {
    return undefined;
  }
}

function namespaceFile(layout: Layout): string {
  return `/run/netns/${layout.networkNamespace}`;
}

/** Makes them, empty, and answers the keeper. What an earlier boot of this node left in them is ended. */
export async function makeNamespaces(layout: Layout): Promise<ProcessIdentity> {
  await removeNamespaces(layout);
  // What lies here speaks of processes that are gone; the daemon would look for them.
  await rm(layout.run, { recursive: true, force: true });
  await mkdir(layout.run, { recursive: true, mode: 0o700 });
  await outputOf(["ip", "netns", "add", layout.networkNamespace]);
  await outputOf(["ip", "-n", layout.networkNamespace, "link", "set", "lo", "up"]);
  const enter = [
    "nsenter",
    `--net=${namespaceFile(layout)}`,
    "--",
    "unshare",
    "--mount",
    "--uts",
    "--propagation",
    "slave",
    "--",
  ];
  return keeper([...enter, "sh", "-c", furnish(layout)]);
}

/** Back to a keeper and a name, from any process that still holds the namespaces. */
export async function repairNamespaces(
  layout: Layout,
  record: HostRecord,
  holder: ProcessIdentity,
): Promise<ProcessIdentity> {
  const { code } = await run(["ip", "netns", "exec", layout.networkNamespace, "true"]);
  if (code !== 0) {
    await rm(namespaceFile(layout), { force: true });
    await outputOf(["ip", "netns", "attach", layout.networkNamespace, String(holder.pid)]);
  }
  return processOf(record.keeper) ?? keeper(entering(holder, ["sh", "-c", HOLD]));
}

/** Ends every process in them, and them. */
export async function removeNamespaces(layout: Layout): Promise<void> {
  const { output } = await run(["ip", "netns", "pids", layout.networkNamespace]);
  for (const pid of output.split("\n").map(Number)) {
    if (processAt(pid) !== undefined) endProcess(pid, "SIGKILL");
  }
  await run(["ip", "netns", "delete", layout.networkNamespace]);
  await rm(namespaceFile(layout), { force: true });
}

export function endProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Tells that the namespaces are furnished, then holds them and nothing else: no open file of ours. */
const HOLD = "echo ready; exec sleep infinity </dev/null >/dev/null 2>&1";

/**
 * The shell script that furnishes fresh namespaces. sysfs is mounted anew, since it shows the network of the namespace
 * that mounted it, and libvirt looks there for links; the cgroups below it are put back.
 */
function furnish(layout: Layout): string {
  const aside = quoted(join(layout.stateDirectory, "cgroup"));
  return [
    "set -e",
    `mkdir -p ${aside}; mount --rbind /sys/fs/cgroup ${aside}; mount -t sysfs sysfs /sys`,
    `mount --rbind ${aside} /sys/fs/cgroup; umount -l ${aside}`,
    bindDirectories(layout),
    `hostname ${quoted(layout.name)}`,
    HOLD,
  ].join("\n");
}

/** The lines that put a node's files where libvirt looks for its own. */
export function bindDirectories(layout: Layout): string {
  return [
    ...layout.mounts.map(({ at, from }) => `mkdir -p ${at}; mount --bind ${quoted(from)} ${at}`),
    // Where libvirt locks the terminals of consoles: a machine boots with it, a container may come without.
    "[ -d /var/lock ] || mkdir -p /run/lock /var/lock",
    `mount --bind ${quoted(layout.hosts)} /etc/hosts`,
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Starts the keeper, in a session of its own so that it outlives us. Resolves once its namespaces are furnished. */
function keeper(argv: readonly string[]): Promise<ProcessIdentity> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  child.unref();
  return new Promise((resolve, reject) => {
    let complaint = "";
    const failed = (why: string): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(
        new Fault(
          "later",
          "NamespacesFailed",
          `cannot make the node's namespaces: ${why} ${complaint.slice(0, 1024)}`.trim(),
        ),
      );
    };
    const timer = setTimeout(() => failed(`not ready within ${KEEPER_MILLISECONDS} ms;`), KEEPER_MILLISECONDS);
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString("utf8")));
    child.once("error", (error) => failed(error.message));
    child.once("exit", (code) => failed(`the keeper ended with ${code};`));
    child.stdout.once("data", () => {
      clearTimeout(timer);
      child.removeAllListeners("exit");
      child.stdout.destroy();
      child.stderr.destroy();
      const identity = child.pid === undefined ? undefined : processAt(child.pid);
      if (identity === undefined) failed("the keeper is gone;");
      else resolve(identity);
    });
  });
}
