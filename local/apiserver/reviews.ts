/** Questions that are answered and not kept: who am I, may I, what is this token. */
import type { Authenticator } from "./authentication/authentication.ts";
import { tokenReview } from "./authentication/token-review.ts";
import { userInfoBody, type UserInfo } from "./authentication/user.ts";
import { localReview, rulesReview, selfReview, subjectReview } from "./authorization/access-reviews.ts";
import type { Authorizer } from "./authorization/authorizer.ts";
import { requireObject } from "./body.ts";
import type { ApiResource } from "./discovery/resources.ts";
import { objectAt, type JsonObject } from "./json-value.ts";
import type { ResourcePath } from "./request-path.ts";
import { badRequest, noSuchPath } from "./status.ts";

export interface Asked {
  readonly spec: JsonObject;
  /** Who asks. */
  readonly user: UserInfo;
  /** Of the path; "" for cluster-scoped reviews. */
  readonly namespace: string;
  readonly authorizer: Authorizer;
  readonly authentication: Authenticator;
}

/** Answers a review's status. @throws StatusError 422 when the spec is not complete */
export type Answer = (asked: Asked) => Promise<object> | object;

interface Review {
  readonly group: string;
  readonly resource: ApiResource;
  readonly answer: Answer;
}

function review(group: string, kind: string, answer: Answer, namespaced = false): Review {
  const singularName = kind.toLowerCase();
  return { group, resource: { name: `${singularName}s`, singularName, namespaced, kind, verbs: ["create"] }, answer };
}

const AUTHENTICATION = "authentication.k8s.io";
const AUTHORIZATION = "authorization.k8s.io";

const reviews: readonly Review[] = [
  review(AUTHENTICATION, "SelfSubjectReview", ({ user }) => ({ userInfo: userInfoBody(user) })),
  review(AUTHENTICATION, "TokenReview", tokenReview),
  review(AUTHORIZATION, "LocalSubjectAccessReview", localReview, true),
  review(AUTHORIZATION, "SelfSubjectAccessReview", selfReview),
  review(AUTHORIZATION, "SelfSubjectRulesReview", rulesReview),
  review(AUTHORIZATION, "SubjectAccessReview", subjectReview),
];

/** What discovery lists of them. */
export const reviewResources: readonly {
  readonly group: string;
  readonly version: string;
  readonly resource: ApiResource;
}[] = reviews.map(({ group, resource }) => ({ group, version: "v1", resource }));

/** Whether a path is one of theirs. */
export function reviewAt({ group, version, plural }: ResourcePath): Review | undefined {
  return version === "v1"
    ? reviews.find((known) => known.group === group && known.resource.name === plural)
    : undefined;
}

/** @throws StatusError 400, 404, 422 */
export async function answerReview(
  { group, resource, answer }: Review,
  body: unknown,
  { namespace }: ResourcePath,
  asked: Omit<Asked, "spec" | "namespace">,
): Promise<object> {
  if (resource.namespaced !== (namespace !== undefined)) throw noSuchPath(`${resource.name} there`);
  const object = requireObject(body);
  for (const [field, wanted] of [
    ["kind", resource.kind],
    ["apiVersion", `${group}/v1`],
  ] as const) {
    const given = object[field];
    if (given !== undefined && given !== wanted)
      throw badRequest(`${field} must be ${wanted}, not ${JSON.stringify(given)}`);
  }
  const spec = objectAt(object, "spec") ?? {};
  const status = await answer({ ...asked, spec, namespace: namespace ?? "" });
  return {
    kind: resource.kind,
    apiVersion: `${group}/v1`,
    metadata: { ...objectAt(object, "metadata"), creationTimestamp: null },
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
    status,
  };
}
