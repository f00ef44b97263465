/**
 * All machines of a node: takes orders, has a driver for each, leads the hypervisor's events to them, and looks after
 * domains that no driver has.
 */
import type { ReportName } from "#events/catalogue.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { MachineAction, MachineOrder, MachineStatus } from "#events/machine.ts";
import { Alarm } from "./driver/alarm.ts";
import { Driver } from "./driver/driver.ts";
import type { DriverPorts } from "./driver/ports.ts";
import type { Domain, DomainEvent, Hypervisor } from "./hypervisor.ts";
import type { FinishAnswer, FinishRequest, PrepareAnswer, PrepareRequest } from "./migration/peers.ts";
import type { Records } from "./records.ts";

const SWEEP_AGAIN_MS = 5_000;

export interface MachinesOptions {
  readonly node: string;
  readonly hypervisor: Hypervisor;
  readonly records: Records;
  readonly ports: Omit<DriverPorts, "claimHolds" | "tell">;
  readonly tell: (report: ReportName, status: MachineStatus) => void;
}

export class Machines {
  readonly #options: MachinesOptions;
  readonly #drivers = new Map<string, Driver>();
  readonly #unlisten: (() => void)[] = [];
  readonly #waiting = new Set<() => void>();
  /** uids of machines for which a domain came up after their run was over. */
  readonly #late = new Set<string>();
  readonly #sweepAgain: Alarm;
  #sweeping: Promise<void> | undefined;
  #closed = false;

