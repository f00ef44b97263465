/** From a request's body to an object in the stored form of its kind: right type, known fields only. */
import { requireObject, type Body } from "../body.ts";
import { metadataOf, stringAt, type JsonObject } from "../json-value.ts";
import { apiVersionOfServed, type Served, type ServedKind } from "../kinds/kind.ts";
import type { WriteContext } from "../room.ts";
import { prune } from "../schema/prune.ts";
import { badRequest, invalid, type StatusError } from "../status.ts";

function checkType(object: JsonObject, served: Served): void {
  if (!served.kind.custom) {
    // Typed clients leave out what the path says already; for custom kinds Kubernetes insists on it.
    object["apiVersion"] ??= apiVersionOfServed(served);
    object["kind"] ??= served.kind.kind;
  }
  const apiVersion = stringAt(object, "apiVersion") ?? "";
  const kind = stringAt(object, "kind") ?? "";
  const expected = apiVersionOfServed(served);
  if (kind === "") throw badRequest("Object 'Kind' is missing: the body has no field kind");
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== served.kind.kind) {
    if (served.kind.custom) throw otherKind(object, served);
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${served.kind.kind})`);
  }
}

/** A custom object that calls itself another kind, in the words of that kind. */
export function otherKind(object: JsonObject, { kind }: Served): StatusError {
  const given = stringAt(object, "kind") ?? "";
  const message = `Invalid value: ${JSON.stringify(given)}: must be ${kind.kind}`;
  const subject = { group: kind.group, plural: kind.plural, kind: given };
  return invalid(subject, stringAt(metadataOf(object), "name") ?? "", [
    { reason: "FieldValueInvalid", field: "kind", message },
  ]);
}

/** Unknown and doubled fields: refused, told, or dropped in silence, as the client wishes. */
export function judgeFields(
  context: WriteContext,
  { unknown, duplicates }: { readonly unknown: readonly string[]; readonly duplicates: readonly string[] },
): void {
  if (context.fieldValidation === "Ignore") return;
  const problems = [
    ...new Set([
      ...duplicates.map((field) => `duplicate field "${field}"`),
      ...unknown.map((field) => `unknown field "${field}"`),
    ]),
  ];
  if (problems.length === 0) return;
  if (context.fieldValidation === "Strict") throw badRequest(`strict decoding error: ${problems.join(", ")}`);
  context.warnings.push(...problems);
}

/** @throws StatusError 400 */
export function decode(body: Body, served: Served, context: WriteContext): JsonObject {
  const object = requireObject(body.value);
  checkType(object, served);
  judgeFields(context, { unknown: prune(object, served.version.schema), duplicates: body.duplicates });
  return toStored(object, served);
}

/** In the stored version; the object passes into the result. */
export function toStored(object: JsonObject, { kind, version }: Served): JsonObject {
  const converted = version.convert?.toStored(object) ?? object;
  converted["apiVersion"] = kind.storedApiVersion;
  return converted;
}

/** In the version that a request speaks. */
export function fromStored(object: JsonObject, served: Served): JsonObject {
  const converted = served.version.convert?.fromStored(object) ?? object;
  converted["apiVersion"] = apiVersionOfServed(served);
  return converted;
}

/** The body's namespace must be the path's; cluster-scoped objects have none. */
export function settleNamespace(object: JsonObject, kind: ServedKind, namespace: string): void {
  const metadata = metadataOf(object);
  const own = stringAt(metadata, "namespace");
  if (!kind.namespaced) {
    delete metadata["namespace"];
    return;
  }
  if (own !== undefined && own !== "" && own !== namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request: metadata.namespace is ${JSON.stringify(own)}, the request's is ${JSON.stringify(namespace)}`,
    );
  }
  metadata["namespace"] = namespace;
}
