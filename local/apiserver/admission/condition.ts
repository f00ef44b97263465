/** Expressions of webhooks and policies about one write. */
import type { Expression } from "../cel/language.ts";
import { celValue } from "../cel/values.ts";
import { within } from "../cel/watchdog.ts";
import type { AdmissionRequest } from "./admission.ts";
import { inVersion, requestBody } from "./webhook-match.ts";
import type { Condition } from "./webhook.ts";

/** Of one expression. */
const BUDGET_MILLISECONDS = 500;

export type Variables = Readonly<Record<string, unknown>>;

export function variablesOf(request: AdmissionRequest, version: string): Variables {
  const of = (object: unknown) => celValue(inVersion(object, request.kind, version));
  return {
    object: of(request.object),
    oldObject: of(request.oldObject),
    request: celValue(requestBody(request, version)),
  };
}

/** @throws Error what CEL says is wrong, or that it took too long */
export function evaluated(expression: Expression, variables: Variables): unknown {
  if (!expression.loops) return expression.evaluate(variables);
  const found = within(BUDGET_MILLISECONDS, () => expression.evaluate(variables));
  if (found === undefined) throw new Error(`the expression took longer than ${BUDGET_MILLISECONDS} ms`);
  return found.value;
}

/** One that is false decides, whatever the others do. @throws Error when one can't be evaluated and none is false */
export function allHold(conditions: readonly Condition[], variables: Variables): boolean {
  let trouble: Error | undefined;
  for (const { name, expression } of conditions) {
    try {
      if (evaluated(expression, variables) !== true) return false;
    } catch (error) {
      trouble = new Error(`the condition ${JSON.stringify(name)} could not be evaluated`, { cause: error });
    }
  }
  if (trouble !== undefined) throw trouble;
  return true;
}
