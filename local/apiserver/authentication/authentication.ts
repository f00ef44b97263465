/**
 * Who a request comes from: a client certificate of our authority (CN is the user, O are the groups), or a bearer token:
 * a static one, or one that stands for a ServiceAccount.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { ofConnection } from "#events/tls-server.ts";
import { StatusError } from "../status.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import { ANONYMOUS, AUTHENTICATED, type UserInfo } from "./user.ts";

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** Whom a token stands for, and which of the audiences that were asked for it is meant for. */
export interface TokenOwner {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

export interface Authenticator {
  /** Those of this server's own API. */
  readonly audiences: readonly string[];
  /** @returns why not, in words, when the token is not valid for any of the audiences */
  ownerOf(token: string, audiences: readonly string[]): Promise<TokenOwner | string>;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function refused(why: string): StatusError {
  return new StatusError(401, "Unauthorized", `Unauthorized: ${why}`);
}

function listed(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

export class Authentication implements Authenticator {
  /** By digest: comparing digests takes the same time whatever the token. */
  readonly #static: ReadonlyMap<string, UserInfo>;
  readonly #accounts: ServiceAccountTokens;

  constructor(tokens: readonly StaticToken[], accounts: ServiceAccountTokens) {
    this.#accounts = accounts;
    this.#static = new Map(
      tokens.map(({ token, user }) => [
        digest(token),
        { ...user, groups: [...new Set([...user.groups, AUTHENTICATED])] },
      ]),
    );
  }

  get audiences(): readonly string[] {
    return this.#accounts.audiences;
  }

  async ownerOf(token: string, audiences: readonly string[]): Promise<TokenOwner | string> {
    const user = this.#static.get(digest(token));
    if (user === undefined) return this.#accounts.ownerOf(token, audiences);
    // A static token says nothing of audiences: it is for this server.
    const common = audiences.filter((audience) => this.audiences.includes(audience));
    return common.length > 0 ? { user, audiences: common } : "the token is not meant for these audiences";
  }

  /** @throws StatusError 401 when credentials are given and not valid */
  async userOf(request: IncomingMessage): Promise<UserInfo> {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      if (token === undefined) throw refused("the Authorization header must be of the form 'Bearer TOKEN'");
      const owner = await this.ownerOf(token, this.audiences);
      if (typeof owner === "string") throw refused(owner);
      return owner.user;
    }
    return request.socket instanceof TLSSocket ? (certificateUser(request.socket) ?? ANONYMOUS) : ANONYMOUS;
  }
}

/** @throws StatusError 401 when there is a certificate and it is not valid */
const certificateUser = ofConnection((socket: TLSSocket): UserInfo => {
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return ANONYMOUS;
  if (!socket.authorized) {
    const why = socket.authorizationError as Error | string | undefined;
    throw refused(`the client certificate is not valid: ${why instanceof Error ? why.message : String(why)}`);
  }
  const [username] = listed(certificate.subject.CN);
  if (username === undefined || username === "") throw refused("the client certificate names no user (CN)");
  const print = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return {
    username,
    groups: [...listed(certificate.subject.O), AUTHENTICATED],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${print}`] },
  };
});
