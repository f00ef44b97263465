/**
 * One watch. It holds a position, not a queue: whenever its client has room, it reads on in the store's window of
 * changes. A slow client so costs no memory; when the window has moved past it, or it reads nothing for half a minute,
 * it is told 410 and ended.
 *
 *   initial objects (if asked) → bookmark (if asked) → changes, bookmarks … → end: timeout, 410, client gone or stuck, shutdown
 */
import { matches, type Selector } from "../selectors.ts";
import { statusBody, expired } from "../status.ts";
import type { Store } from "../store/store.ts";
import { stored, parsed, textAt, type StoredObject } from "../store/stored-object.ts";
import type { Change } from "../store/window.ts";
import { Line, type EventType, type Lines } from "./lines.ts";

/** Bytes that may wait for a client before its watch stops reading on; one more object may come on top. */
const HIGH_WATER_BYTES = 64 * 1024;

/** Milliseconds that a client may take to read what waits. */
const STALLED_MILLISECONDS = 30_000;

/** Changes that are read at a time. */
const BATCH = 256;

/** Where a watch writes: a client's connection. */
export interface Sink {
  write(line: Line): void;
  /** Lets what `work` writes go out together. */
  together(work: () => void): void;
  /** Bytes that the client has not taken yet. */
  readonly waiting: number;
  /** Called once when everything waiting is taken. */
  onDrain(then: () => void): void;
  /** Lets what waits go out, for a short time. */
  end(): void;
}

export interface WatchOptions {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly selector: Selector;
  /** Undefined: start with all that is there, as ADDED. */
  readonly since: number | undefined;
  /** Send what is there, then a bookmark that says so. */
  readonly initialEvents: boolean;
  readonly bookmarks: boolean;
  /** Its client ends with this process, and so may see what is not on disk yet. */
  readonly insider: boolean;
  /** The object as one line's JSON. */
  readonly encode: (object: StoredObject) => string;
  /** Equal where `encode` gives the same for the same object; undefined when that depends on the moment as well. */
  readonly form: string | undefined;
  /** JSON of a bookmark at a version, `initialEnd` when it ends the initial events. */
  readonly bookmark: (version: number, initialEnd: boolean) => string;
}

/** A removed object as watchers see it: what it was, with the version of its removal. */
const removedAt = new WeakMap<Change, StoredObject>();

function withVersion(object: StoredObject, version: number): StoredObject {
  const value = parsed(object);
  const { labels, fields } = object;
  return { ...stored(object.resource, version, value, textAt(value, version), () => fields), labels, fields };
}

function lastSeen(change: Change, before: StoredObject): StoredObject {
  let object = removedAt.get(change);
  if (object === undefined) {
    object = withVersion(before, change.version);
    removedAt.set(change, object);
  }
  return object;
}

export class Watcher {
  readonly #store: Store;
  readonly #lines: Lines;
  readonly #sink: Sink;
  readonly #options: WatchOptions;
  #initial: StoredObject[] | undefined;
  #sent = 0;
  #position: number;
  #announced: number;
  #draining: NodeJS.Timeout | undefined;
  #ended = false;
  readonly #onEnd: () => void;
  readonly #stalledMilliseconds: number;

  constructor(
    { store, lines }: { readonly store: Store; readonly lines: Lines },
    sink: Sink,
    options: WatchOptions,
    {
      onEnd,
      stalledMilliseconds = STALLED_MILLISECONDS,
    }: { readonly onEnd: () => void; readonly stalledMilliseconds?: number | undefined },
  ) {
    this.#store = store;
    this.#lines = lines;
    this.#sink = sink;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#stalledMilliseconds = stalledMilliseconds;
    const now = Math.max(this.#reach, store.compacted);
    this.#position = options.since ?? now;
    this.#announced = this.#position;
    if (options.since === undefined || options.initialEvents) {
      this.#position = now;
      this.#initial = store.listAt(options.resource, options.namespace, now);
    }
  }

  get resource(): string {
    return this.#options.resource;
  }

  get insider(): boolean {
    return this.#options.insider;
  }

  /** Up to which version it may tell. */
  get #reach(): number {
    return this.#options.insider ? this.#store.version : this.#store.synced;
  }

