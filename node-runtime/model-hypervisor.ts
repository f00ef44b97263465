/**
 * A hypervisor in memory, for tests and simulation: the same contract as libvirt's, on a given clock and chance, so that
 * a run is repeated by its seed. Guests obey or ignore ACPI; calls take time, fail, hang, or do their work and lose the
 * answer; QEMU crashes; the connection is lost, and with it the events of that time.
 */
import { Duplex } from "node:stream";
import type { Random } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { Domain, DomainEvent, DomainState, Hypervisor, Incoming, Outgoing } from "./hypervisor.ts";
import { ModelCalls, unreachable, type Misfortune, type ModelCall } from "./model-calls.ts";
import { BEHAVIOUR, domainOf, type GuestBehaviour, type Machine, type Truth } from "./model-machine.ts";
import { modelIncoming, modelOutgoing, type MigrationModel, type ModelWires } from "./model-migration.ts";

export interface ModelOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a call takes, at least and at most. */
  readonly latency?: { readonly least: number; readonly most: number };
  /** Milliseconds after which a call without an answer fails. */
  readonly deadline?: number;
  /** How guests behave unless `guest` says otherwise. */
  readonly guests?: Partial<GuestBehaviour>;
  /** Shared by the hypervisors between which guests move. */
  readonly wires?: ModelWires;
  /** Milliseconds that it takes to copy a guest. */
  readonly copying?: { readonly least: number; readonly most: number };
  /** Told of every change of every domain, whoever is connected: for checks. */
  readonly truth?: (truth: Truth) => void;
}

export class ModelHypervisor implements Hypervisor {
  readonly #options: ModelOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #eventListeners = new Set<(event: DomainEvent) => void>();
  readonly #connectionListeners = new Set<(connected: boolean) => void>();
  readonly #calls: ModelCalls;
  readonly #wires: ModelWires;
  /** Ends of migrations whose domains end with the daemon. */
  readonly #arriving = new Set<{ dropped(): void }>();
  #connected = true;
  #calm = false;
  /** UUIDs in the order in which their vCPUs began to run for the first time. */
  readonly started: string[] = [];

  constructor(options: ModelOptions) {
    this.#options = options;
    const { clock, random, latency, deadline } = options;
    this.#calls = new ModelCalls({ clock, random, latency, deadline, connected: () => this.#connected });
    this.#wires = options.wires ?? new Map<string, { loaded: boolean }>();
  }

  // --- the contract ---

