/** The seam where it is decided who may do what, and what a request is about. */
import type { UserInfo } from "../authentication/user.ts";
import type { ResourcePath } from "../request-path.ts";
import { forbidden, StatusError } from "../status.ts";
import type { PolicyRule } from "./rules.ts";

/** What a request for a resource is about, as Kubernetes' authorizers see it. */
export interface ResourceAttributes {
  readonly user: UserInfo;
  /** get, list, watch, create, update, patch, delete, deletecollection, or a verb that only roles know, such as bind. */
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  readonly subresource: string;
  /** "" is the whole cluster. */
  readonly namespace: string;
  /** "" is all names. */
  readonly name: string;
}

export interface PathAttributes {
  readonly user: UserInfo;
  /** The HTTP method in lower case. */
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

export type Verdict =
  | { readonly allowed: true; readonly reason?: string }
  /** The reason may be empty: nothing allows it, and nothing more is to say. */
  | { readonly allowed: false; readonly reason: string };

export interface Authorizer {
  authorize(attributes: Attributes): Promise<Verdict> | Verdict;
  /** All that a user may do in a namespace; missing when the authorizer can't list it. */
  rulesFor?(user: UserInfo, namespace: string): readonly PolicyRule[];
}

const pathVerbs: Readonly<Record<string, string>> = {
  HEAD: "get",
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** @param verb of a request that a kind's operation answers; else the one of the method counts */
export function attributesOf(
  user: UserInfo,
  request: { readonly method: string; readonly path: string; readonly query?: URLSearchParams },
  named: ResourcePath | undefined,
  verb?: string,
): Attributes {
  const { method, path } = request;
  if (named === undefined) return { user, verb: method.toLowerCase(), path };
  return {
    user,
    verb: verb ?? pathVerbs[method] ?? method.toLowerCase(),
    group: named.group,
    version: named.version,
    resource: named.plural,
    // Of a deep one, such as vnc/screenshot, roles name the first part.
    subresource: named.subresource?.split("/", 1)[0] ?? "",
    namespace: named.namespace ?? (named.plural === "namespaces" && named.group === "" ? (named.name ?? "") : ""),
    name: named.name ?? selectedName(request.query),
  };
}

/** A list or watch of one object by its name asks for that object only. */
function selectedName(query: URLSearchParams | undefined): string {
  return /(?:^|,)metadata\.name==?([^,]+)(?:,|$)/.exec(query?.get("fieldSelector") ?? "")?.[1] ?? "";
}

/** @throws StatusError 403 */
export async function authorize(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const verdict = await authorizer.authorize(attributes);
  if (!verdict.allowed) throw refusal(attributes, verdict.reason);
}

/** Tools show these sentences and read the names out of them: their shape is Kubernetes'. */
function refusal(attributes: Attributes, reason: string): StatusError {
  const { user, verb } = attributes;
  const because = reason === "" ? "" : `: ${reason}`;
  if ("path" in attributes) {
    const why = `User "${user.username}" cannot ${verb} path "${attributes.path}"${because}`;
    return new StatusError(403, "Forbidden", `forbidden: ${why}`, {});
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user.username}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${because}`;
  return forbidden({ group, plural: resource, kind: resource }, name, why);
}
