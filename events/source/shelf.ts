/**
 * One kind's objects as they were last seen, found by key, and by node, phase and instance without looking at all of
 * them: what concerns one node costs by what is on it, however many machines there are elsewhere.
 */
import { keyOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { instanceOf, isSelected, nodeOf, phaseOf, type Selection } from "../selection.ts";

/** Deleted uids that are remembered, so that the late answer to an own write does not bring an object back. */
const TOMBSTONES = 2048;

export interface Shelf {
  readonly kind: Kind;
  readonly objects: ReadonlyMap<Key, Stored<KubeObject>>;
  /** True once a whole list has been taken in. */
  ready: boolean;
  /** Takes it unless what is there is as new. `counts`: whatever is there. */
  put(object: Stored<KubeObject>, counts?: boolean): void;
  remove(object: Stored<KubeObject>): void;
  /** Of the last few thousand that were removed. */
  isGone(uid: string): boolean;
  /** Their uids. */
  gone(): ReadonlySet<string>;
  /** It is there again. */
  revive(uid: string): void;
  /**
   * What is asked for, in no order. The same array as before while none of it changed, where only a node, a phase or an
   * instance is asked for: what is computed from it need not be computed again.
   */
  select(selection: Selection): readonly Stored<KubeObject>[];
}

/** Called after each change: the object as it is now, or as it was last. */
export type Changed = (kind: Kind, object: Stored<KubeObject>, gone: boolean) => void;

export function createShelf(kind: Kind, changed: Changed): Shelf {
  const objects = new Map<Key, Stored<KubeObject>>();
  const gone = new Set<string>();
  const byNode = createIndex(nodeOf);
  const byPhase = createIndex(phaseOf);
  const byInstance = createIndex(instanceOf);

  function replace(key: Key, old: Stored<KubeObject> | undefined, object: Stored<KubeObject> | undefined): void {
    for (const index of [byNode, byPhase, byInstance]) index.replace(key, old, object);
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
  }

  return {
    kind,
    objects,
    ready: false,
    put(object, counts = false) {
      if (gone.has(object.metadata.uid)) return;
      const key = keyOf(object);
      const there = objects.get(key);
      if (there !== undefined && !counts && !isLater(object.metadata.resourceVersion, there.metadata.resourceVersion))
        return;
      replace(key, there, object);
      changed(kind, object, false);
    },
    remove(object) {
      gone.add(object.metadata.uid);
      const [oldest] = gone;
      if (gone.size > TOMBSTONES && oldest !== undefined) gone.delete(oldest);
      const key = keyOf(object);
      const there = objects.get(key);
      if (there?.metadata.uid !== object.metadata.uid) return;
      replace(key, there, undefined);
      changed(kind, object, true);
    },
    isGone: (uid) => gone.has(uid),
    gone: () => new Set(gone),
    revive: (uid) => void gone.delete(uid),
    select(selection) {
      const { node, instance, phase } = selection;
      const found =
        (node !== undefined && byNode.of(node)) ||
        (instance !== undefined && byInstance.of(instance)) ||
        (phase !== undefined && byPhase.of(phase));
      if (found === false) return [...objects.values()].filter((object) => isSelected(object, selection));
      const conditions = Object.values(selection).filter((value) => value !== undefined).length;
      return conditions > 1 ? found.filter((object) => isSelected(object, selection)) : found;
    },
  };
}

interface Bucket {
  readonly members: Map<Key, Stored<KubeObject>>;
  /** Of the members, made when asked for; undefined since they changed. */
  list: readonly Stored<KubeObject>[] | undefined;
}

const NONE: readonly Stored<KubeObject>[] = Object.freeze([]);

function createIndex(valueOf: (object: KubeObject) => string | undefined) {
  const buckets = new Map<string, Bucket>();
  return {
    replace(key: Key, old: KubeObject | undefined, object: Stored<KubeObject> | undefined): void {
      const before = old && valueOf(old);
      const now = object && valueOf(object);
      if (before !== undefined && before !== now) {
        const bucket = buckets.get(before);
        bucket?.members.delete(key);
        if (bucket?.members.size === 0) buckets.delete(before);
        else if (bucket !== undefined) bucket.list = undefined;
      }
      if (now === undefined || object === undefined) return;
      let bucket = buckets.get(now);
      if (bucket === undefined) buckets.set(now, (bucket = { members: new Map(), list: undefined }));
      bucket.members.set(key, object);
      bucket.list = undefined;
    },
    of(value: string): readonly Stored<KubeObject>[] {
      const bucket = buckets.get(value);
      if (bucket === undefined) return NONE;
      return (bucket.list ??= Object.freeze([...bucket.members.values()]));
    },
  };
}

/** Versions of one API server's objects are decimal numbers that grow (Kubernetes 1.35 promises it). */
export function isLater(version: string, other: string): boolean {
  return version.length === other.length ? version > other : version.length > other.length;
}
