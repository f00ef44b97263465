/**
 * A node: a host with its modelled hypervisor and its disk, which outlive the runtime, and the runtime: the real
 * records, drivers, reporter and outbox on doors that the scheduler owns.
 */
import { keyOf, type Key } from "#api/object.ts";
import { asFault, Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { memoryOutboxStore } from "#events/memory-outbox.ts";
import { openOutbox } from "#events/outbox.ts";
import type { OutboxStore } from "#events/outbox-store.ts";
import { openBootIdentity } from "#node-runtime/boot-identity.ts";
import type { DomainDescription, MachineNetwork, MachineVolumes } from "#node-runtime/driver/ports.ts";
import type { Hypervisor } from "#node-runtime/hypervisor.ts";
import { Machines } from "#node-runtime/machines.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { Truth } from "#node-runtime/model-machine.ts";
import type { ModelWires } from "#node-runtime/model-migration.ts";
import type { Peers } from "#node-runtime/migration/peers.ts";
import { wireOf } from "./peers-door.ts";
import { Records } from "#node-runtime/records.ts";
import { startReporter, type Reporter } from "#node-runtime/reporter.ts";
import type { Disk } from "#node-runtime/disk.ts";
import type { ControlDoor } from "./control-door.ts";
import { DiskContent, diskDoor } from "./disk.ts";
import { claimsIn } from "./disks.ts";
import { hypervisorDoor, type HypervisorDoor } from "./hypervisor-door.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { HeldMachines, OnNode, Seams } from "./seams.ts";
import type { Weather } from "./weather.ts";
import type { SimulatedPods } from "./pods.ts";

export interface NodeParts {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly seams: Seams;
  /** Where guests come in, on all nodes. */
  readonly wires: ModelWires;
  /** The network of pods, on all nodes. */
  readonly pods: SimulatedPods;
  /** The other nodes' runtimes, as this node's reaches them. */
  readonly peers: (node: SimulatedNode, process: Process) => Peers;
  /** Whether the claim is bound: a disk of one that is not can't be opened. */
  readonly isBound: (claim: Key) => boolean;
  /** Told of every change of every domain. */
  readonly truth: (node: SimulatedNode, truth: Truth) => void;
  /** Told when its runtime asks for the end of a domain, by its uuid. */
  readonly ending: (node: SimulatedNode, uuid: string) => void;
}

const CAPACITY = { cpus: 8, memoryBytes: 16 * 2 ** 30, machines: 100 } as const;
/** Half as often as real ones, which are most of what goes on at rest; silence is noticed after 20 s all the same. */
const HEARTBEAT_MILLISECONDS = 4_000;
const RESTART_MILLISECONDS = 1_000;
const SLOWEST_VOLUMES_MILLISECONDS = 1500;
const SLOWEST_LINKS_MILLISECONDS = 60;

const VOLUMES = /^\/state\/machines\/([^/]+)\/volumes$/;
const volumesOf = (uid: string): string => `/state/machines/${uid}/volumes`;

export class SimulatedNode {
  readonly name: string;
  readonly #parts: NodeParts;
  readonly host: Process;
  readonly hypervisor: ModelHypervisor;
  readonly disk = new DiskContent();
  outbox: OutboxStore = memoryOutboxStore();
  /** Identity of its present life, as its runtime last had it. */
  bootID = "";
  /** No message passes between it and the control plane. */
  cutOff = false;
  /** Machines whose links are there. */
  readonly links = new Set<string>();
  /** False while it has no power. */
  powered = true;
  /** Undefined while no runtime runs. */
  machines: HeldMachines | undefined;
  /** Where the present runtime takes orders: another one each time. */
  url = "";
  #process: Process | undefined;
  #door: HypervisorDoor | undefined;
  #boots = 1;
  #lives = 0;
  #starts = 0;

  constructor(parts: NodeParts) {
    const { name, scheduler, weather } = parts;
    this.#parts = parts;
    this.name = name;
    this.host = scheduler.process(`${name} host`);
    this.hypervisor = new ModelHypervisor({
      clock: this.host.clock,
      random: weather.random,
      truth: (truth) => parts.truth(this, truth),
      wires: parts.wires,
      guests: { hangsOnArrival: 0.2, outrunsCopying: 0.3 },
      copying: { least: 500, most: 30_000 },
    });
  }

  get frozenUntil(): number {
    return this.host.frozenUntil;
  }

  /** The whole machine stands still: runtime, hypervisor and guests. */
  freeze(until: number): void {
    this.host.frozenUntil = Math.max(this.host.frozenUntil, until);
    if (this.#process !== undefined) this.#process.frozenUntil = this.host.frozenUntil;
  }

  /** Its wall clock jumps. */
  jump(milliseconds: number): void {
    this.host.skew += milliseconds;
    if (this.#process !== undefined) this.#process.skew = this.host.skew;
  }

  killRuntime(): void {
    if (this.#process === undefined) return;
    this.#parts.scheduler.kill(this.#process);
    this.#door?.shut();
    this.hypervisor.dropArrivals();
    this.#process = undefined;
    this.#door = undefined;
    this.machines = undefined;
  }

  /** Machines whose disks are there: they lie in their machines' directories, as they do on a real node. */
  get volumes(): readonly string[] {
    return [...this.disk.files.keys()].flatMap((path) => VOLUMES.exec(path)?.[1] ?? []);
  }

  /** Power off: guests, links and what runs are gone; the disk stays. */
  powerOff(): void {
    this.killRuntime();
    this.hypervisor.powerCut();
    this.disk.powerCut(this.#parts.weather.random);
    this.links.clear();
    this.powered = false;
  }

  powerOn(): void {
    this.#boots += 1;
    this.powered = true;
    this.hypervisor.reconnect();
  }

  /** The node's own files are gone: records, epochs, what was to be told. Its machines' links go with their pods. */
  loseDisk(): void {
    this.disk.wipe();
    this.outbox = memoryOutboxStore();
    this.links.clear();
  }

  /** Nothing to do where one runs, or without power. */
  startRuntime(control: ControlDoor): void {
    if (this.#process !== undefined || !this.powered) return;
    const { scheduler } = this.#parts;
    const process = scheduler.process(`${this.name} runtime`);
    process.frozenUntil = this.host.frozenUntil;
    process.skew = this.host.skew;
    this.#process = process;
    this.#starts += 1;
    const url = `https://${this.name}.test:${10_000 + this.#starts}`;
    void this.#run(process, url, control);
  }

  async #run(process: Process, url: string, control: ControlDoor): Promise<void> {
    const { name, scheduler, weather, seams } = this.#parts;
    const { clock } = process;
    const ending = (uuid: string): void => this.#parts.ending(this, uuid);
    const door = hypervisorDoor({ model: this.hypervisor, node: name, process, scheduler, weather, ending });
    this.#door = door;
    const hypervisor: Hypervisor = seams.hypervisor(door);
    const content = this.disk;
    const after: OnNode["after"] = (time, action) => void scheduler.after(process, time, action);
    const disk: Disk = seams.disk(diskDoor({ content, node: name, process, scheduler, weather }), { content, after });
    const files = { directory: "/state", disk, clock, log: silentLog };
    const pause = (): Promise<void> => scheduler.park(process, RESTART_MILLISECONDS);
    const hostBootID = `${name}-boot-${this.#boots}`;
    const uuid = (): string => `${name}-life-${(this.#lives += 1)}`;
    const bootID = await opened(
      () =>
        openBootIdentity({
          ...files,
          hostBootID,
          hypervisor,
          domain: domains,
          uuid,
          begins: () => Records.dropUnreadable(files),
        }),
      pause,
    );
    this.bootID = bootID;
    const on: OnNode = { bootID, after };
    const records = await opened(() => Records.open({ ...files, node: name, bootID }), pause);
    const outbox = seams.outbox(
      openOutbox({
        store: this.outbox,
        send: (event, signal) => control.report(this, process, event, signal),
        clock,
        random: weather.random,
      }),
      (event) => control.report(this, process, event, new AbortController().signal),
    );
    const line: { reporter?: Reporter } = {};
    const machines = seams.machines(
      new Machines({
        node: name,
        hypervisor,
        records,
        ports: {
          volumes: this.#volumesDoor(process),
          network: seams.network(this.#networkDoor(process)),
          domain: domains,
          consoles: { attach: () => scheduler.park(process, weather.between(0.1, 3)), detach: () => undefined },
          peers: this.#parts.peers(this, process),
          directoryOf: (uid) => `/state/machines/${uid}`,
          arrivalWire: (uid) => wireOf(name, uid),
          clock: seams.clock(clock),
          random: weather.random,
          log: silentLog,
          facts: { node: name, accelerator: "tcg", emulator: "/usr/bin/qemu-system-x86_64", postCopy: true },
        },
        tell: (report, status) => {
          control.told(this, report, status);
          line.reporter?.tell(report, status);
        },
      }),
      on,
    );
    line.reporter = startReporter({
      client: control.client(this, process),
      outbox,
      clock,
      log: silentLog,
      monotonic: () => scheduler.now,
      machines: () => machines.all(),
      hypervisorReady: () => hypervisor.connected,
      load: () => 0,
      everyMilliseconds: HEARTBEAT_MILLISECONDS,
      node: { node: name, bootID, url, capacity: CAPACITY, accelerator: "tcg", versions: {} },
    });
    this.machines = machines;
    this.url = url;
  }

  #volumesDoor(process: Process): MachineVolumes {
    const { scheduler, weather, name } = this.#parts;
    return {
      prepare: async ({ uid, namespace, spec }, signal) => {
        this.disk.write(volumesOf(uid), "a disk", { lasting: false });
        const cut = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => cut.reject(new Fault("later", "Cancelled", "cut short")));
        await Promise.race([
          scheduler.park(process, weather.between(2, SLOWEST_VOLUMES_MILLISECONDS) * weather.random()),
          cut.promise,
        ]);
        cut.promise.catch(() => undefined);
        if (weather.strikes("disks-fail", 0.5, name)) {
          throw weather.oneIn(10)
            ? new Fault("refused", "DiskCorrupt", "the image can't be read")
            : new Fault("later", "ImagePullFailed", "the registry does not answer");
        }
        const unbound = claimsIn(spec).find((name) => !this.#parts.isBound(keyOf({ metadata: { namespace, name } })));
        if (unbound !== undefined) throw new Fault("later", "VolumeNotFound", `claim ${unbound} is not Bound yet`);
        return { disks: [], directory: "/volumes" };
      },
      remove: async (uid) => {
        await scheduler.park(process, weather.between(1, SLOWEST_LINKS_MILLISECONDS));
        this.disk.remove(volumesOf(uid));
      },
    };
  }

  #networkDoor(process: Process): MachineNetwork {
    const { scheduler, weather, name, pods } = this.#parts;
    return {
      addressesFollow: true,
      up: async ({ uid }) => {
        this.links.add(uid);
        await scheduler.park(process, weather.between(1, SLOWEST_LINKS_MILLISECONDS));
        if (weather.strikes("disks-fail", 0.3, name)) throw new Fault("later", "NetworkCommandFailed", "ip failed");
        return { links: [], serve: () => scheduler.park(process, weather.between(1, SLOWEST_LINKS_MILLISECONDS)) };
      },
      hold: async ({ anchor }) => {
        await scheduler.park(process, weather.between(1, SLOWEST_LINKS_MILLISECONDS));
        if (weather.strikes("disks-fail", 0.3, name)) throw new Fault("later", "NetworkCommandFailed", "ip failed");
        pods.hold(anchor.podUID);
      },
      down: async (uid) => {
        await scheduler.park(process, weather.between(1, SLOWEST_LINKS_MILLISECONDS));
        this.links.delete(uid);
      },
    };
  }
}

/** What can't start now is started again, as an init system does it. */
async function opened<T>(open: () => Promise<T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (thrown) {
      if (asFault(thrown).kind !== "later") throw thrown;
      await pause();
    }
  }
}

/** The least that a description must say; the real one makes XML that nobody here reads. */
const domains: DomainDescription = {
  uuid: ({ uid, spec }) => spec.domain.firmware?.uuid ?? uid,
  xml: ({ uid, spec, namespace, name, claim }) =>
    `<domain><name>${namespace}_${name}</name><uuid>${spec.domain.firmware?.uuid ?? uid}</uuid><mark>${uid}/${claim.epoch}</mark></domain>`,
  copied: () => [],
  incoming: (xml, _from, { uid, claim }) => xml.replace(/<mark>.*<\/mark>/, `<mark>${uid}/${claim.epoch}</mark>`),
  name: ({ namespace, name }) => `${namespace}_${name}`,
  targets: () => [],
  interfaces: () => [],
  claimOf: markOf,
};

/** Whose domain it is. */
export function markOf(xml: string): { readonly uid: string; readonly epoch: number } | undefined {
  const found = /<mark>(.*)\/(\d+)<\/mark>/.exec(xml);
  return found === null ? undefined : { uid: found[1] ?? "", epoch: Number(found[2]) };
}
