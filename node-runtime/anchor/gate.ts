/** The runtime's side of the gate that a starting QEMU waits at; see wrapper.ts. */
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { wait, systemClock } from "#events/clock.ts";
import { errnoOf } from "#events/file-fault.ts";
import { Fault } from "#events/fault.ts";
import { runProgram } from "../programs.ts";

const LOOK_MILLISECONDS = 5;

export interface GatesOptions {
  readonly directory: string;
  /** libvirt's pid file of a domain, by the domain's name: written before its program starts. */
  readonly pidFile: (domain: string) => string;
}

export interface Starting {
  readonly uuid: string;
  /** The domain's name. */
  readonly name: string;
}

export class Gates {
  readonly #options: GatesOptions;

  private constructor(options: GatesOptions) {
    this.#options = options;
  }

  /** Whoever waits at a gate of an earlier runtime is turned away: its start was given up. */
  static async open(options: GatesOptions): Promise<Gates> {
    await mkdir(options.directory, { recursive: true, mode: 0o755 });
    const gates = new Gates(options);
    for (const uuid of await readdir(options.directory)) await gates.#close(uuid);
    return gates;
  }

  /**
   * Starts the domain by `create`; before its QEMU begins, `admit` has been through with QEMU's process.
   * @throws what `create` or `admit` throw; when `admit` fails, QEMU does not start
   */
  async pass<T>(starting: Starting, admit: (pid: number) => Promise<void>, create: () => Promise<T>): Promise<T> {
    await this.#make(starting.uuid);
    const ended = new AbortController();
    const admitted = this.#admitted(starting, admit, ended.signal).then(
      () => undefined,
      (thrown: unknown) => ({ thrown }),
    );
    try {
      return await create().finally(() => ended.abort());
    } catch (thrown) {
      // QEMU was turned away: why is what counts, not that it went.
      const failure = await admitted;
      throw failure === undefined ? thrown : failure.thrown;
    } finally {
      await admitted;
      await this.#close(starting.uuid);
    }
  }

  async #make(uuid: string): Promise<void> {
    const path = this.#path(uuid);
    await this.#close(uuid);
    const { code, complaint } = await runProgram("mkfifo", ["-m", "644", path], { timeoutMilliseconds: 10_000 });
    if (code !== 0) throw new Fault("later", "GateFailed", `mkfifo ${path}: ${complaint.trim()}`);
  }

  async #admitted(starting: Starting, admit: (pid: number) => Promise<void>, ended: AbortSignal): Promise<void> {
    const gate = await this.#knock(starting.uuid, ended);
    if (gate === undefined) return; // the domain failed before its program came to the gate
    try {
      await admit(await this.#waiting(starting));
      await gate.write("go\n");
    } finally {
      await gate.close();
    }
  }

  /** Resolves once somebody waits at the gate. */
  async #knock(uuid: string, ended: AbortSignal): Promise<FileHandle | undefined> {
    while (!ended.aborted) {
      const gate = await openForWriting(this.#path(uuid));
      if (gate !== undefined) return gate;
      await wait(systemClock, LOOK_MILLISECONDS, ended);
    }
    return undefined;
  }

  /** The process of the domain's program. */
  async #waiting({ uuid, name }: Starting): Promise<number> {
    const pid = Number((await readFile(this.#options.pidFile(name), "utf8").catch(() => "")).trim());
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (pid > 1 && words.split("\0").includes(uuid)) return pid;
    throw new Fault("later", "GateFailed", `libvirt's pid file of domain ${name} does not name its process`);
  }

  async #close(uuid: string): Promise<void> {
    const path = this.#path(uuid);
    // Nobody lets in who still waits: end of file is a no.
    await (await openForWriting(path))?.close();
    await rm(path, { force: true });
  }

  #path(uuid: string): string {
    return join(this.#options.directory, uuid);
  }
}

/** Undefined when nobody reads at the other end, or there is no such fifo. */
async function openForWriting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === "ENXIO" || errno === "ENOENT") return undefined;
    throw thrown;
  }
}
