/** RFC 7386: fields of the patch replace those of the object, null removes, objects merge. */
import { isObject, type JsonObject } from "../json-value.ts";

/** Changes the object. */
export function applyMergePatch(object: JsonObject, patch: JsonObject): JsonObject {
  for (const [field, value] of Object.entries(patch)) {
    const old = object[field];
    if (value === null) delete object[field];
    else if (isObject(value)) object[field] = applyMergePatch(isObject(old) ? old : {}, value);
    else object[field] = value;
  }
  return object;
}
