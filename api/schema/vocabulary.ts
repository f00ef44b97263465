/**
 * The words that the schemas of our kinds are written in. Each makes a zod schema that is optional, as most fields of a
 * Kubernetes object are, and takes a description first: it becomes the text of `kubectl explain` and of docs/fields.md.
 * What zod has no word for (list types, int-or-string, defaults of the CRD) is kept beside the schema in `facts`.
 */
import { z } from "zod";
import { isHeld, QUANTITY_PATTERN } from "../quantity.ts";

/** What the CRD says of a field beyond what its zod type tells. */
export interface Facts {
  /** x-kubernetes-list-type; "map" merges by `keys`. */
  readonly list?: "atomic" | "set" | "map";
  readonly keys?: readonly string[];
  /** OpenAPI format: int32, int64, date-time. */
  readonly format?: "int32" | "int64" | "date-time";
  /** A Kubernetes quantity, or a port by number or name: number or text. */
  readonly intOrString?: true;
  /** Unknown fields inside are kept. */
  readonly open?: true;
  /** What the API server fills in when the field is not set. */
  readonly default?: string | boolean | readonly unknown[];
  /** The allowed words are an enum of the CRD. Otherwise only admission checks them, and the CRD takes any text. */
  readonly enforced?: true;
  /** CEL rules on this object. */
  readonly rules?: readonly Rule[];
}

/** x-kubernetes-validations: `rule` is CEL over `self`; `message` is what a user reads when it is false. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
  /** The field that the error names, below this object. */
  readonly fieldPath?: string;
}

const facts = z.registry<Facts>();

/** What is known of a field beyond its zod type. */
export function factsOf(schema: z.ZodType): Facts {
  return facts.get(schema) ?? {};
}

/** A schema's values as our code sees them: all the way down read-only. */
export type Value<S extends z.ZodType> = ReadonlyDeep<z.infer<S>>;

export type ReadonlyDeep<T> = T extends readonly (infer U)[]
  ? readonly ReadonlyDeep<U>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
    : T;

const QUANTITY = new RegExp(QUANTITY_PATTERN);

function field<S extends z.ZodType>(schema: S, description: string, known: Facts = {}): z.ZodOptional<S> {
  const described = schema.describe(description);
  facts.add(described, known);
  return described.optional();
}

/** The same field, but it must be set. */
export function required<S extends z.ZodType>(optional: z.ZodOptional<S>): S {
  return optional.unwrap();
}

export function text(
  description: string,
  bounds: { readonly min?: number; readonly max?: number; readonly pattern?: string } & Pick<Facts, "default"> = {},
) {
  let schema = z.string();
  if (bounds.min !== undefined) schema = schema.min(bounds.min);
  if (bounds.max !== undefined) schema = schema.max(bounds.max);
  if (bounds.pattern !== undefined) schema = schema.regex(new RegExp(bounds.pattern));
  return field(schema, description, bounds.default === undefined ? {} : { default: bounds.default });
}

/** One of a few words, checked at admission: the CRD takes any text, as KubeVirt's does. */
export function word<const W extends readonly [string, ...string[]]>(
  description: string,
  words: W,
  known: Pick<Facts, "default"> = {},
) {
  return field(z.enum(words), description, known);
}

/** One of a few words, enforced by the CRD itself. */
export function choice<const W extends readonly [string, ...string[]]>(description: string, words: W) {
  return field(z.enum(words), description, { enforced: true });
}

export function flag(description: string, known: Pick<Facts, "default"> = {}) {
  return field(z.boolean(), description, known);
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function ranged(schema: z.ZodNumber, { min, max }: Range): z.ZodNumber {
  let result = schema;
  if (min !== undefined) result = result.min(min);
  if (max !== undefined) result = result.max(max);
  return result;
}

/** A whole number without a declared width. */
export function int(description: string, range: Range = {}) {
  return field(ranged(z.number().int(), range), description);
}

export function int32(description: string, range: Range = {}) {
  const { min = -2_147_483_648, max = 2_147_483_647 } = range;
  return field(ranged(z.number().int(), { min, max }), description, { format: "int32" });
}

/** Whole numbers that JavaScript holds exactly; larger ones are refused. */
export function int64(description: string, range: Range = {}) {
  return field(ranged(z.number().int(), range), description, { format: "int64" });
}

export function decimal(description: string) {
  return field(z.number(), description);
}

/** A Kubernetes quantity such as 512Mi or 2: see api/quantity.ts. */
export function quantity(description: string) {
  const text = z.string().regex(QUANTITY).refine(isHeldOrWrong, "must be below 8Pi, in at most 64 characters");
  return field(z.union([text, z.number().int()]), description, { intOrString: true });
}

/** What has the wrong form is told as that. */
function isHeldOrWrong(text: string): boolean {
  return !QUANTITY.test(text) || isHeld(text);
}

/** A port by number or by name. */
export function port(description: string) {
  return field(z.union([z.string(), z.number().int()]), description, { intOrString: true });
}

export function time(description: string) {
  return field(z.string(), description, { format: "date-time" });
}

/** A time that writers may also set to null. */
export function nullableTime(description: string) {
  return field(z.string().nullable(), description, { format: "date-time" });
}

export function object<S extends z.ZodRawShape>(
  description: string,
  shape: S,
  known: Pick<Facts, "rules" | "default"> = {},
) {
  return field(z.strictObject(shape), description, known);
}

/** An object that also keeps fields that it does not name. */
export function openObject<S extends z.ZodRawShape>(description: string, shape: S) {
  return field(z.looseObject(shape), description, { open: true });
}

/** An object without fields: that it is there is all that it says. */
export function presence(description: string) {
  return field(z.strictObject({}), description);
}

export function list<S extends z.ZodType>(
  description: string,
  item: z.ZodOptional<S>,
  known: Pick<Facts, "list" | "keys" | "default"> & { readonly min?: number; readonly max?: number } = {},
) {
  const { min, max, ...rest } = known;
  let schema = z.array(required(item));
  if (min !== undefined) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  return field(schema, description, rest);
}

/** Values by free names. */
export function map<S extends z.ZodType>(description: string, value: z.ZodOptional<S>) {
  return field(z.record(z.string(), required(value)), description);
}

/** A whole object of a kind, as the API serves it. */
export function kindSchema<Spec extends z.ZodType, Status extends z.ZodType>(
  spec: Spec,
  status: z.ZodOptional<Status>,
) {
  return z.strictObject({
    apiVersion: z.string().describe("Group and version of the schema."),
    kind: z.string().describe("Name of the kind."),
    metadata: z.looseObject({}).describe("Name, labels, annotations, and what the API server keeps."),
    spec,
    status,
  });
}
