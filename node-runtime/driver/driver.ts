/**
 * One driver a machine: the one place that acts on it. Orders, hypervisor events, ticks and the ends of its own steps
 * come in one after the other; after each it asks `next` what to do, and does one step at a time. The newest wish
 * wins: a wish to stop cuts a preparation short. The picture of its places is in next.ts.
 */
import { rfc3339 } from "#api/object.ts";
import type { ReportName } from "#events/catalogue.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Exit, MachineOrder, MachineStatus } from "#events/machine.ts";
import type { Domain, DomainEvent, Hypervisor } from "../hypervisor.ts";
import { guestOSInfo } from "./guest-agent.ts";
import { next, START_DEADLINE_MS, type At, type Situation, type Step } from "./next.ts";
import { exitOf, pausedReasonOf, placeOf } from "./observed.ts";
import type { DriverPorts, Notebook, Notes } from "./ports.ts";
import { Preparation, type Prepared } from "./preparation.ts";
import { reportOf, statusOf } from "./status.ts";
import { Trouble } from "./trouble.ts";

export type Input =
  /** A new wish; its notes are on disk already. */
  | { readonly input: "order" }
  | { readonly input: "event"; readonly event: DomainEvent }
  | { readonly input: "connection"; readonly connected: boolean }
  /** The node goes: the machine is shut down within so many seconds, whatever its order says. */
  | { readonly input: "finish"; readonly graceSeconds: number }
  | { readonly input: "tick" };

/** Steps that take time, and so have an end to wait for. */
type Doing = Exclude<Step, { do: "wait" | "end" }>;

/** Steps whose effect is unknown when they fail. */
const UNCERTAIN: ReadonlySet<Step["do"]> = new Set(["resume", "suspend", "shutdown", "destroy"]);

/** Sequence numbers that are reserved on disk at a time, so that most changes of status need no write. */
const SEQUENCES = 64;

export class Driver {
  readonly uid: string;
  /** The domain's. */
  readonly uuid: string;
  readonly #ports: DriverPorts;
  readonly #hypervisor: Hypervisor;
  readonly #notebook: Notebook;
  readonly #preparation: Preparation;
  readonly #trouble: Trouble;
  #place: At = { at: "new" };
  #prepared: Prepared | undefined;
  #connected: boolean;
  #work: { readonly step: Step["do"]; readonly abort: AbortController } | undefined;
  /** Stands above the order once the node goes. */
  #finish: { readonly desired: "stopped" | "off"; readonly graceSeconds: number } | undefined;
  /** A live guest is wished stopped since then. */
  #stopSince: Date | undefined;
  #lastAsked: Date | undefined;
  /** Why it destroys the domain, once it does. */
  #ending: Exit | undefined;
  #panicked = false;
  /** This driver has told that the vCPUs run, or found them so. */
  #ran = false;
  /** The domain was found at start-up or after the hypervisor was away: not told yet. */
  #found = false;
  #agentConnected = false;
  #guestOSInfo: MachineStatus["guestOSInfo"];
  #status: MachineStatus;
  #cancelTimer: (() => void) | undefined;
  #closed = false;
  #waiters: (() => void)[] = [];

