/**
 * All fields of a kind, read from its schema: the documentation, the table of what is acted on and the tests walk
 * over this list. Paths are written as spec.volumes[].name and spec.nodeSelector{}. Pure.
 */
import { z } from "zod";
import { factsOf, type Facts } from "./schema/vocabulary.ts";

export interface Field {
  readonly path: string;
  readonly type: "object" | "array" | "string" | "boolean" | "integer" | "number" | "int-or-string";
  readonly description: string;
  readonly required: boolean;
  readonly facts: Facts;
  readonly schema: z.ZodType;
}

/** The schema inside optional and nullable. */
export function inner(schema: z.ZodType): z.ZodType {
  let result = schema;
  while (result instanceof z.ZodOptional || result instanceof z.ZodNullable) result = asSchema(result.unwrap());
  return result;
}

/** zod types the parts of a schema by its core interface; all of ours are built with the classic one. */
export function asSchema(part: z.core.$ZodType): z.ZodType {
  return part as z.ZodType;
}

function typeOf(schema: z.ZodType): Field["type"] {
  if (factsOf(schema).intOrString === true) return "int-or-string";
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return "object";
  if (schema instanceof z.ZodArray) return "array";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodNumber) return schema.isInt ? "integer" : "number";
  return "string";
}

export function fieldsOf(root: z.ZodType): readonly Field[] {
  const found: Field[] = [];
  const visit = (outer: z.ZodType, path: string): void => {
    const schema = inner(outer);
    const described = outer instanceof z.ZodOptional ? asSchema(outer.unwrap()) : outer;
    if (path !== "") {
      found.push({
        path,
        type: typeOf(schema),
        description: described.description ?? "",
        required: !(outer instanceof z.ZodOptional),
        facts: factsOf(described),
        schema,
      });
    }
    if (schema instanceof z.ZodObject) {
      for (const [name, child] of Object.entries(schema.shape)) {
        visit(asSchema(child as z.core.$ZodType), path === "" ? name : `${path}.${name}`);
      }
    } else if (schema instanceof z.ZodArray) {
      visit(asSchema(schema.element), `${path}[]`);
    } else if (schema instanceof z.ZodRecord) {
      visit(asSchema(schema.valueType), `${path}{}`);
    }
  };
  visit(root, "");
  return found;
}
