/**
 * The host of a node that has its machine for itself: a Kubernetes node, whose runtime is a privileged pod in the
 * machine's PID and network namespaces. libvirtd is the runtime's own, in a mount namespace where libvirt's directories are
 * ours; it comes and goes with the runtime. Guests stay, and the next libvirtd takes them up.
 */
import { createHash, randomUUID } from "node:crypto";
import { access, mkdir, readFile, readlink, stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Disk } from "../disk.ts";
import { checkSocketPath } from "../libvirt/transport.ts";
import { seenByPrograms, wherePrograms } from "../programs.ts";
import { writeConfiguration, type GuestUser } from "./configuration.ts";
import { Daemon, endAndWait, LIBVIRTD } from "./daemon.ts";
import { libvirtMounts, type Layout } from "./layout.ts";
import { bindDirectories } from "./namespaces.ts";
import { processAt, type ProcessIdentity } from "./process.ts";
import { kernelBoot } from "./record.ts";

export interface OwnMachineOptions {
  /** The node's name. */
  readonly name: string;
  /** Outlives a boot of the machine. */
  readonly stateDirectory: string;
  /** Does not: on a tmpfs, as /run is. */
  readonly runDirectory: string;
  readonly user: GuestUser;
  /** Whether guests run under KVM. */
  readonly kvm: boolean;
  readonly disk: Disk;
  readonly log: Log;
}

export interface OwnMachine {
  readonly socketPath: string;
  /** Of this boot of the machine. */
  readonly bootID: string;
  /** libvirt's pid file of a domain's process. */
  readonly pidFile: (domain: string) => string;
  capacity(): { readonly cpus: number; readonly memoryBytes: number };
  /** Ends libvirtd; guests go on. */
  stop(): Promise<void>;
}

const HOST_UUID = "host-uuid";
/** Major and minor, the same on every Linux. */
const KVM_NUMBERS = "10 232";

/** libvirtd takes connections when it resolves. @throws Fault refused, later */
export async function startOwnMachine(options: OwnMachineOptions): Promise<OwnMachine> {
  await checkMachine();
  const layout = layoutOf(options);
  const bootID = await machineBoot();
  await mkdir(layout.run, { recursive: true, mode: 0o700 });
  await writeConfiguration(layout, await hostUUID(options), options.user);
  await endFormer(layout, options.log);
  const daemon = await Daemon.attend(
    {
      layout,
      log: options.log,
      enter: (argv) => entering(options, layout, argv),
      started: () => Promise.resolve(),
    },
    undefined,
  );
  options.log.info({ node: options.name, bootID }, "libvirtd of the node runs");
  return {
    socketPath: layout.socketPath,
    bootID,
    pidFile: (domain) => join(layout.run, "qemu", `${domain}.pid`),
    capacity: () => ({ cpus: availableParallelism(), memoryBytes: totalmem() }),
    stop: () => daemon.stop(),
  };
}

async function checkMachine(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Fault("refused", "NotRoot", "the node runtime must run as root");
  const libvirtd = seenByPrograms(LIBVIRTD);
  const there = await access(libvirtd).then(
    () => true,
    () => false,
  );
  if (!there) throw new Fault("refused", "LibvirtMissing", `${libvirtd} is not there: libvirt and QEMU are needed`);
}

/**
 * The machine's boot, by its first process: whatever ran in an earlier boot ended with that process. Nothing of it is
 * kept anywhere, so nothing can be lost or copied.
 */
async function machineBoot(): Promise<string> {
  const text = await readFile("/proc/1/stat", "utf8");
  const since = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  const namespace = await readlink("/proc/1/ns/pid").catch(() => "");
  const hex = createHash("sha256")
    .update(`${await kernelBoot()}/${namespace}/${since}`)
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** libvirt's own, for good: by it migration tells machines apart. */
async function hostUUID({ disk, stateDirectory }: OwnMachineOptions): Promise<string> {
  const path = join(stateDirectory, HOST_UUID);
  const kept = (await disk.read(path))?.trim();
  if (kept !== undefined && /^[0-9a-f-]{36}$/.test(kept)) return kept;
  const fresh = randomUUID();
  await disk.replace(path, `${fresh}\n`);
  return fresh;
}

function layoutOf({ name, stateDirectory, runDirectory }: OwnMachineOptions): Layout {
  const socketPath = join(runDirectory, "libvirt-sock");
  checkSocketPath(socketPath);
  const [etc, log, cache] = ["etc", "log", "cache"].map((part) => join(stateDirectory, part)) as [
    string,
    string,
    string,
  ];
  return {
    name,
    stateDirectory,
    networkNamespace: "",
    etc,
    run: runDirectory,
    log,
    cache,
    mounts: libvirtMounts({ stateDirectory, etc, run: runDirectory, log, cache }),
    socketPath,
    hosts: join(stateDirectory, "hosts"),
    record: "",
  };
}

/** A mount namespace for each libvirtd: what is mounted on the machine later is seen in it, not the other way. */
function entering(options: OwnMachineOptions, layout: Layout, argv: readonly string[]): string[] {
  const script = `set -e\n${bindDirectories(layout)}\n${bindKvm(options)}\nexec "$@"`;
  const unshare = ["unshare", "--mount", "--propagation", "slave", "--"];
  return [...wherePrograms([...unshare, "sh", "-c", script, "sh", ...argv])];
}

/**
 * /dev/kvm as QEMU's user is to find it: its own, whatever group the machine's belongs to; or none. libvirt asks QEMU
 * with more rights than its user has, and where the two answers differ it asks again for each device of each domain.
 */
function bindKvm({ kvm, user, stateDirectory }: OwnMachineOptions): string {
  if (!kvm) {
    const nothing = join(stateDirectory, "no-kvm");
    return `[ ! -e /dev/kvm ] || { : >${nothing}; chmod 600 ${nothing}; mount --bind ${nothing} /dev/kvm; }`;
  }
  const own = "/dev/virtive/kvm";
  return [
    "mkdir -p /dev/virtive",
    `[ -e ${own} ] || mknod --mode=600 ${own} c ${KVM_NUMBERS}`,
    `chown ${user.uid}:${user.gid} ${own}`,
    `mount --bind ${own} /dev/kvm`,
  ].join("\n");
}

/** A libvirtd of a former runtime on the same directories. In a pod it has ended with the pod. */
async function endFormer(layout: Layout, log: Log): Promise<void> {
  const text = await readFile(join(layout.run, "libvirtd.pid"), "utf8").catch(() => "");
  const former = processAt(Number(text.trim()));
  if (former === undefined || !(await isOurs(layout, former))) return;
  log.info({ pid: former.pid }, "ends the libvirtd of a former runtime");
  await endAndWait(former);
}

/** It has our directory where libvirt keeps what runs. */
async function isOurs(layout: Layout, daemon: ProcessIdentity): Promise<boolean> {
  const inode = (path: string): Promise<string | undefined> =>
    stat(path).then(
      ({ dev, ino }) => `${dev}/${ino}`,
      () => undefined,
    );
  const [ours, its] = await Promise.all([inode(layout.run), inode(`/proc/${daemon.pid}/root/run/libvirt`)]);
  return ours !== undefined && ours === its;
}
