/**
 * Calls that wait for their turn, and calls that wait for their answer. A call that its caller has given up keeps its
 * place in flight until the daemon answers, since the daemon works on it all the same.
 */
import { Fault } from "#events/fault.ts";
import type { CallName } from "./protocol.gen.ts";

export type Outcome = { readonly payload: Buffer } | { readonly failure: Error };

export interface QueuedCall {
  readonly name: CallName;
  readonly serial: number;
  readonly packet: Buffer;
  /** From now, waiting for its turn included. */
  readonly timeoutMilliseconds: number;
  /** Told exactly once. */
  readonly settle: (outcome: Outcome) => void;
}

interface Entry {
  readonly name: CallName;
  readonly serial: number;
  packet: Buffer | undefined;
  readonly timer: NodeJS.Timeout;
  settle: ((outcome: Outcome) => void) | undefined;
}

/** A call whose answer has come. */
export interface Answered {
  readonly name: CallName;
  /** False when the caller had given up. */
  readonly awaited: boolean;
  settle(outcome: Outcome): void;
}

export class CallQueue {
  readonly #limits: { readonly maxInFlight: number; readonly maxQueued: number };
  readonly #send: (packet: Buffer) => void;
  readonly #waiting = new Set<Entry>();
  readonly #inFlight = new Map<number, Entry>();

  constructor(limits: { readonly maxInFlight: number; readonly maxQueued: number }, send: (packet: Buffer) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  /** @throws Fault later when too many wait already */
  add(call: QueuedCall): void {
    if (this.#waiting.size >= this.#limits.maxQueued) {
      const message = `${call.name}: ${this.#waiting.size} calls wait for libvirt already`;
      throw new Fault("later", "HypervisorBusy", message);
    }
    const { name, serial, packet, timeoutMilliseconds, settle } = call;
    const timer = setTimeout(() => this.#expire(entry, timeoutMilliseconds), timeoutMilliseconds);
    const entry: Entry = { name, serial, packet, timer, settle };
    this.#waiting.add(entry);
    this.#pump();
  }

  has(serial: number): boolean {
    return this.#inFlight.has(serial);
  }

  /** The call with this serial, which is now answered; the next one goes out. Undefined when none was sent. */
  answered(serial: number): Answered | undefined {
    const entry = this.#inFlight.get(serial);
    if (entry === undefined) return undefined;
    this.#inFlight.delete(serial);
    this.#pump();
    const awaited = entry.settle !== undefined;
    return { name: entry.name, awaited, settle: (outcome) => settle(entry, outcome) };
  }

  /** Nothing will be answered any more. */
  fail(failure: Error): void {
    const entries = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting.clear();
    for (const entry of entries) settle(entry, { failure });
  }

  #pump(): void {
    for (const entry of this.#waiting) {
      if (this.#inFlight.size >= this.#limits.maxInFlight) return;
      this.#waiting.delete(entry);
      this.#inFlight.set(entry.serial, entry);
      if (entry.packet !== undefined) this.#send(entry.packet);
      entry.packet = undefined;
    }
  }

  #expire(entry: Entry, timeoutMilliseconds: number): void {
    const sent = !this.#waiting.delete(entry);
    const span = `${Math.round(timeoutMilliseconds)} ms`;
    const message = sent ? `libvirt did not answer within ${span}` : `did not get its turn within ${span}`;
    settle(entry, { failure: new Fault("later", "HypervisorTimeout", `${entry.name}: ${message}`) });
  }
}

function settle(entry: Entry, outcome: Outcome): void {
  clearTimeout(entry.timer);
  const told = entry.settle;
  entry.settle = undefined;
  told?.(outcome);
}
