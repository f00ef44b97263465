/** Who may do what, asked and not tried: `kubectl auth can-i` and its `--list`, and what webhooks and proxies ask. */
import { invalidValue } from "../causes.ts";
import { isObject, objectAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { Asked } from "../reviews.ts";
import { badRequest, invalid, type StatusCause } from "../status.ts";
import type { UserInfo } from "../authentication/user.ts";
import type { Attributes, Authorizer } from "./authorizer.ts";
import { ruleBody } from "./rules.ts";

function attributesIn(spec: JsonObject, user: UserInfo): Attributes {
  const other = objectAt(spec, "nonResourceAttributes");
  if (other !== undefined) return { user, verb: stringAt(other, "verb") ?? "", path: stringAt(other, "path") ?? "" };
  const given = objectAt(spec, "resourceAttributes");
  const part = (name: string) => stringAt(given, name) ?? "";
  return {
    user,
    verb: part("verb"),
    group: part("group"),
    version: part("version"),
    resource: part("resource"),
    subresource: part("subresource"),
    namespace: part("namespace"),
    name: part("name"),
  };
}

/** @throws StatusError 422 unless the spec asks exactly one thing, of somebody where it must name somebody */
function requireQuestion(kind: string, spec: JsonObject, ofSomebody: boolean): void {
  const causes: StatusCause[] = [];
  const resource = objectAt(spec, "resourceAttributes");
  const path = objectAt(spec, "nonResourceAttributes");
  if ((resource === undefined) === (path === undefined)) {
    const why = "exactly one of resourceAttributes and nonResourceAttributes must be there";
    causes.push(invalidValue("spec.resourceAttributes", spec["resourceAttributes"], why));
  }
  if (ofSomebody && (stringAt(spec, "user") ?? "") === "" && stringsAt(spec, "groups").length === 0) {
    causes.push(invalidValue("spec.user", spec["user"], "at least one of user and groups must be there"));
  }
  const subject = { group: "authorization.k8s.io", plural: `${kind.toLowerCase()}s`, kind };
  if (causes.length > 0) throw invalid(subject, "", causes);
}

async function verdict(authorizer: Authorizer, attributes: Attributes): Promise<object> {
  const { allowed, reason } = await authorizer.authorize(attributes);
  return { allowed, ...(reason === undefined || reason === "" ? {} : { reason }) };
}

function userIn(spec: JsonObject): UserInfo {
  const uid = stringAt(spec, "uid");
  const extra = objectAt(spec, "extra");
  return {
    username: stringAt(spec, "user") ?? "",
    groups: stringsAt(spec, "groups"),
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.keys(extra).map((key) => [key, stringsAt(extra, key)])) }),
  };
}

export function selfReview({ spec, user, authorizer }: Asked): Promise<object> {
  requireQuestion("SelfSubjectAccessReview", spec, false);
  return verdict(authorizer, attributesIn(spec, user));
}

export function subjectReview({ spec, authorizer }: Asked): Promise<object> {
  requireQuestion("SubjectAccessReview", spec, true);
  return verdict(authorizer, attributesIn(spec, userIn(spec)));
}

export function localReview({ spec, namespace, authorizer }: Asked): Promise<object> {
  requireQuestion("LocalSubjectAccessReview", spec, true);
  if (isObject(spec["nonResourceAttributes"])) {
    throw badRequest("spec.nonResourceAttributes: a review within a namespace can't be about a path");
  }
  const asked = stringAt(objectAt(spec, "resourceAttributes"), "namespace") ?? "";
  if (asked !== namespace) {
    throw badRequest(
      `spec.resourceAttributes.namespace must be the one of the path, ${JSON.stringify(namespace)}, not ${JSON.stringify(asked)}`,
    );
  }
  return verdict(authorizer, attributesIn(spec, userIn(spec)));
}

/** @throws StatusError 400 without a namespace */
export function rulesReview({ spec, user, authorizer }: Asked): object {
  const namespace = stringAt(spec, "namespace") ?? "";
  if (namespace === "") throw badRequest("spec.namespace is required: no rules are listed for all namespaces at once");
  const rules = authorizer.rulesFor?.(user, namespace).map(ruleBody);
  return {
    resourceRules: (rules ?? []).filter((rule) => "resources" in rule),
    nonResourceRules: (rules ?? []).filter((rule) => "nonResourceURLs" in rule),
    incomplete: rules === undefined,
    ...(rules === undefined ? { evaluationError: "the authorizer of this server can't list rules" } : {}),
  };
}
