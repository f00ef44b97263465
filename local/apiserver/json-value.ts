/** JSON as the server handles it: plain values that came out of a parser, checked before they are trusted. */

/** An object that this server may change: fresh out of a parser, shared with nobody. */
export type JsonObject = { [field: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at a field, or undefined when there is none or it is something else. */
export function objectAt(object: JsonObject, field: string): JsonObject | undefined {
  const value = object[field];
  return isObject(value) ? value : undefined;
}

export function stringAt(object: JsonObject | undefined, field: string): string | undefined {
  const value = object?.[field];
  return typeof value === "string" ? value : undefined;
}

/** The object's metadata, made when it is missing. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = objectAt(object, "metadata");
  if (metadata !== undefined) return metadata;
  const made: JsonObject = {};
  object["metadata"] = made;
  return made;
}

/** The value at a path of fields; undefined when any part is missing. */
export function valueAt(object: unknown, fields: readonly string[]): unknown {
  let value = object;
  for (const field of fields) {
    if (!isObject(value)) return undefined;
    value = value[field];
  }
  return value;
}

/** A list of strings in which other entries are left out. */
export function stringsAt(object: JsonObject | undefined, field: string): string[] {
  const value = object?.[field];
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string") : [];
}

/** A list of objects in which other entries are left out. */
export function objectsAt(object: JsonObject | undefined, field: string): JsonObject[] {
  const value = object?.[field];
  return Array.isArray(value) ? value.filter(isObject) : [];
}
