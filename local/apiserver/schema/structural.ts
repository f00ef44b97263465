/**
 * Compiles the openAPIV3Schema of a CRD, and refuses one that is not structural: a schema that leaves the type of a
 * field open could not prune.
 */
import { copyJson } from "#events/json.ts";
import { isObject, objectAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";
import { goPattern } from "./pattern.ts";
import { readRules } from "./rule.ts";
import { emptySchema, type Limits, type ListMerge, type Schema, type SchemaType } from "./schema.ts";

const types: ReadonlySet<string> = new Set<SchemaType>(["object", "array", "string", "integer", "number", "boolean"]);

/** Allowed by JSON schema, not by Kubernetes. */
const forbidden = ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems", "id", "$schema"];

/** Fields that say something about structure, which belongs outside of allOf, anyOf, oneOf and not. */
const structureOnly = [
  "default",
  "additionalProperties",
  "nullable",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
];

class Compiler {
  readonly causes: StatusCause[] = [];

  refuse(field: string, message: string, reason = "FieldValueInvalid"): void {
    this.causes.push({ reason, field, message });
  }

  schema(source: JsonObject, path: string, part: "structure" | "check"): Schema {
    const schema = emptySchema();
    for (const field of forbidden) {
      if (source[field] !== undefined)
        this.refuse(`${path}.${field}`, "Forbidden: not allowed here", "FieldValueForbidden");
    }
    if (part === "check") {
      for (const field of structureOnly) {
        if (source[field] === undefined) continue;
        this.refuse(`${path}.${field}`, "Forbidden: belongs to the schema around it", "FieldValueForbidden");
      }
    }
    const description = stringAt(source, "description");
    if (description !== undefined) schema.description = description;
    schema.intOrString = source["x-kubernetes-int-or-string"] === true;
    schema.preserveUnknown = source["x-kubernetes-preserve-unknown-fields"] === true;
    schema.embedded = source["x-kubernetes-embedded-resource"] === true;
    schema.nullable = source["nullable"] === true;
    schema.atomicMap = source["x-kubernetes-map-type"] === "atomic";
    schema.limits = this.#limits(source, path);
    schema.required = stringsAt(source, "required");
    this.#type(schema, source, path, part);
    this.#children(schema, source, path, part);
    if (source["default"] !== undefined) schema.default = { value: copyJson(source["default"]) };
    const { rules, causes } = readRules(source, path);
    schema.rules = rules;
    this.causes.push(...causes);
    const below = [...schema.properties.values(), schema.additional, schema.items];
    schema.hasDefaults = schema.default !== undefined || below.some((child) => child?.hasDefaults === true);
    schema.hasRules = rules.length > 0 || below.some((child) => child?.hasRules === true);
    return schema;
  }

  #type(schema: Schema, source: JsonObject, path: string, part: "structure" | "check"): void {
    const type = stringAt(source, "type");
    if (type !== undefined && type !== "" && !types.has(type)) {
      this.refuse(`${path}.type`, `Unsupported value: ${JSON.stringify(type)}: supported: ${[...types].join(", ")}`);
    } else if (type !== undefined && type !== "") {
      schema.type = type as SchemaType;
    } else if (part === "structure" && !schema.intOrString && !schema.preserveUnknown) {
      this.refuse(
        `${path}.type`,
        "Required value: must not be empty for specified object fields",
        "FieldValueRequired",
      );
    }
    if (schema.embedded && schema.type !== "object")
      this.refuse(`${path}.type`, "must be object for an embedded resource");
  }

  #children(schema: Schema, source: JsonObject, path: string, part: "structure" | "check"): void {
    for (const [name, child] of Object.entries(objectAt(source, "properties") ?? {})) {
      const at = `${path}.properties[${name}]`;
      if (isObject(child)) schema.properties.set(name, this.schema(child, at, part));
      else this.refuse(at, "must be a schema");
    }
    const additional = source["additionalProperties"];
    if (isObject(additional)) {
      if (schema.properties.size > 0) {
        this.refuse(`${path}.additionalProperties`, "Forbidden: not beside properties", "FieldValueForbidden");
      }
      schema.additional = this.schema(additional, `${path}.additionalProperties`, part);
    } else if (additional === true) {
      schema.preserveUnknown = true;
    }
    const items = source["items"];
    if (isObject(items)) schema.items = this.schema(items, `${path}.items`, part);
    else if (items !== undefined) this.refuse(`${path}.items`, "must be one schema");
    else if (schema.type === "array" && part === "structure") {
      this.refuse(`${path}.items`, "Required value: must be specified", "FieldValueRequired");
    }
    if (source["uniqueItems"] === true) {
      this.refuse(`${path}.uniqueItems`, "Forbidden: use x-kubernetes-list-type: set", "FieldValueForbidden");
    }
    schema.list = this.#list(schema, source, path);
    for (const junctor of ["allOf", "anyOf", "oneOf"] as const) {
      const list = source[junctor];
      if (!Array.isArray(list)) continue;
      schema[junctor] = list
        .filter(isObject)
        .map((entry, index) => this.schema(entry, `${path}.${junctor}[${index}]`, "check"));
    }
    const not = source["not"];
    if (isObject(not)) schema.not = this.schema(not, `${path}.not`, "check");
  }

  #list(schema: Schema, source: JsonObject, path: string): ListMerge {
    const type = stringAt(source, "x-kubernetes-list-type");
    const keys = stringsAt(source, "x-kubernetes-list-map-keys");
    switch (type) {
      case undefined:
      case "atomic":
        return { kind: "atomic" };
      case "set":
        return { kind: "set" };
      case "map":
        if (keys.length === 0) {
          this.refuse(`${path}.x-kubernetes-list-map-keys`, "Required value: a map needs keys", "FieldValueRequired");
        }
        for (const key of keys) {
          if (schema.items?.properties.has(key) === true) continue;
          this.refuse(
            `${path}.x-kubernetes-list-map-keys`,
            `the key ${JSON.stringify(key)} must be a field of the items`,
          );
        }
        return { kind: "map", keys };
      default:
        this.refuse(`${path}.x-kubernetes-list-type`, `Unsupported value: "${type}": supported: atomic, map, set`);
        return { kind: "atomic" };
    }
  }

  #limits(source: JsonObject, path: string): Limits {
    const numbers: Record<string, number> = {};
    for (const name of numberLimits) {
      const value = source[name];
      if (typeof value === "number") numbers[name] = value;
    }
    return {
      ...numbers,
      ...(Array.isArray(source["enum"]) ? { enum: source["enum"] as unknown[] } : {}),
      ...(stringAt(source, "format") === undefined ? {} : { format: stringAt(source, "format") ?? "" }),
      ...(source["exclusiveMinimum"] === true ? { exclusiveMinimum: true } : {}),
      ...(source["exclusiveMaximum"] === true ? { exclusiveMaximum: true } : {}),
      ...this.#pattern(source, path),
    };
  }

  #pattern(source: JsonObject, path: string): Pick<Limits, "pattern"> {
    const pattern = stringAt(source, "pattern");
    if (pattern === undefined || pattern === "") return {};
    try {
      const compiled = goPattern(pattern);
      return { pattern: { source: pattern, test: (text) => compiled.test(text) } };
    } catch {
      this.refuse(`${path}.pattern`, `Invalid value: ${JSON.stringify(pattern)}: must be a valid regular expression`);
      return {};
    }
  }
}

const numberLimits = [
  "minimum",
  "maximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
] as const;

/** The schema, and what is wrong with it (then it must not be used). `path` is where it stands in the CRD. */
export function compileStructural(
  source: JsonObject,
  path: string,
): { readonly schema: Schema; readonly causes: readonly StatusCause[] } {
  const compiler = new Compiler();
  const schema = compiler.schema(source, path, "structure");
  if (schema.type !== "object") compiler.refuse(`${path}.type`, "must be object at the root");
  return { schema, causes: compiler.causes };
}
