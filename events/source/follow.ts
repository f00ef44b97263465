/**
 * Follows one kind for as long as the source lives: lists, tells the difference from what was told before, watches from
 * there, resumes where a watch ended, and lists again when the version has expired. What was created, changed or
 * deleted while nobody watched is found by that difference. What this process writes itself is told with the write's
 * answer; the watch then brings nothing new.
 */
import { keyOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { backoff, type Random } from "../chance.ts";
import type { WatchNotice, Watcher } from "../cluster.ts";
import { wait, type Clock } from "../clock.ts";
import { asFault } from "../fault.ts";
import type { Log } from "../log.ts";
import { isLater, type Shelf } from "./shelf.ts";

/** False for a change that says nothing to anybody, such as the time of a heartbeat. */
export type IsNews = (kind: Kind, before: Stored<KubeObject>, after: Stored<KubeObject>) => boolean;

export type Verb = "add" | "update" | "delete";

export interface FollowOptions {
  readonly kind: Kind;
  readonly watcher: Watcher;
  readonly shelf: Shelf;
  /** Whether the change is told. */
  readonly isNews: IsNews;
  readonly tell: (verb: Verb, object: Stored<KubeObject>) => void;
  /** Called once, after the first whole list has been taken in. */
  readonly listed: () => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Following {
  /** An object as this process has just written it. */
  wrote(object: Stored<KubeObject>): void;
  /** Resolves when the signal has aborted. */
  readonly ended: Promise<void>;
}

const FIRST_RETRY_MILLISECONDS = 200;
/** An API server that is back is to be heard soon: a few requests a second are nothing to it. */
const LONGEST_RETRY_MILLISECONDS = 5_000;
/** A watch that ended sooner without a word counts as failed, so that a broken server is not asked in a tight loop. */
const SHORT_WATCH_MILLISECONDS = 1000;

export function follow(options: FollowOptions): Following {
  const { kind, watcher, shelf, tell, signal, clock, random, log } = options;
  /** What was told last of each object that is there. */
  const told = new Map<Key, Stored<KubeObject>>();
  let version: string | undefined;
  let failures = 0;

  /** `counts`: it is so now, whatever its version says. Otherwise it counts if it is later: the watch comes behind own writes. */
  function exists(object: Stored<KubeObject>, counts = false): void {
    const key = keyOf(object);
    const before = told.get(key);
    if (before !== undefined) {
      const [version, last] = [object.metadata.resourceVersion, before.metadata.resourceVersion];
      if (version === last || (!counts && !isLater(version, last))) return;
      if (before.metadata.uid !== object.metadata.uid) vanished(before);
    }
    told.set(key, object);
    shelf.put(object, counts);
    if (before === undefined || before.metadata.uid !== object.metadata.uid) tell("add", object);
    else if (options.isNews(kind, before, object)) tell("update", object);
  }

  function vanished(last: Stored<KubeObject>): void {
    shelf.remove(last);
    const before = told.get(keyOf(last));
    if (before !== undefined && before.metadata.uid !== last.metadata.uid) return;
    told.delete(keyOf(last));
    tell("delete", last);
  }

  /**
   * What was known when the list was asked for counts no more beside it. Versions do not tell that where etcd was restored
   * to what it was before: objects are then what they were at lower versions, and deleted ones are there again.
   */
  async function list(): Promise<string> {
    const asked = new Map(told);
    const goneBefore = shelf.gone();
    const { items, resourceVersion } = await watcher.snapshot(kind, signal);
    const isAsAsked = (key: Key): boolean => asked.has(key) && asked.get(key) === told.get(key);
    const present = new Set(items.map(keyOf));
    // Own writes after this list are not in it.
    const isMissing = (key: Key, last: Stored<KubeObject>): boolean =>
      !present.has(key) && (isAsAsked(key) || !isLater(last.metadata.resourceVersion, resourceVersion));
    for (const [key, last] of [...told]) if (isMissing(key, last)) vanished(last);
    // The cache may hold what was written before the first list.
    for (const [key, last] of [...shelf.objects]) if (isMissing(key, last)) shelf.remove(last);
    for (const item of items) {
      if (goneBefore.has(item.metadata.uid)) shelf.revive(item.metadata.uid);
      exists(item, isAsAsked(keyOf(item)));
    }
    if (!shelf.ready) {
      shelf.ready = true;
      options.listed();
    }
    return resourceVersion;
  }

  function noticed(notice: WatchNotice): void {
    failures = 0;
    if (notice.type === "BOOKMARK") {
      version = notice.resourceVersion;
      return;
    }
    if (notice.type === "DELETED") vanished(notice.object);
    else exists(notice.object);
    version = notice.object.metadata.resourceVersion;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const began = clock.now().getTime();
      try {
        version ??= await list();
        await watcher.watch(kind, version, noticed, signal);
        failures = clock.now().getTime() - began < SHORT_WATCH_MILLISECONDS ? failures + 1 : 0;
      } catch (thrown) {
        if (signal.aborted) return;
        const fault = asFault(thrown);
        // A version that has expired is no failure, the first time: the list that follows finds what was missed.
        if (fault.kind === "stale") version = undefined;
        failures += 1;
        if (fault.kind === "stale" && failures === 1) continue;
        log.warn({ kind: kind.kind, fault: fault.reason, failures }, `watch failed: ${fault.message}`);
      }
      if (failures > 0) {
        await wait(clock, backoff(failures - 1, FIRST_RETRY_MILLISECONDS, LONGEST_RETRY_MILLISECONDS, random), signal);
      }
    }
  }

  return {
    wrote(object) {
      // Before the first list nothing is told. The answer to a write may come after the watch has told of the object's end.
      if (shelf.ready && !shelf.isGone(object.metadata.uid)) exists(object);
      else shelf.put(object);
    },
    ended: run(),
  };
}
