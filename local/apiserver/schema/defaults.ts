/** Fills in a schema's defaults, in place, from the outside in: a default may bring fields that have defaults themselves. */
import { copyJson } from "#events/json.ts";
import { isObject } from "../json-value.ts";
import type { Schema } from "./schema.ts";

export function applyDefaults(value: unknown, schema: Schema): void {
  if (!schema.hasDefaults) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items?.hasDefaults === true) for (const entry of value) applyDefaults(entry, items);
    return;
  }
  if (!isObject(value)) return;
  for (const [field, child] of schema.properties) {
    if (!child.hasDefaults) continue;
    const missing = value[field] === undefined || (value[field] === null && !child.nullable);
    if (missing && child.default !== undefined) value[field] = copyJson(child.default.value);
    if (value[field] !== undefined) applyDefaults(value[field], child);
  }
  const { additional } = schema;
  if (additional?.hasDefaults !== true) return;
  for (const field of Object.keys(value)) {
    if (value[field] === null && !additional.nullable && additional.default !== undefined) {
      value[field] = copyJson(additional.default.value);
    }
    if (!schema.properties.has(field)) applyDefaults(value[field], additional);
  }
}
