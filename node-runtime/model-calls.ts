/** Calls of the model hypervisor: each takes its time, and meets what befalls it. */
import type { Random } from "#events/chance.ts";
import { wait, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";

export type ModelCall =
  | "createPaused"
  | "resume"
  | "suspend"
  | "shutdown"
  | "reboot"
  | "reset"
  | "destroy"
  | "list"
  | "domain"
  | "migrateBegin"
  | "migrateConfirm"
  | "migratePrepare"
  | "migrateFinish"
  | "abortJob";

/**
 * What one call does instead of succeeding.
 * - `later`, `refused`: fails with that fault, and nothing is done
 * - `lost`: does its work; the answer is lost after the deadline
 * - `hang`: does nothing; no answer before the deadline
 * - `overdue`: no answer before the deadline; does its work some time after it
 */
export type Misfortune = "later" | "refused" | "lost" | "hang" | "overdue";

export interface ModelCallsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly connected: () => boolean;
  /** Milliseconds that a call takes, at least and at most. */
  readonly latency?: { readonly least: number; readonly most: number } | undefined;
  /** Milliseconds after which a call without an answer fails. */
  readonly deadline?: number | undefined;
}

const DEADLINE_MS = 10_000;

export class ModelCalls {
  readonly #options: ModelCallsOptions;
  readonly #misfortunes = new Map<ModelCall, Misfortune[]>();
  /** Every one that reached it, for tests that count. */
  readonly made: { readonly call: ModelCall; readonly uuid: string }[] = [];

  constructor(options: ModelCallsOptions) {
    this.#options = options;
  }

  /** The next calls of this name meet these, in order. */
  befall(call: ModelCall, ...misfortunes: readonly Misfortune[]): void {
    this.#misfortunes.set(call, [...(this.#misfortunes.get(call) ?? []), ...misfortunes]);
  }

  /** No more misfortunes. */
  spare(): void {
    this.#misfortunes.clear();
  }

  /** @throws Fault later, refused: as it is befallen */
  async make<T>(call: ModelCall, uuid: string, act: () => T): Promise<T> {
    const { clock, random, connected, latency = { least: 1, most: 5 }, deadline = DEADLINE_MS } = this.#options;
    if (!connected()) throw unreachable();
    this.made.push({ call, uuid });
    const misfortune = this.#misfortunes.get(call)?.shift();
    await wait(clock, latency.least + random() * (latency.most - latency.least));
    if (!connected()) throw unreachable();
    switch (misfortune) {
      case "later":
        throw new Fault("later", "ModelBusy", `${call} fails this time`);
      case "refused":
        throw new Fault("refused", "ModelRefused", `${call} is refused`);
      case "hang":
        await wait(clock, deadline);
        throw new Fault("later", "ModelTimeout", `${call} was not answered within ${deadline} ms`);
      case "lost":
        act();
        await wait(clock, deadline);
        throw new Fault("later", "ModelTimeout", `${call} was not answered within ${deadline} ms`);
      case "overdue":
        clock.schedule(deadline * (1 + random()), () => overdue(act));
        await wait(clock, deadline);
        throw new Fault("later", "ModelTimeout", `${call} was not answered within ${deadline} ms`);
      case undefined:
        return act();
    }
  }
}

/** Nobody waits for the answer any more, a failure included. */
function overdue(act: () => unknown): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
  }
}

export function unreachable(): Fault {
  return new Fault("later", "HypervisorUnreachable", "the hypervisor does not answer");
}
