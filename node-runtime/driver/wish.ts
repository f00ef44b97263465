/** What a machine should be now: its order's wish, unless the node goes; and how far a wished shutdown has come. */
import type { Desired } from "#events/machine.ts";
import type { Situation } from "./next.ts";
import type { Notebook } from "./ports.ts";

export class Wish {
  readonly #notebook: Notebook;
  /** Stands above the order once the node goes. */
  #finish: { readonly desired: "stopped" | "off"; readonly graceSeconds: number } | undefined;
  #stopSince: Date | undefined;
  #lastAsked: Date | undefined;

  constructor(notebook: Notebook) {
    this.#notebook = notebook;
    const { shutdownAskedAt } = notebook.notes;
    if (shutdownAskedAt !== undefined) this.#stopSince = new Date(shutdownAskedAt);
  }

  get desired(): Desired {
    return this.#wished.desired;
  }

  get graceSeconds(): number {
    return this.#wished.graceSeconds;
  }

  /** For the situation: since when a live guest is to stop, and when it was last asked. */
  get shutdown(): Situation["shutdown"] {
    return this.#stopSince === undefined ? undefined : { since: this.#stopSince, lastAsked: this.#lastAsked };
  }

  /** The guest was asked to shut down. */
  get asked(): boolean {
    return this.#lastAsked !== undefined;
  }

  finish(graceSeconds: number): void {
    this.#finish = { desired: graceSeconds === 0 ? "off" : "stopped", graceSeconds };
  }

  /** A live guest is wished stopped: its grace counts from the first such moment. Answers whether this is it. */
  begins(now: Date): boolean {
    // The wall clock was set back: the grace that is left would be hours.
    if (this.#stopSince !== undefined && this.#stopSince > now) this.#stopSince = now;
    if (this.#lastAsked !== undefined && this.#lastAsked > now) this.#lastAsked = now;
    if (this.desired !== "stopped" || this.#stopSince !== undefined) return false;
    this.#stopSince = now;
    return true;
  }

  /** The guest was to stop and is to live again. It may still obey what it was asked. Answers whether that is news. */
  takenBack(): boolean {
    if (this.#stopSince === undefined || this.desired === "stopped" || this.desired === "off") return false;
    this.#stopSince = undefined;
    this.#lastAsked = undefined;
    return true;
  }

  ask(now: Date): void {
    this.#lastAsked = now;
  }

  get #wished(): { readonly desired: Desired; readonly graceSeconds: number } {
    const { order } = this.#notebook.notes;
    return order.desired === "off" ? order : (this.#finish ?? order);
  }
}
