/** What makes roles and bindings valid, and their defaults. */
import { invalidValue, requiredValue, unsupportedValue } from "../causes.ts";
import { sameJson } from "#events/json.ts";
import { objectAt, objectsAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { KindRules } from "../kinds/kind.ts";
import type { StatusCause } from "../status.ts";
import { RBAC_GROUP } from "./rules.ts";

function ruleCauses(rule: JsonObject, at: string, namespaced: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const list = (field: string) => stringsAt(rule, field);
  if (list("verbs").length === 0) causes.push(requiredValue(`${at}.verbs`, "a rule names at least one verb"));
  const urls = list("nonResourceURLs");
  if (urls.length > 0) {
    if (namespaced) {
      causes.push(invalidValue(`${at}.nonResourceURLs`, urls, "a rule within a namespace can't be about paths"));
    }
    if (["apiGroups", "resources", "resourceNames"].some((field) => list(field).length > 0)) {
      causes.push(invalidValue(`${at}.nonResourceURLs`, urls, "a rule is either about resources or about paths"));
    }
    return causes;
  }
  if (list("apiGroups").length === 0)
    causes.push(requiredValue(`${at}.apiGroups`, "a rule about resources names their groups"));
  if (list("resources").length === 0) causes.push(requiredValue(`${at}.resources`, "a rule names resources or paths"));
  return causes;
}

function roleCauses(object: JsonObject, namespaced: boolean): StatusCause[] {
  return objectsAt(object, "rules").flatMap((rule, index) => ruleCauses(rule, `rules[${index}]`, namespaced));
}

function subjectCauses(subject: JsonObject, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if ((stringAt(subject, "name") ?? "") === "") causes.push(requiredValue(`${at}.name`, "a subject has a name"));
  const kind = stringAt(subject, "kind");
  const group = stringAt(subject, "apiGroup") ?? "";
  if (kind === "ServiceAccount") {
    if (group !== "") causes.push(unsupportedValue(`${at}.apiGroup`, group, [""]));
    if ((stringAt(subject, "namespace") ?? "") === "")
      causes.push(requiredValue(`${at}.namespace`, "a ServiceAccount has one"));
  } else if (kind === "User" || kind === "Group") {
    if (group !== RBAC_GROUP) causes.push(unsupportedValue(`${at}.apiGroup`, group, [RBAC_GROUP]));
  } else causes.push(unsupportedValue(`${at}.kind`, kind, ["ServiceAccount", "User", "Group"]));
  return causes;
}

function bindingCauses(object: JsonObject, kinds: readonly string[]): StatusCause[] {
  const ref = objectAt(object, "roleRef") ?? {};
  const causes: StatusCause[] = [];
  if (ref["apiGroup"] !== RBAC_GROUP) causes.push(unsupportedValue("roleRef.apiGroup", ref["apiGroup"], [RBAC_GROUP]));
  if (!kinds.includes(stringAt(ref, "kind") ?? "")) causes.push(unsupportedValue("roleRef.kind", ref["kind"], kinds));
  if ((stringAt(ref, "name") ?? "") === "") causes.push(requiredValue("roleRef.name", "a binding names a role"));
  return [
    ...causes,
    ...objectsAt(object, "subjects").flatMap((subject, index) => subjectCauses(subject, `subjects[${index}]`)),
  ];
}

function bindingDefaults(object: JsonObject): void {
  const ref = objectAt(object, "roleRef");
  if (ref !== undefined) ref["apiGroup"] ||= RBAC_GROUP;
  for (const subject of objectsAt(object, "subjects")) {
    const named = subject["kind"] === "User" || subject["kind"] === "Group";
    if (named) subject["apiGroup"] ||= RBAC_GROUP;
  }
}

function bindingRules(kinds: readonly string[]): KindRules {
  return {
    prepareCreate: bindingDefaults,
    prepareUpdate: bindingDefaults,
    validate: (object) => bindingCauses(object, kinds),
    validateUpdate(object, old) {
      if (sameJson(object["roleRef"], old["roleRef"])) return [];
      return [
        invalidValue(
          "roleRef",
          object["roleRef"],
          "the role of a binding can't be changed; delete the binding and make another",
        ),
      ];
    },
  };
}

export const roleRules: KindRules = { validate: (object) => roleCauses(object, true) };
export const clusterRoleRules: KindRules = { validate: (object) => roleCauses(object, false) };
export const roleBindingRules = bindingRules(["Role", "ClusterRole"]);
export const clusterRoleBindingRules = bindingRules(["ClusterRole"]);

/** Whether a ClusterRole's rules are those of others, gathered by the server. */
export function isAggregated(role: JsonObject): boolean {
  return objectAt(role, "aggregationRule") !== undefined;
}
