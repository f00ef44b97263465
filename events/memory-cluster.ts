/**
 * A cluster in memory with the semantics that functions rely on: optimistic concurrency, status apart from the rest,
 * finalizers, graceful pods, watches that resume from a version and expire. Deterministic: time and uids are injected
 * and notices arrive in microtasks. For laws, the simulation and tests; test/contract/cluster holds it to the real thing.
 */
import { keyOf, rfc3339, apiVersionOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Cluster, WatchNotice } from "./cluster.ts";
import type { Clock } from "./clock.ts";
import { Fault } from "./fault.ts";
import { copyJson, sameJson } from "./json.ts";
import { createHistory } from "./memory-history.ts";
import { isSelected, type Selection } from "./selection.ts";
import { applyMergePatch, patchOf } from "./merge-patch.ts";

export interface Write {
  readonly verb: "create" | "patch" | "remove";
  /** "status" where only that subresource was written. */
  readonly part: "object" | "status";
  readonly kind: string;
  readonly key: Key;
  /** After the write; the last state when it is gone. */
  readonly object: Stored<KubeObject>;
}

export interface MemoryCluster extends Cluster {
  /** Called after each write that changed something. Answers the way to stop it. */
  onWrite(listener: (write: Write) => void): () => void;
  /** Forgets the history of changes: watches from before fail with 410 when they are next started. */
  compact(): void;
  /** Ends all watches, as a server does that goes away: with the fault, or quietly. */
  disconnect(fault?: Fault): void;
  /** While set, every call fails with it. */
  refuse(fault: Fault | undefined): void;
  /** All objects of the kind as they are, at once and whatever befalls callers: for checks. */
  objects<T extends KubeObject>(kind: Kind<T>): ReadonlyMap<Key, Stored<T>>;
}

export interface MemoryClusterOptions {
  readonly clock: Clock;
  /** The default counts: deterministic, and unique within one cluster. */
  readonly uid?: () => string;
  /** Changes kept for watches that resume. */
  readonly historyLength?: number;
  /** Removes what has owners that are all gone, also what is made when they are. */
  readonly collectGarbage?: boolean;
  /** Defaults and validates what users and functions write; throws Fault refused. Its status at creation is kept. */
  readonly admission?: (kind: Kind, object: KubeObject, old: Stored<KubeObject> | undefined) => KubeObject;
}

