/** Label and field selectors, parsed once a request and matched against what the store indexes of each object. */
import { objectAt, objectsAt, stringAt, stringsAt, type JsonObject } from "./json-value.ts";
import { badRequest } from "./status.ts";
import { isLabelValue, isQualifiedName } from "./names.ts";

type Labels = Readonly<Record<string, string>>;

type LabelRequirement =
  | { readonly is: "in" | "notin"; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly is: "exists" | "missing"; readonly key: string }
  | { readonly is: "greater" | "less"; readonly key: string; readonly than: number };

interface FieldRequirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

export interface Selector {
  readonly labels: readonly LabelRequirement[];
  readonly fields: readonly FieldRequirement[];
}

export const everything: Selector = { labels: [], fields: [] };

/** Splits at commas that are not within parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = text[at];
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === undefined || (char === "," && depth === 0)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return parts.filter((part) => part !== "");
}

function labelRequirement(part: string): LabelRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = "", is = "", list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return checked({ is: is === "in" ? "in" : "notin", key, values }, part);
  }
  const pair = /^([^=!<>\s]+)\s*(==|=|!=|>|<)\s*([^=!<>\s]*)$/.exec(part);
  if (pair !== null) {
    const [, key = "", operator = "", value = ""] = pair;
    if (operator === ">" || operator === "<") {
      const than = Number(value);
      if (!Number.isInteger(than)) throw badSelector(part, "compares with something that is not a whole number");
      return checked({ is: operator === ">" ? "greater" : "less", key, than }, part);
    }
    return checked({ is: operator === "!=" ? "notin" : "in", key, values: new Set([value]) }, part);
  }
  const presence = /^(!?)\s*([^=!<>\s]+)$/.exec(part);
  if (presence === null) throw badSelector(part, "is not understood");
  return checked({ is: presence[1] === "!" ? "missing" : "exists", key: presence[2] ?? "" }, part);
}

function checked(requirement: LabelRequirement, part: string): LabelRequirement {
  if (!isQualifiedName(requirement.key)) {
    throw badSelector(part, `has the key "${requirement.key}", which is no label key`);
  }
  if ("values" in requirement) {
    for (const value of requirement.values) {
      if (!isLabelValue(value)) throw badSelector(part, `has the value "${value}", which is no label value`);
    }
  }
  return requirement;
}

function badSelector(part: string, why: string): Error {
  return badRequest(`unable to parse requirement: "${part}" in labelSelector ${why}`);
}

function fieldRequirement(part: string, known: ReadonlySet<string>): FieldRequirement {
  const pair = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/.exec(part);
  if (pair === null) throw badRequest(`"${part}" in fieldSelector is not of the form field=value or field!=value`);
  const [, field = "", operator = "", value = ""] = pair;
  if (!known.has(field)) {
    const supported = [...known].join(", ");
    throw badRequest(`field label not supported: ${field}; fieldSelector supports: ${supported}`);
  }
  return { field, value: value.replaceAll(/\\([=,\\])/g, "$1"), equal: operator !== "!=" };
}

/** @throws StatusError 400 when a selector is malformed or names a field that the kind does not index */
export function parseSelector(
  query: { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined },
  knownFields: ReadonlySet<string>,
): Selector {
  if (!query.labelSelector && !query.fieldSelector) return everything;
  return {
    labels: split(query.labelSelector ?? "").map(labelRequirement),
    fields: split(query.fieldSelector ?? "").map((part) => fieldRequirement(part, knownFields)),
  };
}

function labelMatches(requirement: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.is) {
    case "in":
      return value !== undefined && requirement.values.has(value);
    case "notin":
      return value === undefined || !requirement.values.has(value);
    case "exists":
      return value !== undefined;
    case "missing":
      return value === undefined;
    case "greater":
      return value !== undefined && Number(value) > requirement.than;
    case "less":
      return value !== undefined && Number(value) < requirement.than;
  }
}

/** Fields other than the indexed ones are never asked for: parseSelector has refused them. */
export function matches(
  selector: Selector,
  indexed: { readonly labels: Labels; readonly fields: Readonly<Record<string, string>> },
): boolean {
  return (
    selector.labels.every((requirement) => labelMatches(requirement, indexed.labels)) &&
    selector.fields.every(({ field, value, equal }) => ((indexed.fields[field] ?? "") === value) === equal)
  );
}

const operators = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "missing" } as const;

/** A LabelSelector as it stands in objects. One that is empty, or not there, matches everything. */
export function labelSelectorOf(source: JsonObject | undefined): Selector {
  const labels: LabelRequirement[] = Object.entries(objectAt(source ?? {}, "matchLabels") ?? {}).map(
    ([key, value]) => ({
      is: "in",
      key,
      values: new Set([String(value)]),
    }),
  );
  for (const expression of objectsAt(source, "matchExpressions")) {
    const key = stringAt(expression, "key") ?? "";
    const operator = stringAt(expression, "operator") ?? "";
    const is = Object.hasOwn(operators, operator) ? operators[operator as keyof typeof operators] : "in";
    if (is === "in" || is === "notin") labels.push({ is, key, values: new Set(stringsAt(expression, "values")) });
    else labels.push({ is, key });
  }
  return { labels, fields: [] };
}

export function matchesLabels({ labels: requirements }: Selector, labels: Labels): boolean {
  return requirements.every((requirement) => labelMatches(requirement, labels));
}