  /** Writes on until it has caught up or the client has no room. */
  pump(): void {
    this.#sink.together(() => this.#writeOn());
  }

  #writeOn(): void {
    while (!this.#ended && this.#draining === undefined) {
      if (this.#sink.waiting > HIGH_WATER_BYTES) return this.#waitForRoom();
      if (this.#initial !== undefined) this.#sendInitial();
      else if (!this.#sendChanges()) return;
    }
  }

  #waitForRoom(): void {
    const seconds = this.#stalledMilliseconds / 1000;
    const stalled = setTimeout(
      () => this.fail(`the client has not read what waits for it for ${seconds} s; list and watch again`),
      this.#stalledMilliseconds,
    );
    stalled.unref();
    this.#draining = stalled;
    this.#sink.onDrain(() => {
      clearTimeout(stalled);
      this.#draining = undefined;
      this.pump();
    });
  }

  #sendInitial(): void {
    const initial = this.#initial ?? [];
    const until = Math.min(this.#sent + BATCH, initial.length);
    for (; this.#sent < until && this.#sink.waiting <= HIGH_WATER_BYTES; this.#sent++) {
      const object = initial[this.#sent];
      if (object !== undefined && matches(this.#options.selector, object)) this.#send("ADDED", object);
    }
    if (this.#sent < initial.length) return;
    this.#initial = undefined;
    if (this.#options.initialEvents) this.#sink.write(new Line(this.#options.bookmark(this.#position, true)));
  }

  /** @returns whether there may be more */
  #sendChanges(): boolean {
    if (this.#position < this.#store.compacted) {
      this.fail(
        `too old resource version: ${this.#position} (${this.#store.compacted}): the watch fell behind what is kept`,
      );
      return false;
    }
    const changes = this.#store.changesAfter(this.#options.resource, this.#position, BATCH);
    const reach = this.#reach;
    for (const change of changes) {
      if (change.version > reach) return false;
      if (this.#sink.waiting > HIGH_WATER_BYTES) return true;
      this.#sendChange(change);
      this.#position = change.version;
    }
    return changes.length === BATCH;
  }

  #sendChange(change: Change): void {
    const { namespace, selector } = this.#options;
    const { before, after } = change;
    if (namespace !== undefined && (after ?? before)?.namespace !== namespace) return;
    const was = before !== undefined && matches(selector, before);
    if (after !== undefined && matches(selector, after)) this.#send(was ? "MODIFIED" : "ADDED", after);
    else if (was) this.#send("DELETED", lastSeen(change, before));
  }

  #send(type: EventType, object: StoredObject): void {
    const { form, encode } = this.#options;
    const line =
      form === undefined
        ? new Line(`{"type":"${type}","object":${encode(object)}}`)
        : this.#lines.lineOf(type, object, form, encode);
    this.#sink.write(line);
    this.#announced = object.version;
  }

  /** Tells the client how far it has come, if that is news. */
  bookmark(): void {
    if (this.#ended || !this.#options.bookmarks || this.#draining !== undefined || this.#initial !== undefined) return;
    // Everything up to this version that concerns this watch has been sent.
    const version = this.#reach;
    if (version <= this.#announced) return;
    this.#announced = version;
    this.#position = version;
    this.#sink.write(new Line(this.#options.bookmark(version, false)));
  }

  /** Ends with an ERROR event: the client lists again. */
  fail(message: string): void {
    if (this.#ended) return;
    this.#sink.write(new Line(JSON.stringify({ type: "ERROR", object: statusBody(expired(message)) })));
    this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#draining);
    this.#sink.end();
    this.#onEnd();
  }
}
