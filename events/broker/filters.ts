/**
 * Trigger filters, in the dialects of the Subscriptions API that Knative serves: exact, prefix, suffix, all, any, not.
 * Compiled once, with an error that names the place; then a function over attributes. Data is never looked at.
 */
import { attribute, type CloudEvent } from "../cloud-event.ts";
import { Fault, type Cause } from "../fault.ts";
import type { Filter } from "../broker-types.ts";

export type Matches = (event: CloudEvent) => boolean;

const ATTRIBUTE_NAME = /^[a-z][a-z0-9]*$/;
const DEEPEST = 16;
const MOST_CONDITIONS = 1024;

/** True for an event that passes all filters; an empty list lets all pass. @throws Fault refused, a cause each error */
export function compileFilters(filters: readonly Filter[], at = "filters"): Matches {
  const causes: Cause[] = [];
  const budget = { left: MOST_CONDITIONS };
  const compiled = compileList(filters, at, causes, budget, 0);
  if (causes.length > 0) {
    throw new Fault("refused", "InvalidFilter", causes.map((cause) => `${cause.field}: ${cause.message}`).join("; "), {
      causes,
    });
  }
  return every(compiled);
}

/** The attributes that the filters look at, which are right: all that their answer depends on. */
export function attributesOf(filters: readonly Filter[]): string[] {
  return filters.flatMap((filter): string[] => {
    if ("all" in filter) return attributesOf(filter.all);
    if ("any" in filter) return attributesOf(filter.any);
    if ("not" in filter) return attributesOf([filter.not]);
    return Object.values(filter).flatMap((pairs: object) => Object.keys(pairs));
  });
}

type Compile = (value: unknown, at: string, causes: Cause[], budget: { left: number }, depth: number) => Matches;

/** How each dialect is compiled. */
const DIALECTS = {
  exact: pairs((actual, wanted) => actual === wanted),
  prefix: pairs((actual, wanted) => actual.startsWith(wanted)),
  suffix: pairs((actual, wanted) => actual.endsWith(wanted)),
  all: (value, at, causes, budget, depth) => every(compileList(value, at, causes, budget, depth, true)),
  any: (value, at, causes, budget, depth) => {
    const matches = compileList(value, at, causes, budget, depth, true);
    return (event) => matches.some((match) => match(event));
  },
  not: (value, at, causes, budget, depth) => {
    const match = compileOne(value, at, causes, budget, depth);
    return (event) => !match(event);
  },
} as const satisfies Record<string, Compile>;

const NAMES = Object.keys(DIALECTS).join(", ");

function every(matches: readonly Matches[]): Matches {
  return (event) => matches.every((match) => match(event));
}

function compileList(
  value: unknown,
  at: string,
  causes: Cause[],
  budget: { left: number },
  depth: number,
  needsOne = false,
): Matches[] {
  if (!Array.isArray(value)) return [wrong(causes, at, "must be a list of filters")];
  if (needsOne && value.length === 0) return [wrong(causes, at, "must have at least one filter")];
  return value.map((filter, index) => compileOne(filter, `${at}[${index}]`, causes, budget, depth));
}

function compileOne(value: unknown, at: string, causes: Cause[], budget: { left: number }, depth: number): Matches {
  budget.left -= 1;
  if (budget.left < 0) return wrong(causes, at, `there may be at most ${MOST_CONDITIONS} filters in a trigger`);
  if (depth >= DEEPEST) return wrong(causes, at, `filters may be nested at most ${DEEPEST} deep`);
  if (!isRecord(value)) return wrong(causes, at, `must be an object with one of ${NAMES}`);
  const [name, ...more] = Object.keys(value);
  if (name === undefined) return wrong(causes, at, `is empty; it needs one of ${NAMES}`);
  if (more.length > 0) return wrong(causes, at, `has ${[name, ...more].join(" and ")}; one filter has one dialect`);
  if (!isDialect(name)) return wrong(causes, at, `"${name}" is not a dialect that is served; these are: ${NAMES}`);
  return DIALECTS[name](value[name], `${at}.${name}`, causes, budget, depth + 1);
}

function isDialect(name: string): name is keyof typeof DIALECTS {
  return Object.hasOwn(DIALECTS, name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All pairs of attribute and value must hold; an attribute that is not there fails. */
function pairs(holds: (actual: string, wanted: string) => boolean): Compile {
  return (value, at, causes) => {
    if (!isRecord(value)) return wrong(causes, at, "must be an object of attribute names and values");
    const wanted: [string, string][] = [];
    for (const [name, text] of Object.entries(value)) {
      if (!ATTRIBUTE_NAME.test(name))
        wrong(causes, `${at}.${name}`, "is not an attribute's name: a-z, then a-z and 0-9");
      else if (typeof text !== "string" || text === "")
        wrong(causes, `${at}.${name}`, "must be a text that is not empty");
      else wanted.push([name, text]);
    }
    if (Object.keys(value).length === 0) wrong(causes, at, "must name at least one attribute");
    return (event) =>
      wanted.every(([name, text]) => {
        const actual = attribute(event, name);
        return actual !== undefined && holds(actual, text);
      });
  };
}

function wrong(causes: Cause[], field: string, message: string): Matches {
  causes.push({ reason: "FieldValueInvalid", field, message });
  return () => false;
}