  /** `again`: its notes were read from disk, so a domain of it may exist. */
  constructor(ports: DriverPorts, hypervisor: Hypervisor, notebook: Notebook, start: "fresh" | "again") {
    const { notes } = notebook;
    this.#ports = ports;
    this.#hypervisor = hypervisor;
    this.#notebook = notebook;
    this.#preparation = new Preparation(ports.volumes, ports.network);
    this.#trouble = new Trouble(ports.clock, ports.random);
    this.#connected = hypervisor.connected;
    this.uid = notes.order.uid;
    this.uuid = ports.domain.uuid(notes.order);
    if (notes.shutdownAskedAt !== undefined) this.#stopSince = new Date(notes.shutdownAskedAt);
    if (notes.exit !== undefined) {
      this.#place = { at: notes.stoppedAt === undefined ? "ended" : "stopped", exit: notes.exit };
    } else if (start === "again") {
      this.#place = { at: "unsure" };
      this.#found = true;
    }
    this.#status = this.#tellOf(notes.sequenceCeiling, notes.stoppedAt ?? rfc3339(ports.clock.now()), undefined);
    if (start === "fresh") ports.tell("preparing", this.#status);
  }

  get status(): MachineStatus {
    return this.#status;
  }

  get order(): MachineOrder {
    return this.#notebook.notes.order;
  }

  /** Final: disks and network are taken down. */
  get stopped(): boolean {
    return this.#place.at === "stopped";
  }

  /** A domain exists whose vCPUs have run. */
  get live(): boolean {
    return this.#place.at === "live";
  }

  take(input: Input): void {
    if (this.#closed) return;
    switch (input.input) {
      case "order":
        this.#wish();
        break;
      case "event":
        this.#observe(input.event);
        break;
      case "connection":
        this.#connection(input.connected);
        break;
      case "finish":
        this.#finish = { desired: input.graceSeconds === 0 ? "off" : "stopped", graceSeconds: input.graceSeconds };
        break;
      case "tick":
        break;
    }
    this.#converge();
  }

  /** Resolves when no step is under way. */
  async quiet(): Promise<void> {
    while (this.#work !== undefined) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Lets go: the machine goes on as it is. What is under way is cut short or waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#work?.abort.abort();
    await this.quiet();
  }

  #wish(): void {
    this.#trouble.hurry(); // a fresh wish deserves a fresh try
    const place = this.#place;
    if (place.at === "live" && place.vcpus === "paused" && this.order.desired !== this.#status.desired) {
      this.#place = { ...place, pausedReason: "PausedByUser" };
    }
    this.#refresh();
  }

  #connection(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    if (this.#place.at !== "created" && this.#place.at !== "live" && this.#place.at !== "unsure") return;
    // Whatever happens while it is away is not told: it must be looked at.
    this.#place = { at: "unsure" };
    this.#found = true;
    this.#trouble.hurry();
    if (!connected) this.#refresh("unknown");
  }

  #observe(event: DomainEvent): void {
    const place = this.#place;
    if (event.event === "panicked") this.#panicked = true;
    if (place.at === "unsure") this.#trouble.hurry(); // there is news: look now
    if (place.at !== "created" && place.at !== "live") return;
    switch (event.event) {
      case "stopped":
        return this.#end(exitOf(event.how, this.#circumstances()));
      case "suspended":
        if (place.at === "live") {
          this.#arrive({ at: "live", vcpus: "paused", pausedReason: pausedReasonOf(event.reason) });
        }
        if (event.reason === "IOError") this.#meet(new Fault("later", "IOError", "a disk answered with an I/O error"));
        return;
      case "resumed":
        if (place.at === "live") this.#arrive({ at: "live", vcpus: "running" });
        return;
      case "rebooted":
        return this.#refresh("rebooted");
      case "agent-connected":
        this.#agentConnected = true;
        this.#refresh("agentConnected");
        return void this.#askAgent();
      case "agent-disconnected":
        this.#agentConnected = false;
        return this.#refresh("agentDisconnected");
      case "started":
      case "shutting-down":
      case "panicked":
        return;
    }
  }

