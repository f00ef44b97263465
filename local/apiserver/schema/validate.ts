/**
 * Holds a value to a schema and lists all that is wrong, each with the path of its field. What is as it was before is not
 * held to it again: a schema that has become stricter blocks no write to other fields, nor the end of an object.
 */
import { sameJson } from "#events/json.ts";
import { isObject, type JsonObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";
import { hasFormat } from "./formats.ts";
import type { Schema } from "./schema.ts";

/** More would help nobody. */
const MAX_CAUSES = 50;

/** @param old what is stored; undefined: all is new */
export function validate(value: unknown, schema: Schema, path = "", old?: unknown): StatusCause[] {
  const causes: StatusCause[] = [];
  walk(value, schema, path, causes, old);
  return causes;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function wrong(path: string, value: unknown, why: string): StatusCause {
  return { reason: "FieldValueInvalid", field: path, message: `Invalid value: ${shown(value)}: ${why}` };
}

function hasType(value: unknown, schema: Schema): boolean {
  const type = typeOf(value);
  if (schema.intOrString) return type === "integer" || type === "string";
  return schema.type === undefined || type === schema.type || (schema.type === "number" && type === "integer");
}

function walk(value: unknown, schema: Schema, path: string, causes: StatusCause[], old?: unknown): void {
  if (causes.length >= MAX_CAUSES) return;
  if (old !== undefined && sameJson(value, old)) return;
  if (value === null && (schema.nullable || schema.type === undefined)) return;
  if (!hasType(value, schema)) {
    const wanted = schema.intOrString ? "integer or string" : schema.type;
    const message = `Invalid value: ${shown(value)}: must be of type ${wanted}, not ${typeOf(value)}`;
    causes.push({ reason: "FieldValueTypeInvalid", field: path, message });
    return;
  }
  checkLimits(value, schema, path, causes);
  if (Array.isArray(value)) walkList(value, schema, path, causes, old);
  else if (isObject(value)) walkObject(value, schema, path, causes, old);
  checkJunctors(value, schema, path, causes);
}

function walkObject(value: JsonObject, schema: Schema, path: string, causes: StatusCause[], old: unknown): void {
  for (const field of schema.required) {
    if (value[field] !== undefined && value[field] !== null) continue;
    if (value[field] === null && schema.properties.get(field)?.nullable === true) continue;
    causes.push({ reason: "FieldValueRequired", field: join(path, field), message: "Required value" });
  }
  for (const field of Object.keys(value)) {
    const child = schema.properties.get(field) ?? schema.additional;
    const was = isObject(old) ? old[field] : undefined;
    if (child !== undefined && value[field] !== undefined) walk(value[field], child, join(path, field), causes, was);
  }
}

function walkList(value: readonly unknown[], schema: Schema, path: string, causes: StatusCause[], old: unknown): void {
  const { items, list } = schema;
  if (items !== undefined) {
    const before = entriesBefore(schema, old);
    value.forEach((entry, index) => walk(entry, items, `${path}[${index}]`, causes, before(entry)));
  }
  if (list.kind === "atomic") return;
  const seen = new Set<string>();
  value.forEach((entry, index) => {
    const id = list.kind === "set" ? entry : isObject(entry) ? list.keys.map((key) => entry[key] ?? null) : entry;
    const text = JSON.stringify(id);
    if (seen.has(text)) {
      const message = `Duplicate value: ${shown(id)}`;
      causes.push({ reason: "FieldValueDuplicate", field: `${path}[${index}]`, message });
    }
    seen.add(text);
  });
}

/** Finds the same entry in what was before: only lists with keys tell. */
export function entriesBefore({ list }: Schema, old: unknown): (entry: unknown) => unknown {
  if (list.kind !== "map" || !Array.isArray(old)) return () => undefined;
  const { keys } = list;
  const idOf = (entry: JsonObject): string => JSON.stringify(keys.map((key) => entry[key] ?? null));
  const known = new Map(old.filter(isObject).map((entry) => [idOf(entry), entry]));
  return (entry) => (isObject(entry) ? known.get(idOf(entry)) : undefined);
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

function checkLimits(value: unknown, { limits }: Schema, path: string, causes: StatusCause[]): void {
  if (limits.enum !== undefined && !limits.enum.some((allowed) => sameJson(allowed, value))) {
    const supported = limits.enum.map(shown).join(", ");
    const message = `Unsupported value: ${shown(value)}: supported values: ${supported}`;
    causes.push({ reason: "FieldValueNotSupported", field: path, message });
  }
  if (typeof value === "number") checkNumber(value, limits, path, causes);
  else if (typeof value === "string") checkString(value, limits, path, causes);
  else if (Array.isArray(value)) {
    const { minItems, maxItems } = limits;
    if (minItems !== undefined && value.length < minItems)
      causes.push(wrong(path, value, `must have at least ${minItems} items`));
    if (maxItems !== undefined && value.length > maxItems) {
      causes.push({
        reason: "FieldValueTooMany",
        field: path,
        message: `Too many: ${value.length}: must have at most ${maxItems} items`,
      });
    }
  } else if (isObject(value)) {
    const { minProperties, maxProperties } = limits;
    if (minProperties === undefined && maxProperties === undefined) return;
    const count = Object.keys(value).length;
    if (count < (minProperties ?? 0)) causes.push(wrong(path, value, `must have at least ${minProperties} fields`));
    if (count > (maxProperties ?? Infinity))
      causes.push(wrong(path, value, `must have at most ${maxProperties} fields`));
  }
}

function checkNumber(value: number, limits: Schema["limits"], path: string, causes: StatusCause[]): void {
  const { minimum, maximum, multipleOf } = limits;
  if (minimum !== undefined && (limits.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    causes.push(
      wrong(path, value, `must be greater than ${limits.exclusiveMinimum === true ? "" : "or equal to "}${minimum}`),
    );
  }
  if (maximum !== undefined && (limits.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    causes.push(
      wrong(path, value, `must be less than ${limits.exclusiveMaximum === true ? "" : "or equal to "}${maximum}`),
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    causes.push(wrong(path, value, `must be a multiple of ${multipleOf}`));
  if (limits.format === "int32" && (value > 2147483647 || value < -2147483648))
    causes.push(wrong(path, value, "must fit into 32 bits"));
}

/** JavaScript counts those beyond U+FFFF twice. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function checkString(value: string, limits: Schema["limits"], path: string, causes: StatusCause[]): void {
  const { minLength, maxLength, pattern, format } = limits;
  if (minLength !== undefined && characters(value) < minLength)
    causes.push(wrong(path, value, `must have at least ${minLength} characters`));
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
    causes.push({
      reason: "FieldValueTooLong",
      field: path,
      message: `Too long: may not have more than ${maxLength} characters`,
    });
  }
  if (pattern !== undefined && !pattern.test(value)) causes.push(wrong(path, value, `must match '${pattern.source}'`));
  if (format !== undefined && !hasFormat(value, format))
    causes.push(wrong(path, value, `must have the format ${format}`));
}

function checkJunctors(value: unknown, schema: Schema, path: string, causes: StatusCause[]): void {
  for (const part of schema.allOf) walk(value, part, path, causes);
  const holds = (part: Schema) => validate(value, part, path).length === 0;
  if (schema.anyOf.length > 0 && !schema.anyOf.some(holds))
    causes.push(wrong(path, value, "must satisfy one of the schemas of anyOf"));
  if (schema.oneOf.length > 0 && schema.oneOf.filter(holds).length !== 1) {
    causes.push(wrong(path, value, "must satisfy exactly one of the schemas of oneOf"));
  }
  if (schema.not !== undefined && holds(schema.not))
    causes.push(wrong(path, value, "must not satisfy the schema of not"));
}
