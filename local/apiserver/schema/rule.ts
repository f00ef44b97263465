/** One entry of `x-kubernetes-validations`: what must hold of a value, in CEL, and what to say when it does not. */
import { isObject, stringAt, type JsonObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";

export interface Rule {
  /** Over `self`, and `oldSelf` where it compares with what was before. */
  readonly rule: string;
  readonly message: string | undefined;
  readonly messageExpression: string | undefined;
  readonly reason: keyof typeof ruleReasons;
  /** Fields from the value to the one that is to blame. */
  readonly fieldPath: readonly string[];
  /** `oldSelf` is an optional: the rule also holds for what is new. */
  readonly optionalOldSelf: boolean;
}

/** Reason → how a cause with it begins. */
export const ruleReasons = {
  FieldValueInvalid: "Invalid value",
  FieldValueForbidden: "Forbidden",
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
} as const;

/** More on one value would help nobody. */
const MAX_RULES = 256;

/** .a.b['c'] as its fields; undefined when it is written in another way. */
function fieldsIn(path: string): string[] | undefined {
  if (!/^(\.[A-Za-z_$][\w$-]*|\['[^']*'\])+$/.test(path)) return undefined;
  return [...path.matchAll(/\.([\w$-]+)|\['([^']*)'\]/g)].map(([, name, quoted]) => name ?? quoted ?? "");
}

/** The rules of a schema, and what is wrong with how they are written. Their expressions are checked elsewhere. */
export function readRules(
  source: JsonObject,
  path: string,
): { readonly rules: readonly Rule[]; readonly causes: readonly StatusCause[] } {
  const list = source["x-kubernetes-validations"];
  if (!Array.isArray(list)) return { rules: [], causes: [] };
  const causes: StatusCause[] = [];
  const refuse = (field: string, message: string, reason = "FieldValueInvalid") =>
    causes.push({ reason, field: `${path}.x-kubernetes-validations${field}`, message });
  if (list.length > MAX_RULES)
    refuse("", `Too many: ${list.length}: must have at most ${MAX_RULES} items`, "FieldValueTooMany");
  const rules = list.filter(isObject).map((entry, index): Rule => {
    const rule = stringAt(entry, "rule") ?? "";
    if (rule.trim() === "") refuse(`[${index}].rule`, "Required value: a rule is an expression", "FieldValueRequired");
    const reason = stringAt(entry, "reason") ?? "FieldValueInvalid";
    if (!Object.hasOwn(ruleReasons, reason)) {
      const supported = Object.keys(ruleReasons).join(", ");
      refuse(
        `[${index}].reason`,
        `Unsupported value: "${reason}": supported values: ${supported}`,
        "FieldValueNotSupported",
      );
    }
    const fieldPath = stringAt(entry, "fieldPath") ?? "";
    const fields = fieldPath === "" ? [] : fieldsIn(fieldPath);
    if (fields === undefined) {
      refuse(
        `[${index}].fieldPath`,
        `Invalid value: ${JSON.stringify(fieldPath)}: must be like .spec.name or .labels['a/b']`,
      );
    }
    const message = stringAt(entry, "message");
    if (message !== undefined && (message.trim() === "" || /[\n\r]/.test(message))) {
      refuse(`[${index}].message`, `Invalid value: ${JSON.stringify(message)}: must be one line, and not empty`);
    }
    return {
      rule,
      message,
      messageExpression: stringAt(entry, "messageExpression"),
      reason: Object.hasOwn(ruleReasons, reason) ? (reason as Rule["reason"]) : "FieldValueInvalid",
      fieldPath: fields ?? [],
      optionalOldSelf: entry["optionalOldSelf"] === true,
    };
  });
  return { rules, causes };
}
