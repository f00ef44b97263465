/** What every object must pass before it is stored. */
import { isObject, metadataOf, stringAt, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { metadataCauses } from "../names.ts";
import { applyDefaults } from "../schema/defaults.ts";
import { ruleCauses } from "../schema/rules.ts";
import { validate } from "../schema/validate.ts";
import { badRequest, invalid, type StatusCause } from "../status.ts";

/** The stored form is validated by its own kind's schema: events of both APIs by that of core/v1. */
export function withDefaults(object: JsonObject, kind: ServedKind): void {
  applyDefaults(object, kind.storedVersion.schema);
}

/** @throws StatusError 422, or 400 where a core kind has a field of the wrong type */
export function check(object: JsonObject, kind: ServedKind, old?: JsonObject, subresource?: string): void {
  const { schema, convert } = kind.storedVersion;
  // Schemas of core kinds do not become stricter.
  const before = kind.custom ? old : undefined;
  const causes =
    convert === undefined ? validate(object, schema, "", before) : validate(convert.fromStored(object), schema);
  if (!kind.custom) {
    const wrongType = causes.find(({ reason }) => reason === "FieldValueTypeInvalid");
    if (wrongType !== undefined) {
      throw badRequest(
        `${kind.kind} in version "v1" cannot be handled as a ${kind.kind}: ${wrongType.field}: ${wrongType.message}`,
      );
    }
  }
  const metadata = metadataOf(object);
  const typesHold = !causes.some(({ reason }) => reason === "FieldValueTypeInvalid");
  const all: StatusCause[] = [
    ...causes,
    ...(typesHold ? metadataCauses(metadata, kind.nameGrammar) : []),
    ...(typesHold ? (kind.rules.validate?.(object) ?? []) : []),
    ...(typesHold && old === undefined ? (kind.rules.validateCreate?.(object) ?? []) : []),
    ...(typesHold && old !== undefined && subresource === undefined
      ? (kind.rules.validateUpdate?.(object, old) ?? [])
      : []),
    ...(causes.length === 0 ? ruleCauses(object, schema, old) : []),
    ...(typesHold && old !== undefined ? newFinalizers(metadata, metadataOf(old)) : []),
  ];
  // A field that several checks find missing is told once.
  const told = new Map(all.map((cause) => [`${cause.field} ${cause.reason}`, cause]));
  if (told.size > 0) throw invalid(kind, stringAt(metadata, "name") ?? "", [...told.values()]);
}

/** An object that is being deleted only loses finalizers. */
function newFinalizers(metadata: JsonObject, old: JsonObject): StatusCause[] {
  if (old["deletionTimestamp"] === undefined) return [];
  const had = new Set(list(old["finalizers"]));
  const added = list(metadata["finalizers"]).filter((finalizer) => !had.has(finalizer));
  if (added.length === 0) return [];
  const message = `Forbidden: no finalizers can be added while the object is being deleted: ${added.join(", ")}`;
  return [{ reason: "FieldValueForbidden", field: "metadata.finalizers", message }];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Everything but metadata and status: what generation counts the changes of. */
export function specOf(object: JsonObject): JsonObject {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...spec } = object;
  return spec;
}

/** Metadata that clients send and the server alone decides. Malformed metadata is refused here. */
export function requireMetadata(object: JsonObject): JsonObject {
  if (object["metadata"] !== undefined && object["metadata"] !== null && !isObject(object["metadata"])) {
    throw badRequest("metadata must be an object");
  }
  const metadata = metadataOf(object);
  // Empty is the same as absent.
  for (const field of ["labels", "annotations", "finalizers", "ownerReferences"]) {
    const value = metadata[field];
    if (value === null || (typeof value === "object" && Object.keys(value).length === 0)) delete metadata[field];
  }
  return metadata;
}
