/** A driver's part in moves: what both ends want of it next, its steps for them, and what its status tells of them. */
import { asFault, Fault } from "#events/fault.ts";
import type { Exit, MachineOrder, MoveStatus } from "#events/machine.ts";
import { Arrival } from "../migration/arrival.ts";
import { Departure } from "../migration/departure.ts";
import type { FinishAnswer, FinishRequest, PrepareAnswer, PrepareRequest } from "../migration/peers.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { exits, type At, type Moving as Wants, type Step } from "./next.ts";
import { failureOf } from "./observed.ts";
import type { DriverPorts, Leaving, Notebook, Notes } from "./ports.ts";

export type MovingStep = Extract<Step["do"], "leave" | "abandon" | "settle" | "receive" | "admit">;

/** Where a step has brought the machine. `unsure`: the hypervisor must be asked. */
export type Brought = "gone" | "unsure" | "incoming" | "here" | { readonly ended: Exit };

export interface MovingOptions {
  readonly ports: DriverPorts;
  readonly hypervisor: Hypervisor;
  readonly notebook: Notebook;
  readonly uuid: string;
  /** Resolves when it is on disk. */
  readonly note: (changes: Partial<Notes>) => Promise<void>;
  /** The status has changed; with a report others are told. */
  readonly tell: (report?: "moving") => void;
}

const STEPS: ReadonlySet<Step["do"]> = new Set<MovingStep>(["leave", "abandon", "settle", "receive", "admit"]);

export function isMoving(step: Step["do"]): step is MovingStep {
  return STEPS.has(step);
}

export class Moving {
  readonly #options: MovingOptions;
  readonly #departure: Departure;
  readonly #arrival: Arrival;

