/**
 * The node's libvirtd and its supervision: started in the node's namespaces in a session of its own (it outlives us),
 * found again by pid and start time, started again when it dies. Its guests live through all of that.
 */
import { stat, truncate } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock, wait } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Layout } from "./layout.ts";
import { endProcess } from "./namespaces.ts";
import type { ProcessIdentity } from "./process.ts";
import { startReaped } from "./reaper.ts";

export const LIBVIRTD = "/usr/sbin/libvirtd";

const LOOK_MILLISECONDS = 100;
const START_MILLISECONDS = 20_000;
const END_MILLISECONDS = 10_000;
const LONGEST_BACKOFF_MILLISECONDS = 10_000;
/** A daemon that lived this long is started again at once. */
const HEALTHY_MILLISECONDS = 30_000;
const MAX_LOG_BYTES = 8 * 1024 * 1024;

export interface DaemonOptions {
  readonly layout: Layout;
  readonly log: Log;
  readonly enter: (argv: readonly string[]) => string[];
  /** A new process is the daemon now. */
  readonly started: (daemon: ProcessIdentity) => Promise<void>;
}

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #stopping = new AbortController();
  #process: ProcessIdentity;
  readonly #supervision: Promise<void>;

  private constructor(options: DaemonOptions, running: ProcessIdentity) {
    this.#options = options;
    this.#process = running;
    this.#supervision = this.#supervise();
  }

  /** Takes over the one that runs, or starts one. Resolves once its socket takes connections. @throws Fault later */
  static async attend(options: DaemonOptions, running: ProcessIdentity | undefined): Promise<Daemon> {
    return new Daemon(options, running ?? (await launch(options)));
  }

  get process(): ProcessIdentity {
    return this.#process;
  }

  /** Ends the supervision; the daemon lives on. */
  async detach(): Promise<void> {
    this.#stopping.abort();
    await this.#supervision;
  }

  /** Ends the supervision and the daemon. @throws Fault later when it does not end */
  async stop(): Promise<void> {
    await this.detach();
    await endAndWait(this.#process);
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    let since = performance.now();
    let failures = 0;
    while (!signal.aborted) {
      if (this.#process.alive()) {
        await wait(systemClock, LOOK_MILLISECONDS, signal);
        continue;
      }
      failures = performance.now() - since > HEALTHY_MILLISECONDS ? 0 : failures + 1;
      const backoff = failures <= 1 ? 0 : Math.min(LOOK_MILLISECONDS * 2 ** failures, LONGEST_BACKOFF_MILLISECONDS);
      this.#options.log.warn(
        { pid: this.#process.pid, pauseMilliseconds: backoff },
        "libvirtd is gone: starting it again",
      );
      await wait(systemClock, backoff, signal);
      if (signal.aborted) return;
      try {
        this.#process = await launch(this.#options);
      } catch (error) {
        this.#options.log.error({ error: String(error) }, "libvirtd does not start");
      }
      since = performance.now();
    }
  }
}

/** Gently, then not. @throws Fault later when it does not end */
export async function endAndWait(daemon: ProcessIdentity): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!daemon.alive()) return;
    endProcess(daemon.pid, signal);
    const end = performance.now() + END_MILLISECONDS;
    while (daemon.alive() && performance.now() < end) await pause(10);
  }
  if (daemon.alive()) throw new Fault("later", "ProcessLingers", `libvirtd (pid ${daemon.pid}) does not end`);
}

async function launch(options: DaemonOptions): Promise<ProcessIdentity> {
  const { layout } = options;
  await bound(join(layout.log, "libvirtd.log"));
  const start = performance.now();
  const identity = await startReaped([LIBVIRTD, "--pid-file", "/run/libvirt/libvirtd.pid"], options.enter);
  if (identity === undefined)
    throw new Fault("later", "LibvirtNotStarted", whereToLook(layout, "libvirtd ended at once"));
  await options.started(identity);
  while (!(await accepts(layout.socketPath))) {
    if (!identity.alive())
      throw new Fault("later", "LibvirtNotStarted", whereToLook(layout, "libvirtd ended at its start"));
    if (performance.now() - start > START_MILLISECONDS) {
      endProcess(identity.pid, "SIGKILL");
      throw new Fault("later", "LibvirtNotStarted", whereToLook(layout, `no socket within ${START_MILLISECONDS} ms`));
    }
    await pause(10);
  }
  options.log.info({ pid: identity.pid, milliseconds: Math.round(performance.now() - start) }, "libvirtd started");
  return identity;
}

function whereToLook(layout: Layout, what: string): string {
  return `node ${layout.name}: ${what}; its log is ${join(layout.log, "libvirtd.log")}`;
}

/** The daemon appends for ever: what it wrote in its earlier lives is dropped once it is too much. */
async function bound(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await truncate(path, 0);
}

/** Whether somebody listens there: a socket file alone may be a dead daemon's. */
function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const answer = (yes: boolean) => (): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("connect", answer(true)).once("error", answer(false));
  });
}
