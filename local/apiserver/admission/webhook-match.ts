/** Whether a webhook is asked about a write. */
import { objectAt, type JsonObject } from "../json-value.ts";
import type { Kinds } from "../kinds/kinds.ts";
import { matchesLabels, type Selector } from "../selectors.ts";
import type { Store } from "../store/store.ts";
import type { AdmissionRequest } from "./admission.ts";
import type { Rule } from "./webhook.ts";

export interface Matcher {
  readonly rules: readonly Rule[];
  readonly equivalent: boolean;
  readonly namespaces: Selector;
  readonly objects: Selector;
}

export interface Cluster {
  readonly store: Store;
  readonly kinds: Kinds;
}

type Labels = Readonly<Record<string, string>>;

function names(list: readonly string[], wanted: string): boolean {
  return list.includes("*") || list.includes(wanted);
}

function namesResource(list: readonly string[], plural: string, subresource: string | undefined): boolean {
  if (subresource === undefined) return names(list, plural);
  return [`${plural}/${subresource}`, `${plural}/*`, `*/${subresource}`, "*/*"].some((known) => list.includes(known));
}

function ruleMatches(rule: Rule, { kind, operation, subresource }: AdmissionRequest): boolean {
  return (
    names(rule.operations, operation) &&
    names(rule.apiGroups, kind.group) &&
    namesResource(rule.resources, kind.plural, subresource) &&
    (rule.scope === "*" || (rule.scope === "Namespaced") === kind.namespaced)
  );
}

/** The version in which the matching rule wants the object; undefined when none matches. */
export function matchingVersion(
  { rules, equivalent }: Pick<Matcher, "rules" | "equivalent">,
  request: AdmissionRequest,
  kinds: Kinds,
): string | undefined {
  const { group, version, plural } = request.kind;
  const matching = rules.filter((rule) => ruleMatches(rule, request));
  if (matching.some((rule) => names(rule.apiVersions, version))) return version;
  if (!equivalent) return undefined;
  return matching.flatMap((rule) => rule.apiVersions).find((other) => kinds.find(group, other, plural) !== undefined);
}

function labelsOf(object: unknown): Labels | undefined {
  const metadata = object === undefined ? undefined : objectAt(object as JsonObject, "metadata");
  return metadata === undefined ? undefined : ((objectAt(metadata, "labels") ?? {}) as Labels);
}

/** Of the namespace that the object is in, or is; undefined for other cluster-scoped objects. */
function namespaceLabels({ kind, namespace, object, oldObject }: AdmissionRequest, store: Store): Labels | undefined {
  if (kind.group === "" && kind.plural === "namespaces") return labelsOf(object) ?? labelsOf(oldObject) ?? {};
  if (!kind.namespaced) return undefined;
  return store.get("namespaces", "", namespace)?.labels ?? {};
}

export function selected({ namespaces, objects }: Matcher, request: AdmissionRequest, { store }: Cluster): boolean {
  const around = namespaceLabels(request, store);
  if (around !== undefined && !matchesLabels(namespaces, around)) return false;
  if (objects.labels.length === 0) return true;
  return [request.object, request.oldObject].some((object) => {
    const labels = labelsOf(object);
    return labels !== undefined && matchesLabels(objects, labels);
  });
}

/** What expressions see as `request`. */
export function requestBody(request: AdmissionRequest, version: string): JsonObject {
  const { kind, subresource, name, namespace, operation, user, dryRun } = request;
  const type = { group: kind.group, version, kind: kind.kind };
  const resource = { group: kind.group, version, resource: kind.plural };
  const sub = subresource === undefined ? {} : { subResource: subresource, requestSubResource: subresource };
  return {
    kind: type,
    resource,
    requestKind: type,
    requestResource: resource,
    ...sub,
    name,
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.username,
      groups: [...user.groups],
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    dryRun,
  };
}

/** The object in another of its kind's versions, which all share one shape. */
export function inVersion(object: unknown, { group }: AdmissionRequest["kind"], version: string): JsonObject | null {
  if (object === undefined) return null;
  return { ...(object as JsonObject), apiVersion: group === "" ? version : `${group}/${version}` };
}
