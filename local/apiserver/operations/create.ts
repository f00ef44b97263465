/** create: a new object. Decode, default, admit, validate, store. */
import { copyJson } from "#events/json.ts";
import { reviewed } from "../admission/admission.ts";
import { trackCreation } from "../apply/track.ts";
import type { Body } from "../body.ts";
import { metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { Served, ServedKind } from "../kinds/kind.ts";
import { generatedName, nameProblem } from "../names.ts";
import type { Room, WriteContext } from "../room.ts";
import { alreadyExists, badRequest, forbidden, invalid, methodNotAllowed, notFound, StatusError } from "../status.ts";
import { stored, textAt, type StoredObject } from "../store/stored-object.ts";
import { check, requireMetadata, withDefaults } from "./check.ts";
import { decode, settleNamespace } from "./decode.ts";

const GENERATED_NAME_TRIES = 8;

/** @throws StatusError 400, 403, 404 (no such namespace), 409 (AlreadyExists), 413, 422, or what the admission refuses with */
export async function create(
  room: Room,
  served: Served,
  namespace: string,
  body: Body,
  context: WriteContext,
): Promise<StoredObject> {
  const object = decode(body, served, context);
  settleNamespace(object, served.kind, namespace);
  const metadata = metadataOf(object);
  if (metadata["resourceVersion"] !== undefined && metadata["resourceVersion"] !== "") {
    throw badRequest("metadata.resourceVersion must not be set on an object that is to be created");
  }
  delete metadata["managedFields"];
  return createObject(room, served.kind, object, context);
}

/** The same for an object in its stored form whose namespace is settled: apply and the server itself come in here. */
export async function createObject(
  room: Room,
  kind: ServedKind,
  object: JsonObject,
  context: WriteContext,
): Promise<StoredObject> {
  const metadata = requireMetadata(object);
  const prefix = stringAt(metadata, "generateName");
  const generates = prefix !== undefined && prefix !== "" && !stringAt(metadata, "name");
  for (let attempt = 1; ; attempt++) {
    if (generates) metadata["name"] = generatedName(prefix);
    try {
      return await createNamed(room, kind, copyJson(object), context);
    } catch (error) {
      const taken = error instanceof StatusError && error.reason === "AlreadyExists";
      if (!taken || !generates || attempt >= GENERATED_NAME_TRIES) throw error;
    }
  }
}

async function createNamed(
  room: Room,
  kind: ServedKind,
  given: JsonObject,
  context: WriteContext,
): Promise<StoredObject> {
  const now = room.now();
  initMetadata(given, now, kind);
  if (kind.storedVersion.hasStatus) delete given["status"];
  withDefaults(given, kind);
  kind.rules.prepareCreate?.(given, now);
  const metadata = metadataOf(given);
  const namespace = stringAt(metadata, "namespace") ?? "";
  const name = stringAt(metadata, "name") ?? "";
  requirePlace(room, kind, namespace, name);
  const { user, dryRun } = context;
  const review = await reviewed(room.admission, kind, {
    operation: "CREATE",
    namespace,
    name,
    object: given,
    user,
    dryRun,
  });
  context.warnings.push(...review.warnings);
  const object = review.object ?? given;
  keepIdentity(object, metadata);
  withDefaults(object, kind);
  check(object, kind);
  trackCreation(object, { kind, context, now });
  // Whoever was asked took their time, and what is emptied is looked through once: nobody would find what comes later.
  requirePlace(room, kind, namespace, name);
  if (dryRun) {
    if (room.store.get(kind.resource, namespace, name) !== undefined) throw alreadyExists(kind, name);
    return stored(kind.resource, 0, object, textAt(object, undefined), () => ({}));
  }
  const outcome = await room.store.write({ resource: kind.resource, namespace, name, expect: 0, after: object });
  if (!outcome.done) throw alreadyExists(kind, name);
  room.writes.add({ group: kind.group, kind: kind.kind, verb: context.verb, subresource: "" });
  return outcome.object;
}

function initMetadata(object: JsonObject, now: Date, kind: ServedKind): void {
  const metadata = metadataOf(object);
  for (const field of [
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
    "resourceVersion",
  ]) {
    delete metadata[field];
  }
  metadata["uid"] = crypto.randomUUID();
  metadata["creationTimestamp"] = now.toISOString().replace(/\.\d+Z$/, "Z");
  if (kind.counted) metadata["generation"] = 1;
}

/** An admission changes labels, annotations and finalizers; never who the object is. */
export function keepIdentity(object: JsonObject, metadata: JsonObject): void {
  const own = metadataOf(object);
  for (const field of ["name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp"]) {
    if (metadata[field] === undefined) delete own[field];
    else own[field] = metadata[field];
  }
}

/** @throws StatusError 404 when there is no such namespace or kind any more, 403 or 405 when it is being deleted */
function requirePlace(room: Room, kind: ServedKind, namespace: string, name: string): void {
  if (kind.custom && room.kinds.byResource(kind.resource) === undefined) {
    throw new StatusError(404, "NotFound", `${kind.plural}.${kind.group} are served no more: their definition is gone`);
  }
  if (kind.custom && room.kinds.isEnding(kind.resource))
    throw methodNotAllowed(kind, "create, while its definition is being deleted,");
  requireNamespace(room, kind, namespace, name);
}

/** @throws StatusError 404 when there is no such namespace, 403 when it is being deleted */
function requireNamespace(room: Room, kind: ServedKind, namespace: string, name: string): void {
  if (!kind.namespaced) return;
  const found = room.store.get("namespaces", "", namespace);
  const namespaces = room.kinds.byResource("namespaces");
  if (namespaces === undefined) return;
  if (found === undefined) {
    const problem = nameProblem(namespace, "label");
    if (problem !== undefined) {
      const message = `Invalid value: ${JSON.stringify(namespace)}: ${problem}`;
      throw invalid(kind, name, [{ reason: "FieldValueInvalid", field: "metadata.namespace", message }]);
    }
    throw notFound(namespaces, namespace);
  }
  const object = JSON.parse(found.text) as JsonObject;
  if (objectAt(object, "metadata")?.["deletionTimestamp"] === undefined) return;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    { reason: "NamespaceTerminating", field: "metadata.namespace", message },
  ]);
}
