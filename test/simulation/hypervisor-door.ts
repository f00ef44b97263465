/**
 * The node's modelled hypervisor as one runtime reaches it: its calls meet what the weather brings, its events arrive in
 * order a moment later, and what comes back after the runtime was killed reaches nobody.
 */
import type { Duplex } from "node:stream";
import type { DomainEvent, Hypervisor } from "#node-runtime/hypervisor.ts";
import type { Misfortune, ModelCall } from "#node-runtime/model-calls.ts";
import type { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

export interface HypervisorDoorOptions {
  readonly model: ModelHypervisor;
  readonly node: string;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  /** The runtime asks for its end. */
  readonly ending: (uuid: string) => void;
}

const LATEST_EVENT_MILLISECONDS = 2;

export interface HypervisorDoor extends Hypervisor {
  /** Nothing comes through any more. */
  shut(): void;
}

export function hypervisorDoor({
  model,
  node,
  process,
  scheduler,
  weather,
  ending,
}: HypervisorDoorOptions): HypervisorDoor {
  const eventListeners = new Set<(event: DomainEvent) => void>();
  const connectionListeners = new Set<(connected: boolean) => void>();
  let connected = model.connected;
  let last = scheduler.now;

  /** One socket: what it tells arrives in order. */
  function arrive(action: () => void): void {
    last = Math.max(last, scheduler.now + weather.between(0.05, LATEST_EVENT_MILLISECONDS));
    scheduler.after(process, last - scheduler.now, action);
  }

  const unlisten = [
    model.onEvent((event) => arrive(() => eventListeners.forEach((listener) => listener(event)))),
    model.onConnection((now) =>
      arrive(() => {
        connected = now;
        connectionListeners.forEach((listener) => listener(now));
      }),
    ),
  ];

  function call<T>(name: ModelCall, act: () => Promise<T>): Promise<T> {
    const misfortune = misfortuneOf();
    if (misfortune !== undefined) model.befall(name, misfortune);
    return heard(act());
  }

  function misfortuneOf(): Misfortune | undefined {
    if (weather.strikes("hypervisor-fails", 0.3, node)) return "later";
    if (weather.strikes("hypervisor-hangs", 0.3, node)) return "hang";
    if (weather.strikes("hypervisor-loses-answers", 0.3, node)) return weather.oneIn(3) ? "overdue" : "lost";
    return undefined;
  }

  function heard<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      answer.then(
        (value) => process.alive && resolve(value),
        (thrown: unknown) => process.alive && reject(thrown instanceof Error ? thrown : new Error(String(thrown))),
      );
    });
  }

  return {
    ready: () => heard(model.ready()),
    get connected() {
      return connected;
    },
    onConnection(listener) {
      connectionListeners.add(listener);
      return () => void connectionListeners.delete(listener);
    },
    onEvent(listener) {
      eventListeners.add(listener);
      return () => void eventListeners.delete(listener);
    },
    list: () => call("list", () => model.list()),
    domain: (uuid) => call("domain", () => model.domain(uuid)),
    createPaused: (xml) => call("createPaused", () => model.createPaused(xml)),
    resume: (uuid) => call("resume", () => model.resume(uuid)),
    suspend: (uuid) => call("suspend", () => model.suspend(uuid)),
    shutdown: (uuid) => {
      ending(uuid);
      return call("shutdown", () => model.shutdown(uuid));
    },
    reboot: (uuid) => call("reboot", () => model.reboot(uuid)),
    reset: (uuid) => call("reset", () => model.reset(uuid)),
    destroy: (uuid) => {
      ending(uuid);
      return call("destroy", () => model.destroy(uuid));
    },
    console: (uuid): Promise<Duplex> => heard(model.console(uuid)),
    async xml(uuid) {
      await scheduler.park(process, weather.between(0.1, LATEST_EVENT_MILLISECONDS));
      return model.xml(uuid);
    },
    outgoing: async (uuid) => {
      const outgoing = await heard(model.outgoing(uuid));
      return {
        begin: (parameters) => call("migrateBegin", () => outgoing.begin(parameters)),
        copy: (cookie, wire, parameters) => heard(outgoing.copy(cookie, wire, parameters)),
        confirm: (cookie, moved, parameters) =>
          call("migrateConfirm", () => outgoing.confirm(cookie, moved, parameters)),
        figures: () => heard(outgoing.figures()),
        tune: (tuning) => heard(outgoing.tune(tuning)),
        halt: () => heard(outgoing.halt()),
        startPostCopy: () => heard(outgoing.startPostCopy()),
        abort: () => heard(outgoing.abort()),
        close: () => heard(outgoing.close()),
      };
    },
    incoming: async () => {
      const incoming = await heard(model.incoming());
      return {
        prepare: (xml, cookie, wire, parameters) =>
          call("migratePrepare", () => incoming.prepare(xml, cookie, wire, parameters)),
        finish: (cookie, name, arrived, parameters) =>
          call("migrateFinish", () => incoming.finish(cookie, name, arrived, parameters)),
        close: () => heard(incoming.close()),
      };
    },
    vcpuRuns: (uuid) => heard(model.vcpuRuns(uuid)),
    abortJob: (uuid) => call("abortJob", () => model.abortJob(uuid)),
    agent: (uuid, command, timeoutSeconds) => heard(model.agent(uuid, command, timeoutSeconds)),
    close: async () => undefined,
    shut: () => unlisten.forEach((stop) => stop()),
  };
}
