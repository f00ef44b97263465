/**
 * Kubernetes' strategic merge patch, for core kinds: a merge patch in which lists with keys merge entry by entry, and
 * fields that start with $ direct the merge.
 */
import { sameJson } from "#events/json.ts";
import { isObject, type JsonObject } from "../json-value.ts";
import { childOf, type Schema } from "../schema/schema.ts";
import { badRequest } from "../status.ts";

const DELETE_FROM = "$deleteFromPrimitiveList/";
const ORDER = "$setElementOrder/";

/** Changes the object. @throws StatusError 400 for a directive that is not understood */
export function applyStrategicPatch(object: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch["$patch"];
  if (directive === "replace") return withoutDirectives(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`unknown $patch directive ${JSON.stringify(directive)}`);
  retainKeys(object, patch["$retainKeys"]);
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith("$")) continue;
    const child = childOf(schema, field);
    const old = object[field];
    if (value === null) delete object[field];
    else if (isObject(value)) object[field] = applyStrategicPatch(isObject(old) ? old : {}, value, child);
    else if (Array.isArray(value)) object[field] = mergedList(Array.isArray(old) ? old : [], value, child);
    else object[field] = value;
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith(DELETE_FROM)) deleteFrom(object, field.slice(DELETE_FROM.length), value);
    else if (field.startsWith(ORDER)) reorder(object, field.slice(ORDER.length), value, schema);
  }
  return object;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith("$")));
}

function retainKeys(object: JsonObject, keys: unknown): void {
  if (!Array.isArray(keys)) return;
  for (const field of Object.keys(object)) if (!keys.includes(field)) delete object[field];
}

function mergeKey(schema: Schema | undefined): string | undefined {
  return schema?.list.kind === "map" ? schema.list.keys[0] : undefined;
}

function mergedList(old: readonly unknown[], patch: readonly unknown[], schema: Schema | undefined): unknown[] {
  if (schema?.list.kind === "set")
    return [...old, ...patch.filter((entry) => !old.some((other) => sameJson(other, entry)))];
  const key = mergeKey(schema);
  if (key === undefined) return patch.filter((entry) => !(isObject(entry) && "$patch" in entry));
  const replaces = patch.some((entry) => isObject(entry) && entry["$patch"] === "replace" && !(key in entry));
  const result: unknown[] = replaces ? [] : [...old];
  for (const entry of patch) {
    if (!isObject(entry)) throw badRequest(`entries of a list that merges by ${key} must be objects`);
    if (entry["$patch"] === "replace" && !(key in entry)) continue;
    if (!(key in entry)) throw badRequest(`an entry of a list that merges by ${key} has no ${key}`);
    const index = result.findIndex((other) => isObject(other) && sameJson(other[key], entry[key]));
    if (entry["$patch"] === "delete") {
      if (index >= 0) result.splice(index, 1);
    } else if (index < 0) {
      result.push(withoutDirectives(entry));
    } else {
      const present = result[index];
      result[index] = applyStrategicPatch(isObject(present) ? present : {}, entry, schema?.items);
    }
  }
  return result;
}

function deleteFrom(object: JsonObject, field: string, values: unknown): void {
  const list = object[field];
  if (!Array.isArray(list) || !Array.isArray(values)) return;
  object[field] = list.filter((entry) => !values.some((gone) => sameJson(gone, entry)));
}

/** Entries that the order names come in that order; the others keep their places behind what precedes them. */
function reorder(object: JsonObject, field: string, order: unknown, schema: Schema | undefined): void {
  const list = object[field];
  if (!Array.isArray(list) || !Array.isArray(order)) return;
  const key = mergeKey(childOf(schema, field));
  const identity = (entry: unknown) => JSON.stringify(key !== undefined && isObject(entry) ? entry[key] : entry);
  const rank = new Map(order.map((entry, index) => [identity(entry), index]));
  const named = list
    .filter((entry) => rank.has(identity(entry)))
    .toSorted((a, b) => (rank.get(identity(a)) ?? 0) - (rank.get(identity(b)) ?? 0));
  let next = 0;
  object[field] = list.map((entry: unknown) => (rank.has(identity(entry)) ? named[next++] : entry) as unknown);
}
