/**
 * What the source knows of each watched kind. The cache is changed before anything is told, so that a reader is never
 * older than the event that woke it; and what this process itself writes enters at once, so that it reads its own
 * writes instead of running into a conflict with them.
 */
import { keyOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Cluster, Reader, Writer } from "../cluster.ts";

/** Deleted uids that are remembered, so that the late answer to an own write does not bring an object back. */
const TOMBSTONES = 2048;

export interface Shelf {
  readonly kind: Kind;
  readonly objects: ReadonlyMap<Key, Stored<KubeObject>>;
  /** True once a whole list has been taken in. */
  ready: boolean;
  /** Takes it unless what is there is as new. */
  put(object: Stored<KubeObject>): void;
  remove(object: Stored<KubeObject>): void;
}

export interface Cache {
  shelf(kind: Kind): Shelf | undefined;
  readonly reader: Reader;
  readonly writer: Writer;
}

export interface CacheOptions {
  readonly kinds: readonly Kind[];
  readonly cluster: Cluster;
  /** Called after each change: the object as it is now, or as it was last. */
  readonly changed: (kind: Kind, object: Stored<KubeObject>, gone: boolean) => void;
}

export function createCache({ kinds, cluster, changed }: CacheOptions): Cache {
  const shelves = new Map(kinds.map((kind) => [nameOf(kind), createShelf(kind, changed)]));
  const shelf = (kind: Kind): Shelf | undefined => shelves.get(nameOf(kind));

  /** A kind that is not watched, or not yet known whole, is read where it is. */
  function known(kind: Kind): Shelf | undefined {
    const found = shelf(kind);
    return found?.ready === true ? found : undefined;
  }

  const reader: Reader = {
    async get<T extends KubeObject>(kind: Kind<T>, at: { readonly namespace?: string; readonly name: string }) {
      const found = known(kind);
      if (found === undefined) return cluster.get(kind, at);
      return found.objects.get(keyOf({ metadata: at })) as Stored<T> | undefined;
    },
    async list<T extends KubeObject>(
      kind: Kind<T>,
      query: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> } = {},
    ) {
      const found = known(kind);
      if (found === undefined) return cluster.list(kind, query);
      const labels = Object.entries(query.labels ?? {});
      const matching: Stored<KubeObject>[] = [];
      for (const object of found.objects.values()) {
        if (query.namespace !== undefined && object.metadata.namespace !== query.namespace) continue;
        if (labels.every(([name, value]) => object.metadata.labels?.[name] === value)) matching.push(object);
      }
      return matching as Stored<T>[];
    },
  };

  const writer: Writer = {
    async create(kind, object) {
      const answer = await cluster.create(kind, object);
      shelf(kind)?.put(answer.object);
      return answer;
    },
    async patch(kind, before, after, part) {
      const written = await cluster.patch(kind, before, after, part);
      if (written !== before && !isLast(written)) shelf(kind)?.put(written);
      return written;
    },
    remove: (kind, object, options) => cluster.remove(kind, object, options),
  };

  return { shelf, reader, writer };
}

/** The answer to a patch that let go of a deleted object: it is no more, and the watch will say so. */
function isLast(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
}

function nameOf(kind: Kind): string {
  return `${kind.group}/${kind.plural}`;
}

function createShelf(kind: Kind, changed: CacheOptions["changed"]): Shelf {
  const objects = new Map<Key, Stored<KubeObject>>();
  const gone = new Set<string>();
  return {
    kind,
    objects,
    ready: false,
    put(object) {
      if (gone.has(object.metadata.uid)) return;
      const key = keyOf(object);
      const there = objects.get(key);
      if (there !== undefined && !isLater(object.metadata.resourceVersion, there.metadata.resourceVersion)) return;
      objects.set(key, object);
      changed(kind, object, false);
    },
    remove(object) {
      gone.add(object.metadata.uid);
      const [oldest] = gone;
      if (gone.size > TOMBSTONES && oldest !== undefined) gone.delete(oldest);
      const key = keyOf(object);
      if (objects.get(key)?.metadata.uid !== object.metadata.uid) return;
      objects.delete(key);
      changed(kind, object, true);
    },
  };
}

/** Versions of one API server's objects are decimal numbers that grow (Kubernetes 1.35 promises it). */
export function isLater(version: string, other: string): boolean {
  return version.length === other.length ? version > other : version.length > other.length;
}
