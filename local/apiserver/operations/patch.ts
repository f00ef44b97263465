/** patch: four kinds of it, told apart by the content type. */
import { copyJson } from "#events/json.ts";
import { appliedNew, appliedOver, requireNoManagedFields, type ApplyOptions } from "../apply/apply.ts";
import { mediaType, parseBody, parseJson, requireObject, type Body } from "../body.ts";
import { metadataOf, stringAt, type JsonObject } from "../json-value.ts";
import type { Served } from "../kinds/kind.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicPatch } from "../patch/strategic-patch.ts";
import type { Place, Room, WriteContext } from "../room.ts";
import { prune } from "../schema/prune.ts";
import { badRequest, StatusError, unsupportedMediaType } from "../status.ts";
import type { StoredObject } from "../store/stored-object.ts";
import { createObject } from "./create.ts";
import { decode, fromStored, judgeFields, otherKind, settleNamespace, toStored } from "./decode.ts";
import { isNotFound, update } from "./update.ts";

export const APPLY = "application/apply-patch+yaml";

const types = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  APPLY,
];

/** Whether an object was made by it: 201 then. */
export interface Patched {
  readonly object: StoredObject;
  readonly created: boolean;
}

/** @throws StatusError as update does; 409 with conflicts for an apply; 415 */
export async function patch(
  room: Room,
  served: Served,
  place: Place,
  request: { readonly bytes: Buffer; readonly contentType: string; readonly force: boolean },
  context: WriteContext,
): Promise<Patched> {
  const type = mediaType(request.contentType);
  if (type === APPLY) return apply(room, served, place, request, context);
  const body = parseJson(request.bytes.toString("utf8"));
  const change = changeOf(type, body, served);
  const object = await update(
    room,
    place,
    (old) => decodePatched(change(fromStored(old, served)), body, served, context),
    context,
  );
  return { object, created: false };
}

function changeOf(type: string, body: Body, { kind, version }: Served): (object: JsonObject) => JsonObject {
  switch (type) {
    case "application/json-patch+json":
      return (object) => applyJsonPatch(object, body.value);
    case "application/merge-patch+json": {
      const value = requireObject(body.value, "a merge patch");
      return (object) => applyMergePatch(object, copyJson(value));
    }
    case "application/strategic-merge-patch+json": {
      if (kind.custom)
        throw unsupportedMediaType(
          type,
          types.filter((known) => known !== type),
        );
      const value = requireObject(body.value, "a strategic merge patch");
      return (object) => applyStrategicPatch(object, copyJson(value), version.schema);
    }
    default:
      throw unsupportedMediaType(type, kind.custom ? types.filter((known) => !known.includes("strategic")) : types);
  }
}

function decodePatched(object: JsonObject, body: Body, served: Served, context: WriteContext): JsonObject {
  const unknown = prune(object, served.version.schema);
  if (context.fieldValidation === "Strict" && unknown.length > 0) throw unknownInPatch(unknown);
  judgeFields(context, { unknown, duplicates: body.duplicates });
  if (object["kind"] !== served.kind.kind) {
    throw served.kind.custom ? otherKind(object, served) : badRequest("a patch may not change the object's kind");
  }
  return toStored(object, served);
}

/** Not the body is wrong, but what it makes of the object: 422. */
function unknownInPatch(unknown: readonly string[]): StatusError {
  const message = `Invalid value: strict decoding error: ${unknown.map((field) => `unknown field "${field}"`).join(", ")}`;
  return new StatusError(422, "Invalid", `the patch is invalid: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field: "patch", message }],
  });
}

async function apply(
  room: Room,
  served: Served,
  place: Place,
  request: { readonly bytes: Buffer; readonly force: boolean },
  context: WriteContext,
): Promise<Patched> {
  const { kind, namespace, name } = place;
  const applied = decode(parseBody(request.bytes, "application/yaml"), served, context);
  settleNamespace(applied, kind, namespace);
  requireNoManagedFields(applied);
  const metadata = metadataOf(applied);
  metadata["name"] ??= name;
  if (stringAt(metadata, "name") !== name) {
    throw badRequest(
      `the name of the object (${JSON.stringify(metadata["name"])}) does not match the name on the URL (${JSON.stringify(name)})`,
    );
  }
  const options: ApplyOptions = { kind, context, force: request.force, now: room.now() };
  const over = () => update(room, place, (live) => appliedOver(live, applied, options), context);
  try {
    return { object: await over(), created: false };
  } catch (error) {
    if (!isNotFound(error) || context.subresource !== undefined || metadata["uid"] !== undefined) throw error;
  }
  try {
    return { object: await createObject(room, kind, appliedNew(applied, options), context), created: true };
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof StatusError && error.reason === "AlreadyExists")) throw error;
    return { object: await over(), created: false };
  }
}
