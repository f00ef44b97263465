/** Subresources: status and finalize are ordinary writes of a part; scale, binding and eviction have shapes of their own. */
import { copyJson } from "#events/json.ts";
import { parseBody, parseJson, requireObject, mediaType } from "./body.ts";
import type { JsonObject } from "./json-value.ts";
import type { ScalePaths } from "./kinds/kind.ts";
import { fromStored, toStored } from "./operations/decode.ts";
import { bind, evict } from "./operations/pod-actions.ts";
import { scaled, scaleOf } from "./operations/scale.ts";
import { update } from "./operations/update.ts";
import { applyJsonPatch } from "./patch/json-patch.ts";
import { applyMergePatch } from "./patch/merge-patch.ts";
import { answerResource, contextOf, placeOf, requireKind, success, type ResourceRequest } from "./resource-requests.ts";
import { replyJson, type Reply } from "./reply.ts";
import { methodNotAllowed, notFound, noSuchPath, unsupportedMediaType } from "./status.ts";
import { parsed } from "./store/stored-object.ts";

/** @throws StatusError 404 when the kind has no such subresource */
export async function answerSubresource(request: ResourceRequest): Promise<Reply> {
  const { served, path, verb } = request;
  const { subresource } = path;
  if (subresource === "status" && served.version.hasStatus) {
    if (verb !== "get" && verb !== "update" && verb !== "patch")
      throw methodNotAllowed(served.kind, `${verb} of the status`);
    return answerResource(request);
  }
  if (subresource === "scale" && served.version.scale !== undefined) return scale(request, served.version.scale);
  if (subresource === undefined || !served.kind.actions.includes(subresource)) {
    throw noSuchPath(`the subresource ${subresource} of ${served.kind.plural}`);
  }
  if (subresource === "finalize" && verb === "update") return answerResource(request);
  if (verb !== "create") throw methodNotAllowed(served.kind, `${verb} of ${subresource}`);
  const context = contextOf(request, "create");
  const body = parseBody(await request.message.bytes(), request.message.header("content-type")).value;
  if (subresource === "binding") {
    requireKind(body, "v1", "Binding");
    await bind(request.room, placeOf(request), body, context);
  } else {
    requireKind(body, "policy/v1", "Eviction");
    await evict(request.room, placeOf(request), body, { ...context, verb: "delete" });
  }
  return success(201);
}

async function scale(request: ResourceRequest, paths: ScalePaths): Promise<Reply> {
  const { room, served, verb } = request;
  const place = placeOf(request);
  if (verb === "get") {
    const found = room.store.get(place.kind.resource, place.namespace, place.name);
    if (found === undefined) throw notFound(place.kind, place.name);
    return replyJson(scaleOf(parsed(found), paths));
  }
  if (verb !== "update" && verb !== "patch") throw methodNotAllowed(served.kind, `${verb} of the scale`);
  const context = { ...contextOf(request, verb), verb: "patch" as const };
  const bytes = await request.message.bytes();
  const wish = wishedScale(verb, bytes, request.message.header("content-type") ?? "");
  const change = (old: JsonObject) => {
    const object = fromStored(old, served);
    return toStored(scaled(object, wish(scaleOf(object, paths)), paths), served);
  };
  return replyJson(scaleOf(parsed(await update(room, place, change, context)), paths));
}

function wishedScale(verb: "update" | "patch", bytes: Buffer, contentType: string): (old: JsonObject) => JsonObject {
  if (verb === "update") {
    const given = requireObject(parseBody(bytes, contentType).value);
    requireKind(given, "autoscaling/v1", "Scale");
    return () => given;
  }
  const type = mediaType(contentType);
  const { value } = parseJson(bytes.toString("utf8"));
  switch (type) {
    case "application/json-patch+json":
      return (old) => applyJsonPatch(withoutVersion(old), value);
    case "application/merge-patch+json":
      return (old) => applyMergePatch(withoutVersion(old), requireObject(copyJson(value), "a merge patch"));
    default:
      throw unsupportedMediaType(type, ["application/json-patch+json", "application/merge-patch+json"]);
  }
}

function withoutVersion(scale: JsonObject): JsonObject {
  const metadata = scale["metadata"] as JsonObject;
  delete metadata["resourceVersion"];
  return scale;
}
