/**
 * update and patch: an object that exists becomes another. What the client may not change is put back, generation is
 * counted, and the write happens only if the object is still the one that the change was computed from. A change
 * without a resourceVersion is computed again when somebody else was faster.
 */
import { reviewed } from "../admission/admission.ts";
import { trackUpdate } from "../apply/track.ts";
import { copyJson, sameJson } from "#events/json.ts";
import { metadataOf, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { Place, Room, WriteContext } from "../room.ts";
import { badRequest, conflict, invalid, modified, notFound, StatusError } from "../status.ts";
import { parsed, stored, textAt, type StoredObject } from "../store/stored-object.ts";
import { check, requireMetadata, specOf, withDefaults } from "./check.ts";
import { keepIdentity } from "./create.ts";
import { settleNamespace } from "./decode.ts";

/** Attempts at a change that names no version. */
const MAX_ATTEMPTS = 10;

/** Subresources that write what an ordinary update may not: a pod's node and condition, a namespace's finalizers. */
const wholeObject: ReadonlySet<string> = new Set(["binding", "finalize"]);

/** Computes the wished object, in its stored form, from the present one (fresh, may be changed). */
export type Change = (old: JsonObject) => JsonObject;

/** @throws StatusError 400, 404, 409 (Conflict), 413, 422, or what the admission refuses with */
export async function update(room: Room, place: Place, change: Change, context: WriteContext): Promise<StoredObject> {
  const { kind, namespace, name } = place;
  for (let attempt = 1; ; attempt++) {
    const current = room.store.get(kind.resource, namespace, name);
    if (current === undefined) throw notFound(kind, name);
    const wished = change(parsed(current));
    const fixed = namesVersion(wished);
    if (fixed !== undefined && fixed !== String(current.version)) throw modified(kind, name);
    const answer = await attemptUpdate(room, place, { current, wished, context });
    if (answer !== "moved") return answer;
    if (fixed !== undefined || attempt >= MAX_ATTEMPTS) throw modified(kind, name);
  }
}

function namesVersion(object: JsonObject): string | undefined {
  const version = stringAt(requireMetadata(object), "resourceVersion");
  return version === "" ? undefined : version;
}

async function attemptUpdate(
  room: Room,
  { kind, namespace, name }: Place,
  {
    current,
    wished,
    context,
  }: { readonly current: StoredObject; readonly wished: JsonObject; readonly context: WriteContext },
): Promise<StoredObject | "moved"> {
  const old = parsed(current);
  settleNamespace(wished, kind, namespace);
  const object = settle(wished, old, { kind, namespace, name }, context);
  const { user, dryRun, subresource } = context;
  const review = await reviewed(room.admission, kind, {
    operation: "UPDATE",
    namespace,
    name,
    object,
    oldObject: copyJson(old),
    user,
    dryRun,
    ...(subresource === undefined ? {} : { subresource }),
  });
  context.warnings.push(...review.warnings);
  const after = review.object ?? object;
  keepIdentity(after, metadataOf(object));
  if (subresource !== "status") withDefaults(after, kind);
  countGeneration(after, old, kind.counted);
  check(after, kind, old, context.subresource);
  trackUpdate(after, old, { kind, context, now: room.now() });
  metadataOf(after)["resourceVersion"] = String(current.version);
  if (sameJson(after, old)) return current;
  const gone = isFinished(after);
  if (dryRun) return stored(kind.resource, current.version, after, textAt(after, current.version), () => ({}));
  const outcome = await room.store.write({
    resource: kind.resource,
    namespace,
    name,
    expect: current.version,
    after: gone ? undefined : after,
  });
  if (!outcome.done) return "moved";
  room.writes.add({ group: kind.group, kind: kind.kind, verb: context.verb, subresource: subresource ?? "" });
  // Of what is gone now the answer is what this update made of it.
  return gone
    ? stored(kind.resource, outcome.object.version, after, textAt(after, outcome.object.version), () => ({}))
    : outcome.object;
}

/** The wished object with everything put back that this request may not change. */
function settle(wished: JsonObject, old: JsonObject, { kind, name }: Place, context: WriteContext): JsonObject {
  const metadata = metadataOf(wished);
  const oldMetadata = metadataOf(old);
  requireName(wished, name);
  const uid = stringAt(metadata, "uid");
  if (uid !== undefined && uid !== "" && uid !== oldMetadata["uid"]) {
    const message = `Invalid value: ${JSON.stringify(uid)}: the object's uid is ${String(oldMetadata["uid"])}`;
    if (context.verb === "patch") {
      throw invalid(kind, name, [{ reason: "FieldValueInvalid", field: "metadata.uid", message }]);
    }
    throw conflict(kind, name, `Precondition failed: metadata.uid: ${message}`);
  }
  if (kind.custom && context.verb === "update" && namesVersion(wished) === undefined) {
    const message = "Invalid value: 0: must be specified for an update";
    throw invalid(kind, name, [{ reason: "FieldValueInvalid", field: "metadata.resourceVersion", message }]);
  }
  const hasStatus = kind.storedVersion.hasStatus;
  let object = wished;
  if (context.subresource === "status") {
    object = { ...copyJson(old), status: wished["status"] };
    if (wished["status"] === undefined) delete object["status"];
    metadataOf(object)["managedFields"] = metadata["managedFields"] ?? oldMetadata["managedFields"];
  } else if (hasStatus && !wholeObject.has(context.subresource ?? "")) {
    if (old["status"] === undefined) delete object["status"];
    else object["status"] = copyJson(old["status"]);
  }
  const settled = metadataOf(object);
  for (const field of [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
  ]) {
    if (oldMetadata[field] === undefined) delete settled[field];
    else settled[field] = oldMetadata[field];
  }
  delete settled["selfLink"];
  if (settled["managedFields"] === undefined) delete settled["managedFields"];
  if (context.subresource === undefined) kind.rules.prepareUpdate?.(object, old);
  return object;
}

/** @throws StatusError 400 when the object has another name than the path */
export function requireName(object: JsonObject, name: string): void {
  const given = metadataOf(object)["name"];
  if (given === name) return;
  throw badRequest(
    `the name of the object (${JSON.stringify(given)}) does not match the name on the URL (${JSON.stringify(name)})`,
  );
}

function countGeneration(after: JsonObject, old: JsonObject, counted: boolean): void {
  const generation = metadataOf(old)["generation"];
  if (!counted) return;
  const before = typeof generation === "number" ? generation : 1;
  metadataOf(after)["generation"] = sameJson(specOf(after), specOf(old)) ? before : before + 1;
}

/** Being deleted, and nobody holds it any more: this update is its end. */
export function isFinished(object: JsonObject): boolean {
  const metadata = metadataOf(object);
  if (metadata["deletionTimestamp"] === undefined) return false;
  if (Number(metadata["deletionGracePeriodSeconds"] ?? 0) > 0) return false;
  return stringsAt(metadata, "finalizers").length === 0 && !hasSpecFinalizers(object);
}

function hasSpecFinalizers(object: JsonObject): boolean {
  if (object["kind"] !== "Namespace") return false;
  const spec = object["spec"] as JsonObject | undefined;
  return stringsAt(spec, "finalizers").length > 0;
}

/** Whether an error says that the object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}