  #converge(): void {
    if (this.#closed) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const now = this.#ports.clock.now();
    this.#noteStopWish(now);
    this.#forgetOldTrouble(now);
    const step = next(this.#situation(), now);
    if (this.#work !== undefined) {
      // Only a preparation is cut short; anything else must tell its end before the next step is sound.
      if (this.#work.step === "prepare" && step.do !== "prepare") this.#work.abort.abort();
      return;
    }
    switch (step.do) {
      case "wait":
        return this.#lookAgain(step.until, now);
      case "end":
        this.#end(step.exit);
        return this.#converge();
      default:
        void this.#perform(step);
    }
  }

  async #perform(step: Doing): Promise<void> {
    const abort = new AbortController();
    this.#work = { step: step.do, abort };
    const started = performance.now();
    this.#ports.log.debug({ uid: this.uid, step: step.do, place: this.#place.at }, "step");
    try {
      await this.#doing(step, abort.signal);
      this.#preparation.marks[step.do] = performance.now() - started;
      if (step.do !== "look") this.#trouble.hurry();
    } catch (thrown) {
      this.#failed(step, asFault(thrown), abort.signal.aborted);
    }
    this.#work = undefined;
    for (const resolve of this.#waiters.splice(0)) resolve();
    this.#converge();
  }

  async #doing(step: Doing, signal: AbortSignal): Promise<void> {
    switch (step.do) {
      case "prepare":
        this.#prepared = await this.#preparation.prepare(this.order, signal);
        this.#trouble.over();
        return this.#arrive({ at: "prepared" });
      case "create":
        return this.#create();
      case "look":
        return this.#look();
      case "resume":
        return this.#resume();
      case "hold":
        await this.#note({ mayHaveRun: true });
        if (this.#place.at === "created") this.#arrive({ at: "live", vcpus: "paused", pausedReason: "PausedByUser" });
        return;
      case "suspend":
        await this.#hypervisor.suspend(this.uuid);
        if (this.#place.at === "live") this.#arrive({ at: "live", vcpus: "paused", pausedReason: "PausedByUser" });
        return;
      case "shutdown": {
        const first = this.#lastAsked === undefined;
        this.#lastAsked = this.#ports.clock.now();
        if (first) this.#refresh("stopping");
        return this.#hypervisor.shutdown(this.uuid);
      }
      case "destroy":
        this.#ending ??= step.exit;
        await this.#hypervisor.destroy(this.uuid);
        if (this.#place.at === "created" || this.#place.at === "live") this.#end(this.#ending);
        return;
      case "takeDown":
        return this.#takeDown();
    }
  }

  async #create(): Promise<void> {
    const prepared = this.#prepared;
    if (prepared === undefined) {
      this.#place = { at: "new" };
      return;
    }
    const { accelerator, emulator } = this.#ports.facts;
    const xml = this.#ports.domain.xml(this.order, { ...prepared, accelerator, emulator });
    // Until it answers, a domain may or may not exist.
    this.#place = { at: "unsure" };
    await this.#hypervisor.createPaused(xml);
    if (this.#place.at === "unsure") this.#arrive({ at: "created" });
  }

  async #look(): Promise<void> {
    const domain = await this.#hypervisor.domain(this.uuid);
    if (domain !== undefined) await this.#mustBeOurs(domain);
    const { notes } = this.#notebook;
    const ran = notes.mayHaveRun || domain?.state === "running";
    if (this.#place.at !== "unsure") return;
    const place = placeOf(domain, ran, this.#lastAsked !== undefined);
    if (place === undefined) throw new Fault("later", "DomainEnding", "the domain is on its way out");
    switch (place.at) {
      case "ended":
        return this.#end(this.#ending ?? place.exit);
      case "prepared":
        this.#found = false;
        this.#place = this.#prepared === undefined ? { at: "new" } : place;
        return this.#refresh();
      case "live":
        if (!notes.mayHaveRun) await this.#note({ mayHaveRun: true });
        this.#ran = true;
        // What serves the guest may have ended while nobody looked: both do nothing when all is well.
        await Promise.all([this.#preparation.settle(this.order), this.#ports.consoles.attach(this.uid, this.uuid)]);
        if (this.#found) this.#trouble.over();
        break;
      default:
        break;
    }
    if (this.#place.at === "unsure") this.#arrive(place);
  }

  /** Two machines may have been given one firmware UUID: the other's domain is none of our business. */
  async #mustBeOurs(domain: Domain): Promise<void> {
    const claim = this.#ports.domain.claimOf(await this.#hypervisor.xml(this.uuid));
    if (claim?.uid === this.uid) return;
    throw new Fault("later", "UUIDTaken", `the domain ${domain.name} has this machine's UUID ${this.uuid}`);
  }

  async #resume(): Promise<void> {
    const first = this.#place.at === "created";
    if (first) {
      await Promise.all([
        this.#preparation.settle(this.order),
        // The console before the vCPUs, or the first lines are lost.
        this.#ports.consoles.attach(this.uid, this.uuid),
        this.#notebook.notes.mayHaveRun ? undefined : this.#note({ mayHaveRun: true }),
      ]);
    }
    // The last look before vCPUs run: in the meantime another owner's claim, or a wish to stop, may have come in.
    if (next(this.#situation(), this.#ports.clock.now()).do !== "resume") return;
    await this.#hypervisor.resume(this.uuid);
    if (this.#place.at !== "created" && this.#place.at !== "live") return;
    if (first) this.#trouble.over();
    this.#arrive({ at: "live", vcpus: "running" });
  }

  async #takeDown(): Promise<void> {
    if (this.#place.at !== "ended") return;
    const { exit } = this.#place;
    await this.#preparation.takeDown(this.uid);
    await this.#note({ exit, stoppedAt: rfc3339(this.#ports.clock.now()) });
    this.#trouble.over();
    this.#place = { at: "stopped", exit };
    this.#refresh("stopped");
  }

  #failed(step: Step, fault: Fault, aborted: boolean): void {
    const { kind, reason, message } = fault;
    this.#ports.log.warn({ uid: this.uid, step: step.do, place: this.#place.at, kind, reason, aborted }, message);
    if (aborted) return;
    const final = kind === "refused" || kind === "bug";
    const failure: Exit = { kind: "failed", reason: reason.slice(0, 128), message: message.slice(0, 2048) };
    // The hypervisor refuses before there is a domain, so there is none to end.
    if (final && (step.do === "prepare" || step.do === "create")) return this.#end(failure);
    if (final && step.do === "resume" && this.#place.at === "created") this.#ending = failure;
    if (UNCERTAIN.has(step.do) && (this.#place.at === "created" || this.#place.at === "live")) {
      this.#place = { at: "unsure" };
    }
    this.#meet(fault);
  }

  /** It is tried again later; a problem is told once. */
  #meet(fault: Fault): void {
    const isNew = this.#trouble.note(fault);
    this.#refresh(isNew ? "troubled" : undefined);
  }

  #end(exit: Exit): void {
    if (this.#place.at === "ended" || this.#place.at === "stopped") return;
    this.#place = { at: "ended", exit };
    this.#agentConnected = false;
    this.#trouble.over();
    this.#ports.consoles.detach(this.uid);
    // How it ended must survive a restart: the domain that could tell it is gone.
    this.#noteSoon({ exit });
    this.#refresh();
  }

  /** Goes to a place, and tells it when that is news. */
  #arrive(place: At): void {
    const before = this.#place;
    this.#place = place;
    const ranBefore = this.#ran;
    if (place.at === "live" && place.vcpus === "running") this.#ran = true;
    if (this.#found && (place.at === "live" || place.at === "created")) {
      this.#found = false;
      return this.#refresh("adopted");
    }
    const report = reportOf(before, place, ranBefore);
    if (report === "started") this.#ports.log.info({ uid: this.uid, milliseconds: this.#split() }, "started");
    this.#refresh(report);
  }

  get #wished(): Pick<MachineOrder, "desired" | "graceSeconds"> {
    return this.order.desired === "off" ? this.order : (this.#finish ?? this.order);
  }

  #noteStopWish(now: Date): void {
    if (this.#wished.desired !== "stopped" || this.#place.at !== "live" || this.#stopSince !== undefined) return;
    this.#stopSince = now;
    this.#noteSoon({ shutdownAskedAt: now.toISOString() });
  }

  #forgetOldTrouble(now: Date): void {
    if (this.#place.at !== "live" || this.#place.vcpus !== "running") return;
    const { fadesAt } = this.#trouble;
    if (fadesAt === undefined || fadesAt > now) return;
    this.#trouble.over();
    this.#refresh();
  }

  #lookAgain(until: Date | undefined, now: Date): void {
    const fadesAt = this.#place.at === "live" ? this.#trouble.fadesAt : undefined;
    const times = [until, fadesAt]
      .filter((time) => time !== undefined && time > now)
      .map((time) => time?.getTime() ?? 0);
    if (times.length === 0) return;
    const milliseconds = Math.min(...times) - now.getTime();
    this.#cancelTimer = this.#ports.clock.schedule(milliseconds, () => this.take({ input: "tick" }));
  }

  #note(changes: Partial<Notes>): Promise<void> {
    const sequenceCeiling = Math.max(this.#notebook.notes.sequenceCeiling, this.#status.sequence + SEQUENCES);
    return this.#notebook.write({ ...changes, sequenceCeiling });
  }

  /** Where nothing waits for the disk. */
  #noteSoon(changes: Partial<Notes>): void {
    this.#note(changes).catch((thrown: unknown) => {
      const { reason, message } = asFault(thrown);
      this.#ports.log.warn({ uid: this.uid, reason, notes: Object.keys(changes) }, message);
    });
  }

  #situation(): Situation {
    const { notes } = this.#notebook;
    const failed = this.#ending !== undefined && this.#place.at === "created";
    return {
      place: this.#place,
      desired: failed ? "off" : this.#wished.desired,
      graceSeconds: this.#wished.graceSeconds,
      claimHolds: this.#ports.claimHolds(notes.order),
      connected: this.#connected,
      shutdown: this.#stopSince === undefined ? undefined : { since: this.#stopSince, lastAsked: this.#lastAsked },
      startBy: new Date(new Date(notes.acceptedAt).getTime() + START_DEADLINE_MS),
      retryAt: this.#trouble.retryAt,
      problem: this.#trouble.problem,
    };
  }

  #circumstances(): Parameters<typeof exitOf>[1] {
    return {
      asked: this.#lastAsked !== undefined,
      ran: this.#ran || this.#notebook.notes.mayHaveRun,
      ending: this.#ending,
      panicked: this.#panicked,
    };
  }

  async #askAgent(): Promise<void> {
    const info = await guestOSInfo(this.#hypervisor, this.uuid);
    if (info === undefined || !this.#agentConnected || this.#closed) return;
    this.#guestOSInfo = info;
    this.#refresh("agentConnected");
  }

  /** Computes the status anew; when it differs, or a report is due, it gets the next sequence number. */
  #refresh(report?: ReportName): void {
    const last = this.#status;
    const fresh = this.#tellOf(last.sequence, rfc3339(this.#ports.clock.now()), last.state);
    const status = fresh.state === last.state ? { ...fresh, since: last.since } : fresh;
    if (report === undefined && JSON.stringify(status) === JSON.stringify(last)) return;
    this.#status = { ...status, sequence: last.sequence + 1 };
    if (this.#status.sequence + SEQUENCES / 2 > this.#notebook.notes.sequenceCeiling) this.#noteSoon({});
    if (report !== undefined) this.#ports.tell(report, this.#status);
  }

  #tellOf(sequence: number, since: string, last: MachineStatus["state"] | undefined): MachineStatus {
    const telling = {
      order: this.order,
      place: this.#place,
      connected: this.#connected,
      asked: this.#lastAsked !== undefined,
      last,
      sequence,
      since,
      problem: this.#trouble.problem,
      agentConnected: this.#agentConnected,
      guestOSInfo: this.#guestOSInfo,
    };
    return statusOf(telling, this.#ports.domain, this.#ports.facts);
  }

  /** Milliseconds of each part of the start. */
  #split(): Record<string, number> {
    const { marks } = this.#preparation;
    return Object.fromEntries(Object.entries(marks).map(([name, value]) => [name, Math.round(value * 10) / 10]));
  }
}
