/**
 * What the source knows of each watched kind. The cache is changed before anything is told, so that a reader is never
 * older than the event that woke it; and what this process itself writes enters at once, so that it reads its own
 * writes instead of running into a conflict with them.
 */
import { keyOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Cluster, Reader, Writer } from "../cluster.ts";
import type { Selection } from "../selection.ts";
import { createShelf, type Changed, type Shelf } from "./shelf.ts";

export interface Cache {
  shelf(kind: Kind): Shelf | undefined;
  readonly reader: Reader;
  readonly writer: Writer;
}

export interface CacheOptions {
  readonly kinds: readonly Kind[];
  readonly cluster: Cluster;
  readonly changed: Changed;
  /** Takes in what this process has written. Default: it enters the cache, and nobody is told. */
  readonly wrote?: (kind: Kind, object: Stored<KubeObject>) => void;
}

export function createCache({ kinds, cluster, changed, ...options }: CacheOptions): Cache {
  const shelves = new Map(kinds.map((kind) => [nameOf(kind), createShelf(kind, changed)]));
  /** The same, by the very value that a caller has. */
  const byKind = new Map<Kind, Shelf | undefined>();
  const shelf = (kind: Kind): Shelf | undefined => {
    if (byKind.has(kind)) return byKind.get(kind);
    const found = shelves.get(nameOf(kind));
    byKind.set(kind, found);
    return found;
  };
  const wrote = options.wrote ?? ((kind: Kind, object: Stored<KubeObject>): void => shelf(kind)?.put(object));

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
    async list<T extends KubeObject>(kind: Kind<T>, selection: Selection = {}) {
      const found = known(kind);
      if (found === undefined) return cluster.list(kind, selection);
      return found.select(selection) as readonly Stored<T>[];
    },
  };

  const writer: Writer = {
    async create(kind, object) {
      const answer = await cluster.create(kind, object);
      wrote(kind, answer.object);
      return answer;
    },
    async patch(kind, before, after, part) {
      const written = await cluster.patch(kind, before, after, part);
      if (written === before) return written;
      // Or what woke the caller again would find it as before, and write to what is no more.
      if (isLast(written)) shelf(kind)?.remove(written);
      else wrote(kind, written);
      return written;
    },
    async remove(kind, object, options) {
      const left = await cluster.remove(kind, object, options);
      // Or what woke the caller again would find it as before, and remove it once more.
      if (left !== undefined && waits(left)) wrote(kind, left);
      return left;
    },
  };

  return { shelf, reader, writer };
}

/** The answer to a patch that let go of a deleted object: it is no more, and the watch will tell. */
function isLast(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && !waits(object);
}

/** Being deleted, and still there: for its finalizers, or for its grace. */
function waits({ metadata }: KubeObject): boolean {
  return (metadata.finalizers ?? []).length > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
}

function nameOf(kind: Kind): string {
  return `${kind.group}/${kind.plural}`;
}
