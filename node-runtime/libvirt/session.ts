/**
 * A lasting session with one daemon: two connections (short calls and events on one, long jobs on the other), opened
 * again whenever they end, with the events registered again before anybody is told of the connection.
 */
import { wait, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { DomainEvent } from "../hypervisor.ts";
import type { Log } from "#events/log.ts";
import { connect, type Connection, type ConnectionOptions } from "./connection.ts";
import { agentEvent, lifecycleEvent } from "./domain-events.ts";
import { disconnected } from "./error.ts";
import { domainEventId } from "./numbers.ts";

export interface SessionOptions {
  readonly connection: ConnectionOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly told: (event: DomainEvent) => void;
  readonly changed: (connected: boolean) => void;
}

interface Pair {
  /** Answered at once; carries the events. */
  readonly short: Connection;
  /** Creating, destroying, asking the guest: may take seconds, and must not hold up the others. */
  readonly long: Connection;
}

const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 2_000;
const WARM_UP_MILLISECONDS = 60_000;

export class Session {
  readonly #options: SessionOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #pair: Pair | undefined;
  #waiting = Promise.withResolvers<Pair>();
  #lastFailure: Fault | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#waiting.promise.catch(() => undefined);
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#pair !== undefined;
  }

  /** Resolves once connected. @throws Fault later, with what stands in the way */
  async ready(timeoutMilliseconds: number): Promise<void> {
    if (this.#pair !== undefined) return;
    const expired = Promise.withResolvers<never>();
    // The clock's timers do not keep the process alive, but somebody waits here.
    const holding = setInterval(() => undefined, 60_000);
    const cancel = this.#options.clock.schedule(timeoutMilliseconds, () => {
      const why = this.#lastFailure?.message ?? "it has not answered yet";
      expired.reject(disconnected(`libvirt was not ready within ${timeoutMilliseconds} ms: ${why}`, this.#lastFailure));
    });
    try {
      await Promise.race([this.#waiting.promise, expired.promise]);
    } finally {
      cancel();
      clearInterval(holding);
    }
  }

  /** @throws Fault later while there is no connection */
  pair(): Pair {
    if (this.#pair === undefined) throw disconnected(this.#lastFailure?.message ?? "libvirt is not connected yet");
    return this.#pair;
  }

  async close(): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#running;
    this.#stopping.abort();
    const pair = this.#pair;
    this.#waiting.reject(disconnected("the connection to libvirt was closed by us"));
    if (pair !== undefined) await Promise.all([pair.short.close(), pair.long.close()]);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const pair = await this.#open();
      if (pair === undefined) {
        const span = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** failures, LONGEST_RETRY_MILLISECONDS);
        failures += 1;
        await wait(this.#options.clock, span, signal);
        continue;
      }
      failures = 0;
      await this.#hold(pair);
    }
  }

  /** Both connections with events on, or none. */
  async #open(): Promise<Pair | undefined> {
    const { connection, log } = this.#options;
    const opened: Connection[] = [];
    try {
      for (let i = 0; i < 2; i += 1) opened.push(await connect(connection));
      const [short, long] = opened;
      if (short === undefined || long === undefined) return undefined;
      await this.#listen(short);
      this.#warmUp(long);
      if (this.#stopping.signal.aborted) throw disconnected("closed while connecting");
      return { short, long };
    } catch (error) {
      for (const one of opened) one.destroy(disconnected("giving up this attempt"));
      const fault = error instanceof Fault ? error : disconnected(String(error), error);
      // The same sentence twice a second says nothing: only what is new is told.
      if (fault.message !== this.#lastFailure?.message) log.warn({ reason: fault.reason }, fault.message);
      this.#lastFailure = fault;
      return undefined;
    }
  }

  /**
   * libvirt looks at QEMU (for seconds, when nothing is cached) when it is first asked about it: better now than when
   * the first guest starts. Nobody waits for the answer.
   */
  #warmUp(long: Connection): void {
    long
      .call("connectGetDomainCapabilities", { virttype: "qemu", flags: 0 }, WARM_UP_MILLISECONDS)
      .catch((error: unknown) => {
        this.#options.log.debug({ error: String(error) }, "libvirt's look at QEMU failed");
      });
  }

  async #listen(short: Connection): Promise<void> {
    const tell = (event: DomainEvent | undefined): void => {
      if (event !== undefined) this.#options.told(event);
    };
    await Promise.all([
      short.subscribe("domainEventCallbackLifecycle", domainEventId.lifecycle, ({ msg }) =>
        tell(lifecycleEvent(msg.dom.uuid, msg.event, msg.detail)),
      ),
      short.subscribe("domainEventCallbackReboot", domainEventId.reboot, ({ msg }) =>
        tell({ uuid: msg.dom.uuid, event: "rebooted" }),
      ),
      short.subscribe("domainEventCallbackAgentLifecycle", domainEventId.agentLifecycle, ({ dom, state }) =>
        tell(agentEvent(dom.uuid, state)),
      ),
      short.subscribe("domainEventCallbackMigrationIteration", domainEventId.migrationIteration, ({ dom, iteration }) =>
        tell({ uuid: dom.uuid, event: "round", round: iteration }),
      ),
    ]);
  }

  /** Until either connection ends; one without the other is of no use. */
  async #hold(pair: Pair): Promise<void> {
    this.#pair = pair;
    this.#waiting.resolve(pair);
    this.#options.log.info({ peer: pair.short.peer }, "connected to libvirt");
    this.#options.changed(true);
    const why = await Promise.race([pair.short.closed, pair.long.closed]);
    this.#pair = undefined;
    this.#lastFailure = disconnected(why.message, why);
    this.#waiting = Promise.withResolvers<Pair>();
    this.#waiting.promise.catch(() => undefined);
    pair.short.destroy(why);
    pair.long.destroy(why);
    if (!this.#stopping.signal.aborted) this.#options.log.warn({ peer: pair.short.peer }, why.message);
    this.#options.changed(false);
  }
}
