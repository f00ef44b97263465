/**
 * What every Kubernetes object has, and the table of kinds. Shapes follow the Kubernetes API conventions.
 * Pure: this file imports nothing.
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Object metadata. Times are RFC 3339 strings in UTC; resourceVersion is a decimal number that grows with each write. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
}

/** Metadata of an object that the API server has stored: what it fills in is there. */
export interface StoredMeta extends ObjectMeta {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** The same object as read back from the API server. */
export type Stored<T extends KubeObject> = T & { readonly metadata: StoredMeta };

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase; programs may compare it. */
  readonly reason?: string | undefined;
  /** For people: a sentence with names and units. */
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | null | undefined;
  readonly lastProbeTime?: string | null | undefined;
}

/**
 * A kind as the API serves it. The type parameter ties the runtime value to the TypeScript type of its objects:
 * `reader.get(Pod, …)` answers a Pod.
 */
export interface Kind<T extends KubeObject = KubeObject> {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case, as in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: carries T. */
  readonly objects?: T;
}

/** "v1" or "kubevirt.io/v1". */
export function apiVersionOf(kind: Kind): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

/** "namespace/name", or "/name" for cluster-scoped objects: the key under which at most one function runs. */
export type Key = string;

export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): Key {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

export function partsOf(key: Key): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner that controls the object, if any. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function conditionOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined },
  type: string,
): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/**
 * The list with one condition set. Keeps lastTransitionTime while the status stays the same, and the very same array
 * when nothing changes, so that a caller can tell "no change" by identity.
 */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  now: Date,
): readonly Condition[] {
  const list = conditions ?? [];
  const old = list.find((condition) => condition.type === next.type);
  if (old !== undefined && old.status === next.status && old.reason === next.reason && old.message === next.message) {
    return list;
  }
  const lastTransitionTime =
    old !== undefined && old.status === next.status && old.lastTransitionTime != null
      ? old.lastTransitionTime
      : rfc3339(now);
  const merged: Condition = { ...next, lastTransitionTime };
  return old === undefined ? [...list, merged] : list.map((condition) => (condition === old ? merged : condition));
}

let lastSecond = { time: NaN, text: "" };

/** Seconds precision, as Kubernetes writes times. Most that happens in one second is written down more than once. */
export function rfc3339(date: Date): string {
  const time = Math.floor(date.getTime() / 1000);
  if (time !== lastSecond.time) lastSecond = { time, text: `${date.toISOString().slice(0, -5)}Z` };
  return lastSecond.text;
}
