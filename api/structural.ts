/** From a zod schema to the structural OpenAPI v3 schema of a CRD. Pure. */
import { z } from "zod";
import { asSchema } from "./fields.ts";
import { factsOf, type Rule } from "./schema/vocabulary.ts";

export interface Structural {
  readonly "type"?: "object" | "array" | "string" | "boolean" | "integer" | "number";
  readonly "description"?: string;
  readonly "format"?: string;
  readonly "nullable"?: true;
  readonly "default"?: unknown;
  readonly "enum"?: readonly string[];
  readonly "pattern"?: string;
  readonly "minLength"?: number;
  readonly "maxLength"?: number;
  readonly "minimum"?: number;
  readonly "maximum"?: number;
  readonly "minItems"?: number;
  readonly "maxItems"?: number;
  readonly "anyOf"?: readonly Structural[];
  readonly "properties"?: Readonly<Record<string, Structural>>;
  readonly "required"?: readonly string[];
  readonly "items"?: Structural;
  readonly "additionalProperties"?: Structural;
  readonly "x-kubernetes-int-or-string"?: true;
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

const INT32 = { minimum: -2_147_483_648, maximum: 2_147_483_647 };

interface Bounds {
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
}

/** What the checks of a schema demand. Only the checks that the vocabulary makes occur. */
function boundsOf(schema: z.ZodType): Bounds {
  const bounds: Bounds = {};
  for (const check of schema.def.checks ?? []) {
    if (check instanceof z.core.$ZodCheckGreaterThan) bounds.minimum = Number(check._zod.def.value);
    else if (check instanceof z.core.$ZodCheckLessThan) bounds.maximum = Number(check._zod.def.value);
    else if (check instanceof z.core.$ZodCheckMinLength) bounds.minLength = check._zod.def.minimum;
    else if (check instanceof z.core.$ZodCheckMaxLength) bounds.maxLength = check._zod.def.maximum;
    else if (check instanceof z.core.$ZodCheckRegex) bounds.pattern = check._zod.def.pattern.source;
  }
  return bounds;
}

/** Bounds that the width of the number implies are left out. */
function numberBounds(schema: z.ZodNumber, format: string | undefined): Structural {
  const { minimum, maximum } = boundsOf(schema);
  const wide = format === "int32";
  return {
    ...(minimum === undefined || (wide && minimum === INT32.minimum) ? {} : { minimum }),
    ...(maximum === undefined || (wide && maximum === INT32.maximum) ? {} : { maximum }),
  };
}

function objectShape(schema: z.ZodObject): Structural {
  const properties: Record<string, Structural> = {};
  const required: string[] = [];
  for (const [name, child] of Object.entries(schema.shape)) {
    const field = asSchema(child as z.core.$ZodType);
    if (field instanceof z.ZodOptional) {
      properties[name] = structural(asSchema(field.unwrap()));
    } else {
      properties[name] = structural(field);
      required.push(name);
    }
  }
  return {
    type: "object",
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  };
}

function shapeOf(schema: z.ZodType, format: string | undefined): Structural {
  if (schema instanceof z.ZodObject) return objectShape(schema);
  if (schema instanceof z.ZodRecord) {
    return { type: "object", additionalProperties: structural(asSchema(schema.valueType)) };
  }
  if (schema instanceof z.ZodArray) {
    const { minLength, maxLength } = boundsOf(schema);
    return {
      type: "array",
      items: structural(asSchema(schema.element)),
      ...(minLength === undefined ? {} : { minItems: minLength }),
      ...(maxLength === undefined ? {} : { maxItems: maxLength }),
    };
  }
  if (schema instanceof z.ZodNullable) return { ...shapeOf(asSchema(schema.unwrap()), format), nullable: true };
  if (schema instanceof z.ZodString) return { type: "string", ...boundsOf(schema) };
  if (schema instanceof z.ZodNumber) {
    return { type: schema.isInt ? "integer" : "number", ...numberBounds(schema, format) };
  }
  if (schema instanceof z.ZodBoolean) return { type: "boolean" };
  if (schema instanceof z.ZodEnum) return { type: "string" };
  if (schema instanceof z.ZodUnion) {
    const textual = schema.options.map(asSchema).find((option) => option instanceof z.ZodString);
    return {
      "anyOf": [{ type: "integer" }, { type: "string" }],
      ...(textual === undefined ? {} : boundsOf(textual)),
      "x-kubernetes-int-or-string": true,
    };
  }
  throw new TypeError(`a CRD cannot express the zod schema "${schema.def.type}"`);
}

/** Words that only admission checks are named in the description: an enum of the CRD would refuse before it. */
function describe(schema: z.ZodType): string | undefined {
  if (!(schema instanceof z.ZodEnum) || factsOf(schema).enforced === true) return schema.description;
  return `${schema.description ?? ""} One of: ${schema.options.join(", ")}.`.trim();
}

/** The structural schema of one field or object, all the way down. */
export function structural(schema: z.ZodType): Structural {
  const facts = factsOf(schema);
  const description = describe(schema);
  return {
    ...(description === undefined ? {} : { description }),
    ...shapeOf(schema, facts.format),
    ...(facts.format === undefined ? {} : { format: facts.format }),
    ...(facts.default === undefined ? {} : { default: facts.default }),
    ...(facts.enforced === true && schema instanceof z.ZodEnum ? { enum: schema.options.map(String) } : {}),
    ...(facts.open === true ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(facts.list === undefined ? {} : { "x-kubernetes-list-type": facts.list }),
    ...(facts.keys === undefined ? {} : { "x-kubernetes-list-map-keys": facts.keys }),
    ...(facts.rules === undefined ? {} : { "x-kubernetes-validations": facts.rules }),
  };
}
