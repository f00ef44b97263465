/** The rules of roles: what one allows, and whether some rules hold all that another one grants. */
import { objectsAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { Attributes, ResourceAttributes } from "./authorizer.ts";

/** Either about resources or about paths; "*" in a list is everything. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** Plural or plural/subresource; "*" before the slash is any resource. */
  readonly resources?: readonly string[];
  /** Empty or missing: all names. */
  readonly resourceNames?: readonly string[];
  /** "/x" or, for everything below, "/x/*". */
  readonly nonResourceURLs?: readonly string[];
}

export const RBAC_GROUP = "rbac.authorization.k8s.io";

const ALL = "*";

/** Whatever may be done at all. */
export const EVERYTHING: readonly PolicyRule[] = [
  { verbs: [ALL], apiGroups: [ALL], resources: [ALL] },
  { verbs: [ALL], nonResourceURLs: [ALL] },
];

/** @param role a Role or ClusterRole in its stored form */
export function rulesOf(role: JsonObject): PolicyRule[] {
  return objectsAt(role, "rules").map((rule) => ({
    verbs: stringsAt(rule, "verbs"),
    apiGroups: stringsAt(rule, "apiGroups"),
    resources: stringsAt(rule, "resources"),
    resourceNames: stringsAt(rule, "resourceNames"),
    nonResourceURLs: stringsAt(rule, "nonResourceURLs"),
  }));
}

/** The rule with only the fields that say something, as roles and reviews show it. */
export function ruleBody(rule: PolicyRule): JsonObject {
  const full = Object.entries(rule).filter(([, list]) => Array.isArray(list) && list.length > 0);
  return Object.fromEntries(full.map(([field, list]) => [field, [...(list as string[])]]));
}

function names(list: readonly string[] | undefined, wanted: string): boolean {
  return list !== undefined && (list.includes(ALL) || list.includes(wanted));
}

function namesResource(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (list === undefined) return false;
  if (list.includes(ALL)) return true;
  return subresource === ""
    ? list.includes(resource)
    : list.includes(`${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

function namesPath(list: readonly string[] | undefined, path: string): boolean {
  return (list ?? []).some(
    (url) => url === ALL || url === path || (url.endsWith(ALL) && path.startsWith(url.slice(0, -1))),
  );
}

function allowsResource(rule: PolicyRule, { group, resource, subresource, name }: ResourceAttributes): boolean {
  if (!names(rule.apiGroups, group) || !namesResource(rule.resources, resource, subresource)) return false;
  const only = rule.resourceNames ?? [];
  return only.length === 0 || only.includes(name);
}

export function allows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!names(rule.verbs, attributes.verb)) return false;
  return "path" in attributes ? namesPath(rule.nonResourceURLs, attributes.path) : allowsResource(rule, attributes);
}

/** A rule that grants one thing: one verb on one resource of one group (or one name of it), or on one path. */
interface Grant {
  readonly verb: string;
  readonly group?: string;
  readonly resource?: string;
  readonly name?: string;
  readonly url?: string;
}

function* grantsOf(rule: PolicyRule): Generator<Grant> {
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) yield { verb, url };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const only = rule.resourceNames ?? [];
        if (only.length === 0) yield { verb, group, resource };
        for (const name of only) yield { verb, group, resource, name };
      }
    }
  }
}

function holds(rule: PolicyRule, { verb, group, resource, name, url }: Grant): boolean {
  if (!names(rule.verbs, verb)) return false;
  if (url !== undefined) return namesPath(rule.nonResourceURLs, url);
  if (group === undefined || resource === undefined || !names(rule.apiGroups, group)) return false;
  const [plural = "", subresource = ""] = resource.split("/", 2);
  if (!namesResource(rule.resources, plural, subresource)) return false;
  const only = rule.resourceNames ?? [];
  return only.length === 0 || (name !== undefined && only.includes(name));
}

/** What of the wanted rules nobody's rules hold, each as a rule; empty when all is held. */
export function notHeld(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.filter((rule) => {
    for (const grant of grantsOf(rule)) if (!held.some((own) => holds(own, grant))) return true;
    return false;
  });
}
