/** Questions that are answered and not kept: who am I, and may I. `kubectl auth whoami` and `kubectl auth can-i` ask them. */
import type { Attributes, Authorizer } from "./authorizer.ts";
import { requireObject } from "../body.ts";
import type { ApiResource } from "../discovery/resources.ts";
import { objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { UserInfo } from "../authentication/user.ts";

interface Review {
  readonly group: string;
  readonly resource: ApiResource;
  answer(spec: JsonObject, user: UserInfo, authorizer: Authorizer): Promise<object>;
}

function resource(name: string, kind: string): ApiResource {
  return { name, singularName: kind.toLowerCase(), namespaced: false, kind, verbs: ["create"] };
}

const reviews: readonly Review[] = [
  {
    group: "authentication.k8s.io",
    resource: resource("selfsubjectreviews", "SelfSubjectReview"),
    answer: (_spec, user) => Promise.resolve({ userInfo: { username: user.username, groups: user.groups } }),
  },
  {
    group: "authorization.k8s.io",
    resource: resource("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    async answer(spec, user, authorizer) {
      const verdict = await authorizer.authorize(asked(spec, user));
      return verdict.allowed ? { allowed: true } : { allowed: false, reason: verdict.reason };
    },
  },
];

/** What discovery lists of them. */
export const reviewResources: readonly {
  readonly group: string;
  readonly version: string;
  readonly resource: ApiResource;
}[] = reviews.map((review) => ({ group: review.group, version: "v1", resource: review.resource }));

function asked(spec: JsonObject, user: UserInfo): Attributes {
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

/** Whether a path is one of theirs. */
export function reviewAt(group: string, version: string, plural: string): Review | undefined {
  return version === "v1"
    ? reviews.find((review) => review.group === group && review.resource.name === plural)
    : undefined;
}

export async function answerReview(
  review: Review,
  body: unknown,
  user: UserInfo,
  authorizer: Authorizer,
): Promise<object> {
  const spec = objectAt(requireObject(body), "spec") ?? {};
  const status = await review.answer(spec, user, authorizer);
  return {
    kind: review.resource.kind,
    apiVersion: `${review.group}/v1`,
    metadata: { creationTimestamp: null },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
    status,
  };
}
