/**
 * The API server as one control plane reaches it: each call and each watch notice crosses a network whose delays, losses
 * and errors the weather decides. What crosses is real: the objects are the server's own, which are frozen.
 */
import type { Kind, KubeObject } from "#api/object.ts";
import type { Cluster, WatchNotice } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { Lags } from "./lags.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** The server, and whether it is up. */
export interface ApiServer {
  readonly cluster: MemoryCluster;
  down: boolean;
}

/** As the client to the real API server gives up. */
const TIMEOUT_MILLISECONDS = 10_000;

export interface ApiDoorOptions {
  readonly server: ApiServer;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  /** How far its watches are behind. Default: not at all. */
  readonly lags?: Lags;
}

export function apiDoor({ server, process, scheduler, weather, lags = new Lags() }: ApiDoorOptions): Cluster {
  const { cluster } = server;

  function call<T>(verb: "read" | "create" | "patch" | "remove", act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timeout = (): void => reject(new Fault("later", "APIServerUnreachable", "no answer within 10000 ms"));
      const fate = fateOf(verb);
      if (fate === "lost") return void scheduler.after(process, TIMEOUT_MILLISECONDS, timeout);
      scheduler.send(process, weather.latency("slow-api"), () => {
        // A connection that died with its process may have carried the request, or not.
        if (!process.alive && weather.oneIn(2)) return;
        const answer = (give: () => void): void => void scheduler.after(process, weather.latency("slow-api"), give);
        if (server.down) return answer(() => reject(unreachable()));
        if (fate instanceof Fault) return answer(() => reject(fate));
        const done = act();
        if (fate === "unanswered") {
          done.catch(() => undefined);
          return void scheduler.after(process, TIMEOUT_MILLISECONDS, timeout);
        }
        done.then(
          (value) => answer(() => resolve(value)),
          (thrown: unknown) => answer(() => reject(asError(thrown))),
        );
      });
    });
  }

  /** What befalls the call; undefined: nothing. */
  function fateOf(verb: "read" | "create" | "patch" | "remove"): "lost" | "unanswered" | Fault | undefined {
    if (weather.strikes("api-timeouts", 0.3)) return weather.oneIn(2) ? "lost" : "unanswered";
    if (!weather.strikes("api-errors", 0.3)) return undefined;
    if (verb === "patch" && weather.oneIn(2)) return new Fault("stale", "Conflict", "409 that nobody made");
    if (weather.oneIn(2)) return new Fault("later", "TooManyRequests", "429", { retryAfterSeconds: 1 });
    return new Fault("later", "InternalError", "500");
  }

  return {
    get: (kind, at) => call("read", () => cluster.get(kind, at)),
    list: (kind, query) => call("read", () => cluster.list(kind, query)),
    create: (kind, object) => call("create", () => cluster.create(kind, object)),
    patch: (kind, before, after, part) => call("patch", () => cluster.patch(kind, before, after, part)),
    remove: (kind, object, options) => call("remove", () => cluster.remove(kind, object, options)),
    snapshot: <T extends KubeObject>(kind: Kind<T>, signal: AbortSignal) =>
      call("read", () => lags.first(kind) ?? cluster.snapshot(kind, signal)),
    watch<T extends KubeObject>(
      kind: Kind<T>,
      resourceVersion: string,
      notice: (notice: WatchNotice<T>) => void,
      signal: AbortSignal,
    ) {
      return new Promise<void>((resolve, reject) => {
        if (server.down) return void scheduler.after(process, weather.latency("slow-api"), () => reject(unreachable()));
        /** Notices of one watch arrive in their order. */
        let last = scheduler.now;
        let ended = false;
        const arrive = (action: () => void): void => {
          last = Math.max(last, scheduler.now + weather.latency("slow-api"), lags.heldUntil(kind.kind));
          scheduler.after(process, last - scheduler.now, action);
        };
        const end = (give: () => void): void => {
          if (ended) return;
          ended = true;
          give();
        };
        // The server forgets a watch whose client is gone.
        const gone = new AbortController();
        process.bequests.push(() => gone.abort());
        cluster
          .watch(kind, resourceVersion, (told) => arrive(() => void (ended || notice(told))), gone.signal)
          .then(
            () => arrive(() => end(resolve)),
            (thrown: unknown) => arrive(() => end(() => reject(asError(thrown)))),
          );
        signal.addEventListener("abort", () => {
          gone.abort();
          end(resolve);
        });
      });
    },
  };
}

function unreachable(): Fault {
  return new Fault("later", "APIServerUnreachable", "the API server does not answer");
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