/** Kinds whose status a creator may set, as the API server lets kubelets do. */
const STATUS_AT_CREATION: ReadonlySet<string> = new Set(["Node"]);
const NAME = /^[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?$/;
const POD_GRACE_SECONDS = 30;

export function memoryCluster(options: MemoryClusterOptions): MemoryCluster {
  const { clock, historyLength = 1000, collectGarbage = false } = options;
  let counter = 0;
  const uid = options.uid ?? (() => `00000000-0000-4000-8000-${String((counter += 1)).padStart(12, "0")}`);
  const stores = new Map<string, Map<Key, Stored<KubeObject>>>();
  /** The same, by the very value that a caller has. */
  const byKind = new Map<Kind, Map<Key, Stored<KubeObject>>>();
  const history = createHistory(historyLength);
  const listeners = new Set<(write: Write) => void>();
  let version = 0;
  let outage: Fault | undefined;

  function storeOf(kind: Kind): Map<Key, Stored<KubeObject>> {
    const known = byKind.get(kind);
    if (known !== undefined) return known;
    const name = `${kind.group}/${kind.plural}`;
    const store = stores.get(name) ?? new Map<Key, Stored<KubeObject>>();
    stores.set(name, store);
    byKind.set(kind, store);
    return store;
  }

  function available(): void {
    if (outage !== undefined) throw outage;
  }

  /** Stores the object under the next version. An unchanged one is left as it is, as the API server does. */
  function store(kind: Kind, next: KubeObject, old: Stored<KubeObject> | undefined): Stored<KubeObject> {
    if (old !== undefined && sameButVersion(next, old)) return old;
    version += 1;
    const stored = frozen({
      ...next,
      metadata: { ...next.metadata, resourceVersion: String(version) },
    }) as Stored<KubeObject>;
    storeOf(kind).set(keyOf(stored), stored);
    history.record({ version, kind, type: old === undefined ? "ADDED" : "MODIFIED", object: stored });
    return stored;
  }

  function drop(kind: Kind, object: Stored<KubeObject>): Stored<KubeObject> {
    version += 1;
    const last = frozen({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    }) as Stored<KubeObject>;
    storeOf(kind).delete(keyOf(object));
    history.record({ version, kind, type: "DELETED", object: last });
    if (collectGarbage) queueMicrotask(() => collect(object.metadata.uid));
    return last;
  }

  function collect(owner: string): void {
    for (const change of live()) {
      const owners = change.object.metadata.ownerReferences ?? [];
      if (!owners.some((reference) => reference.uid === owner)) continue;
      if (owners.some((reference) => alive(reference.uid))) continue;
      erase(change.kind, change.object, undefined);
    }
  }

  /** Whoever made it knew an owner that is gone by now. */
  function collectOrphan(kind: Kind, made: Stored<KubeObject>): void {
    const owners = made.metadata.ownerReferences ?? [];
    if (owners.length === 0 || owners.some((reference) => alive(reference.uid))) return;
    const object = storeOf(kind).get(keyOf(made));
    if (object?.metadata.uid === made.metadata.uid) erase(kind, object, undefined);
  }

  /** Every object with its kind, in the order of the first change of each. */
  const kinds = new Map<string, Kind>();
  function live(): { kind: Kind; object: Stored<KubeObject> }[] {
    return [...kinds.values()].flatMap((kind) => [...storeOf(kind).values()].map((object) => ({ kind, object })));
  }

  function alive(owner: string): boolean {
    return live().some(({ object }) => object.metadata.uid === owner);
  }

  function told(write: Write): void {
    for (const listener of listeners) listener(write);
  }

  /** Deletion, from the request on: waits for finalizers, and for a pod's node. */
  function erase(kind: Kind, object: Stored<KubeObject>, gracePeriodSeconds: number | undefined): void {
    const grace = graceOf(kind, object, gracePeriodSeconds);
    const held = (object.metadata.finalizers ?? []).length > 0 || grace > 0;
    if (!held) {
      const last = drop(kind, object);
      told({ verb: "remove", part: "object", kind: kind.kind, key: keyOf(object), object: last });
      return;
    }
    if (object.metadata.deletionTimestamp !== undefined) return;
    const marked = store(
      kind,
      {
        ...object,
        metadata: {
          ...object.metadata,
          deletionTimestamp: rfc3339(new Date(clock.now().getTime() + grace * 1000)),
          deletionGracePeriodSeconds: grace,
          ...(object.metadata.generation === undefined ? {} : { generation: object.metadata.generation + 1 }),
        },
      },
      object,
    );
    told({ verb: "remove", part: "object", kind: kind.kind, key: keyOf(object), object: marked });
  }

  return {
    async get<T extends KubeObject>(kind: Kind<T>, at: { readonly namespace?: string; readonly name: string }) {
      available();
      return storeOf(kind).get(keyOf({ metadata: at })) as Stored<T> | undefined;
    },

    async list<T extends KubeObject>(kind: Kind<T>, selection: Selection = {}) {
      available();
      return [...storeOf(kind).values()].filter((object) => isSelected(object, selection)) as Stored<T>[];
    },

    async create<T extends KubeObject>(kind: Kind<T>, object: T) {
      available();
      kinds.set(`${kind.group}/${kind.plural}`, kind);
      const name = object.metadata.name;
      if (!NAME.test(name))
        throw invalid("metadata.name", `"${name}" is not a name: lower-case letters, digits, - and .`);
      if (kind.namespaced && !object.metadata.namespace)
        throw invalid("metadata.namespace", `a ${kind.kind} needs one`);
      if (!kind.namespaced && object.metadata.namespace) throw invalid("metadata.namespace", `a ${kind.kind} has none`);
      const there = storeOf(kind).get(keyOf(object));
      if (there !== undefined) return { created: false, object: there as Stored<T> };
      const given = copyJson<KubeObject & { status?: unknown }>(object);
      if (isPod(kind)) given.status = { phase: "Pending" };
      else if (!STATUS_AT_CREATION.has(kind.kind)) delete given.status;
      const admitted = options.admission?.(kind, given, undefined) ?? given;
      const metadata = { ...admitted.metadata };
      const stored = store(
        kind,
        {
          ...admitted,
          apiVersion: apiVersionOf(kind),
          kind: kind.kind,
          metadata: {
            ...metadata,
            uid: uid(),
            creationTimestamp: rfc3339(clock.now()),
            ...("spec" in admitted ? { generation: 1 } : {}),
          },
        },
        undefined,
      );
      told({ verb: "create", part: "object", kind: kind.kind, key: keyOf(stored), object: stored });
      if (collectGarbage) queueMicrotask(() => collectOrphan(kind, stored));
      return { created: true, object: stored as Stored<T> };
    },

    async patch<T extends KubeObject>(kind: Kind<T>, before: Stored<T>, after: T, part: "object" | "status") {
      available();
      const difference = patchOf(before, after, part);
      if (difference === undefined) return before;
      const patch = copyJson(difference);
      const old = storeOf(kind).get(keyOf(before));
      if (old?.metadata.uid !== before.metadata.uid) {
        throw new Fault("stale", "Gone", `${kind.kind} ${keyOf(before)} is gone`);
      }
      if (old.metadata.resourceVersion !== before.metadata.resourceVersion) {
        throw new Fault("stale", "Conflict", `${kind.kind} ${keyOf(before)} changed since it was read`);
      }
      const patched = applyMergePatch(old, patch) as unknown as KubeObject;
      const admitted = part === "status" ? patched : (options.admission?.(kind, patched, old) ?? patched);
      const kept = { ...admitted, metadata: keepIdentity(admitted.metadata, old.metadata) };
      const next = part === "object" && specChanged(old, kept) ? withGeneration(kept) : kept;
      if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
        const grace = next.metadata.deletionGracePeriodSeconds ?? 0;
        if (grace === 0) {
          const last = drop(kind, next as Stored<KubeObject>);
          told({ verb: "patch", part, kind: kind.kind, key: keyOf(last), object: last });
          return last as Stored<T>;
        }
      }
      const stored = store(kind, next, old);
      if (stored !== old) told({ verb: "patch", part, kind: kind.kind, key: keyOf(stored), object: stored });
      return stored as Stored<T>;
    },

    async remove(kind, object, removal = {}) {
      available();
      const there = storeOf(kind).get(keyOf(object));
      if (there === undefined || there.metadata.uid !== object.metadata.uid) return undefined;
      erase(kind, there, removal.gracePeriodSeconds);
      const left = storeOf(kind).get(keyOf(object));
      return left?.metadata.uid === object.metadata.uid ? left : undefined;
    },

    async snapshot<T extends KubeObject>(kind: Kind<T>) {
      available();
      return { items: [...storeOf(kind).values()] as Stored<T>[], resourceVersion: String(version) };
    },

    async watch<T extends KubeObject>(
      kind: Kind<T>,
      resourceVersion: string,
      notice: (notice: WatchNotice<T>) => void,
      signal: AbortSignal,
    ) {
      available();
      if (Number(resourceVersion) > version) {
        throw new Fault(
          "stale",
          "VersionAhead",
          `version ${resourceVersion} is yet to come; the server is at ${version}`,
        );
      }
      await history.watch(kind, Number(resourceVersion), notice as (notice: WatchNotice) => void, signal);
    },

    onWrite(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compact: () => history.compact(version),
    disconnect: (fault) => history.disconnect(fault),
    refuse(fault) {
      outage = fault;
    },
    objects: <T extends KubeObject>(kind: Kind<T>) =>
      storeOf(kind) as ReadonlyMap<Key, unknown> as ReadonlyMap<Key, Stored<T>>,
  };
}

function isPod({ kind, group }: Kind): boolean {
  return kind === "Pod" && group === "";
}

function sameButVersion(one: KubeObject, other: Stored<KubeObject>): boolean {
  const { resourceVersion } = other.metadata;
  return sameBut(one, other, "metadata") && sameJson({ ...one.metadata, resourceVersion }, other.metadata);
}

/** Equal as JSON, whatever these members are. */
function sameBut(one: object, other: object, ...names: readonly string[]): boolean {
  const [mine, its] = [one as Readonly<Record<string, unknown>>, other as Readonly<Record<string, unknown>>];
  for (const name in mine) if (!names.includes(name) && !sameJson(mine[name], its[name])) return false;
  for (const name in its)
    if (!names.includes(name) && mine[name] === undefined && its[name] !== undefined) return false;
  return true;
}

/** What no patch changes. */
function keepIdentity(next: KubeObject["metadata"], old: Stored<KubeObject>["metadata"]): KubeObject["metadata"] {
  return {
    ...next,
    name: old.name,
    ...(old.namespace === undefined ? {} : { namespace: old.namespace }),
    uid: old.uid,
    creationTimestamp: old.creationTimestamp,
    resourceVersion: old.resourceVersion,
    ...(old.generation === undefined ? {} : { generation: old.generation }),
    ...(old.deletionTimestamp === undefined ? {} : { deletionTimestamp: old.deletionTimestamp }),
  };
}

function specChanged(old: KubeObject, next: KubeObject): boolean {
  return !sameBut(old, next, "metadata", "status");
}

function withGeneration(object: KubeObject): KubeObject {
  const { generation } = object.metadata;
  return generation === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, generation: generation + 1 } };
}

function graceOf(kind: Kind, object: KubeObject, asked: number | undefined): number {
  if (!isPod(kind)) return 0;
  const { spec } = object as KubeObject & {
    readonly spec?: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  };
  if (spec?.nodeName === undefined) return 0;
  return asked ?? spec.terminationGracePeriodSeconds ?? POD_GRACE_SECONDS;
}

function invalid(field: string, message: string): Fault {
  return new Fault("refused", "Invalid", `${field}: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}

/** Freezes all of it, so that a reader who changes what it was lent is found out at once. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const name in value) frozen(value[name]);
  }
  return value;
}