  constructor(options: MovingOptions) {
    const { ports, hypervisor, notebook, note, tell } = options;
    this.#options = options;
    this.#arrival = new Arrival(ports, hypervisor, notebook);
    this.#departure = new Departure(ports, hypervisor, notebook, {
      note: (leaving: Leaving) => note({ leaving }),
      moving: () => tell("moving"),
    });
  }

  get wants(): Wants {
    const { leaving, order } = this.#notes;
    const { move } = order;
    const fresh = leaving?.migration !== move?.migration;
    const underWay = leaving?.state === "copying" && !this.#departure.stranded;
    return {
      leaves: move !== undefined && (fresh || underWay),
      stranded: this.#departure.stranded,
      unsettled: leaving?.state === "asked",
      stayed: leaving?.state === "stayed",
      withdrawn: order.receive?.withdrawn === true,
      asked: this.#arrival.asked,
    };
  }

  prepare(request: PrepareRequest): Promise<PrepareAnswer> {
    return this.#arrival.prepare(request);
  }

  finish(request: FinishRequest, place: At, ran: boolean): Promise<FinishAnswer> {
    return this.#arrival.finish(request, this.#settled(place, ran));
  }

  /** @throws Fault of a step that may be tried again */
  async perform(step: MovingStep, signal: AbortSignal): Promise<Brought> {
    const { order } = this.#notes;
    switch (step) {
      case "leave":
        if (order.move === undefined) throw new Fault("bug", "NoMove", "a guest leaves that is not to move");
        return (await this.#departure.leave(order, order.move, signal)) ? "gone" : "unsure";
      case "abandon":
        await this.#departure.abandon(order, this.#options.uuid);
        return "unsure";
      case "settle":
        if (!(await this.#departure.settle(order))) return "unsure";
        await this.#options.hypervisor.destroy(this.#options.uuid);
        return "gone";
      case "receive":
        return this.#receive(order);
      case "admit":
        return this.#admit(order);
    }
  }

  /** The run is over, or the driver lets go: whoever waits asks again. */
  end(): void {
    this.#arrival.refuse(new Fault("later", "ArrivalEnded", "the incoming domain is gone, or its runtime ends"));
  }

  /** A round over the memory of the guest that leaves has begun. */
  round(): void {
    this.#departure.round();
  }

  /** What the status tells; undefined when the machine neither comes nor goes. */
  status(place: At, ran: boolean): MoveStatus | undefined {
    const { leaving, order, exit } = this.#notes;
    if (leaving !== undefined) return this.#ofSource(leaving, exit?.kind === "moved" || isMoved(place));
    if (order.receive === undefined) return undefined;
    const { migration } = order.receive;
    const { figures } = this.#arrival;
    const ended = place.at === "ended" || place.at === "stopped" ? place.exit : undefined;
    const phase = this.#phaseOf(place, ran);
    return {
      migration,
      role: "target",
      phase,
      ...(phase === "refused" && ended !== undefined ? { reason: ended.reason, message: ended.message } : {}),
      ...(order.receive.withdrawn === true ? { withdrawn: true } : {}),
      ...(figures === undefined ? {} : { figures }),
    };
  }

  get #notes(): Notes {
    return this.#options.notebook.notes;
  }

  #ofSource({ migration, state, reason, message }: Leaving, moved: boolean): MoveStatus {
    const { figures, mode } = this.#departure;
    return {
      migration,
      role: "source",
      phase: moved ? "moved" : state === "asked" ? "switching" : state,
      ...(state !== "stayed" && mode !== "PreCopy" ? { mode } : {}),
      ...(state === "stayed" && reason !== undefined ? { reason } : {}),
      ...(state === "stayed" && message !== undefined ? { message } : {}),
      ...(figures === undefined ? {} : { figures }),
    };
  }

  #phaseOf(place: At, ran: boolean): MoveStatus["phase"] {
    const mayRun = this.#notes.mayHaveRun;
    switch (place.at) {
      case "new":
        return "preparing";
      case "prepared":
        return "ready";
      case "live":
        return ran ? "arrived" : "switching";
      case "stopped":
        return mayRun ? "arrived" : "refused";
      case "ended":
        // Whoever is told that it arrived must be told with it how that ended.
        if (place.exit.reason === exits.postCopyFailed.reason) return "switching";
        return mayRun ? "arrived" : "receiving";
      case "created":
      case "incoming":
      case "unsure":
        return mayRun ? "switching" : "receiving";
    }
  }

  /** Undefined while it may still become either. "Never" is said only once it is on disk. */
  #settled(place: At, ran: boolean): FinishAnswer | undefined {
    const phase = this.#phaseOf(place, ran);
    if (phase === "arrived") return { ran: true, cookie: "" };
    if (phase !== "refused" || place.at !== "stopped") return undefined;
    const { reason, message } = place.exit;
    return { ran: false, cookie: "", reason, message };
  }

  async #receive(order: MachineOrder): Promise<Brought> {
    try {
      await this.#arrival.receive(order);
      return "incoming";
    } catch (thrown) {
      // A migration is tried once: whether to try another is for functions to say.
      return { ended: failureOf(asFault(thrown)) };
    }
  }

  async #admit(order: MachineOrder): Promise<Brought> {
    const { note } = this.#options;
    // Asked for now: whoever lets go of the driver meanwhile takes the question away.
    const { postCopy } = this.#arrival;
    try {
      await note({ mayHaveRun: true });
      this.#options.tell();
      await Promise.all([this.#arrival.admit(order), this.#hold(order)]);
      return "here";
    } catch (thrown) {
      const fault = asFault(thrown);
      this.#arrival.refuse(fault);
      if (fault.reason !== "ArrivalFailed") throw fault;
      if (postCopy) {
        await this.#options.hypervisor.destroy(this.#options.uuid);
        return { ended: exits.postCopyFailed };
      }
      await note({ mayHaveRun: false });
      return { ended: failureOf(fault) };
    }
  }

  /** The guest comes first; once it runs, whatever serves it is put right until all is well. */
  async #hold(order: MachineOrder): Promise<void> {
    const { network, log } = this.#options.ports;
    await network.hold(order).catch((thrown: unknown) => {
      const { reason, message } = asFault(thrown);
      log.warn({ uid: order.uid, reason }, message);
    });
  }
}

function isMoved(place: At): boolean {
  return (place.at === "ended" || place.at === "stopped") && place.exit.kind === "moved";
}
