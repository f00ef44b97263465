/** What discovery says of each kind, in the old form (a list a version) and in the new one (all at once). */
import { resourcesOf, type AggregatedApi } from "../aggregated.ts";
import { stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { ServedKind, ServedVersion } from "../kinds/kind.ts";
import type { UserInfo } from "../authentication/user.ts";

/** One entry of an APIResourceList. */
export interface ApiResource {
  /** Plural, or plural/subresource. */
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** Subresources with code of their own. */
const actions: Readonly<Record<string, Pick<ApiResource, "group" | "version" | "kind" | "verbs">>> = {
  binding: { kind: "Binding", verbs: ["create"] },
  eviction: { group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  finalize: { kind: "Namespace", verbs: ["update"] },
  token: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
};

export function apiResources(kind: ServedKind, version: ServedVersion): ApiResource[] {
  const { namespaced } = kind;
  const sub = (name: string, more: Pick<ApiResource, "group" | "version" | "kind" | "verbs">): ApiResource => ({
    name: `${kind.plural}/${name}`,
    singularName: "",
    namespaced,
    ...more,
  });
  return [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced,
      kind: kind.kind,
      verbs: kind.verbs,
      ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
      ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    },
    ...kind.actions.flatMap((name) => (actions[name] === undefined ? [] : [sub(name, actions[name])])),
    ...(version.scale === undefined
      ? []
      : [sub("scale", { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] })]),
    ...(version.hasStatus ? [sub("status", { kind: kind.kind, verbs: ["get", "patch", "update"] })] : []),
  ];
}

/** The same from what an aggregated API says of itself. */
export async function aggregatedResources(api: AggregatedApi, user: UserInfo): Promise<ApiResource[]> {
  const resources = await resourcesOf(api, user);
  return resources.map((entry: JsonObject) => ({
    name: stringAt(entry, "name") ?? "",
    singularName: stringAt(entry, "singularName") ?? "",
    namespaced: entry["namespaced"] === true,
    kind: stringAt(entry, "kind") ?? "",
    verbs: stringsAt(entry, "verbs"),
  }));
}
