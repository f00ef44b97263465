/** Who asks. */

export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  /** Tells apart users of one name over time. */
  readonly uid?: string;
  /** What the authenticator knows beside: a token's id, the pod that it is bound to. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** In each of these groups is everyone with, and everyone without, valid credentials. */
export const AUTHENTICATED = "system:authenticated";
export const UNAUTHENTICATED = "system:unauthenticated";

/** May do everything, whatever the roles say. */
export const MASTERS = "system:masters";

export const ANONYMOUS: UserInfo = { username: "system:anonymous", groups: [UNAUTHENTICATED] };

/** The server itself: what it creates at its start, and what it cleans up. */
export const SERVER: UserInfo = { username: "system:apiserver", groups: [MASTERS, AUTHENTICATED] };

/** As reviews and webhooks show a user. */
export function userInfoBody({ username, groups, uid, extra }: UserInfo): Record<string, unknown> {
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
