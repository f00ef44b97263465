/** The embedded server in a process of its own, to be measured and killed. With `standby` the next one has its code loaded already. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { ServeOptions } from "./serve.ts";

/** As `virtive up` runs it: a small nursery keeps the heap a third as large, at no cost in time that could be measured. */
const NODE_OPTIONS = ["--max-semi-space-size=4"];

interface Process {
  readonly child: ChildProcess;
  /** The first line that it prints; rejects when it ends before. */
  readonly url: Promise<string>;
}

export class EmbeddedServerProcess {
  readonly #options: ServeOptions;
  #running: Process | undefined;
  #next: Process | undefined;

  readonly #standby: boolean;

  constructor(options: ServeOptions, { standby = false }: { readonly standby?: boolean } = {}) {
    this.#options = options;
    this.#standby = standby;
  }

  /** Of the process that serves. */
  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  #spawn(): Process {
    const child = spawn(
      process.execPath,
      [...NODE_OPTIONS, path.join(import.meta.dirname, "serve.ts"), JSON.stringify(this.#options)],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    const line = once(createInterface({ input: child.stdout }), "line") as Promise<[string]>;
    const end = once(child, "exit").then(([code, signal]: unknown[]) => {
      throw new Error(`the server ended with ${String(code ?? signal)} before it was ready`);
    });
    const url = Promise.race([line.then(([text]) => text), end]);
    // Who waits for it gets the error as well.
    url.catch(() => {});
    child.stdin.on("error", () => {});
    return { child, url };
  }

  #begin(): Process {
    const started = this.#next ?? this.#spawn();
    this.#next = this.#standby ? this.#spawn() : undefined;
    started.child.stdin?.write("start\n");
    return started;
  }

  /** Its address, once it serves. */
  async start(): Promise<string> {
    this.#running = this.#begin();
    return this.#running.url;
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) await killed(running.child);
  }

  /** Starts, and kills so many milliseconds later, ready or not. */
  async killWhileStarting(milliseconds: number): Promise<void> {
    const { child } = this.#begin();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await killed(child);
  }

  async end(): Promise<void> {
    await this.kill();
    if (this.#next !== undefined) await killed(this.#next.child);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
