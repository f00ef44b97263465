/**
 * delete: an object goes at once when nobody holds it; otherwise it gets a deletionTimestamp and goes with its last
 * finalizer, or, for a pod that a node runs, when the node says so by a delete without grace.
 */
import { reviewed } from "../admission/admission.ts";
import { metadataOf, objectAt, stringsAt, valueAt, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { lastingNamespaces } from "../kinds/namespaces.ts";
import { podGraceSeconds } from "../kinds/pods.ts";
import type { Place, Room, WriteContext } from "../room.ts";
import { conflict, forbidden, modified, notFound } from "../status.ts";
import { parsed, stored, textAt, type StoredObject } from "../store/stored-object.ts";
import type { DeleteOptions } from "./options.ts";
import { isFinished } from "./update.ts";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

const MAX_ATTEMPTS = 10;

/** `gone`: it is not there any more; otherwise it stays, with a deletionTimestamp, until it is released. */
export interface Removed {
  readonly gone: boolean;
  readonly object: StoredObject;
}

/** @throws StatusError 403, 404, 409, or what the admission refuses with */
export async function remove(
  room: Room,
  place: Place,
  options: DeleteOptions,
  context: WriteContext,
): Promise<Removed> {
  const { kind, namespace, name } = place;
  if (kind.resource === "namespaces" && lastingNamespaces.has(name)) {
    throw forbidden(kind, name, "this namespace may not be deleted");
  }
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const current = room.store.get(kind.resource, namespace, name);
    if (current === undefined) throw notFound(kind, name);
    requirePreconditions(kind, current, options);
    const old = parsed(current);
    const { user, dryRun } = context;
    const review = await reviewed(room.admission, kind, {
      operation: "DELETE",
      namespace,
      name,
      oldObject: old,
      user,
      dryRun,
    });
    context.warnings.push(...review.warnings);
    const after = marked(parsed(current), kind, options, room.now());
    if (after === "unchanged") return { gone: false, object: current };
    const gone = isFinished(after);
    // A pod's end shows its grace; what else goes at once is answered as it was.
    const last = (version: number): StoredObject =>
      gone && kind.resource !== "pods"
        ? current
        : stored(kind.resource, version, after, textAt(after, version), () => ({}));
    if (dryRun) return { gone, object: last(current.version) };
    const outcome = await room.store.write({
      resource: kind.resource,
      namespace,
      name,
      expect: current.version,
      after: gone ? undefined : after,
    });
    if (!outcome.done) continue;
    room.writes.add({ group: kind.group, kind: kind.kind, verb: "delete", subresource: "" });
    return { gone, object: gone ? last(outcome.object.version) : outcome.object };
  }
  throw modified(kind, name);
}

function requirePreconditions(kind: ServedKind, current: StoredObject, { uid, resourceVersion }: DeleteOptions): void {
  if (uid !== undefined && uid !== current.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.uid}`;
    throw conflict(kind, current.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(current.version)) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${current.version}`;
    throw conflict(kind, current.name, why);
  }
}

/** The object with its deletionTimestamp and the finalizers that the propagation asks for. */
function marked(object: JsonObject, kind: ServedKind, options: DeleteOptions, now: Date): JsonObject | "unchanged" {
  const metadata = metadataOf(object);
  const finalizers = propagated(stringsAt(metadata, "finalizers"), options);
  const changesFinalizers = finalizers.join() !== stringsAt(metadata, "finalizers").join();
  if (finalizers.length > 0) metadata["finalizers"] = finalizers;
  else delete metadata["finalizers"];
  const asked = options.gracePeriodSeconds;
  const grace = kind.resource === "pods" ? podGraceSeconds(object, asked) : 0;
  const before =
    metadata["deletionTimestamp"] === undefined ? undefined : Number(metadata["deletionGracePeriodSeconds"] ?? 0);
  if (before !== undefined) {
    // A later delete may only shorten the grace.
    const shortens = (asked !== undefined || grace === 0) && grace < before;
    if (!shortens && !changesFinalizers) return "unchanged";
    if (shortens) setGrace(metadata, grace, now);
    return object;
  }
  setGrace(metadata, grace, now);
  if (typeof metadata["generation"] === "number") metadata["generation"]++;
  if (kind.resource === "namespaces") {
    object["status"] = { ...objectAt(object, "status"), phase: "Terminating" };
  }
  return object;
}

function setGrace(metadata: JsonObject, seconds: number, now: Date): void {
  metadata["deletionTimestamp"] = new Date(now.getTime() + seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  metadata["deletionGracePeriodSeconds"] = seconds;
}

function propagated(finalizers: readonly string[], { propagationPolicy }: DeleteOptions): string[] {
  if (propagationPolicy === undefined) return [...finalizers];
  const others = finalizers.filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  switch (propagationPolicy) {
    case "Background":
      return others;
    case "Foreground":
      return [...others, FOREGROUND];
    case "Orphan":
      return [...others, ORPHAN];
  }
}

/** Whether the object is being deleted. */
export function isEnding(object: JsonObject): boolean {
  return valueAt(object, ["metadata", "deletionTimestamp"]) !== undefined;
}
