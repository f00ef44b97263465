/** Who a request comes from: a client certificate of our authority (CN is the user, O are the groups), or a bearer token. */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { StatusError } from "../status.ts";
import { ANONYMOUS, type UserInfo } from "./user.ts";

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

const AUTHENTICATED = "system:authenticated";

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function refused(why: string): StatusError {
  return new StatusError(401, "Unauthorized", `Unauthorized: ${why}`);
}

function listed(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

export class Authentication {
  /** By digest: comparing digests takes the same time whatever the token. */
  readonly #tokens: ReadonlyMap<string, UserInfo>;
  /** A connection's certificate does not change. */
  readonly #bySocket = new WeakMap<TLSSocket, UserInfo>();

  constructor(tokens: readonly StaticToken[]) {
    this.#tokens = new Map(
      tokens.map(({ token, user }) => [
        digest(token),
        { ...user, groups: [...new Set([...user.groups, AUTHENTICATED])] },
      ]),
    );
  }

  /** @throws StatusError 401 when credentials are given and not valid */
  userOf(request: IncomingMessage): UserInfo {
    const header = request.headers.authorization;
    if (header !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      if (token === undefined) throw refused("the Authorization header must be of the form 'Bearer TOKEN'");
      const user = this.#tokens.get(digest(token));
      if (user === undefined) throw refused("the bearer token is not known");
      return user;
    }
    return request.socket instanceof TLSSocket ? this.#ofCertificate(request.socket) : ANONYMOUS;
  }

  #ofCertificate(socket: TLSSocket): UserInfo {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const user = certificateUser(socket);
    this.#bySocket.set(socket, user);
    return user;
  }
}

function certificateUser(socket: TLSSocket): UserInfo {
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return ANONYMOUS;
  if (!socket.authorized) {
    const why = socket.authorizationError as Error | string | undefined;
    throw refused(`the client certificate is not valid: ${why instanceof Error ? why.message : String(why)}`);
  }
  const [username] = listed(certificate.subject.CN);
  if (username === undefined || username === "") throw refused("the client certificate names no user (CN)");
  return { username, groups: [...listed(certificate.subject.O), AUTHENTICATED] };
}
