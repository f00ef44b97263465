/**
 * The store: all objects in memory as text, every write in SQLite before it is seen, and on disk before anybody outside
 * of this process hears of it.
 *
 * Writes that arrive in the same turn of the event loop share one commit. A flush is synchronous: check each write
 * against what is there, give it the next version, commit to SQLite, then show it to readers and watchers. From then on
 * the death of this process does not take it back. Only a power cut could, until the disk has it: that is waited for
 * away from the event loop, once for all commits that have come in meanwhile. Who outlives this process waits for
 * `onDisk`, so that nobody ever knows of a write that a crash takes back.
 */
import type { JsonObject } from "../json-value.ts";
import { tooLarge } from "../status.ts";
import { Database, type Write } from "./database.ts";
import { SortedKeys } from "./sorted-keys.ts";
import { keyOfStored, stored, textAt, type FieldsOf, type StoredObject } from "./stored-object.ts";
import { Window, type Change, type WindowBounds } from "./window.ts";

/** What a write wants: `after` undefined removes. It happens only if the object still has the version `expect` (0: there is none). */
export interface Wish {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly expect: number;
  readonly after: JsonObject | undefined;
}

/** What became of it. `moved`: the object has another version, and nothing was written. */
export type Outcome =
  { readonly done: true; readonly object: StoredObject } | { readonly done: false; readonly moved: true };

interface Pending {
  readonly wish: Wish;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Collection {
  readonly objects: Map<string, StoredObject>;
  readonly keys: SortedKeys;
}

export interface StoreOptions {
  readonly directory: string;
  readonly window: WindowBounds;
  readonly fieldsOf: FieldsOf;
  /** The resource whose objects are loaded before all others, and who is told of each. */
  readonly first: string;
  readonly onFirst: (object: JsonObject) => void;
  /** Told of failures that no request sees. */
  readonly onTrouble?: (error: unknown) => void;
}

/** Bytes of one object's JSON: what etcd takes in one request. */
export const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

export class Store {
  readonly #database: Database;
  readonly #fieldsOf: FieldsOf;
  readonly #onTrouble: (error: unknown) => void;
  readonly #collections = new Map<string, Collection>();
  readonly #uids = new Map<string, StoredObject>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #window: Window;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #syncedListeners = new Set<(changes: readonly Change[]) => void>();
  #version: number;
  /** Version of the newest write that is on disk. */
  #synced: number;
  #syncing = false;
  /** What is not on disk yet, in order. */
  #unsynced: Change[] = [];
  #waiting: { readonly version: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    [];
  /** Why the disk can't be relied on any more. */
  #failure: Error | undefined;
  #pending: Pending[] = [];
  #closed = false;

  constructor({ directory, window, fieldsOf, first, onFirst, onTrouble = () => {} }: StoreOptions) {
    this.#onTrouble = onTrouble;
    this.#database = new Database(directory);
    this.#fieldsOf = fieldsOf;
    const rows = this.#database.objects();
    const history = this.#database.history();
    // Definitions first: they say which fields of their kinds are selectable.
    for (const row of rows.toSorted((a, b) => Number(b.resource === first) - Number(a.resource === first))) {
      const object = JSON.parse(row.text) as JsonObject;
      this.#place(stored(row.resource, row.version, object, row.text, fieldsOf));
      if (row.resource === first) onFirst(object);
    }
    const newest = history.at(-1)?.version ?? 0;
    this.#version = rows.reduce((version, row) => Math.max(version, row.version), newest);
    // What an earlier process has left in the log may be in memory only.
    this.#synced = this.#version - 1;
    this.#sync();
    this.#window = new Window(window, history[0] === undefined ? this.#version : history[0].version - 1);
    for (const change of this.#replayed(history)) this.#window.add(change);
  }

  /** Version of the newest write. */
  get version(): number {
    return this.#version;
  }

  /** Version of the newest write that is on disk, with all before it. */
  get synced(): number {
    return this.#synced;
  }

  /** Changes up to this version are no longer known. */
  get compacted(): number {
    return this.#window.compacted;
  }

  /** Walks back from what is there now: each change's `before` is the `after` of the one before it. */
  #replayed(history: ReturnType<Database["history"]>): Change[] {
    const after = new Map<string, StoredObject | undefined>();
    const changes: Change[] = [];
    for (const row of history.toReversed()) {
      const id = `${row.resource} ${row.key}`;
      const now = after.has(id) ? after.get(id) : this.#collections.get(row.resource)?.objects.get(row.key);
      const before = row.before === null ? undefined : this.#parsedBefore(row.resource, row.before);
      changes.push({ version: row.version, resource: row.resource, key: row.key, before, after: now });
      after.set(id, before);
    }
    return changes.reverse();
  }

