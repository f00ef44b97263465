/**
 * One driver a machine: the one place that acts on it. Orders, hypervisor events, ticks and the ends of its own steps
 * come in one after the other; after each it asks `next` what to do, and does one step at a time. The newest wish
 * wins: a wish to stop cuts a preparation short. The picture of its places is in next.ts.
 */
import { rfc3339 } from "#api/object.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Exit, MachineOrder, MachineStatus } from "#events/machine.ts";
import type { DomainEvent, Hypervisor } from "../hypervisor.ts";
import type { FinishAnswer, FinishRequest, PrepareAnswer, PrepareRequest } from "../migration/peers.ts";
import { Alarm } from "./alarm.ts";
import { Liveness } from "./liveness.ts";
import { Mending } from "./mending.ts";
import { isMoving, Moving, type Brought } from "./moving.ts";
import { exits, next, PAUSED, RUNNING, START_DEADLINE_MS, UNCERTAIN } from "./next.ts";
import type { At, Doing, Situation, Step } from "./next.ts";
import { exitOf, failureOf, ownDomain, pausedReasonOf, placeIn, placeOf } from "./observed.ts";
import type { Circumstances, Heard } from "./observed.ts";
import type { DriverPorts, Input, Notebook } from "./ports.ts";
import { Preparation, type Prepared } from "./preparation.ts";
import { reportOf } from "./status.ts";
import { Telling } from "./telling.ts";
import { Trouble } from "./trouble.ts";
import { Wish } from "./wish.ts";

const SETTLE_AGAIN_MS = 2_000;
/** Why a guest that leaves is halted. */
const LEAVING: ReadonlySet<string> = new Set(["Migration", "PostCopy", "PostCopyFailed"]);
const HAS_DOMAIN: ReadonlySet<At["at"]> = new Set(["created", "incoming", "live", "unsure"]);

export class Driver {
  readonly uid: string;
  /** The domain's. */
  readonly uuid: string;
  readonly #ports: DriverPorts;
  readonly #hypervisor: Hypervisor;
  readonly #notebook: Notebook;
  readonly #preparation: Preparation;
  readonly #trouble: Trouble;
  readonly #mending: Mending;
  readonly #liveness: Liveness;
  readonly #moving: Moving;
  readonly #telling: Telling;
  readonly #wish: Wish;
  readonly #alarm: Alarm;
  #place: At;
  #prepared: Prepared | undefined;
  #connected: boolean;
  #work: { readonly step: Step["do"]; readonly abort: AbortController } | undefined;
  /** Why it destroys the domain, once it does so. */
  #ending: Exit | undefined;
  #heard: Heard = { panicked: false };
  /** This driver has told that the vCPUs run, or found them so. */
  #ran = false;
  /** The domain was found at start-up or after the hypervisor was away: not told yet. */
  #found = false;
  /** The hypervisor has said whether there is a domain of it. */
  #looked = false;
  #closed = false;
  #performing: Promise<void> = Promise.resolve();

