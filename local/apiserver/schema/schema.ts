/**
 * A compiled schema: what pruning, defaulting, validation, apply and the published OpenAPI documents walk along. Made once
 * for each version of a kind (structural.ts from a CRD, kinds/core-schema.ts from the table of core types).
 */

import type { Rule } from "./rule.ts";

export type SchemaType = "object" | "array" | "string" | "integer" | "number" | "boolean";

/** How a list merges. `set` and `map` entries are found by value and by key. */
export type ListMerge =
  { readonly kind: "atomic" } | { readonly kind: "set" } | { readonly kind: "map"; readonly keys: readonly string[] };

/** Checks of values that need no knowledge of the structure. */
export interface Limits {
  readonly enum?: readonly unknown[];
  readonly format?: string;
  /** `source` is as it was written, in Go's syntax. */
  readonly pattern?: { readonly source: string; test(text: string): boolean };
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** Not readonly: schemas of core kinds may contain themselves, so nodes are registered before they are filled. */
export interface Schema {
  /** Undefined: anything. */
  type: SchemaType | undefined;
  description?: string;
  properties: Map<string, Schema>;
  /** Values under keys that are not in `properties`. */
  additional?: Schema;
  items?: Schema;
  required: readonly string[];
  limits: Limits;
  nullable: boolean;
  /** Integer or string, such as a port or a quantity. */
  intOrString: boolean;
  preserveUnknown: boolean;
  /** An object with apiVersion, kind and metadata of its own. */
  embedded: boolean;
  /** Present when the field has a default. */
  default?: { readonly value: unknown };
  list: ListMerge;
  /** A map whose entries are not owned one by one. */
  atomicMap: boolean;
  allOf: readonly Schema[];
  anyOf: readonly Schema[];
  oneOf: readonly Schema[];
  not?: Schema;
  /** What must hold of the value beside all that. */
  rules: readonly Rule[];
  /** A rule is somewhere at or below. */
  hasRules: boolean;
  /** Go decodes null as "not there"; set on core types. */
  dropNulls: boolean;
  /** A default is somewhere at or below. */
  hasDefaults: boolean;
  /** The name of a core type, which the OpenAPI documents refer to. */
  named?: string;
}

export function emptySchema(): Schema {
  return {
    type: undefined,
    properties: new Map(),
    required: [],
    limits: {},
    nullable: false,
    intOrString: false,
    preserveUnknown: false,
    embedded: false,
    list: { kind: "atomic" },
    atomicMap: false,
    allOf: [],
    anyOf: [],
    oneOf: [],
    rules: [],
    hasRules: false,
    dropNulls: false,
    hasDefaults: false,
  };
}

/** The schema of a field, if the object's schema knows it. */
export function childOf(schema: Schema | undefined, field: string): Schema | undefined {
  return schema?.properties.get(field) ?? schema?.additional;
}