  #parsedBefore(resource: string, text: string): StoredObject {
    const object = JSON.parse(text) as JsonObject & { metadata: { resourceVersion: string } };
    return stored(resource, Number(object.metadata.resourceVersion), object, text, this.#fieldsOf);
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = { objects: new Map(), keys: new SortedKeys() };
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #place(object: StoredObject): void {
    const { objects, keys } = this.#collection(object.resource);
    const key = keyOfStored(object);
    const old = objects.get(key);
    if (old !== undefined) this.#unlink(old);
    else keys.add(key);
    objects.set(key, object);
    this.#uids.set(object.uid, object);
    for (const owner of object.owners) {
      const dependents = this.#dependents.get(owner);
      if (dependents === undefined) this.#dependents.set(owner, new Set([object.uid]));
      else dependents.add(object.uid);
    }
  }

  #unlink(object: StoredObject): void {
    this.#uids.delete(object.uid);
    for (const owner of object.owners) {
      const dependents = this.#dependents.get(owner);
      dependents?.delete(object.uid);
      if (dependents?.size === 0) this.#dependents.delete(owner);
    }
  }

  #displace(object: StoredObject): void {
    const { objects, keys } = this.#collection(object.resource);
    this.#unlink(object);
    objects.delete(keyOfStored(object));
    keys.remove(keyOfStored(object));
  }

  get(resource: string, namespace: string, name: string): StoredObject | undefined {
    return this.#collections.get(resource)?.objects.get(`${namespace}/${name}`);
  }

  byUid(uid: string): StoredObject | undefined {
    return this.#uids.get(uid);
  }

  /** Objects that name this UID as an owner. */
  dependentsOf(uid: string): StoredObject[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#uids.get(dependent) ?? []);
  }

  /** In order of key; of one namespace, or of all. */
  list(resource: string, namespace?: string): StoredObject[] {
    const collection = this.#collections.get(resource);
    if (collection === undefined) return [];
    return collection.keys.range(namespace).flatMap((key) => collection.objects.get(key) ?? []);
  }

  /** The list as it was at a version that is not compacted. */
  listAt(resource: string, namespace: string | undefined, version: number): StoredObject[] {
    const since = this.#window.after(resource, version, Number.MAX_SAFE_INTEGER);
    if (since.length === 0) return this.list(resource, namespace);
    const then = new Map(this.list(resource, namespace).map((object) => [keyOfStored(object), object]));
    for (const { key, before } of since.toReversed()) {
      if (namespace !== undefined && !key.startsWith(`${namespace}/`)) continue;
      if (before === undefined) then.delete(key);
      else then.set(key, before);
    }
    return [...then].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Reads the selectable fields of a resource's objects again: its kind has changed. */
  reindex(resource: string): void {
    const collection = this.#collections.get(resource);
    for (const [key, object] of collection?.objects ?? []) {
      const fields = this.#fieldsOf(resource, JSON.parse(object.text) as JsonObject);
      const again = { ...object, fields };
      collection?.objects.set(key, again);
      this.#uids.set(object.uid, again);
    }
  }

  resources(): string[] {
    return [...this.#collections].filter(([, { keys }]) => keys.size > 0).map(([resource]) => resource);
  }

  changesAfter(resource: string, version: number, limit: number): readonly Change[] {
    return this.#window.after(resource, version, limit);
  }

  /** Called after each commit with what it changed, in order. Returns what ends it. */
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same, once they are on disk. */
  onSynced(listener: (changes: readonly Change[]) => void): () => void {
    this.#syncedListeners.add(listener);
    return () => this.#syncedListeners.delete(listener);
  }

  /** Resolves when all writes that can be seen now are on disk. Rejects when the disk fails. */
  onDisk(): Promise<void> {
    if (this.#synced >= this.#version) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const version = this.#version;
    return new Promise((resolve, reject) => this.#waiting.push({ version, resolve, reject }));
  }

  /** Resolves once it can be seen; see `onDisk`. */
  async write(wish: Wish): Promise<Outcome> {
    if (this.#closed) throw new Error("the store is closed");
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      this.#pending.push({ wish, resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    const changes: Change[] = [];
    const outcomes: { readonly pending: Pending; readonly outcome: Outcome }[] = [];
    // Within one flush, later writes see earlier ones.
    const seen = new Map<string, StoredObject | undefined>();
    let version = this.#version;
    for (const entry of pending) {
      const { resource, namespace, name, expect, after } = entry.wish;
      const key = `${namespace}/${name}`;
      const id = `${resource} ${key}`;
      const before = seen.has(id) ? seen.get(id) : this.get(resource, namespace, name);
      if ((before?.version ?? 0) !== expect) {
        outcomes.push({ pending: entry, outcome: { done: false, moved: true } });
        continue;
      }
      const object = after ?? (before === undefined ? undefined : (JSON.parse(before.text) as JsonObject));
      if (object === undefined) {
        outcomes.push({ pending: entry, outcome: { done: false, moved: true } });
        continue;
      }
      const text = textAt(object, version + 1);
      const bytes = Buffer.byteLength(text);
      if (after !== undefined && bytes > MAX_OBJECT_BYTES) {
        entry.reject(tooLarge(`the object ${resource} ${key}`, bytes, MAX_OBJECT_BYTES));
        continue;
      }
      version++;
      const now = stored(resource, version, object, text, this.#fieldsOf);
      changes.push({ version, resource, key, before, after: after === undefined ? undefined : now });
      seen.set(id, after === undefined ? undefined : now);
      outcomes.push({ pending: entry, outcome: { done: true, object: now } });
    }
    if (changes.length > 0) {
      try {
        this.#database.commit(changes.map(asWrite));
      } catch (error) {
        for (const { pending: entry } of outcomes) entry.reject(error);
        return;
      }
      this.#version = version;
      this.#show(changes);
      this.#sync();
    }
    for (const { pending: entry, outcome } of outcomes) entry.resolve(outcome);
    this.#compact();
  }

  #sync(): void {
    if (this.#syncing || this.#closed || this.#synced >= this.#version || this.#failure !== undefined) return;
    this.#syncing = true;
    const version = this.#version;
    this.#database.sync().then(
      () => {
        this.#syncing = false;
        this.#reached(version);
        this.#sync();
      },
      (error: unknown) => this.#failed(error),
    );
  }

  #reached(version: number): void {
    if (version <= this.#synced) return;
    this.#synced = version;
    const end = this.#unsynced.findIndex((change) => change.version > version);
    const changes = this.#unsynced.splice(0, end < 0 ? this.#unsynced.length : end);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((one) => one.version > version);
    for (const one of waiting) if (one.version <= version) one.resolve();
    for (const listener of this.#syncedListeners) listener(changes);
  }

  /** What was shown can't be unshown: nothing more is written until a new process has read what the disk really has. */
  #failed(error: unknown): void {
    this.#syncing = false;
    this.#failure = new Error("the disk has failed to keep what was written: nothing is written any more", {
      cause: error,
    });
    this.#onTrouble(this.#failure);
    for (const one of this.#waiting.splice(0)) one.reject(this.#failure);
  }

  /** What the window has dropped goes from the file too. When that fails, the next trim forgets it as well. */
  #compact(): void {
    const forgotten = this.#window.trim();
    if (forgotten === undefined) return;
    try {
      this.#database.forget(forgotten);
    } catch (error) {
      this.#onTrouble(error);
    }
  }

  #show(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.after !== undefined) this.#place(change.after);
      else if (change.before !== undefined) this.#displace(change.before);
      this.#window.add(change);
      this.#unsynced.push(change);
    }
    for (const listener of this.#listeners) listener(changes);
  }

  /** Writes what is pending, then closes the file. */
  close(): void {
    if (this.#closed) return;
    if (this.#pending.length > 0) this.#flush();
    this.#closed = true;
    this.#database.close();
    this.#reached(this.#version);
  }
}

function asWrite(change: Change): Write {
  const { version, resource, key, before, after } = change;
  return { version, resource, key, before: before?.text, after: after?.text };
}
