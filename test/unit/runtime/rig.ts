/** A node in memory: the model hypervisor, a disk, volumes and network that only count, all on a virtual clock. */
import { seededRandom } from "#events/chance.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import type { ReportName } from "#events/catalogue.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder, MachineStatus } from "#events/machine.ts";
import { openConsoles, type Consoles } from "#node-runtime/console/consoles.ts";
import type { Disk } from "#node-runtime/disk.ts";
import type { DomainDescription, DriverPorts } from "#node-runtime/driver/ports.ts";
import { Machines } from "#node-runtime/machines.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { GuestBehaviour } from "#node-runtime/model-machine.ts";
import type { ModelWires } from "#node-runtime/model-migration.ts";
import { Records } from "#node-runtime/records.ts";
import { BOOT_ID, order } from "./orders.ts";

export class MemoryDisk implements Disk {
  readonly files = new Map<string, string>();
  full = false;
  /** The room ends in the middle of the next line that is appended: its beginning stays. */
  tears = false;
  writes = 0;

  async read(path: string): Promise<string | undefined> {
    return this.files.get(path);
  }
  async replace(path: string, text: string): Promise<void> {
    this.#write();
    this.files.set(path, text);
  }
  async append(path: string, text: string): Promise<void> {
    this.#write();
    const torn = this.tears;
    this.tears = false;
    this.files.set(path, (this.files.get(path) ?? "") + (torn ? text.slice(0, text.length / 2) : text));
    if (torn) throw new Fault("later", "DiskFull", "no space is left");
  }
  async names(directory: string): Promise<readonly string[]> {
    const inside = [...this.files.keys()].filter((path) => path.startsWith(`${directory}/`));
    return [...new Set(inside.map((path) => path.slice(directory.length + 1).split("/")[0] ?? ""))];
  }
  async remove(path: string): Promise<void> {
    for (const file of [...this.files.keys()]) {
      if (file === path || file.startsWith(`${path}/`)) this.files.delete(file);
    }
  }
  #write(): void {
    if (this.full) throw new Fault("later", "DiskFull", "no space is left");
    this.writes += 1;
  }
}

/** What prepares and takes down; fails as told. */
export class Counting {
  readonly present = new Set<string>();
  readonly failures: Fault[] = [];
  /** Of taking down. */
  readonly lingering: Fault[] = [];
  prepared = 0;
  /** Never ends until its signal does. */
  stuck = false;
  /** Whatever comes up waits for it. */
  gate: Promise<void> | undefined;

  async up(uid: string, signal?: AbortSignal): Promise<void> {
    this.prepared += 1;
    await this.gate;
    if (this.stuck) await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("cut"))));
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.present.add(uid);
  }
  async down(uid: string): Promise<void> {
    const failure = this.lingering.shift();
    if (failure !== undefined) throw failure;
    this.present.delete(uid);
  }
}

const domain: DomainDescription = {
  uuid: ({ uid, spec }) => spec.domain.firmware?.uuid ?? uid,
  xml: ({ uid, spec, namespace, name, claim }) =>
    `<domain><name>${namespace}_${name}</name><uuid>${spec.domain.firmware?.uuid ?? uid}</uuid><mark>${uid}/${claim.epoch}</mark></domain>`,
  targets: () => [],
  interfaces: () => [],
  copied: () => [],
  incoming: (xml, _from, { uid, claim }) => xml.replace(/<mark>.*<\/mark>/, `<mark>${uid}/${claim.epoch}</mark>`),
  name: ({ namespace, name }) => `${namespace}_${name}`,
  claimOf: (xml) => {
    const found = /<mark>(.*)\/(\d+)<\/mark>/.exec(xml);
    return found === null ? undefined : { uid: found[1] ?? "", epoch: Number(found[2]) };
  },
};

/** A node alone. */
const noPeers: DriverPorts["peers"] = {
  prepare: () => Promise.reject(new Error("no peer")),
  finish: () => Promise.reject(new Error("no peer")),
  tunnel: () => Promise.reject(new Error("no peer")),
};

export interface Told {
  readonly report: ReportName;
  readonly status: MachineStatus;
}

/** Nodes that reach each other, on one clock. */
export interface Together {
  readonly node: string;
  readonly clock: VirtualClock;
  readonly wires: ModelWires;
  readonly peers: DriverPorts["peers"];
}

/** Time passes while it is looked at, and timers ring early by so many milliseconds, as real ones do by one. */
export function restless(clock: VirtualClock, early: number): VirtualClock {
  let looks = 0;
  return Object.assign(Object.create(clock) as VirtualClock, {
    now: () => new Date(clock.now().getTime() + (looks += 1)),
    schedule: (milliseconds: number, action: () => void) => clock.schedule(milliseconds - early, action),
  });
}

