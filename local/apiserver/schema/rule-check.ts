/** Refuses a definition whose rules can't be compiled: wrong syntax, fields that are not there, functions that are unknown. */
import { invalidValue } from "../causes.ts";
import { checker, parseExpression } from "../cel/language.ts";
import { TypeNames } from "../cel/values.ts";
import type { StatusCause } from "../status.ts";
import type { Rule } from "./rule.ts";
import type { Schema } from "./schema.ts";

/** @param path where the schema stands in the definition */
export function ruleProblems(root: Schema, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  walk(root, root, { path, correlatable: true }, causes);
  return causes;
}

interface At {
  readonly path: string;
  /** Whether a value there can be found again in what was before: not in lists without keys. */
  readonly correlatable: boolean;
}

function walk(schema: Schema, root: Schema, at: At, causes: StatusCause[]): void {
  if (!schema.hasRules) return;
  if (schema.rules.length > 0) checkRules(schema, root, at, causes);
  for (const [name, child] of schema.properties) {
    walk(child, root, { ...at, path: `${at.path}.properties[${name}]` }, causes);
  }
  if (schema.additional !== undefined) {
    walk(schema.additional, root, { ...at, path: `${at.path}.additionalProperties` }, causes);
  }
  if (schema.items !== undefined) {
    const correlatable = at.correlatable && schema.list.kind === "map";
    walk(schema.items, root, { path: `${at.path}.items`, correlatable }, causes);
  }
}

function checkRules(schema: Schema, root: Schema, { path, correlatable }: At, causes: StatusCause[]): void {
  const names = new TypeNames(root);
  const self = names.of(schema);
  const check = (rule: Rule) =>
    checker({
      objects: names.objects,
      variables: { self, oldSelf: rule.optionalOldSelf ? `optional<${self}>` : self },
    });
  schema.rules.forEach((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const refuse = (field: string, text: string, why: string) => causes.push(invalidValue(`${at}.${field}`, text, why));
    const compiled = check(rule);
    const problem = compiled(rule.rule, "bool");
    if (problem !== undefined) refuse("rule", rule.rule, problem);
    else if (!correlatable && comparesWithOld(rule)) {
      refuse(
        "rule",
        rule.rule,
        "oldSelf can't be used within a list that has no keys: what was before can't be found there",
      );
    }
    if (rule.messageExpression !== undefined) {
      const wrong = compiled(rule.messageExpression, "string");
      if (wrong !== undefined) refuse("messageExpression", rule.messageExpression, wrong);
    }
    if (!leadsSomewhere(schema, rule.fieldPath)) {
      refuse("fieldPath", rule.fieldPath.join("."), "must lead to a field of the schema");
    }
  });
}

/** Whether it is about a change, and not about a value alone. */
export function comparesWithOld(rule: Rule): boolean {
  return parseExpression(rule.rule, ["self", "oldSelf"]).names.has("oldSelf");
}

function leadsSomewhere(schema: Schema, fields: readonly string[]): boolean {
  let at: Schema | undefined = schema;
  for (const field of fields) at = at?.properties.get(field) ?? at?.additional;
  return at !== undefined;
}