  async ready(): Promise<void> {
    if (!this.#connected) throw unreachable();
  }

  get connected(): boolean {
    return this.#connected;
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.#connectionListeners.add(listener);
    return () => void this.#connectionListeners.delete(listener);
  }

  onEvent(listener: (event: DomainEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  list(): Promise<readonly Domain[]> {
    return this.#calls.make("list", "", () => [...this.#machines.values()].map(domainOf));
  }

  domain(uuid: string): Promise<Domain | undefined> {
    return this.#calls.make("domain", uuid, () => {
      const machine = this.#machines.get(uuid);
      return machine === undefined ? undefined : domainOf(machine);
    });
  }

  createPaused(xml: string): Promise<void> {
    const uuid = textOf(xml, "uuid");
    const name = textOf(xml, "name");
    return this.#calls.make("createPaused", uuid ?? "", () => {
      if (uuid === undefined || name === undefined)
        throw new Fault("refused", "XMLError", "the domain XML lacks uuid or name");
      this.#make({ uuid, name, xml, reason: "User" });
      this.#tell({ uuid, event: "suspended", reason: "User" });
    });
  }

  resume(uuid: string): Promise<void> {
    return this.#calls.make("resume", uuid, () => {
      const machine = this.#must(uuid);
      if (machine.state === "running") return;
      machine.state = "running";
      machine.reason = "Unpaused";
      machine.hangs = false;
      if (!this.started.includes(uuid)) this.started.push(uuid);
      this.#changed(uuid);
      this.#tell({ uuid, event: "resumed" });
      if (machine.behaviour.diskFails) this.#pause(machine, "IOError");
    });
  }

  suspend(uuid: string): Promise<void> {
    return this.#calls.make("suspend", uuid, () => this.#pause(this.#must(uuid), "User"));
  }

  shutdown(uuid: string): Promise<void> {
    return this.#calls.make("shutdown", uuid, () => {
      const machine = this.#must(uuid);
      if (machine.state !== "running" || !machine.behaviour.obeysAcpi) return;
      this.#options.clock.schedule(machine.behaviour.shutdownMilliseconds, () => {
        if (machine.state !== "running") return;
        this.#tell({ uuid, event: "shutting-down" });
        this.#stop(machine, "shutdown");
      });
    });
  }

  reboot(uuid: string): Promise<void> {
    return this.#calls.make("reboot", uuid, () => this.#tell({ uuid: this.#must(uuid).uuid, event: "rebooted" }));
  }

  reset(uuid: string): Promise<void> {
    return this.#calls.make("reset", uuid, () => this.#tell({ uuid: this.#must(uuid).uuid, event: "rebooted" }));
  }

  destroy(uuid: string): Promise<void> {
    return this.#calls.make("destroy", uuid, () => {
      const machine = this.#machines.get(uuid);
      if (machine !== undefined) this.#stop(machine, "destroyed");
    });
  }

  /** Milliseconds, as good a count as any: a guest that hangs has none. */
  async vcpuRuns(uuid: string): Promise<number | undefined> {
    if (!this.#connected) throw unreachable();
    const { state, hangs } = this.#must(uuid);
    return state !== "running" || hangs ? 0 : this.#options.clock.now().getTime();
  }

  async console(uuid: string): Promise<Duplex> {
    if (!this.#connected) throw unreachable();
    const machine = this.#must(uuid);
    machine.console?.destroy();
    machine.console = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        machine.console?.push(chunk); // a guest that echoes
        done();
      },
    });
    return machine.console;
  }

  async xml(uuid: string): Promise<string> {
    if (!this.#connected) throw unreachable();
    return this.#must(uuid).xml;
  }

  async agent(uuid: string, command: object, timeoutSeconds: number): Promise<unknown> {
    const machine = this.#must(uuid);
    if (!machine.agent) throw new Fault("later", "AgentUnresponsive", `no answer within ${timeoutSeconds} s`);
    const asked = "execute" in command ? command.execute : undefined;
    return { return: asked === "guest-get-osinfo" ? { "id": "model", "pretty-name": "Model guest" } : {} };
  }

  async outgoing(uuid: string): Promise<Outgoing> {
    if (!this.#connected) throw unreachable();
    const machine = this.#must(uuid);
    return modelOutgoing(
      this.#migration(() => machine),
      machine.migration,
    );
  }

  async incoming(): Promise<Incoming> {
    if (!this.#connected) throw unreachable();
    let machine: Machine | undefined;
    const incoming = modelIncoming(
      this.#migration(() => machine),
      (xml) => {
        const uuid = textOf(xml, "uuid") ?? "";
        machine = this.#make({ uuid, name: textOf(xml, "name") ?? "", xml, reason: "Migration" });
      },
    );
    this.#arriving.add(incoming);
    return incoming;
  }

  abortJob(uuid: string): Promise<void> {
    return this.#calls.make("abortJob", uuid, () => {
      const job = this.#machines.get(uuid)?.migration.job;
      if (job !== undefined) job.aborted = true;
    });
  }

  async close(): Promise<void> {
    this.#eventListeners.clear();
    this.#connectionListeners.clear();
  }

  // --- what befalls it ---

  /** Every call that reached it, for tests that count. */
  get calls(): ModelCalls["made"] {
    return this.#calls.made;
  }

  /** The next calls of this name meet these, in order. */
  befall(call: ModelCall, ...misfortunes: readonly Misfortune[]): void {
    this.#calls.befall(call, ...misfortunes);
  }

  /** No more misfortunes, and no guest outruns its copying any more. */
  spare(): void {
    this.#calls.spare();
    this.#calm = true;
    for (const { migration } of this.#machines.values()) {
      if (migration.job !== undefined) migration.job.outruns = false;
    }
  }

  /** The node loses its power: every QEMU is gone at once, and nothing tells of it. */
  powerCut(): void {
    if (this.#connected) this.disconnect();
    for (const machine of [...this.#machines.values()]) this.#stop(machine, "crashed");
  }

  /** libvirtd is gone; QEMUs go on. */
  disconnect(): void {
    this.dropArrivals();
    this.#connected = false;
    for (const machine of this.#machines.values()) {
      machine.console?.destroy();
      if (machine.migration.job !== undefined) machine.migration.job.aborted = true;
    }
    for (const listener of this.#connectionListeners) listener(false);
  }

  /** Whoever made incoming domains is gone, and they with it. */
  dropArrivals(): void {
    for (const arriving of this.#arriving) arriving.dropped();
    this.#arriving.clear();
    // And what they had in post-copy, at either end.
    for (const machine of this.#machines.values()) if (machine.reason === "PostCopy") machine.reason = "PostCopyFailed";
  }

  reconnect(): void {
    this.#connected = true;
    for (const listener of this.#connectionListeners) listener(true);
  }

  /** QEMU dies. */
  crash(uuid: string): void {
    this.#stop(this.#must(uuid), "crashed");
  }

  panic(uuid: string): void {
    const machine = this.#must(uuid);
    this.#tell({ uuid, event: "panicked" });
    this.#stop(machine, "crashed");
  }

  powerOff(uuid: string): void {
    const machine = this.#must(uuid);
    this.#tell({ uuid, event: "shutting-down" });
    this.#stop(machine, "shutdown");
  }

  rebootByGuest(uuid: string): void {
    this.#tell({ uuid: this.#must(uuid).uuid, event: "rebooted" });
  }

  failDisk(uuid: string): void {
    this.#pause(this.#must(uuid), "IOError");
  }

  behave(uuid: string, behaviour: Partial<GuestBehaviour>): void {
    const machine = this.#must(uuid);
    machine.behaviour = { ...machine.behaviour, ...behaviour };
  }

  startAgent(uuid: string): void {
    this.#must(uuid).agent = true;
    this.#tell({ uuid, event: "agent-connected" });
  }

  stopAgent(uuid: string): void {
    this.#must(uuid).agent = false;
    this.#tell({ uuid, event: "agent-disconnected" });
  }

  print(uuid: string, text: string): void {
    this.#must(uuid).console?.push(Buffer.from(text));
  }

  /** The machine as it really is, whatever the connection. */
  truth(uuid: string): DomainState | undefined {
    return this.#machines.get(uuid)?.state;
  }

  /** It counts as running, and none of its vCPUs does. */
  hangs(uuid: string): boolean {
    const machine = this.#machines.get(uuid);
    return machine?.state === "running" && machine.hangs;
  }

  get machines(): readonly Domain[] {
    return [...this.#machines.values()].map(domainOf);
  }

  // --- inside ---

  #make(of: { readonly uuid: string; readonly name: string; readonly xml: string; readonly reason: string }): Machine {
    const { uuid, name, xml, reason } = of;
    const clash = [...this.#machines.values()].find((machine) => machine.uuid === uuid || machine.name === name);
    if (clash !== undefined) throw new Fault("stale", "DomainExists", `domain ${clash.name} (${clash.uuid}) exists`);
    const machine: Machine = {
      uuid,
      name,
      xml,
      state: "paused",
      reason,
      behaviour: { ...BEHAVIOUR, ...this.#options.guests },
      console: undefined,
      agent: false,
      migration: { job: undefined },
      hangs: false,
    };
    this.#machines.set(uuid, machine);
    this.#changed(uuid);
    this.#tell({ uuid, event: "started" });
    return machine;
  }

  #migration(machine: () => Machine | undefined): MigrationModel {
    const { clock, random, copying = { least: 500, most: 5_000 } } = this.#options;
    const present = (): Machine | undefined => {
      const found = machine();
      return found !== undefined && this.#machines.get(found.uuid) === found ? found : undefined;
    };
    return {
      clock,
      random,
      copying,
      wires: this.#wires,
      call: (call, act) => this.#calls.make(call, machine()?.uuid ?? "", act),
      connected: () => this.#connected,
      xml: () => present()?.xml ?? "",
      running: () => present()?.state === "running",
      outruns: () => (this.#calm ? 0 : (present()?.behaviour.outrunsCopying ?? 0)),
      halt: (reason) => {
        const found = present();
        if (found !== undefined) this.#pause(found, reason);
      },
      inPostCopy: () => present()?.reason === "PostCopy",
      postCopyOver: (how) => {
        const found = present();
        if (found?.reason === "PostCopy") found.reason = how;
      },
      run: (reason) => {
        const found = present();
        if (found === undefined) throw new Fault("stale", "NoDomain", "the domain is gone");
        if (found.state === "running") return;
        found.state = "running";
        found.reason = reason;
        const { hangsOnArrival } = found.behaviour;
        found.hangs = hangsOnArrival > 0 && random() < hangsOnArrival;
        this.#changed(found.uuid);
        this.#tell({ uuid: found.uuid, event: "resumed" });
      },
      goOn: () => {
        const found = present();
        if (found?.state !== "paused" || found.reason !== "Migration") return;
        found.state = "running";
        found.reason = "MigrationCanceled";
        this.#changed(found.uuid);
        this.#tell({ uuid: found.uuid, event: "resumed" });
      },
      end: (how) => {
        const found = present();
        if (found !== undefined) this.#stop(found, how);
      },
      round: (round) => {
        const uuid = present()?.uuid;
        if (uuid !== undefined) this.#tell({ uuid, event: "round", round });
      },
    };
  }

  #must(uuid: string): Machine {
    const machine = this.#machines.get(uuid);
    if (machine === undefined) throw new Fault("stale", "NoDomain", `there is no domain ${uuid}`);
    return machine;
  }

  #pause(machine: Machine, reason: string): void {
    if (machine.state !== "running") return;
    machine.state = "paused";
    machine.reason = reason;
    this.#changed(machine.uuid);
    this.#tell({ uuid: machine.uuid, event: "suspended", reason });
  }

  #stop(machine: Machine, how: Extract<DomainEvent, { event: "stopped" }>["how"]): void {
    machine.state = "shutoff";
    machine.console?.destroy();
    if (this.#machines.get(machine.uuid) === machine) this.#machines.delete(machine.uuid);
    this.#options.truth?.({ uuid: machine.uuid, name: machine.name, xml: machine.xml, state: undefined });
    this.#tell({ uuid: machine.uuid, event: "stopped", how });
  }

  #changed(uuid: string): void {
    const machine = this.#machines.get(uuid);
    if (machine !== undefined) this.#options.truth?.(machine);
  }

  /** Events of a time without a connection are lost. */
  #tell(event: DomainEvent): void {
    if (!this.#connected) return;
    for (const listener of this.#eventListeners) listener(event);
  }
}

function textOf(xml: string, element: string): string | undefined {
  return new RegExp(`<${element}>([^<]+)</${element}>`).exec(xml)?.[1];
}