export class Rig {
  readonly clock: VirtualClock;
  readonly node: string;
  readonly #peers: DriverPorts["peers"];
  readonly disk = new MemoryDisk();
  readonly volumes = new Counting();
  readonly network = new Counting();
  /** NAT and DHCP. */
  readonly serving = new Counting();
  /** Machines whose address was to lead here. */
  readonly held: string[] = [];
  readonly hypervisor: ModelHypervisor;
  readonly told: Told[] = [];
  /** While it is set, the disk under orders does not answer, or fails. */
  orderLasts: (() => Promise<void>) | undefined;
  readonly #random: () => number;
  #machines: Machines | undefined;
  #consoles: Consoles | undefined;

  private constructor(guests: Partial<GuestBehaviour>, seed: number, together: Partial<Together>) {
    this.#random = seededRandom(seed);
    this.clock = together.clock ?? virtualClock();
    this.node = together.node ?? "node1";
    this.#peers = together.peers ?? noPeers;
    const { wires } = together;
    this.hypervisor = new ModelHypervisor({
      clock: this.clock,
      random: this.#random,
      guests,
      ...(wires === undefined ? {} : { wires }),
    });
  }

  static async start(guests: Partial<GuestBehaviour> = {}, seed = 1, together: Partial<Together> = {}): Promise<Rig> {
    const rig = new Rig(guests, seed, together);
    await rig.startRuntime();
    return rig;
  }

  get machines(): Machines {
    if (this.#machines === undefined) throw new Error("the runtime does not run");
    return this.#machines;
  }

  get consoles(): Consoles {
    if (this.#consoles === undefined) throw new Error("the runtime does not run");
    return this.#consoles;
  }

  async startRuntime(bootID = BOOT_ID): Promise<void> {
    const { clock, hypervisor } = this;
    const records = await Records.open({
      directory: "/state",
      node: this.node,
      bootID,
      disk: this.disk,
      clock,
      log: silentLog,
    });
    this.#consoles = openConsoles({ hypervisor, pathOf: (uid) => `/nowhere/${uid}`, clock, log: silentLog });
    const ports: Omit<DriverPorts, "claimHolds" | "tell"> = {
      volumes: {
        prepare: async ({ uid }, signal) => {
          await this.volumes.up(uid, signal);
          return { disks: [], directory: "/nowhere" };
        },
        remove: (uid) => this.volumes.down(uid),
      },
      network: {
        up: async ({ uid }) => {
          await this.network.up(uid);
          return { links: [], serve: () => this.serving.up(uid) };
        },
        hold: async ({ uid }) => void this.held.push(uid),
        down: async (uid) => {
          await this.serving.down(uid);
          await this.network.down(uid);
        },
      },
      domain,
      consoles: { attach: async () => {}, detach: () => {} },
      peers: this.#peers,
      directoryOf: (uid) => `/nowhere/${uid}`,
      orderLasts: async () => this.orderLasts?.(),
      arrivalWire: (uid) => ({ memory: `${this.node}/${uid}`, disks: `${this.node}/${uid}/disks` }),
      clock,
      random: this.#random,
      log: silentLog,
      facts: { node: this.node, accelerator: "tcg", emulator: "/usr/bin/qemu", postCopy: true },
    };
    this.#machines = new Machines({
      node: this.node,
      hypervisor,
      records,
      ports,
      tell: (report, status) => this.told.push({ report, status }),
    });
    await clock.settle();
  }

  /** As kill -9 does: nothing of it acts any more, nothing is said. */
  async killRuntime(): Promise<void> {
    const machines = this.machines;
    this.#machines = undefined;
    this.#consoles = undefined;
    this.hypervisor.dropArrivals();
    const closing = machines.close();
    // What was under way ends in its own time; nothing new begins.
    await this.clock.advance(60_000);
    await closing;
  }

  async order(changes: Partial<MachineOrder> = {}): Promise<MachineStatus> {
    return this.machines.order(order(changes));
  }

  /** Orders it and waits until its vCPUs run. */
  async running(changes: Partial<MachineOrder> = {}): Promise<MachineStatus> {
    await this.order(changes);
    await this.clock.advance(1_000);
    return this.status(changes.uid);
  }

  /** Lets time pass until it holds. @throws after an hour of the rig's time */
  async until(holds: () => boolean): Promise<void> {
    const end = this.clock.now().getTime() + 3_600_000;
    while (!holds()) {
      if (this.clock.now().getTime() > end || !(await this.clock.step())) throw new Error("it never held");
    }
    await this.clock.settle();
  }

  status(uid: string = order().uid): MachineStatus {
    const status = this.machines.status(uid);
    if (status === undefined) throw new Error(`no machine ${uid}`);
    return status;
  }

  reports(uid: string = order().uid): ReportName[] {
    return this.told.filter(({ status }) => status.uid === uid).map(({ report }) => report);
  }
}
