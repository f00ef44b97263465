/**
 * Who sends an event, by the token that Knative's broker sends where the cluster has OIDC: a ServiceAccount's, signed by the
 * cluster and meant for us. The keys are the API server's own; they are asked for when a token comes that none of them fits.
 * A door to jose.
 */
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "./clock.ts";
import { asFault, Fault } from "./fault.ts";

export interface TokenCheckOptions {
  readonly audience: string;
  /** Who may send, such as system:serviceaccount:virtive:*; a star at the end stands for anything. */
  readonly subjects: readonly string[];
  /** A JSON document of the API server. */
  readonly document: (path: string) => Promise<unknown>;
  readonly clock: Clock;
}

/**
 * Takes a request's Authorization header.
 * @throws Fault refused, reason Unauthenticated or Forbidden; later when the keys can't be had
 */
export type TokenCheck = (authorization: string | undefined) => Promise<void>;

interface Keys {
  readonly issuer: string;
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly at: number;
}

const DISCOVERY = "/.well-known/openid-configuration";
const KEYS = "/openid/v1/jwks";
/** A key that was withdrawn is believed no longer than this. */
const KEYS_MILLISECONDS = 600_000;
/** Tokens with made-up keys must not make us ask for keys again and again. */
const ASK_AGAIN_MILLISECONDS = 10_000;
const ALGORITHMS = ["RS256", "ES256", "ES384", "ES512"];
const Discovery = z.looseObject({ issuer: z.string().min(1) });
const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

export function createTokenCheck({ audience, subjects, document, clock }: TokenCheckOptions): TokenCheck {
  let known: Promise<Keys> | undefined;
  let askedAt = -Infinity;

  function keys(): Promise<Keys> {
    askedAt = clock.now().getTime();
    known = ask().catch((thrown: unknown) => {
      known = undefined;
      throw new Fault("later", "NoTokenKeys", `the cluster's keys can't be had: ${asFault(thrown).message}`);
    });
    return known;
  }

  async function ask(): Promise<Keys> {
    const [{ issuer }, { keys: set }] = [
      Discovery.parse(await document(DISCOVERY)),
      KeySet.parse(await document(KEYS)),
    ];
    return { issuer, find: createLocalJWKSet({ keys: set }), at: clock.now().getTime() };
  }

  async function subjectOf(token: string): Promise<string> {
    const now = clock.now().getTime();
    let current = await (known ?? keys());
    if (now - current.at > KEYS_MILLISECONDS) current = await keys();
    const verified = async ({ issuer, find }: Keys): Promise<string> => {
      const options = { issuer, audience, algorithms: ALGORITHMS, currentDate: clock.now() };
      const { payload } = await jwtVerify(token, find, options);
      return payload.sub ?? "";
    };
    try {
      return await verified(current);
    } catch (thrown) {
      if (!(thrown instanceof errors.JWKSNoMatchingKey) || now - askedAt < ASK_AGAIN_MILLISECONDS) throw thrown;
      return verified(await keys());
    }
  }

  return async (authorization) => {
    const [, token] = /^Bearer (\S{1,16384})$/i.exec(authorization ?? "") ?? [];
    if (token === undefined) {
      throw new Fault("refused", "Unauthenticated", `Authorization: a Bearer token for ${audience} is needed`);
    }
    let subject: string;
    try {
      subject = await subjectOf(token);
    } catch (thrown) {
      if (thrown instanceof Fault) throw thrown;
      throw new Fault("refused", "Unauthenticated", `Authorization: ${asFault(thrown).message}`, { cause: thrown });
    }
    const may = subjects.some((one) => (one.endsWith("*") ? subject.startsWith(one.slice(0, -1)) : subject === one));
    if (!may) throw new Fault("refused", "Forbidden", `"${subject}" may not send events here`);
  };
}
