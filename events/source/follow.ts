/**
 * Follows one kind for as long as the source lives: lists, tells the difference from what was told before, watches from
 * there, resumes where a watch ended, and lists again when the version has expired. What was created, changed or
 * deleted while nobody watched is found by that difference.
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

const FIRST_RETRY_MILLISECONDS = 200;
const LONGEST_RETRY_MILLISECONDS = 30_000;
/** A watch that ended sooner without a word counts as failed, so that a broken server is not asked in a tight loop. */
const SHORT_WATCH_MILLISECONDS = 1000;

export async function follow(options: FollowOptions): Promise<void> {
  const { kind, watcher, shelf, tell, signal, clock, random, log } = options;
  /** What was told last of each object that is there. The cache may be ahead of it: own writes enter it first. */
  const told = new Map<Key, Stored<KubeObject>>();
  let version: string | undefined;
  let failures = 0;

  function exists(object: Stored<KubeObject>): void {
    const key = keyOf(object);
    const before = told.get(key);
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) vanished(before);
    else if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    told.set(key, object);
    shelf.put(object);
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

  async function list(): Promise<string> {
    const { items, resourceVersion } = await watcher.snapshot(kind, signal);
    const present = new Set(items.map(keyOf));
    for (const [key, last] of [...told]) if (!present.has(key)) vanished(last);
    // The cache also holds own writes that no watch has told yet; those after this list are not in it.
    for (const [key, last] of [...shelf.objects]) {
      if (!present.has(key) && !isLater(last.metadata.resourceVersion, resourceVersion)) shelf.remove(last);
    }
    for (const item of items) exists(item);
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
