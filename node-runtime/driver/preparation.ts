/** Volumes and network of one machine, and its pod: brought up before its domain, taken down after it. */
import { Fault } from "#events/fault.ts";
import type { Exit, MachineOrder } from "#events/machine.ts";
import type { GuestLink, PreparedVolumes } from "../domain/parts.ts";
import type { MachineAnchor, MachineNetwork, MachineVolumes } from "./ports.ts";

export interface Prepared {
  readonly volumes: PreparedVolumes;
  readonly links: readonly GuestLink[];
}

export class Preparation {
  readonly #volumes: MachineVolumes;
  readonly #network: MachineNetwork;
  readonly #anchor: MachineAnchor | undefined;
  /** NAT and DHCP serve. Undefined: not asked for yet, or they failed and must be asked for again. */
  #settled: Promise<void> | undefined;
  #serve: (() => Promise<void>) | undefined;
  /** Milliseconds that the parts took, for the log. */
  readonly marks: Record<string, number> = {};

  constructor(ports: {
    readonly volumes: MachineVolumes;
    readonly network: MachineNetwork;
    readonly anchor?: MachineAnchor | undefined;
  }) {
    this.#volumes = ports.volumes;
    this.#network = ports.network;
    this.#anchor = ports.anchor;
  }

  /** @throws Fault later, refused; both parts have ended by then, so that they can be taken down */
  async prepare(order: MachineOrder, signal: AbortSignal): Promise<Prepared> {
    const [volumes, network] = await Promise.allSettled([
      this.timed("volumes", this.#volumes.prepare(order, signal)),
      this.timed("links", this.#network.up(order)),
    ]);
    if (volumes.status === "rejected") throw volumes.reason;
    if (network.status === "rejected") throw network.reason;
    if (signal.aborted) throw new Fault("later", "Cancelled", "the preparation was cut short");
    this.#serve = network.value.serve;
    return { volumes: volumes.value, links: network.value.links };
  }

  /** Creates the domain by `create`, in the machine's pod. @throws see MachineAnchor.admit */
  create(order: MachineOrder, create: () => Promise<void>): Promise<void> {
    return this.#anchor === undefined ? create() : this.#anchor.admit(order, create);
  }

  /**
   * Brings up what the guest needs after its firmware only. Called once the hypervisor is at work, since starting
   * processes for it would hold up what the domain waits for.
   */
  beginServing(): void {
    if (this.#settled === undefined && this.#serve !== undefined) this.#settling(this.#serve());
  }

  /** NAT and DHCP serve when it resolves; what failed is done again at the next call. @throws Fault later, refused */
  async settle(order: MachineOrder): Promise<void> {
    try {
      if (this.#settled === undefined) this.#settling(this.#network.up(order).then(({ serve }) => serve()));
      if (this.#settled !== undefined) await this.timed("settle", this.#settled);
    } catch (thrown) {
      this.#settled = undefined;
      throw thrown;
    }
  }

  /** As `settle`, of a guest that runs: what served once may have ended since. */
  async serveAgain(order: MachineOrder): Promise<void> {
    const before = this.#settled?.catch(() => {}) ?? Promise.resolve();
    // One promise with what is under way: a take-down waits for both.
    this.#settling(before.then(() => this.#network.up(order)).then(({ serve }) => serve()));
    await this.settle(order);
  }

  /** Resolves when nothing is being brought up any more. */
  async ended(): Promise<void> {
    await this.#settled?.catch(() => {});
  }

  /** Answers how the run ended, as all know by then. @throws Fault later: it must be called again */
  async takeDown(order: MachineOrder, told: Exit): Promise<Exit> {
    const exit = (await this.#anchor?.explain(order, told)) ?? told;
    // What is just coming up would stay behind.
    await this.ended();
    this.#settled = undefined;
    this.#serve = undefined;
    await Promise.all([this.#volumes.remove(order.uid), this.#network.down(order.uid)]);
    await this.#anchor?.end(order);
    return exit;
  }

  #settling(settled: Promise<void>): void {
    settled.catch(() => {}); // whoever awaits it tells
    this.#settled = settled;
  }

  /** The same promise; how long it took is noted under the name. */
  async timed<T>(name: string, promise: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await promise;
    } finally {
      this.marks[name] = performance.now() - started;
    }
  }

  /** Milliseconds of each part of the start, for the log. */
  split(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.marks).map(([name, value]) => [name, Math.round(value * 10) / 10]));
  }
}
