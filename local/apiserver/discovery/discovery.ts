/** Discovery: which groups, versions and resources there are. Asked for at every start of kubectl. */
import type { AggregatedApis } from "../aggregated.ts";
import { versionRank } from "../kinds/definitions.ts";
import type { Kinds } from "../kinds/kinds.ts";
import { apiVersionFor, type ServedKind } from "../kinds/kind.ts";
import { reviewResources } from "../reviews.ts";
import type { UserInfo } from "../authentication/user.ts";
import { aggregatedResources, apiResources, type ApiResource } from "./resources.ts";

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ApiResource[];
}

export const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Whether the client asks for everything at once. */
export function wantsAggregated(accept: string): boolean {
  return accept.split(",").some((entry) => {
    const parts = entry.split(";").map((part) => part.trim());
    return (
      parts.includes("g=apidiscovery.k8s.io") && parts.includes("v=v2") && parts.includes("as=APIGroupDiscoveryList")
    );
  });
}

export class Discovery {
  readonly #kinds: Kinds;
  readonly #aggregated: AggregatedApis;

  constructor(kinds: Kinds, aggregated: AggregatedApis) {
    this.#kinds = kinds;
    this.#aggregated = aggregated;
  }

  /** Groups in the order of the table, a group's versions by preference. */
  async #groupVersions(user: UserInfo): Promise<GroupVersion[]> {
    const found = new Map<string, { group: string; version: string; resources: ApiResource[] }>();
    const slot = (group: string, version: string) => {
      const id = apiVersionFor(group, version);
      const known = found.get(id) ?? { group, version, resources: [] };
      found.set(id, known);
      return known;
    };
    for (const kind of this.#kinds.all()) {
      for (const version of kind.versions) {
        if (version.served) slot(kind.group, version.name).resources.push(...apiResources(kind, version));
      }
    }
    for (const { group, version, resource } of reviewResources) slot(group, version).resources.push(resource);
    for (const api of this.#aggregated.all()) {
      slot(api.group, api.version).resources.push(...(await aggregatedResources(api, user)));
    }
    // Of several definitions of a group the first need not have its best version.
    return byGroup([...found.values()]).flatMap((versions) =>
      versions.toSorted((a, b) => versionRank(b.version) - versionRank(a.version)),
    );
  }

  /** @returns undefined when the path is none of discovery's */
  async answer(path: string, aggregated: boolean, user: UserInfo): Promise<object | undefined> {
    const parts = path.split("/").filter((part) => part !== "");
    const [root, group, version, more] = parts;
    if (more !== undefined || (root !== "api" && root !== "apis")) return undefined;
    const all = await this.#groupVersions(user);
    if (root === "api") {
      if (group === undefined)
        return aggregated ? discoveryList(all.filter((one) => one.group === "")) : coreVersions();
      return version === undefined ? resourceList(all, "", group) : undefined;
    }
    if (group === undefined) {
      const groups = all.filter((one) => one.group !== "");
      return aggregated
        ? discoveryList(groups)
        : { kind: "APIGroupList", apiVersion: "v1", groups: byGroup(groups).map(apiGroup) };
    }
    if (version !== undefined) return resourceList(all, group, version);
    const versions = byGroup(all).find(([first]) => first?.group === group && group !== "");
    return versions === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...apiGroup(versions) };
  }
}

function coreVersions(): object {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

function byGroup<T extends GroupVersion>(all: readonly T[]): T[][] {
  return [...Map.groupBy(all, ({ group }) => group).values()];
}

function apiGroup(versions: readonly GroupVersion[]): object {
  const named = versions.map(({ group, version }) => ({ groupVersion: apiVersionFor(group, version), version }));
  return { name: versions[0]?.group ?? "", versions: named, preferredVersion: named[0] };
}

function resourceList(all: readonly GroupVersion[], group: string, version: string): object | undefined {
  const found = all.find((one) => one.group === group && one.version === version);
  if (found === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionFor(group, version),
    resources: found.resources,
  };
}

function discoveryList(all: readonly GroupVersion[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: byGroup(all).map((versions) => ({
      metadata: { name: versions[0]?.group ?? "", creationTimestamp: null },
      versions: versions.map((one) => ({ version: one.version, resources: nested(one), freshness: "Current" })),
    })),
  };
}

function responseKind(resource: ApiResource, within: GroupVersion): object {
  return { group: resource.group ?? within.group, version: resource.version ?? within.version, kind: resource.kind };
}

/** Subresources below their resource. A group may serve subresources of resources that another group has. */
function nested(within: GroupVersion): object[] {
  const parents = new Map<string, { resource: ApiResource | undefined; namespaced: boolean; subs: ApiResource[] }>();
  for (const resource of within.resources) {
    const slash = resource.name.indexOf("/");
    const name = slash < 0 ? resource.name : resource.name.slice(0, slash);
    const parent = parents.get(name) ?? { resource: undefined, namespaced: resource.namespaced, subs: [] };
    parents.set(name, parent);
    if (slash < 0) parent.resource = resource;
    else parent.subs.push(resource);
  }
  return [...parents].map(([name, { resource, namespaced, subs }]) => ({
    resource: name,
    ...(resource === undefined ? {} : { responseKind: responseKind(resource, within) }),
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: resource?.singularName ?? "",
    verbs: resource?.verbs ?? [],
    ...(resource?.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
    ...(resource?.categories === undefined ? {} : { categories: resource.categories }),
    ...(subs.length === 0
      ? {}
      : {
          subresources: subs.map((sub) => ({
            subresource: sub.name.slice(name.length + 1),
            responseKind: responseKind(sub, within),
            verbs: sub.verbs,
          })),
        }),
  }));
}

/** Group and version of every kind that OpenAPI documents describe. */
export function documented(
  kinds: Kinds,
): Map<string, { readonly kind: ServedKind; readonly version: ServedKind["versions"][number] }[]> {
  const found = new Map<string, { kind: ServedKind; version: ServedKind["versions"][number] }[]>();
  for (const kind of kinds.all()) {
    for (const version of kind.versions) {
      if (!version.served) continue;
      const root = kind.group === "" ? `api/${version.name}` : `apis/${kind.group}/${version.name}`;
      const list = found.get(root) ?? [];
      list.push({ kind, version });
      found.set(root, list);
    }
  }
  return found;
}
