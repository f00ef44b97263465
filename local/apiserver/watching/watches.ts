/**
 * All watches of a server: wakes them when there is news that they may tell, reminds them of their progress, ends them in
 * time.
 */
import { StatusError } from "../status.ts";
import type { Store } from "../store/store.ts";
import type { Change } from "../store/window.ts";
import { Lines } from "./lines.ts";
import { Watcher, type Sink, type WatchOptions } from "./watcher.ts";

export interface WatchBounds {
  /** Watches at one time. Default 4096. */
  readonly maxWatches?: number | undefined;
  /** Milliseconds between bookmarks. Default 60,000. */
  readonly bookmarkIntervalMilliseconds?: number | undefined;
  /** Milliseconds that a client may take to read what waits for it. Default 30,000. */
  readonly stalledMilliseconds?: number | undefined;
}

export class Watches {
  readonly #store: Store;
  readonly #lines = new Lines();
  readonly #byResource = new Map<string, Set<Watcher>>();
  readonly #bookmarks: NodeJS.Timeout;
  readonly #unlisten: readonly (() => void)[];
  readonly #maxWatches: number;
  readonly #stalledMilliseconds: number | undefined;
  #count = 0;

  constructor(
    store: Store,
    { maxWatches = 4096, bookmarkIntervalMilliseconds = 60_000, stalledMilliseconds }: WatchBounds = {},
  ) {
    this.#store = store;
    this.#maxWatches = maxWatches;
    this.#stalledMilliseconds = stalledMilliseconds;
    this.#unlisten = [
      store.onChange((changes) => this.#wake(changes, true)),
      store.onSynced((changes) => this.#wake(changes, false)),
    ];
    this.#bookmarks = setInterval(() => this.#remind(), bookmarkIntervalMilliseconds);
    this.#bookmarks.unref();
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Starts a watch and writes what there is to write already. It ends by itself after the timeout.
   * @returns what ends it when the client is gone
   * @throws StatusError 429 when there are too many
   */
  start(sink: Sink, options: WatchOptions, timeoutSeconds: number): () => void {
    this.requireRoom();
    const set = this.#byResource.get(options.resource) ?? new Set();
    this.#byResource.set(options.resource, set);
    const timer = setTimeout(() => {
      watcher.bookmark();
      watcher.end();
    }, timeoutSeconds * 1000);
    const onEnd = () => {
      clearTimeout(timer);
      if (set.delete(watcher)) this.#count--;
    };
    const source = { store: this.#store, lines: this.#lines };
    const watcher = new Watcher(source, sink, options, { onEnd, stalledMilliseconds: this.#stalledMilliseconds });
    set.add(watcher);
    this.#count++;
    watcher.pump();
    return () => watcher.end();
  }

  requireRoom(): void {
    if (this.#count < this.#maxWatches) return;
    throw new StatusError(429, "TooManyRequests", `there are ${this.#maxWatches} watches already; end some first`, {
      retryAfterSeconds: 5,
    });
  }

  #wake(changes: readonly Change[], insiders: boolean): void {
    const resources = new Set(changes.map(({ resource }) => resource));
    for (const resource of resources) {
      for (const watcher of this.#byResource.get(resource) ?? []) if (watcher.insider === insiders) watcher.pump();
    }
  }

  #remind(): void {
    for (const set of this.#byResource.values()) for (const watcher of set) watcher.bookmark();
  }

  /** A kind is no longer served: its watches end once they have been told its last changes, which may wait for the disk. */
  endAll(resource: string): void {
    const watchers = [...(this.#byResource.get(resource) ?? [])];
    const end = (): void => watchers.forEach((watcher) => watcher.end());
    void this.#store.onDisk().then(end, end);
  }

  close(): void {
    clearInterval(this.#bookmarks);
    for (const unlisten of this.#unlisten) unlisten();
    for (const set of this.#byResource.values()) for (const watcher of set) watcher.end();
  }
}
