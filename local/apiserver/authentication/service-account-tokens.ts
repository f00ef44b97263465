/**
 * Tokens of ServiceAccounts: signed JWTs that expire, are meant for audiences, and end with the ServiceAccount or with
 * the pod, secret or node that they are bound to. The door to jose.
 */
import { generateKeyPairSync, createPrivateKey, createPublicKey, randomUUID, type KeyObject } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { calculateJwkThumbprint, errors, exportJWK, jwtVerify, SignJWT, type JWK, type JWTPayload } from "jose";
import { isMissing } from "#events/file-fault.ts";
import { isObject, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { Store } from "../store/store.ts";
import { parsed } from "../store/stored-object.ts";
import type { TokenOwner } from "./authentication.ts";
import { AUTHENTICATED, type UserInfo } from "./user.ts";

/** The name that tokens are issued under; also the audience of the API itself. */
export const ISSUER = "https://kubernetes.default.svc";

const ALGORITHM = "ES256";
const CLAIM = "kubernetes.io";
/** Tokens whose signature has been checked lately. */
const CACHED = 1024;

export interface ObjectRef {
  readonly name: string;
  readonly uid: string;
}

/** Kind in lower case → store's resource. */
export const boundKinds = { pod: "pods", secret: "secrets", node: "nodes" } as const;
export type BoundKind = keyof typeof boundKinds;

export interface TokenWish {
  readonly namespace: string;
  readonly account: ObjectRef;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound?: { readonly kind: BoundKind; readonly object: ObjectRef; readonly node?: ObjectRef };
}

interface Key {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JWK;
}

export class ServiceAccountTokens {
  readonly audiences: readonly string[] = [ISSUER];
  readonly #store: Store;
  readonly #key: Promise<Key>;
  readonly #now: () => Date;
  /** Token → its checked claims. */
  readonly #checked = new Map<string, JWTPayload>();

  constructor(options: { readonly store: Store; readonly directory: string; readonly now: () => Date }) {
    this.#store = options.store;
    this.#now = options.now;
    this.#key = openKey(path.join(options.directory, "service-accounts.key"));
  }

  async issue(wish: TokenWish): Promise<{ readonly token: string; readonly expires: Date }> {
    const { privateKey, jwk } = await this.#key;
    const { namespace, account, bound } = wish;
    const seconds = Math.floor(this.#now().getTime() / 1000);
    const expires = seconds + wish.expirationSeconds;
    const claim = {
      namespace,
      serviceaccount: account,
      ...(bound === undefined ? {} : { [bound.kind]: bound.object }),
      ...(bound?.node === undefined ? {} : { node: bound.node }),
    };
    const token = await new SignJWT({ [CLAIM]: claim })
      .setProtectedHeader({ alg: ALGORITHM, kid: jwk.kid ?? "" })
      .setIssuer(ISSUER)
      .setSubject(username(namespace, account.name))
      .setAudience([...wish.audiences])
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(privateKey);
    return { token, expires: new Date(expires * 1000) };
  }

  async ownerOf(token: string, audiences: readonly string[]): Promise<TokenOwner | string> {
    const claims = await this.#claimsOf(token);
    if (typeof claims === "string") return claims;
    const meant = [claims.aud ?? []].flat();
    const common = audiences.filter((audience) => meant.includes(audience));
    if (common.length === 0) return `the token is meant for ${meant.join(", ")}, not for ${audiences.join(", ")}`;
    const user = this.#userOf(claims);
    return typeof user === "string" ? user : { user, audiences: common };
  }

  async #claimsOf(token: string): Promise<JWTPayload | string> {
    const known = this.#checked.get(token);
    if (known !== undefined) {
      if ((known.exp ?? 0) * 1000 > this.#now().getTime()) return known;
      this.#checked.delete(token);
      return "the token has expired";
    }
    try {
      const { publicKey } = await this.#key;
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        requiredClaims: ["exp", "sub"],
        currentDate: this.#now(),
      });
      if (this.#checked.size >= CACHED) this.#checked.clear();
      this.#checked.set(token, payload);
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return "the token has expired";
      if (error instanceof errors.JOSEError) return "the bearer token is not known";
      throw error;
    }
  }

  /** The ServiceAccount, and what the token is bound to, must still be there. */
  #userOf(claims: JWTPayload): UserInfo | string {
    const claim = claims[CLAIM];
    const account = isObject(claim) ? objectAt(claim, "serviceaccount") : undefined;
    if (!isObject(claim) || account === undefined) return "the bearer token is not known";
    const namespace = stringAt(claim, "namespace") ?? "";
    if (!this.#isThere("serviceaccounts", namespace, account)) {
      return `the ServiceAccount ${namespace}/${stringAt(account, "name")} of the token is gone`;
    }
    const extra: Record<string, readonly string[]> = {
      "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`],
    };
    for (const kind of ["pod", "secret", "node"] as const) {
      const bound = objectAt(claim, kind);
      if (bound === undefined) continue;
      const informs = kind === "node" && objectAt(claim, "pod") !== undefined;
      if (!informs && !this.#isThere(boundKinds[kind], kind === "node" ? "" : namespace, bound)) {
        return `the ${kind} ${stringAt(bound, "name")} that the token is bound to is gone`;
      }
      if (kind === "secret") continue;
      extra[`authentication.kubernetes.io/${kind}-name`] = [stringAt(bound, "name") ?? ""];
      extra[`authentication.kubernetes.io/${kind}-uid`] = [stringAt(bound, "uid") ?? ""];
    }
    return {
      ...accountUser(namespace, stringAt(account, "name") ?? ""),
      uid: stringAt(account, "uid") ?? "",
      extra,
    };
  }

  #isThere(resource: string, namespace: string, ref: JsonObject): boolean {
    const found = this.#store.get(resource, namespace, stringAt(ref, "name") ?? "");
    if (found === undefined || found.uid !== ref["uid"]) return false;
    const ending = stringAt(objectAt(parsed(found), "metadata"), "deletionTimestamp");
    return ending === undefined || Date.parse(ending) + 60_000 > this.#now().getTime();
  }

  /** What other services check tokens with. @returns undefined when the path is none of these documents' */
  async document(at: string): Promise<object | undefined> {
    if (at === "/openid/v1/jwks") return { keys: [(await this.#key).jwk] };
    if (at !== "/.well-known/openid-configuration") return undefined;
    return {
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [ALGORITHM],
    };
  }
}

function username(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The user that a ServiceAccount's tokens stand for. */
export function accountUser(namespace: string, name: string): UserInfo {
  return {
    username: username(namespace, name),
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, AUTHENTICATED],
  };
}

async function openKey(file: string): Promise<Key> {
  const privateKey = readKey(file) ?? makeKey(file);
  const publicKey = createPublicKey(privateKey);
  const jwk = await exportJWK(publicKey);
  return { privateKey, publicKey, jwk: { ...jwk, use: "sig", alg: ALGORITHM, kid: await calculateJwkThumbprint(jwk) } };
}

/** Undefined when there is none: a power cut may have left a file without its content. */
function readKey(file: string): KeyObject | undefined {
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Its content is on disk before its name is. */
function makeKey(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, pem, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
  return privateKey;
}
