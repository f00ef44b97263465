/**
 * Holds an object to the rules of its schema. Bounded: all rules of an object together have half a second, and those
 * that may run long do so under a watchdog. A rule whose value has not changed is not asked again, so that a rule that
 * is added later does not block writes to other fields.
 */
import { parseExpression, type Expression } from "../cel/language.ts";
import { optional } from "../cel/optional.ts";
import { celValue } from "../cel/values.ts";
import { within } from "../cel/watchdog.ts";
import { sameJson } from "#events/json.ts";
import { isObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";
import { ruleReasons, type Rule } from "./rule.ts";
import type { Schema } from "./schema.ts";
import { entriesBefore } from "./validate.ts";

/** Wall clock, so that the server answers others again. */
const BUDGET_MILLISECONDS = 500;
const MAX_MESSAGE = 5 * 1024;
const VARIABLES = ["self", "oldSelf"];

interface Compiled {
  readonly expression: Expression;
  readonly message: Expression | undefined;
  readonly comparesWithOld: boolean;
}

/** A rule at a value. */
interface Question {
  readonly rule: Rule;
  readonly compiled: Compiled;
  readonly schema: Schema;
  readonly value: unknown;
  /** Undefined: there was none. */
  readonly old: unknown;
  readonly path: string;
}

const compiledRules = new WeakMap<Rule, Compiled>();

function compiledOf(rule: Rule): Compiled {
  const known = compiledRules.get(rule);
  if (known !== undefined) return known;
  const expression = parseExpression(rule.rule, VARIABLES);
  const message = rule.messageExpression === undefined ? undefined : parseExpression(rule.messageExpression, VARIABLES);
  const made = { expression, message, comparesWithOld: expression.names.has("oldSelf") };
  compiledRules.set(rule, made);
  return made;
}

/** All rules that do not hold. @param old what is stored, for an update */
export function ruleCauses(object: unknown, schema: Schema, old?: unknown): StatusCause[] {
  if (!schema.hasRules) return [];
  const questions: Question[] = [];
  collect({ schema, value: object, old, path: "" }, questions);
  const loops = questions.some(({ compiled }) => compiled.expression.loops || compiled.message?.loops === true);
  const answer = () => answered(questions, Date.now() + BUDGET_MILLISECONDS);
  const found = loops ? within(BUDGET_MILLISECONDS, answer)?.value : answer();
  if (found !== undefined) return found;
  const message = `Invalid value: the validation rules took longer than ${BUDGET_MILLISECONDS} ms on this object`;
  return [{ reason: "FieldValueInvalid", field: "", message }];
}

function collect(at: Pick<Question, "schema" | "value" | "old" | "path">, questions: Question[]): void {
  const { schema, value, old, path } = at;
  if (!schema.hasRules || value === undefined || value === null) return;
  const unchanged = old !== undefined && schema.rules.length > 0 && sameJson(value, old);
  for (const rule of schema.rules) {
    const compiled = compiledOf(rule);
    const asks = compiled.comparesWithOld ? old !== undefined || rule.optionalOldSelf : !unchanged;
    if (asks) questions.push({ rule, compiled, ...at });
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    const before = entriesBefore(schema, old);
    value.forEach((entry, index) =>
      collect({ schema: items, value: entry, old: before(entry), path: `${path}[${index}]` }, questions),
    );
  } else if (isObject(value)) {
    for (const [field, child] of Object.entries(value)) {
      const within = schema.properties.get(field) ?? schema.additional;
      const was = isObject(old) ? old[field] : undefined;
      if (within !== undefined)
        collect({ schema: within, value: child, old: was, path: joined(path, field) }, questions);
    }
  }
}

function joined(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

/** @returns undefined when the time is over */
function answered(questions: readonly Question[], deadline: number): StatusCause[] | undefined {
  const causes: StatusCause[] = [];
  for (const question of questions) {
    const cause = judged(question);
    if (cause !== undefined) causes.push(cause);
    if (Date.now() > deadline) return undefined;
  }
  return causes;
}

function judged({ rule, compiled, schema, value, old, path }: Question): StatusCause | undefined {
  const oldValue = old === undefined ? undefined : celValue(old, schema);
  const oldSelf = rule.optionalOldSelf ? optional(oldValue) : (oldValue ?? null);
  const variables = { self: celValue(value, schema), oldSelf };
  const field = rule.fieldPath.reduce(joined, path);
  try {
    if (compiled.expression.evaluate(variables) === true) return undefined;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
    const message = `Invalid value: ${shown(value)}: the rule ${JSON.stringify(rule.rule)} could not be evaluated: ${why}`;
    return { reason: "FieldValueInvalid", field, message };
  }
  const says = messageOf(compiled, variables) ?? rule.message ?? `failed rule: ${rule.rule.trim()}`;
  return { reason: rule.reason, field, message: `${ruleReasons[rule.reason]}: ${worth(rule, value)}${says}` };
}

/** Values that are short are shown where the value is what is wrong. */
function worth({ reason }: Rule, value: unknown): string {
  return reason === "FieldValueInvalid" && typeof value !== "object" ? `${shown(value)}: ` : "";
}

/** Of objects and lists only what they are; of other values what they are worth. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return '"array"';
  return isObject(value) ? '"object"' : JSON.stringify(value).slice(0, 80);
}

/** Undefined when there is none, or nothing that can be shown comes out. */
function messageOf({ message }: Compiled, variables: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const text = message?.evaluate(variables);
    const usable = typeof text === "string" && text.trim() !== "" && text.length <= MAX_MESSAGE && !/[\n\r]/.test(text);
    return usable ? text : undefined;
  } catch {
    return undefined;
  }
}
