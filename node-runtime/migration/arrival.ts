/**
 * The target's end of a move: what the source asks for waits here until the driver does it, one step at a time, and is
 * answered the same however often it is asked.
 *
 * ```
 *   ready ──prepare──► receiving ──finish──► (on disk: it may run) ──► arrived
 *     └────────────────────┴─ source gone, refused, ordered off ─► refused: it never has run and never will
 * ```
 */
import { asFault, Fault } from "#events/fault.ts";
import type { MachineOrder, MoveFigures } from "#events/machine.ts";
import type { Incoming, MigrationParameters } from "../hypervisor.ts";
import type { DriverPorts, Notebook } from "../driver/ports.ts";
import {
  POST_COPY_IMPOSSIBLE,
  type FinishAnswer,
  type FinishRequest,
  type PrepareAnswer,
  type PrepareRequest,
} from "./peers.ts";

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly answer: PromiseWithResolvers<Answer>;
}

const LATER_SECONDS = 1;

export class Arrival {
  readonly #ports: Pick<DriverPorts, "domain" | "directoryOf" | "arrivalWire" | "anchor" | "facts" | "log">;
  readonly #hypervisor: { incoming(): Promise<Incoming> };
  readonly #notebook: Notebook;
  #incoming: Incoming | undefined;
  #preparing: Waiting<PrepareRequest, PrepareAnswer> | undefined;
  #prepared: PrepareAnswer | undefined;
  #finishing: Waiting<FinishRequest, FinishAnswer> | undefined;
  #cookie = "";
  #figures: MoveFigures | undefined;

  constructor(
    ports: Pick<DriverPorts, "domain" | "directoryOf" | "arrivalWire" | "anchor" | "facts" | "log">,
    hypervisor: { incoming(): Promise<Incoming> },
    notebook: Notebook,
  ) {
    this.#ports = ports;
    this.#hypervisor = hypervisor;
    this.#notebook = notebook;
  }

  get figures(): MoveFigures | undefined {
    return this.#figures;
  }

  /** What the source asked for and the driver has not done yet. */
  get asked(): "prepare" | "finish" | undefined {
    if (this.#finishing !== undefined) return "finish";
    return this.#preparing === undefined ? undefined : "prepare";
  }

  /** The guest may run here before all of its memory is there: whatever fails then is its end. */
  get postCopy(): boolean {
    return this.#finishing?.request.postCopy === true;
  }

  /** @throws Fault stale when it is not this migration that may come; what stood in the way */
  prepare(request: PrepareRequest): Promise<PrepareAnswer> {
    this.#mustBeExpected(request);
    if (request.postCopy === true && this.#ports.facts.postCopy !== true) {
      throw new Fault(
        "refused",
        POST_COPY_IMPOSSIBLE,
        "guests' QEMU may not handle page faults of their own on this node",
      );
    }
    if (this.#prepared !== undefined) return Promise.resolve(this.#prepared);
    this.#preparing ??= { request, answer: waited() };
    return this.#preparing.answer.promise;
  }

  /** `settled`: how it is known to have ended, when it is. @throws Fault later while it is not known */
  finish(request: FinishRequest, settled: FinishAnswer | undefined): Promise<FinishAnswer> {
    if (settled !== undefined) return Promise.resolve({ ...settled, cookie: this.#cookie, ...this.#told() });
    this.#mustBeExpected(request);
    this.#finishing ??= { request, answer: waited() };
    return this.#finishing.answer.promise;
  }

  /** Driver's step: the incoming domain exists when it resolves. @throws Fault */
  async receive(order: MachineOrder): Promise<void> {
    const asked = this.#preparing;
    if (asked === undefined) throw new Fault("bug", "NothingAsked", "nobody asked to prepare an incoming domain");
    const { xml, directory, cookie } = asked.request;
    const { domain, directoryOf, facts, arrivalWire, anchor } = this.#ports;
    try {
      const mine = domain.incoming(xml, directory, order, directoryOf(order.uid), facts.emulator);
      const incoming = await this.#hypervisor.incoming();
      this.#incoming = incoming;
      const wire = arrivalWire(order.uid);
      const prepare = (): ReturnType<Incoming["prepare"]> =>
        incoming.prepare(mine, bytesOf(cookie), wire, parametersOf(asked.request));
      const made = await (anchor === undefined ? prepare() : anchor.admit(order, prepare));
      this.#prepared = { cookie: textOf(made.cookie) };
      asked.answer.resolve(this.#prepared);
    } catch (thrown) {
      this.refuse(asFault(thrown));
      throw thrown;
    }
  }

  /**
   * Driver's step: the guest runs here when it resolves.
   * @throws Fault stale ArrivalFailed when the hypervisor says that it does not and that its domain is gone; any other:
   *   nothing is known
   */
  async admit(order: MachineOrder): Promise<void> {
    const asked = this.#finishing;
    if (asked === undefined || this.#incoming === undefined || this.#preparing === undefined) {
      throw new Fault("bug", "NothingAsked", "nobody asked to let an incoming guest run");
    }
    const parameters = parametersOf(this.#preparing.request);
    const name = this.#ports.domain.name(order);
    const { cookie, figures } = await this.#incoming.finish(bytesOf(asked.request.cookie), name, true, parameters);
    this.#cookie = textOf(cookie);
    this.#figures = figures;
    asked.answer.resolve({ ran: true, cookie: this.#cookie, ...this.#told() });
    this.#finishing = undefined;
    void this.#close();
  }

  /** What waits is told that it comes to nothing, or that nothing is known; the source asks again. */
  refuse(fault: Fault): void {
    this.#preparing?.answer.reject(fault);
    this.#finishing?.answer.reject(
      new Fault("later", "ArrivalUnsettled", fault.message, { retryAfterSeconds: LATER_SECONDS, cause: fault }),
    );
    this.#finishing = undefined;
    void this.#close();
  }

  async #close(): Promise<void> {
    const incoming = this.#incoming;
    this.#incoming = undefined;
    await incoming?.close().catch((thrown: unknown) => {
      this.#ports.log.debug(
        { uid: this.#notebook.notes.order.uid, thrown: String(thrown) },
        "a connection did not close",
      );
    });
  }

  #told(): { readonly figures?: MoveFigures } {
    return this.#figures === undefined ? {} : { figures: this.#figures };
  }

  #mustBeExpected({ migration, epoch }: { readonly migration: string; readonly epoch: number }): void {
    const { order } = this.#notebook.notes;
    const expected = order.receive?.migration === migration && order.receive.withdrawn !== true;
    if (order.desired === "incoming" && expected && order.claim.epoch === epoch) return;
    throw new Fault(
      "stale",
      "NotExpected",
      `migration ${migration} with epoch ${epoch} is not what machine ${order.uid} waits for here`,
    );
  }
}

function waited<T>(): PromiseWithResolvers<T> {
  const waiting = Promise.withResolvers<T>();
  waiting.promise.catch(() => undefined); // whoever asked is told
  return waiting;
}

function parametersOf({ disks, postCopy }: PrepareRequest): MigrationParameters {
  return { disks, autoConverge: false, postCopy };
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
