/**
 * One node on this machine: its namespaces and its own libvirtd, without systemd and without touching the libvirt that
 * the machine may have. A node outlives the process that started it: a later `startHost` finds it again and goes on.
 *
 *   none ──startHost──► running ──detach / our death──► running, unattended ──startHost──► running
 *                          └──stop──► none (its next start is another boot of the node)
 */
import { randomUUID } from "node:crypto";
import { access } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import { writeConfiguration } from "./configuration.ts";
import { Daemon, LIBVIRTD } from "./daemon.ts";
import { layoutOf, type Layout } from "./layout.ts";
import {
  endProcess,
  entering,
  findDaemon,
  findHolder,
  guestProcesses,
  makeNamespaces,
  removeNamespaces,
  repairNamespaces,
} from "./namespaces.ts";
import type { ProcessIdentity } from "./process.ts";
import { kernelBoot, processOf, readRecord, writeRecord, type HostRecord } from "./record.ts";

export interface HostOptions {
  /** The node's name: a DNS name, as Kubernetes has it. */
  readonly name: string;
  /** This node's alone. Short: the sockets in it have a limit of 107 bytes. */
  readonly stateDirectory: string;
  /** What makes this installation different from others on the machine, such as its state's root directory. */
  readonly instance: string;
  readonly log: Log;
  /** Where libvirt's probe of QEMU is kept; one for all nodes of the user by default. */
  readonly cacheDirectory?: string;
}

export interface Host {
  readonly name: string;
  /** libvirt's socket, reachable by this path from every namespace. */
  readonly socketPath: string;
  /** Name of the node's network namespace, for `ip netns`. */
  readonly networkNamespace: string;
  /** Of this boot of the node: another value proves that nothing of the earlier one runs. */
  readonly bootID: string;
  /** The command line that runs `argv` in the node's namespaces. */
  enter(argv: readonly string[]): string[];
  capacity(): { readonly cpus: number; readonly memoryBytes: number };
  /**
   * Ends libvirtd, whatever else runs in the namespaces, and them; the state directory stays.
   * @throws Fault stale while guests run: end them first
   */
  stop(): Promise<void>;
  /** Leaves everything running, unattended. */
  detach(): Promise<void>;
}

/** Finds the node as it runs, or boots it. @throws Fault refused (this machine or these options can't), later */
export async function startHost(options: HostOptions): Promise<Host> {
  await checkMachine();
  const layout = layoutOf(options);
  const [record, kernel] = await Promise.all([readRecord(layout.record), kernelBoot()]);
  const known = record?.kernelBoot === kernel ? record : undefined;
  const holder = known === undefined ? undefined : findHolder(layout, known);
  const node =
    known !== undefined && holder !== undefined
      ? await comeBack(layout, known, holder)
      : await boot(layout, { kernelBoot: kernel, hostUUID: record?.hostUUID ?? randomUUID() });
  const running = new RunningHost(layout, node);
  await running.attend(options.log);
  const how = holder === undefined ? "node booted" : "node found running";
  options.log.info({ node: layout.name, bootID: node.bootID, networkNamespace: layout.networkNamespace }, how);
  return running;
}

/** Whether the node runs, attended or not: `startHost` would find it rather than boot it. */
export async function hostRuns(options: Omit<HostOptions, "log">): Promise<boolean> {
  const layout = layoutOf(options);
  const [record, kernel] = await Promise.all([readRecord(layout.record), kernelBoot()]);
  return record?.kernelBoot === kernel && findHolder(layout, record) !== undefined;
}

async function checkMachine(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Fault("refused", "NotRoot", "a node makes namespaces and runs libvirtd: it must be started as root");
  }
  try {
    await access(LIBVIRTD);
  } catch {
    const message = `${LIBVIRTD} is not there: install libvirt-daemon, libvirt-daemon-driver-qemu and qemu-system-x86`;
    throw new Fault("refused", "LibvirtMissing", message);
  }
}

async function comeBack(layout: Layout, record: HostRecord, holder: ProcessIdentity): Promise<HostRecord> {
  const keeper = await repairNamespaces(layout, record, holder);
  const next = { ...record, keeper: { pid: keeper.pid, startTime: keeper.startTime } };
  await writeRecord(layout.record, next);
  return next;
}

async function boot(
  layout: Layout,
  identity: { readonly kernelBoot: string; readonly hostUUID: string },
): Promise<HostRecord> {
  const guests = guestProcesses(layout);
  if (guests.length > 0) {
    // A new boot id would say that they are gone.
    const message = `${layout.record} cannot be read, but guests of node ${layout.name} run: pid ${guests.map(({ pid }) => pid).join(", ")}`;
    throw new Fault("refused", "HostRecordUnreadable", message);
  }
  await writeConfiguration(layout, identity.hostUUID);
  const keeper = await makeNamespaces(layout);
  const record = { ...identity, bootID: randomUUID(), keeper: { pid: keeper.pid, startTime: keeper.startTime } };
  await writeRecord(layout.record, record);
  return record;
}

class RunningHost implements Host {
  readonly #layout: Layout;
  #record: HostRecord;
  #daemon: Daemon | undefined;

  constructor(layout: Layout, record: HostRecord) {
    this.#layout = layout;
    this.#record = record;
  }

  get name(): string {
    return this.#layout.name;
  }
  get socketPath(): string {
    return this.#layout.socketPath;
  }
  get networkNamespace(): string {
    return this.#layout.networkNamespace;
  }
  get bootID(): string {
    return this.#record.bootID;
  }

  enter(argv: readonly string[]): string[] {
    const holder = findHolder(this.#layout, this.#record);
    if (holder === undefined) throw new Fault("later", "NodeGone", `node ${this.name} has no process left to enter by`);
    return entering(holder, argv);
  }

  capacity(): { readonly cpus: number; readonly memoryBytes: number } {
    return { cpus: availableParallelism(), memoryBytes: totalmem() };
  }

  async attend(log: Log): Promise<void> {
    const options = {
      layout: this.#layout,
      log,
      enter: (argv: readonly string[]) => this.enter(argv),
      started: (daemon: ProcessIdentity) => this.#remember(daemon),
    };
    this.#daemon = await Daemon.attend(options, findDaemon(this.#layout, this.#record));
    await this.#remember(this.#daemon.process);
  }

  async stop(): Promise<void> {
    const guests = guestProcesses(this.#layout);
    if (guests.length > 0) {
      const message = `node ${this.name} has ${guests.length} running guests: pid ${guests.map(({ pid }) => pid).join(", ")}`;
      throw new Fault("stale", "GuestsRunning", message);
    }
    await this.#daemon?.stop();
    const keeper = processOf(this.#record.keeper);
    if (keeper !== undefined) endProcess(keeper.pid, "SIGKILL");
    await removeNamespaces(this.#layout);
    const { kernelBoot: kernel, bootID, hostUUID } = this.#record;
    await writeRecord(this.#layout.record, { kernelBoot: kernel, bootID, hostUUID });
  }

  async detach(): Promise<void> {
    await this.#daemon?.detach();
  }

  async #remember(daemon: ProcessIdentity): Promise<void> {
    this.#record = { ...this.#record, daemon: { pid: daemon.pid, startTime: daemon.startTime } };
    await writeRecord(this.#layout.record, this.#record);
  }
}
