/** Who asks. */

export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
}

export const ANONYMOUS: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** The server itself: what it creates at its start, and what it cleans up. */
export const SERVER: UserInfo = { username: "system:apiserver", groups: ["system:masters", "system:authenticated"] };
