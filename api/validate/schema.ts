/** What a schema finds wrong with an object, as causes. Pure. */
import type { z } from "zod";
import { QUANTITY_PATTERN } from "../quantity.ts";
import { distinct, invalid, missing, shown, unsupported, wrongType, type Cause } from "./cause.ts";

export interface SchemaFindings {
  readonly causes: readonly Cause[];
  /** Whether the object has the types that the schema says, so that rules can read it. */
  readonly readable: boolean;
}

/** Of an object that its schema has read already. */
export const SOUND: SchemaFindings = { causes: [], readable: true };

/** Words of these fields are answered with FieldValueNotSupported, others with FieldValueInvalid, as KubeVirt does. */
const NOT_SUPPORTED = /(\.io|\.rebootPolicy|\.memLock|interfaces\[\d+\]\.model|features\[\d+\]\.policy)$/;
const QUANTITY = new RegExp(QUANTITY_PATTERN).toString();
/** Nothing is gained from more of them. */
const MAX_CAUSES = 64;

export function schemaFindings(schema: z.ZodType, object: unknown, at = ""): SchemaFindings {
  const result = schema.safeParse(withoutNulls(object), { reportInput: true });
  if (result.success) return SOUND;
  const causes: Cause[] = [];
  let readable = true;
  for (const issue of result.error.issues.slice(0, MAX_CAUSES)) {
    const field = pathOf(at, issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        for (const key of issue.keys.slice(0, MAX_CAUSES))
          causes.push(unsupported(pathOf(field, [key]), "unknown field"));
        break;
      case "invalid_value":
        if (issue.input === undefined) causes.push(missing(field, `must be one of ${issue.values.join(", ")}`));
        else {
          const what = `must be one of ${issue.values.join(", ")}; it is ${shown(issue.input)}`;
          causes.push(NOT_SUPPORTED.test(field) ? unsupported(field, what) : invalid(field, what));
        }
        break;
      case "invalid_type":
        readable = false;
        causes.push(typeCause(field, issue.expected, issue.input));
        break;
      case "invalid_union":
        // The only unions are numbers that may be written as text.
        readable &&= typeof issue.input === "string" || typeof issue.input === "number";
        causes.push(issue.input === undefined ? missing(field, "must be set") : badQuantity(field, issue.input));
        break;
      case "too_big":
        causes.push(invalid(field, `must be at most ${issue.maximum}${unitOf(issue.origin)}`));
        break;
      case "too_small":
        causes.push(invalid(field, `must be at least ${issue.minimum}${unitOf(issue.origin)}`));
        break;
      case "invalid_format":
        causes.push(
          issue.pattern === QUANTITY
            ? badQuantity(field, issue.input)
            : invalid(field, `has the wrong form: it is ${shown(issue.input)}`),
        );
        break;
      case "not_multiple_of":
      case "invalid_key":
      case "invalid_element":
      case "custom":
        readable = false;
        causes.push(invalid(field, issue.message));
        break;
    }
  }
  return { causes: distinct(causes), readable };
}

function badQuantity(field: string, input: unknown): Cause {
  return invalid(field, `must be a number, with a unit if need be, such as 512Mi or 2; it is ${shown(input)}`);
}

function typeCause(field: string, expected: string, input: unknown): Cause {
  const type = expected === "int" ? "a whole number" : expected === "record" ? "an object" : articled(expected);
  if (input === undefined) return missing(field, `must be set: ${type}`);
  return wrongType(field, `must be ${type}; it is ${shown(input)}`);
}

function articled(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function unitOf(origin: string): string {
  return origin === "string" ? " characters long" : origin === "array" ? " entries long" : "";
}

export function pathOf(at: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((field, part) => {
    if (typeof part === "number") return `${field}[${part}]`;
    return field === "" ? String(part) : `${field}.${String(part)}`;
  }, at);
}

/** The API server takes null for "not set". */
export function withoutNulls<T>(value: T): T;
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => withoutNulls(entry));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, child]) => child !== null)
      .map(([name, child]) => [name, withoutNulls(child)]),
  );
}
