/** The scale subresource of custom kinds: an autoscaling/v1 Scale in front of two numbers and a selector. */
import { metadataOf, objectAt, stringAt, valueAt, type JsonObject } from "../json-value.ts";
import type { ScalePaths } from "../kinds/kind.ts";
import { badRequest } from "../status.ts";

export function scaleOf(object: JsonObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadataOf(object);
  const selector = paths.selector === undefined ? undefined : valueAt(object, paths.selector);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: valueAt(object, paths.spec) ?? 0 },
    status: { replicas: valueAt(object, paths.status) ?? 0, ...(selector === undefined ? {} : { selector }) },
  };
}

/** The object (changed in place) with the replicas and the precondition of a Scale. @throws StatusError 400 */
export function scaled(object: JsonObject, scale: JsonObject, paths: ScalePaths): JsonObject {
  const replicas = objectAt(scale, "spec")?.["replicas"] ?? 0;
  if (!Number.isInteger(replicas) || Number(replicas) < 0) {
    throw badRequest("spec.replicas must be a whole number that is not negative");
  }
  const last = paths.spec.at(-1);
  if (last === undefined) throw badRequest("the kind's definition names no path for its replicas");
  let at = object;
  for (const field of paths.spec.slice(0, -1)) {
    const next = objectAt(at, field) ?? {};
    at[field] = next;
    at = next;
  }
  at[last] = replicas;
  const version = stringAt(objectAt(scale, "metadata"), "resourceVersion");
  if (version === undefined || version === "") delete metadataOf(object)["resourceVersion"];
  else metadataOf(object)["resourceVersion"] = version;
  return object;
}