  /** `again`: its notes were read from disk, so a domain of it may exist. */
  constructor(ports: DriverPorts, hypervisor: Hypervisor, notebook: Notebook, start: "fresh" | "again") {
    const { notes } = notebook;
    this.#ports = ports;
    this.#hypervisor = hypervisor;
    this.#notebook = notebook;
    this.#preparation = new Preparation(ports);
    this.#trouble = new Trouble(ports.clock, ports.random);
    this.#mending = new Mending({
      ...ports,
      mend: () => this.#serveAgain(),
      changed: (to) => this.#telling.refresh(to),
    });
    this.#liveness = new Liveness({
      clock: ports.clock,
      runs: async () => (this.#connected ? hypervisor.vcpuRuns(this.uuid) : undefined),
      expected: () => this.#place.at === "live" && this.#place.vcpus === "running",
      changed: (to) => this.#lived(to),
    });
    this.#wish = new Wish(notebook);
    this.#alarm = new Alarm(ports.clock);
    this.#connected = hypervisor.connected;
    this.uid = notes.order.uid;
    this.uuid = ports.domain.uuid(notes.order);
    this.#place = start === "fresh" ? { at: "new" } : placeIn(notes);
    this.#found = this.#place.at === "unsure";
    this.#moving = new Moving({
      ports,
      hypervisor,
      notebook,
      uuid: this.uuid,
      note: (changes) => this.#telling.note(changes),
      tell: (report) => this.#telling.refresh(report),
    });
    this.#telling = new Telling(ports, notebook, () => ({
      place: this.#place,
      connected: this.#connected,
      asked: this.#wish.asked,
      problem: this.#trouble.problem ?? this.#mending.problem ?? this.#liveness.problem,
      move: this.#moving.status(this.#place, this.#ran),
    }));
    if (start === "fresh") ports.tell("preparing", this.status);
  }

  get status(): MachineStatus {
    return this.#telling.status;
  }

  get order(): MachineOrder {
    return this.#notebook.notes.order;
  }

  /** Final: disks and network are taken down. */
  get stopped(): boolean {
    return this.#place.at === "stopped";
  }

  /** The run is over; disks and network are still to be taken down. */
  get ended(): boolean {
    return this.#place.at === "ended";
  }

  /** A domain exists whose vCPUs have run. */
  get live(): boolean {
    return this.#place.at === "live";
  }

  take(input: Input): void {
    if (this.#closed) return;
    if (input.input === "order") this.#ordered();
    else if (input.input === "event") this.#observe(input.event);
    else if (input.input === "connection") this.#connection(input.connected);
    else if (input.input === "finish") this.#wish.finish(input.graceSeconds);
    this.#converge();
  }

  /** Of the node that the guest comes from. @throws Fault */
  prepareArrival(request: PrepareRequest): Promise<PrepareAnswer> {
    return this.#asked(this.#moving.prepare(request));
  }

  finishArrival(request: FinishRequest): Promise<FinishAnswer> {
    return this.#asked(this.#moving.finish(request, this.#place, this.#ran));
  }

  #asked<T>(answer: Promise<T>): Promise<T> {
    this.#converge();
    return answer;
  }

  /** Lets go: the machine goes on as it is. What is under way is cut short or waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#alarm.off();
    this.#mending.end();
    this.#liveness.end();
    this.#work?.abort.abort();
    this.#moving.end();
    await Promise.all([this.#performing, this.#preparation.ended(), this.#mending.ended()]);
  }

  #ordered(): void {
    this.#trouble.hurry(); // a fresh wish deserves a fresh try
    if (this.#wish.takenBack()) this.#telling.noteSoon({ shutdownAskedAt: undefined });
    // Whoever halted the vCPUs, a new wish about them stands above it.
    if (this.#place.at === "live" && this.#place.vcpus === "paused" && this.order.desired !== this.status.desired)
      this.#place = PAUSED;
    this.#telling.refresh();
  }

  #connection(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    if (!HAS_DOMAIN.has(this.#place.at)) return;
    // Whatever happens while it is away is not told: it must be looked at.
    this.#place = { at: "unsure" };
    this.#found = true;
    this.#trouble.hurry();
    if (!connected) this.#telling.refresh("unknown");
  }

  #observe(event: DomainEvent): void {
    const place = this.#place;
    if (event.event === "round") return this.#moving.round();
    if (event.event === "panicked") this.#heard.panicked = true;
    if (place.at === "unsure") {
      if (event.event === "stopped") this.#heard.stop = event.how;
      this.#trouble.hurry(); // there is news: look now
    }
    if (place.at !== "created" && place.at !== "live" && place.at !== "incoming") return;
    switch (event.event) {
      case "stopped":
        this.#heard.stop = event.how;
        // The hypervisor is about to answer whether the guest has run here: cut short, nobody would ever know.
        if (place.at === "incoming" && this.#work?.step === "admit") return;
        return this.#end(exitOf(event.how, this.#circumstances()));
      case "suspended":
        // Its own step will tell.
        if (this.#work?.step === "leave" && LEAVING.has(event.reason)) return;
        if (this.#work?.step === "kick" && event.reason === "User") return;
        this.#heard.halted = { ...PAUSED, pausedReason: pausedReasonOf(event.reason) };
        if (place.at === "live") this.#arrive(this.#heard.halted);
        if (event.reason === "IOError") this.#meet(new Fault("later", "IOError", "a disk answered with an I/O error"));
        return;
      case "resumed":
        this.#heard.halted = undefined;
        if (place.at === "live") this.#arrive(RUNNING);
        return;
      case "rebooted":
        return this.#telling.refresh("rebooted");
      case "agent-connected":
        return void this.#telling.agentAnswers(this.#hypervisor, this.uuid);
      case "agent-disconnected":
        return this.#telling.agentGone(true);
      default: // told by what follows
    }
  }

  #converge(): void {
    if (this.#closed) return;
    this.#alarm.off();
    const now = this.#ports.clock.now();
    if (this.#place.at === "live" && this.#wish.begins(now)) {
      this.#telling.noteSoon({ shutdownAskedAt: now.toISOString() });
    }
    if (this.#place.at === "live" && this.#place.vcpus === "running" && this.#trouble.faded(now))
      this.#telling.refresh("recovered");
    const step = next(this.#situation(), now);
    if (this.#work !== undefined) {
      // Only these are cut short; anything else must tell its end before the next step is sound.
      const long = this.#work.step === "prepare" || this.#work.step === "leave";
      if (long && step.do !== this.#work.step) this.#work.abort.abort();
      return;
    }
    switch (step.do) {
      case "wait":
        return this.#alarm.set([step.until, this.live ? this.#trouble.fadesAt : undefined], now, () =>
          this.take({ input: "tick" }),
        );
      case "doubt":
        this.#place = { at: "unsure" };
        this.#trouble.hurry();
        this.#telling.refresh();
        return this.#converge();
      case "end":
        this.#end(step.exit);
        return this.#converge();
      default:
        this.#performing = this.#perform(step);
    }
  }

  async #perform(step: Doing): Promise<void> {
    const abort = new AbortController();
    this.#work = { step: step.do, abort };
    const started = performance.now();
    this.#ports.log.debug({ uid: this.uid, step: step.do, place: this.#place.at }, "step");
    try {
      await this.#doing(step, abort.signal);
      if (step.do !== "resume") this.#preparation.marks[step.do] = performance.now() - started;
      if (step.do !== "look") this.#trouble.hurry();
    } catch (thrown) {
      this.#failed(step, asFault(thrown), abort.signal.aborted);
    }
    this.#work = undefined;
    this.#converge();
  }

  async #doing(step: Doing, signal: AbortSignal): Promise<void> {
    if (isMoving(step.do)) return this.#brought(await this.#moving.perform(step.do, signal));
    switch (step.do) {
      case "prepare":
        this.#prepared = await this.#preparation.prepare(this.order, signal);
        this.#trouble.over();
        this.#arrive({ at: "prepared" });
        return this.order.desired === "incoming" ? this.#telling.refresh("ready") : undefined;
      case "create":
        return this.#create();
      case "look":
        return this.#look();
      case "resume":
        return this.#resume();
      case "hold":
        await this.#ports.orderLasts?.();
        await this.#telling.note({ mayHaveRun: true });
        if (this.#place.at === "created") this.#arrive(PAUSED);
        return;
      case "suspend":
        await this.#hypervisor.suspend(this.uuid);
        if (this.#place.at === "live") this.#arrive(PAUSED);
        return;
      case "shutdown": {
        const first = !this.#wish.asked;
        this.#wish.ask(this.#ports.clock.now());
        if (first) this.#telling.refresh("stopping");
        return this.#hypervisor.shutdown(this.uuid);
      }
      case "kick":
        this.#liveness.kicked();
        await this.#hypervisor.suspend(this.uuid);
        await this.#hypervisor.resume(this.uuid);
        return this.#ports.log.warn({ uid: this.uid }, "a guest that did not run was halted and let run again");
      case "destroy":
        this.#ending ??= step.exit;
        await this.#hypervisor.destroy(this.uuid);
        // An unsure one is looked for: whoever destroyed it may not have been this call.
        if (this.#place.at !== "unsure") this.#end(this.#ending);
        return;
      case "takeDown":
        return this.#takeDown();
      default: // those of moves
    }
  }

  async #brought(to: Brought): Promise<void> {
    if (this.#place.at === "ended") return;
    if (typeof to === "object") return this.#end(to.ended);
    switch (to) {
      case "gone":
        return this.#end(exits.moved);
      case "unsure":
        this.#place = { at: "unsure" };
        return this.#telling.refresh(this.#moving.wants.stayed ? "stayed" : undefined);
      case "incoming":
        this.#place = { at: "incoming" };
        this.#preparation.beginServing();
        return this.#telling.refresh();
      case "here":
        this.#trouble.over();
        this.#arrive(RUNNING);
        if (this.#heard.stop !== undefined) return this.#end(exitOf(this.#heard.stop, this.#circumstances()));
        // The guest runs: whatever serves it and listens to it catches up.
        this.#mending.begin();
        this.#liveness.begin();
        return this.#ports.consoles.attach(this.uid, this.uuid);
    }
  }

  #lived(to: "stuck" | "recovered"): void {
    if (to === "recovered" || this.#liveness.problem !== undefined)
      this.#telling.refresh(to === "recovered" ? "recovered" : "troubled");
    this.#converge();
  }

  async #serveAgain(): Promise<void> {
    await Promise.all([
      this.#preparation.serveAgain(this.order),
      // Of a guest that may run elsewhere by now, it is not known where its address is to lead.
      this.#moving.wants.unsettled ? undefined : this.#ports.network.hold(this.order),
    ]);
  }

  async #create(): Promise<void> {
    if (this.#prepared === undefined) throw new Fault("bug", "NotPrepared", "a domain is created of nothing");
    const xml = this.#ports.domain.xml(this.order, { ...this.#prepared, ...this.#ports.facts });
    // Until it answers, a domain may or may not exist.
    this.#place = { at: "unsure" };
    this.#heard.stop = undefined;
    const created = this.#preparation.create(this.order, () => this.#hypervisor.createPaused(xml));
    this.#preparation.beginServing();
    await created;
    if (this.#heard.stop !== undefined) return this.#end(exitOf(this.#heard.stop, this.#circumstances()));
    if (this.#place.at === "unsure") this.#arrive({ at: "created" });
  }

  async #look(): Promise<void> {
    const { notes } = this.#notebook;
    const domain = await ownDomain(this, this.#hypervisor, this.#ports.domain);
    this.#looked = true;
    if (this.#place.at !== "unsure") return;
    const place = placeOf(domain, notes.mayHaveRun || domain?.state === "running", this.#circumstances());
    if (place === undefined) throw new Fault("later", "DomainEnding", "the domain is on its way out");
    if (place.at === "ended") return this.#end(place.exit);
    if (place.at === "prepared") {
      this.#found = false;
      this.#place = this.#prepared === undefined ? { at: "new" } : place;
      return this.#telling.refresh();
    }
    if (place.at === "live") {
      if (!notes.mayHaveRun) await this.#telling.note({ mayHaveRun: true });
      this.#ran = true;
      if (this.#found) this.#trouble.over();
      if (this.order.receive !== undefined) this.#liveness.begin();
      void this.#telling.agentMayAnswer(this.#hypervisor, this.uuid);
      this.#mending.begin();
      await this.#ports.consoles.attach(this.uid, this.uuid);
    }
    if (this.#place.at === "unsure") this.#arrive(place);
  }

  async #resume(): Promise<void> {
    const first = this.#place.at === "created";
    if (!this.#ran) await this.#ports.orderLasts?.();
    if (first) {
      await Promise.all([
        this.#preparation.settle(this.order),
        // The console before the vCPUs, or the first lines are lost.
        this.#preparation.timed("console", this.#ports.consoles.attach(this.uid, this.uuid)),
        this.#notebook.notes.mayHaveRun
          ? undefined
          : this.#preparation.timed("note", this.#telling.note({ mayHaveRun: true })),
      ]);
    }
    // The last look before vCPUs run: in the meantime another owner's claim, or a wish to stop, may have come in.
    if (next(this.#situation(), this.#ports.clock.now()).do !== "resume") return;
    this.#heard = { ...this.#heard, halted: undefined };
    await this.#preparation.timed("resume", this.#hypervisor.resume(this.uuid));
    if (this.#place.at !== "created" && this.#place.at !== "live") return;
    if (first && this.#heard.halted === undefined) this.#trouble.over();
    this.#arrive(RUNNING);
    // A disk that fails at once halts it before our call is answered: that is the newer news.
    if (this.#heard.halted?.pausedReason === "PausedIOError") this.#arrive(this.#heard.halted);
  }

  async #takeDown(): Promise<void> {
    if (this.#place.at !== "ended") return;
    const exit = await this.#preparation.takeDown(this.order, this.#place.exit);
    await this.#telling.note({ exit, stoppedAt: rfc3339(this.#ports.clock.now()) });
    this.#trouble.over();
    this.#place = { at: "stopped", exit };
    this.#moving.end(); // who asked in the meantime asks again, and is answered
    this.#telling.refresh("stopped");
  }

  #failed(step: Step, fault: Fault, aborted: boolean): void {
    const { kind, reason, message } = fault;
    this.#ports.log.warn({ uid: this.uid, step: step.do, place: this.#place.at, kind, reason, aborted }, message);
    if (aborted) return;
    const final = kind === "refused" || kind === "bug";
    const failure = failureOf(fault);
    // The hypervisor refuses before there is a domain, so there is none to end.
    const { at } = this.#place;
    if (final && (step.do === "prepare" || step.do === "create")) return this.#end(failure);
    if (final && step.do === "resume" && at === "created") this.#ending = failure;
    if (UNCERTAIN.has(step.do) && (at === "created" || at === "live" || at === "incoming"))
      this.#place = { at: "unsure" };
    // A guest that stands still waits for the answer.
    this.#meet(fault, step.do === "settle" ? SETTLE_AGAIN_MS : undefined);
  }

  /** It is tried again later; a problem is told once. */
  #meet(fault: Fault, mostMilliseconds?: number): void {
    this.#telling.refresh(this.#trouble.note(fault, mostMilliseconds) ? "troubled" : undefined);
  }

  #end(exit: Exit): void {
    if (this.#place.at === "ended" || this.#place.at === "stopped") return;
    this.#place = { at: "ended", exit };
    this.#telling.agentGone(false);
    this.#trouble.over();
    this.#mending.end();
    this.#liveness.end();
    this.#ports.consoles.detach(this.uid);
    this.#moving.end();
    // How it ended must survive a restart: the domain that could tell it is gone.
    this.#telling.noteSoon({ exit });
    this.#telling.refresh();
  }

  /** Goes to a place, and tells it when that is news. */
  #arrive(place: At): void {
    const [before, ranBefore] = [this.#place, this.#ran];
    this.#place = place;
    this.#ran ||= place.at === "live" && place.vcpus === "running";
    if (this.#found && (place.at === "live" || place.at === "created")) {
      this.#found = false;
      return this.#telling.refresh("adopted");
    }
    const report = reportOf(before, place, ranBefore);
    if (report === "started")
      this.#ports.log.info({ uid: this.uid, milliseconds: this.#preparation.split() }, "started");
    this.#telling.refresh(report === "started" && this.order.receive !== undefined ? "arrived" : report);
  }

  #situation(): Situation {
    const { order, acceptedAt } = this.#notebook.notes;
    const failed = this.#ending !== undefined && this.#place.at === "created";
    return {
      place: this.#place,
      desired: failed ? "off" : this.#wish.desired,
      graceSeconds: this.#wish.graceSeconds,
      claimHolds: this.#ports.claimHolds(order),
      connected: this.#connected,
      looked: this.#looked,
      shutdown: this.#wish.shutdown,
      moving: this.#moving.wants,
      startBy: new Date(Date.parse(acceptedAt) + START_DEADLINE_MS),
      retryAt: this.#trouble.retryAt,
      problem: this.#trouble.problem,
      stuck: this.#liveness.stuck,
    };
  }

  #circumstances(): Circumstances {
    return {
      asked: this.#wish.asked,
      ran: this.#ran || this.#notebook.notes.mayHaveRun,
      ending: this.#work?.step === "settle" ? exits.moved : this.#ending,
      panicked: this.#heard.panicked,
      how: this.#heard.stop,
    };
  }
}
