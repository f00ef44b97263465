/**
 * The serial consoles of a node's machines. The runtime keeps each one open while its machine lives, so that its
 * history is whole; a person who connects reads from here and not from the hypervisor. As with KubeVirt, a new client
 * takes the console from the one before.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "#events/clock.ts";
import type { ConsoleClosing } from "#events/console-closing.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { MachineConsoles } from "../driver/ports.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { openHistory, type History } from "./history.ts";

export const HISTORY_BYTES = 256 * 1024;
/** A client that is so far behind is cut off: the guest's console must not wait for it. */
const MOST_BEHIND = 1024 * 1024;
/** Input that the guest does not take is bounded too. */
const MOST_UNREAD_INPUT = 64 * 1024;
const REOPEN_MS = 1_000;
/** A console that does not open must not keep a machine from running. */
const OPEN_MS = 2_000;

/** One interactive client. */
export interface ConsoleClient {
  send(chunk: Buffer): void;
  /** Bytes that were sent and are not yet on their way. */
  readonly behind: number;
  close(reason: ConsoleClosing): void;
}

export interface ConsolesOptions {
  readonly hypervisor: Pick<Hypervisor, "console">;
  /** Where a machine's history file goes. */
  readonly pathOf: (uid: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Consoles extends MachineConsoles {
  /**
   * Connects a client, which takes the console from the one before. Answers what to do with its input, and how to
   * disconnect. @throws Fault refused, reason NotRunning
   */
  connect(
    uid: string,
    client: ConsoleClient,
    options: { readonly history: boolean },
  ): { input(chunk: Buffer): void; disconnect(): void };
  /** @throws Fault refused, reason NotRunning */
  mustBeOpen(uid: string): void;
  /** The newest bytes, at most 256 KiB; also of a machine that has stopped, until it is forgotten. */
  history(uid: string): Promise<Buffer>;
  close(): Promise<void>;
}

export function openConsoles(options: ConsolesOptions): Consoles {
  const attached = new Map<string, MachineConsole>();

  function open(uid: string): MachineConsole {
    const machine = attached.get(uid);
    if (machine !== undefined) return machine;
    throw new Fault("refused", "NotRunning", `machine ${uid} does not run: it has no console`);
  }

  return {
    attach(uid, uuid) {
      const present = attached.get(uid);
      if (present !== undefined) return present.opened;
      const fresh = new MachineConsole(options, uid, uuid);
      attached.set(uid, fresh);
      return fresh.opened;
    },
    detach(uid) {
      attached.get(uid)?.end("ended");
      attached.delete(uid);
    },
    mustBeOpen: (uid) => void open(uid),
    connect: (uid, client, { history }) => open(uid).connect(client, history),
    async history(uid) {
      const machine = attached.get(uid);
      if (machine !== undefined) return machine.tail();
      const file = await openHistory({ path: options.pathOf(uid), most: HISTORY_BYTES, unwritten: () => {} });
      return file.tail();
    },
    async close() {
      const all = [...attached.values()];
      attached.clear();
      for (const machine of all) machine.end("leaving");
      await Promise.all(all.map((machine) => machine.flushed()));
    },
  };
}

class MachineConsole {
  readonly #options: ConsolesOptions;
  readonly #uid: string;
  readonly #uuid: string;
  readonly #history: Promise<History>;
  #known: History | undefined;
  #stream: Duplex | undefined;
  #client: ConsoleClient | undefined;
  #ended = false;
  #cancelReopen: (() => void) | undefined;
  #failed = false;
  /** It reads, or could not be opened in time. Never rejects. */
  readonly opened: Promise<void>;

  constructor(options: ConsolesOptions, uid: string, uuid: string) {
    this.#options = options;
    this.#uid = uid;
    this.#uuid = uuid;
    this.#history = openHistory({
      path: options.pathOf(uid),
      most: HISTORY_BYTES,
      unwritten: (error) => options.log.warn({ uid, reason: asFault(error).reason }, "console history is not on disk"),
    });
    this.opened = Promise.race([
      this.#open(),
      new Promise<void>((resolve) => options.clock.schedule(OPEN_MS, resolve)),
    ]);
  }

  async tail(): Promise<Buffer> {
    return (await this.#history).tail();
  }

  async flushed(): Promise<void> {
    await (await this.#history).flushed();
  }

  connect(client: ConsoleClient, history: boolean): { input(chunk: Buffer): void; disconnect(): void } {
    this.#client?.close("taken");
    this.#client = client;
    if (history && this.#known !== undefined) client.send(this.#known.tail());
    return {
      input: (chunk) => {
        // Only the present client types; what the guest does not read is dropped, as on a real line.
        if (this.#client !== client || this.#stream === undefined) return;
        if (this.#stream.writableLength < MOST_UNREAD_INPUT) this.#stream.write(chunk);
      },
      disconnect: () => {
        if (this.#client === client) this.#client = undefined;
      },
    };
  }

  end(reason: "ended" | "leaving"): void {
    this.#ended = true;
    this.#cancelReopen?.();
    this.#client?.close(reason);
    this.#client = undefined;
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  async #open(): Promise<void> {
    this.#known = await this.#history;
    if (this.#ended) return;
    let stream: Duplex;
    try {
      stream = await this.#options.hypervisor.console(this.#uuid);
    } catch (thrown) {
      const { kind, reason, message } = asFault(thrown);
      // Loud once: a console that never opens looks like a guest that never says anything.
      const level = kind === "refused" || this.#failed ? "debug" : "warn";
      this.#failed = true;
      this.#options.log[level]({ uid: this.#uid, reason }, `the console can't be opened: ${message}`);
      // A domain without a console never gets one.
      if (kind !== "refused") this.#reopen();
      return;
    }
    if (this.#ended) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => this.#read(chunk));
    stream.on("error", () => {}); // its close says all there is to say
    stream.on("close", () => {
      if (this.#stream === stream) this.#stream = undefined;
      this.#reopen();
    });
  }

  /** The stream ends with the domain, whose driver then ends this; any other end is put right. */
  #reopen(): void {
    if (this.#ended) return;
    this.#cancelReopen = this.#options.clock.schedule(REOPEN_MS, () => void this.#open());
  }

  #read(chunk: Buffer): void {
    this.#known?.add(chunk);
    const client = this.#client;
    if (client === undefined) return;
    if (client.behind > MOST_BEHIND) {
      this.#client = undefined;
      client.close("slow");
      return;
    }
    client.send(chunk);
  }
}
