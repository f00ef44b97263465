/** Acting as somebody else (`kubectl --as`): each user, group, uid and extra value needs the verb `impersonate`. */
import { authorize, type Authorizer } from "../authorization/authorizer.ts";
import { badRequest } from "../status.ts";
import { accountUser } from "./service-account-tokens.ts";
import { ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, type UserInfo } from "./user.ts";

const EXTRA = "impersonate-extra-";
const AUTHENTICATION = "authentication.k8s.io";

/** Values of a header that may be repeated. */
type Headers = Readonly<NodeJS.Dict<string[]>>;

interface Wish {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid: string | undefined;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

function wishOf(headers: Headers): Wish | undefined {
  const username = headers["impersonate-user"]?.[0] ?? "";
  const groups = headers["impersonate-group"] ?? [];
  const uid = headers["impersonate-uid"]?.[0];
  const extra: Record<string, readonly string[]> = {};
  for (const [name, values] of Object.entries(headers)) {
    if (name.startsWith(EXTRA) && values !== undefined) extra[decoded(name.slice(EXTRA.length))] = values;
  }
  if (username !== "") return { username, groups, uid, extra };
  if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return undefined;
  throw badRequest("the request has Impersonate-Group, -Uid or -Extra headers without an Impersonate-User");
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    throw badRequest(`the header ${EXTRA}${key} is not percent-encoded correctly`);
  }
}

/** [namespace, name] of a ServiceAccount's user. */
function accountIn(username: string): readonly [string, string] | undefined {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  return match === null ? undefined : [match[1] ?? "", match[2] ?? ""];
}

/** Whom the request acts as; the user itself when it names nobody. @throws StatusError 400, 403 */
export async function actingAs(user: UserInfo, headers: Headers, authorizer: Authorizer): Promise<UserInfo> {
  const wish = wishOf(headers);
  if (wish === undefined) return user;
  const may = (group: string, resource: string, name: string, subresource = "", namespace = "") =>
    authorize(authorizer, { user, verb: "impersonate", group, version: "v1", resource, subresource, namespace, name });
  const { username, groups, uid, extra } = wish;
  const account = accountIn(username);
  if (account === undefined) await may("", "users", username);
  else await may("", "serviceaccounts", account[1], "", account[0]);
  for (const group of groups) await may("", "groups", group);
  if (uid !== undefined) await may(AUTHENTICATION, "uids", uid);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) await may(AUTHENTICATION, "userextras", value, key);
  }
  return {
    username,
    groups: withEverybody(
      groups.length === 0 && account !== undefined ? accountUser(...account).groups : groups,
      username,
    ),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Whoever is named counts as authenticated, but for the one who is not. */
function withEverybody(groups: readonly string[], username: string): readonly string[] {
  const everybody = username === ANONYMOUS.username ? UNAUTHENTICATED : AUTHENTICATED;
  return groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED) ? groups : [...groups, everybody];
}

/** Headers that no request may pass on to others in its user's name. */
export function isImpersonation(header: string): boolean {
  return header.startsWith("impersonate-");
}
