/**
 * Removes the fields that a schema does not know, and says which they were: the caller ignores, warns or refuses.
 * Changes the object in place.
 */
import { isObject } from "../json-value.ts";
import type { Schema } from "./schema.ts";

const embeddedFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** @returns the paths of what was removed, such as spec.disks[0].colour */
export function prune(value: unknown, schema: Schema): string[] {
  const unknown: string[] = [];
  walk(value, schema, "", unknown);
  return unknown;
}

function walk(value: unknown, schema: Schema, path: string, unknown: string[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) value.forEach((entry, index) => walk(entry, items, `${path}[${index}]`, unknown));
    return;
  }
  if (!isObject(value) || (schema.type !== "object" && schema.type !== undefined)) return;
  for (const field of Object.keys(value)) {
    const at = path === "" ? field : `${path}.${field}`;
    const child = schema.properties.get(field) ?? schema.additional;
    if (child !== undefined) {
      if (value[field] === null && schema.dropNulls) delete value[field];
      else walk(value[field], child, at, unknown);
    } else if (schema.type === "object" && !schema.preserveUnknown && !(schema.embedded && embeddedFields.has(field))) {
      delete value[field];
      unknown.push(at);
    }
  }
}