  /** Takes up what an earlier process left: each machine's driver finds out how its domain is. */
  constructor(options: MachinesOptions) {
    this.#options = options;
    const { hypervisor, records } = options;
    this.#sweepAgain = new Alarm(options.ports.clock);
    for (const notebook of records.all()) this.#drive(notebook.notes.order.uid, "again");
    this.#unlisten.push(
      hypervisor.onEvent((event) => this.#happened(event)),
      hypervisor.onConnection((connected) => this.#connection(connected)),
    );
    for (const driver of this.#drivers.values()) driver.take({ input: "tick" });
    if (hypervisor.connected) this.#sweepSoon();
  }

  /** @throws Fault stale, later, refused: see Records.admit */
  async order(order: MachineOrder): Promise<MachineStatus> {
    if (this.#closed)
      throw new Fault("later", "RuntimeClosing", "the node runtime is going down", { retryAfterSeconds: 2 });
    this.#uuidMustBeFree(order);
    const admitted = await this.#options.records.admit(order);
    if (admitted === "new") this.#drive(order.uid, "fresh").take({ input: "tick" });
    else if (admitted === "changed") this.#must(order.uid).take({ input: "order" });
    return this.#must(order.uid).status;
  }

  all(): readonly MachineStatus[] {
    return [...this.#drivers.values()].map((driver) => driver.status);
  }

  status(uid: string): MachineStatus | undefined {
    return this.#drivers.get(uid)?.status;
  }

  /** True while a machine that has not stopped has this anchor pod. */
  usesPod(podUID: string): boolean {
    return [...this.#drivers.values()].some((driver) => !driver.stopped && driver.order.anchor.podUID === podUID);
  }

  /**
   * Drops a stopped machine; unknown: nothing to do.
   * @throws Fault stale while it is not stopped, or for another epoch
   */
  async forget(uid: string, epoch: number): Promise<void> {
    const driver = this.#drivers.get(uid);
    if (driver === undefined) return;
    mustBeEpoch(driver, epoch);
    if (!driver.stopped) {
      throw new Fault(
        "stale",
        "NotStopped",
        `machine ${uid} is ${driver.status.state}; only what has stopped can be forgotten`,
      );
    }
    if (!(await this.#options.records.forget(uid, epoch)))
      throw new Fault("stale", "EpochTooOld", `machine ${uid} was ordered under another epoch than ${epoch} meanwhile`);
    if (this.#drivers.get(uid) === driver) this.#drivers.delete(uid);
    await driver.close();
  }

  /** @throws Fault stale for another epoch; refused NotRunning; later */
  async act(uid: string, epoch: number, action: MachineAction): Promise<void> {
    const driver = this.#live(uid);
    mustBeEpoch(driver, epoch);
    if (driver.status.state === "paused") throw new Fault("refused", "Paused", `machine ${uid} is paused`);
    const { hypervisor } = this.#options;
    await (action === "reset" ? hypervisor.reset(driver.uuid) : hypervisor.reboot(driver.uuid));
  }

  /** The node that a machine here is to come from, or has come from under its present order. */
  comesFrom(uid: string): string | undefined {
    return this.#drivers.get(uid)?.order.receive?.from;
  }

  /** @throws Fault stale NotExpected; what stood in the way */
  async prepareArrival(uid: string, request: PrepareRequest): Promise<PrepareAnswer> {
    return this.#must(uid).prepareArrival(request);
  }

  /** @throws Fault later while it is not known whether the guest runs here */
  async finishArrival(uid: string, request: FinishRequest): Promise<FinishAnswer> {
    const driver = this.#must(uid);
    mustBeEpoch(driver, request.epoch);
    return driver.finishArrival(request);
  }

  /** The domain as the hypervisor has it. @throws Fault refused NotRunning; later */
  async xml(uid: string): Promise<string> {
    return this.#options.hypervisor.xml(this.#live(uid).uuid);
  }

  /** Ends every guest, gracefully within the time, and resolves when all have stopped. */
  async stopAll(graceSeconds: number): Promise<void> {
    for (const driver of this.#drivers.values()) driver.take({ input: "finish", graceSeconds });
    await this.drained();
  }

  /** Resolves when no machine lives here. */
  async drained(): Promise<void> {
    while ([...this.#drivers.values()].some((driver) => !driver.stopped)) {
      await this.#told();
    }
  }

  /**
   * Resolves when the hypervisor has said of each machine how it is, when it is away itself, or when the signal aborts.
   * Whoever asked sooner would be told that nothing is known of a guest that runs.
   */
  async looked(signal: AbortSignal): Promise<void> {
    const awaited = (): boolean =>
      this.#options.hypervisor.connected && this.all().some(({ state }) => state === "unknown");
    const giveUp = (): void => this.#wake();
    signal.addEventListener("abort", giveUp, { once: true });
    while (!signal.aborted && awaited()) await this.#told();
    signal.removeEventListener("abort", giveUp);
  }

  /** Lets go of all machines: guests go on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweepAgain.off();
    for (const unlisten of this.#unlisten) unlisten();
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()));
    await this.#sweeping;
  }

  #drive(uid: string, start: "fresh" | "again"): Driver {
    const { records, hypervisor, ports } = this.#options;
    const notebook = records.notebook(uid);
    if (notebook === undefined) throw new Fault("bug", "NoRecord", `machine ${uid} has no record`);
    const driver = new Driver(
      {
        ...ports,
        // What a lease adds for pets goes here.
        claimHolds: (order) => records.holds(order),
        tell: (report, status) => this.#tell(report, status),
      },
      hypervisor,
      notebook,
      start,
    );
    this.#drivers.set(uid, driver);
    return driver;
  }

  /** Resolves with the next report of any machine. */
  #told(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #tell(report: ReportName, status: MachineStatus): void {
    this.#options.tell(report, status);
    if (report === "stopped" && this.#late.delete(status.uid)) this.#sweepSoon();
    // What is in its way may be an earlier run's, which was asked for and came late under the same firmware UUID.
    if (isBlocked(status)) this.#sweepSoon();
    this.#wake();
  }

  /**
   * Two machines may have been given one firmware UUID; the hypervisor can have only one of them at a time. What starts nothing
   * is taken: it asks for this node's word that nothing of the machine runs here.
   */
  #uuidMustBeFree(order: MachineOrder): void {
    const { desired, receive } = order;
    if (desired === "off" || desired === "stopped" || receive?.withdrawn === true) return;
    const present = this.#drivers.get(order.uid);
    const begins = present === undefined || (present.stopped && present.order.claim.epoch < order.claim.epoch);
    if (!begins) return;
    const uuid = this.#options.ports.domain.uuid(order);
    const other = this.#driverOf(uuid);
    if (other === undefined) return;
    const { namespace, name } = other.order;
    throw new Fault(
      "later",
      "UUIDTaken",
      `machine ${namespace}/${name} on this node has the same firmware UUID ${uuid}`,
      {
        retryAfterSeconds: 10,
      },
    );
  }

  #happened(event: DomainEvent): void {
    const driver = this.#driverOf(event.uuid);
    // What was asked for and not answered may take effect after its machine was given up.
    if (event.event === "started" && driver === undefined) this.#sweepSoon();
    if (event.event === "started" && driver?.ended === true) this.#late.add(driver.uid);
    // Another domain under its UUID ends, not its own: that could not be made.
    const foreign = event.event === "stopped" && driver !== undefined && isBlocked(driver.status);
    if (!foreign) driver?.take({ input: "event", event });
  }

  #connection(connected: boolean): void {
    for (const driver of this.#drivers.values()) driver.take({ input: "connection", connected });
    if (connected) this.#sweepSoon();
  }

  #sweepSoon(): void {
    this.#sweeping ??= this.#sweep()
      .catch((thrown: unknown) => {
        const { reason, message } = asFault(thrown);
        const { clock, log } = this.#options.ports;
        log.warn({ reason }, `domains without a driver could not be looked for: ${message}`);
        const now = clock.now();
        const again = new Date(now.getTime() + SWEEP_AGAIN_MS);
        if (!this.#closed) this.#sweepAgain.set([again], now, () => this.#sweepSoon());
      })
      .finally(() => (this.#sweeping = undefined));
  }

  /**
   * Domains that no driver has. One is ended only on proof: it carries our own mark with this node's name, and records
   * say that its run is over. Anything else is left alone, and said so.
   */
  async #sweep(): Promise<void> {
    const { hypervisor, ports } = this.#options;
    for (const domain of await hypervisor.list()) {
      if (this.#closed) return;
      const driver = this.#driverOf(domain.uuid);
      if (driver !== undefined && !isBlocked(driver.status)) continue;
      const claim = ports.domain.claimOf(await hypervisor.xml(domain.uuid));
      if (driver !== undefined && claim?.uid === driver.uid) continue;
      if (claim !== undefined && this.#isOver(claim)) {
        ports.log.warn({ uid: claim.uid, epoch: claim.epoch, domain: domain.name }, "ends a domain whose run is over");
        await hypervisor.destroy(domain.uuid);
      } else {
        this.#leaveAlone(domain, claim);
      }
    }
  }

  #isOver(claim: { readonly uid: string; readonly epoch: number }): boolean {
    const driver = this.#drivers.get(claim.uid);
    if (driver !== undefined) return driver.stopped && driver.order.claim.epoch >= claim.epoch;
    return this.#options.records.highestEpoch(claim.uid) >= claim.epoch;
  }

  #leaveAlone(domain: Domain, claim: { readonly uid: string } | undefined): void {
    const fields = { domain: domain.name, uuid: domain.uuid, uid: claim?.uid };
    const why = claim === undefined ? "it does not carry our mark" : "no record proves that its run is over";
    this.#options.ports.log.error(fields, `a domain has no driver and is left alone: ${why}`);
  }

  /** Whose domain has this UUID, or is to have it. */
  #driverOf(uuid: string): Driver | undefined {
    return [...this.#drivers.values()].find((driver) => driver.uuid === uuid && !driver.stopped);
  }

  #must(uid: string): Driver {
    const driver = this.#drivers.get(uid);
    if (driver === undefined) throw new Fault("stale", "UnknownMachine", `this node knows no machine ${uid}`);
    return driver;
  }

  #live(uid: string): Driver {
    const driver = this.#drivers.get(uid);
    if (driver?.live !== true) {
      const state = driver === undefined ? "not known here" : driver.status.state;
      throw new Fault("refused", "NotRunning", `machine ${uid} is ${state}; it does not run`);
    }
    return driver;
  }
}

/** A domain that is not its own stands under its name or UUID. */
function isBlocked({ problem }: MachineStatus): boolean {
  return problem?.reason === "DomainExists";
}

function mustBeEpoch(driver: Driver, epoch: number): void {
  const present = driver.order.claim.epoch;
  if (present === epoch) return;
  throw new Fault(
    "stale",
    epoch < present ? "EpochTooOld" : "EpochUnknown",
    `epoch ${epoch} was asked for; the machine is at epoch ${present}`,
  );
}
