/**
 * From objects to CEL: the types of a schema's fields, and JSON as values of those types. Names that are no identifiers
 * are escaped as Kubernetes does.
 */
import { isObject, type JsonObject } from "../json-value.ts";
import type { Schema } from "../schema/schema.ts";
import { parseExpression, type Fields } from "./language.ts";

const reserved: ReadonlySet<string> = new Set([
  ...["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"],
  ...["let", "loop", "package", "namespace", "return", "var", "void", "while"],
]);

const escapes: Readonly<Record<string, string>> = {
  "__": "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/** The name of a field in expressions; undefined when none can be given to it. */
export function escaped(field: string): string | undefined {
  if (reserved.has(field)) return `__${field}__`;
  const name = field.replaceAll(/__|[.\-/]/g, (found) => escapes[found] ?? found);
  return /^[A-Za-z_]\w*$/.test(name) ? name : undefined;
}

const textTypes: Readonly<Record<string, string>> = {
  "date-time": "timestamp",
  "date": "timestamp",
  "duration": "duration",
  "byte": "bytes",
};

/** Anything goes there, and no expression may look at it. */
function isOpaque(schema: Schema): boolean {
  return (
    schema.preserveUnknown &&
    !schema.intOrString &&
    schema.properties.size === 0 &&
    schema.additional === undefined &&
    schema.items === undefined
  );
}

/** Names the types of a schema, collecting its object types in an order in which each comes after those it mentions. */
export class TypeNames {
  readonly objects = new Map<string, Fields>();
  readonly #root: Schema;

  /** @param root of whose metadata only names are visible */
  constructor(root: Schema) {
    this.#root = root;
  }

  of(schema: Schema): string {
    if (schema.intOrString) return "dyn";
    switch (schema.type) {
      case undefined:
        return "dyn";
      case "integer":
        return "int";
      case "number":
        return "double";
      case "boolean":
        return "bool";
      case "string":
        return textTypes[schema.limits.format ?? ""] ?? "string";
      case "array":
        return schema.items === undefined ? "list<dyn>" : `list<${this.of(schema.items)}>`;
      case "object":
        if (schema.additional !== undefined) return `map<string, ${this.of(schema.additional)}>`;
        return this.#object(schema);
    }
  }

  #object(schema: Schema): string {
    const fields: Record<string, string> = {};
    for (const [field, child] of schema.properties) {
      const name = escaped(field);
      if (name === undefined || isOpaque(child)) continue;
      const isMetadata = field === "metadata" && (schema === this.#root || schema.embedded);
      fields[name] = isMetadata ? this.#add({ name: "string", generateName: "string" }) : this.of(child);
    }
    return this.#add(fields);
  }

  #add(fields: Fields): string {
    const name = `Object${this.objects.size}`;
    this.objects.set(name, fields);
    return name;
  }
}

const toDuration = parseExpression("duration(text)", ["text"]);

function textValue(text: string, format: string | undefined): unknown {
  switch (textTypes[format ?? ""]) {
    case "timestamp":
      return new Date(text);
    case "duration":
      return toDuration.evaluate({ text });
    case "bytes":
      return new Uint8Array(Buffer.from(text, "base64"));
    default:
      return text;
  }
}

/** JSON as a CEL value: as the schema says, or, without one, whole numbers as integers. */
export function celValue(value: unknown, schema?: Schema): unknown {
  if (typeof value === "number") return schema?.type !== "number" && Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === "string") return schema?.intOrString === true ? value : textValue(value, schema?.limits.format);
  if (Array.isArray(value)) return value.map((entry) => celValue(entry, schema?.items));
  return isObject(value) ? objectValue(value, schema) : value;
}

function objectValue(object: JsonObject, schema: Schema | undefined): JsonObject {
  const made: JsonObject = {};
  for (const [field, value] of Object.entries(object)) {
    const child = schema?.properties.get(field);
    if (child !== undefined) made[escaped(field) ?? field] = celValue(value, child);
    else if (value !== undefined) made[field] = celValue(value, schema?.additional);
  }
  return made;
}
