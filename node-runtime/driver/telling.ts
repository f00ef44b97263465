/**
 * What a driver writes down and says: its notes on disk, its status with a sequence number that never repeats, and the
 * guest's own word about its system.
 */
import { rfc3339 } from "#api/object.ts";
import type { ReportName } from "#events/catalogue.ts";
import { asFault } from "#events/fault.ts";
import type { MachineStatus } from "#events/machine.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { guestOSInfo } from "./guest-agent.ts";
import type { DriverPorts, Notebook, Notes } from "./ports.ts";
import { statusOf, type Telling as View } from "./status.ts";

/** Sequence numbers that are reserved on disk at a time, so that most changes of status need no write. */
const SEQUENCES = 64;
/** More than a machine's status changes in a second. */
const SEQUENCES_PER_SECOND = 16;

/** What only the driver knows of the moment. */
export type Moment = Pick<View, "place" | "connected" | "asked" | "problem" | "move">;

export class Telling {
  readonly #ports: Pick<DriverPorts, "clock" | "domain" | "facts" | "log" | "tell">;
  readonly #notebook: Notebook;
  readonly #moment: () => Moment;
  #agentConnected = false;
  /** Counts what events have told of the agent. */
  #agentNews = 0;
  #guestOSInfo: MachineStatus["guestOSInfo"];
  #status: MachineStatus;

  constructor(ports: DriverPorts, notebook: Notebook, moment: () => Moment) {
    this.#ports = ports;
    this.#notebook = notebook;
    this.#moment = moment;
    const { sequenceCeiling, stoppedAt, acceptedAt } = notebook.notes;
    const now = ports.clock.now();
    // A full disk reserves nothing: the time that passed keeps numbers from being given twice even then.
    const passed = Math.max(0, Math.floor((now.getTime() - Date.parse(acceptedAt)) / 1000));
    this.#status = this.#compute(sequenceCeiling + passed * SEQUENCES_PER_SECOND, stoppedAt ?? rfc3339(now), undefined);
  }

  get status(): MachineStatus {
    return this.#status;
  }

  /** Computes the status anew; when it differs, or a report is due, it gets the next sequence number. */
  refresh(report?: ReportName): void {
    const last = this.#status;
    const fresh = this.#compute(last.sequence, rfc3339(this.#ports.clock.now()), last.state);
    const status = fresh.state === last.state ? { ...fresh, since: last.since } : fresh;
    if (report === undefined && JSON.stringify(status) === JSON.stringify(last)) return;
    this.#status = { ...status, sequence: last.sequence + 1 };
    if (this.#status.sequence + SEQUENCES / 2 > this.#notebook.notes.sequenceCeiling) this.noteSoon({});
    if (report !== undefined) this.#ports.tell(report, this.#status);
  }

  /** Resolves when it is on disk. @throws Fault later */
  note(changes: Partial<Notes>): Promise<void> {
    const sequenceCeiling = Math.max(this.#notebook.notes.sequenceCeiling, this.#status.sequence + SEQUENCES);
    return this.#notebook.write({ ...changes, sequenceCeiling });
  }

  /** Where nothing waits for the disk. */
  noteSoon(changes: Partial<Notes>): void {
    this.note(changes).catch((thrown: unknown) => {
      const { reason, message } = asFault(thrown);
      const { uid } = this.#notebook.notes.order;
      this.#ports.log.warn({ uid, reason, notes: Object.keys(changes) }, message);
    });
  }

  agentGone(report: boolean): void {
    this.#agentNews += 1;
    this.#agentConnected = false;
    if (report) this.refresh("agentDisconnected");
  }

  /** Tells that the agent answers, and again when it has said what system it runs on. */
  async agentAnswers(hypervisor: Hypervisor, uuid: string): Promise<void> {
    this.#agentNews += 1;
    this.#agentConnected = true;
    this.refresh("agentConnected");
    const info = await guestOSInfo(hypervisor, uuid);
    if (info === undefined || !this.#agentConnected) return;
    this.#guestOSInfo = info;
    this.refresh("agentConnected");
  }

  /** Of a guest that was found running: an agent that is there already is no event. One that is slow may be there. */
  async agentMayAnswer(hypervisor: Hypervisor, uuid: string): Promise<void> {
    const news = this.#agentNews;
    const info = await guestOSInfo(hypervisor, uuid);
    if (info === undefined || news !== this.#agentNews) return;
    const known = this.#agentConnected;
    this.#agentConnected = true;
    this.#guestOSInfo = info;
    this.refresh(known ? undefined : "agentConnected");
  }

  #compute(sequence: number, since: string, last: MachineStatus["state"] | undefined): MachineStatus {
    const view: View = {
      ...this.#moment(),
      order: this.#notebook.notes.order,
      last,
      sequence,
      since,
      agentConnected: this.#agentConnected,
      guestOSInfo: this.#guestOSInfo,
    };
    return statusOf(view, this.#ports.domain, this.#ports.facts);
  }
}
