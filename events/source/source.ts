/**
 * The cluster source: turns list+watch of each kind into events, keeps what it saw as a Reader, and makes time and the
 * resync into events too. It does what Knative's ApiServerSource does not: it tells what exists at its start, what
 * changed while it was away, and what was deleted meanwhile.
 *
 *   snapshot ┐                 ┌► cache (Reader) ─► deadlines ─┐
 *            ├─► follow, a kind┤                               ├─► outlet, a kind ─► publish
 *   watch ───┘                 └► add | update | delete ───────┘
 */
import { keyOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { flowEvents, objectEvents, type EventType } from "../catalogue.ts";
import { systemRandom, type Random } from "../chance.ts";
import type { CloudEvent } from "../cloud-event.ts";
import type { Cluster, Reader, Writer } from "../cluster.ts";
import type { Clock } from "../clock.ts";
import { asFault } from "../fault.ts";
import { silentLog, type Log } from "../log.ts";
import { makeEvent } from "../make-event.ts";
import { createCache } from "./cache.ts";
import { startDeadlines, type DeadlineOf } from "./deadlines.ts";
import { follow, type Following, type IsNews, type Verb } from "./follow.ts";
import { objectEvent } from "./object-event.ts";
import { createOutlet, type Outlet, type OutletOptions } from "./outlet.ts";

export interface SourceOptions {
  readonly cluster: Cluster;
  readonly kinds: readonly Kind[];
  readonly publish: (event: CloudEvent) => Promise<void>;
  /** False: nobody listens, and no event is made. Who begins to listen asks for `tellAll`. Default: somebody always does. */
  readonly isHeard?: () => boolean;
  readonly deadlineOf: DeadlineOf;
  /** Changes that say nothing enter cache and deadlines, and are not told. Default: every change is news. */
  readonly isNews?: IsNews;
  /** Events of a kind on their way at a time. Default 1, which keeps their order. */
  readonly parallel?: number;
  /** Seconds between `dev.virtive.resync.due` events; the first comes as soon as all is known. 0: none. */
  readonly resyncSeconds: number;
  /**
   * Seconds within which every object is told as if it had changed: a function whose delivery was given up looks again
   * then. Spread evenly, and never more than 20 objects a second. Default 600; 0: none.
   */
  readonly retellSeconds?: number;
  /**
   * For brokers that may lose events: objects that wait, and have not changed for a whole round, are told again, ever more
   * rarely, as if they had just been found.
   */
  readonly retellWaiting?: {
    readonly seconds: number;
    readonly waits: (kind: Kind, object: Stored<KubeObject>, peek: Peek) => boolean;
  };
  readonly clock: Clock;
  /** The events' `source`: a name that stays the same across restarts, such as /virtive/source. */
  readonly sourceName: string;
  readonly signal?: AbortSignal;
  readonly random?: Random;
  readonly log?: Log;
}

/** An object of a watched kind as the cache has it. */
export type Peek = <T extends KubeObject>(
  kind: Kind<T>,
  at: { readonly namespace?: string; readonly name: string },
) => Stored<T> | undefined;

export interface Source {
  /** Watched kinds from the cache, others (and all before the first list) from the cluster. */
  readonly reader: Reader;
  /** Writes to the cluster; what it answers enters the cache at once. */
  readonly writer: Writer;
  /** Resolves when all kinds have been listed. No event is published before: a function must not decide on half a view. */
  synced(): Promise<void>;
  /** Tells of all that exists as if it had just been found: for somebody who begins to listen now. */
  tellAll(): void;
  /** Resolves when all that was seen so far has been published. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const TYPES = {
  add: objectEvents.added,
  update: objectEvents.updated,
  delete: objectEvents.deleted,
} as const satisfies Record<Verb, EventType>;

/** A telling of ten thousand objects at once would hold up what really happens. */
const RETELL_LEAST_MILLISECONDS = 50;

/** The key of resync events: no object's, so that a resync waits for no machine. */
const RESYNC_KEY = "/resync";

export function startSource(options: SourceOptions): Source {
  const { cluster, kinds, publish, clock, sourceName: source, resyncSeconds, retellSeconds = 600 } = options;
  const random = options.random ?? systemRandom;
  const log = options.log ?? silentLog;
  const ending = new AbortController();
  const { signal } = ending;
  const follows = new Map<string, Following>();

  const gate = Promise.withResolvers<void>();
  const { parallel = 1 } = options;
  const outletOptions: OutletOptions = { publish, gate: gate.promise, signal, clock, random, log, parallel };
  const outlets = new Map(kinds.map((kind) => [kind.plural, createOutlet(outletOptions)]));
  const resyncs = createOutlet(outletOptions);

  const deadlines = startDeadlines({
    clock,
    deadlineOf: options.deadlineOf,
    log,
    due(kind, object, deadline, repetition) {
      tell(kind, object, flowEvents.deadline, `deadline.${deadline.getTime()}.${repetition}`);
    },
  });
  const cache = createCache({
    kinds,
    cluster,
    changed: (kind, object, gone) => (gone ? deadlines.gone(kind, object) : deadlines.changed(kind, object)),
    wrote: (kind, object) => follows.get(kind.plural)?.wrote(object),
  });

  /** @param replaces an older event of this type about the object that nobody has got yet */
  function tell(
    kind: Kind,
    object: Stored<KubeObject>,
    type: EventType,
    occasion: string,
    replaces = type === objectEvents.updated,
  ): void {
    if (options.isHeard?.() === false) return;
    try {
      const event = objectEvent({ type, kind, object, source, occasion, clock });
      outlets.get(kind.plural)?.push(event, `${type.type} ${keyOf(object)}`, replaces);
    } catch (thrown) {
      log.error({ kind: kind.kind, key: keyOf(object) }, `no event could be made: ${asFault(thrown).message}`);
    }
  }

  let missing = kinds.length;
  function listed(): void {
    missing -= 1;
    if (missing === 0) gate.resolve();
  }
  if (missing === 0) gate.resolve();

  for (const kind of kinds) {
    const shelf = cache.shelf(kind);
    if (shelf === undefined) continue;
    follows.set(
      kind.plural,
      follow({
        kind,
        watcher: cluster,
        shelf,
        isNews: options.isNews ?? (() => true),
        tell: (verb, object) => tell(kind, object, TYPES[verb], verb),
        listed,
        signal,
        clock,
        random,
        log,
      }),
    );
  }

  let cancelResync = (): void => undefined;
  function resync(): void {
    if (signal.aborted) return;
    resyncs.push(makeEvent({ type: flowEvents.resync, source, key: RESYNC_KEY, data: {}, clock }), RESYNC_KEY, true);
    cancelResync = clock.schedule(resyncSeconds * 1000, resync);
  }
  if (resyncSeconds > 0) void gate.promise.then(resync);

  let cancelRetelling = (): void => undefined;
  /** What this round has yet to tell; objects that are gone by their turn are passed over. */
  let untold: (readonly [Kind, Key])[] = [];
  let pauseMilliseconds = retellSeconds * 1000;
  function retell(): void {
    if (signal.aborted) return;
    if (untold.length === 0) {
      untold = kinds.flatMap((kind) =>
        [...(cache.shelf(kind)?.objects.keys() ?? [])].map((key) => [kind, key] as const),
      );
      pauseMilliseconds = Math.max((retellSeconds * 1000) / Math.max(1, untold.length), RETELL_LEAST_MILLISECONDS);
    }
    const [kind, key = ""] = untold.pop() ?? [];
    const object = kind && cache.shelf(kind)?.objects.get(key);
    // Another event each time: who drops repetitions by their id must hear it.
    const occasion = `retold.${clock.now().getTime()}`;
    if (kind !== undefined && object !== undefined) tell(kind, object, TYPES.update, occasion);
    cancelRetelling = clock.schedule(pauseMilliseconds, retell);
  }
  if (retellSeconds > 0)
    void gate.promise.then(() => !signal.aborted && (cancelRetelling = clock.schedule(retellSeconds * 1000, retell)));

  let cancelWaiting = (): void => undefined;
  function retellWaiting({ seconds, waits }: NonNullable<SourceOptions["retellWaiting"]>): void {
    const peek: Peek = <T extends KubeObject>(kind: Kind<T>, at: { namespace?: string; name: string }) =>
      cache.shelf(kind)?.objects.get(keyOf({ metadata: at })) as Stored<T> | undefined;
    /** Those that waited a round ago, by uid: their version, and rounds that they have waited so. */
    let before = new Map<string, { readonly version: string; readonly rounds: number }>();
    const round = (): void => {
      if (signal.aborted) return;
      const now: typeof before = new Map();
      const occasion = `waits.${clock.now().getTime()}`;
      for (const kind of kinds) {
        for (const object of cache.shelf(kind)?.objects.values() ?? []) {
          const { uid, resourceVersion: version } = object.metadata;
          if (!waits(kind, object, peek)) continue;
          const last = before.get(uid);
          const rounds = last?.version === version ? last.rounds + 1 : 0;
          now.set(uid, { version, rounds });
          // Not as a change: that would be the echo of a write to who made it, and he may have ended right after it.
          if (isTurn(rounds)) tell(kind, object, TYPES.add, occasion, true);
        }
      }
      before = now;
      cancelWaiting = clock.schedule(seconds * 1000, round);
    };
    round();
  }
  const { retellWaiting: waiting } = options;
  if (waiting !== undefined) void gate.promise.then(() => retellWaiting(waiting));

  async function close(): Promise<void> {
    options.signal?.removeEventListener("abort", abort);
    ending.abort();
    cancelResync();
    cancelRetelling();
    cancelWaiting();
    deadlines.close();
    gate.resolve();
    const ended = [...follows.values()].map((one) => one.ended);
    await Promise.allSettled([...ended, ...all(outlets, resyncs).map((outlet) => outlet.idle())]);
  }
  const abort = (): void => void close();
  options.signal?.addEventListener("abort", abort, { once: true });
  if (options.signal?.aborted === true) abort();

  return {
    reader: cache.reader,
    writer: cache.writer,
    synced: () => gate.promise,
    tellAll() {
      // Another event each time: who drops repetitions by their id must hear it.
      const occasion = `told.${clock.now().getTime()}`;
      for (const kind of kinds) {
        for (const object of cache.shelf(kind)?.objects.values() ?? []) {
          tell(kind, object, objectEvents.added, occasion);
          // Nobody heard of those that have passed, and what they go by may be another's memory now.
          deadlines.changed(kind, object);
        }
      }
      if (resyncSeconds > 0) {
        cancelResync();
        resync();
      }
    },
    async idle() {
      await gate.promise;
      await Promise.all(all(outlets, resyncs).map((outlet) => outlet.idle()));
    },
    close,
  };
}

/** The first rounds, then every second, fourth, eighth and so on, and at last every sixteenth: what waits may wait for long. */
function isTurn(rounds: number): boolean {
  return rounds > 0 && ((rounds & (rounds - 1)) === 0 || rounds % 16 === 0);
}

function all(outlets: ReadonlyMap<string, Outlet>, resyncs: Outlet): Outlet[] {
  return [...outlets.values(), resyncs];
}
