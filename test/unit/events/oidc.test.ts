import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { asFault } from "#events/fault.ts";
import { createTokenCheck } from "#events/oidc.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";
const AUDIENCE = "virtive-functions";

async function cluster() {
  const clock = virtualClock(new Date());
  let keys = new Map([["one", await generateKeyPair("ES256")]]);
  let asked = 0;
  let down = false;
  const check = createTokenCheck({
    audience: AUDIENCE,
    subjects: ["system:serviceaccount:virtive:*", "system:serviceaccount:other:sender"],
    clock,
    async document(path) {
      asked += 1;
      if (down) throw new Error("away");
      if (path === "/.well-known/openid-configuration") return { issuer: ISSUER };
      const set = [...keys].map(async ([kid, { publicKey }]) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg: "ES256",
      }));
      return { keys: await Promise.all(set) };
    },
  });
  async function token(claims: {
    subject?: string;
    audience?: string;
    issuer?: string;
    kid?: string;
    seconds?: number;
  }) {
    const { subject = "system:serviceaccount:virtive:trigger", audience = AUDIENCE, issuer = ISSUER } = claims;
    const { kid = [...keys.keys()].at(-1) ?? "", seconds = 600 } = claims;
    const key = keys.get(kid) ?? (await generateKeyPair("ES256"));
    const now = Math.floor(clock.now().getTime() / 1000);
    return new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid })
      .setSubject(subject)
      .setAudience(audience)
      .setIssuer(issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(key.privateKey);
  }
  const reasonFor = async (authorization: string | undefined): Promise<string> => {
    try {
      await check(authorization);
      return "taken";
    } catch (thrown) {
      return asFault(thrown).reason;
    }
  };
  return {
    clock,
    token,
    reasonOf: async (claims: Parameters<typeof token>[0]) => reasonFor(`Bearer ${await token(claims)}`),
    reasonFor,
    asked: () => asked,
    rotate: async (): Promise<void> => {
      keys = new Map([["two", await generateKeyPair("ES256")]]);
    },
    down: (is: boolean) => (down = is),
  };
}

describe("a sender's token", () => {
  it("is taken from those who may send, and from nobody else", async () => {
    const { reasonOf, reasonFor, asked } = await cluster();
    expect(await reasonOf({})).toBe("taken");
    expect(await reasonOf({ subject: "system:serviceaccount:other:sender" })).toBe("taken");
    expect(await reasonOf({ subject: "system:serviceaccount:other:sender2" })).toBe("Forbidden");
    expect(await reasonOf({ audience: "another" })).toBe("Unauthenticated");
    expect(await reasonOf({ issuer: "https://elsewhere" })).toBe("Unauthenticated");
    expect(await reasonOf({ seconds: -1 })).toBe("Unauthenticated");
    expect(await reasonFor(undefined)).toBe("Unauthenticated");
    expect(await reasonFor("Basic abc")).toBe("Unauthenticated");
    expect(await reasonFor("Bearer nonsense")).toBe("Unauthenticated");
    expect(asked()).toBe(2);
  });

  it("is not taken without a signature, or with one of another kind", async () => {
    const { reasonFor } = await cluster();
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: "system:serviceaccount:virtive:a", exp: 4e9 };
    expect(await reasonFor(`Bearer ${part({ alg: "none" })}.${part(claims)}.`)).toBe("Unauthenticated");
    expect(await reasonFor(`Bearer ${part({ alg: "HS256" })}.${part(claims)}.AAAA`)).toBe("Unauthenticated");
  });

  it("may be signed with a new key, which is asked for, but not for every made-up one", async () => {
    const { reasonOf, rotate, clock, asked } = await cluster();
    expect(await reasonOf({})).toBe("taken");
    await rotate();
    await clock.advance(11_000);
    expect(await reasonOf({})).toBe("taken");
    const before = asked();
    for (let count = 0; count < 5; count += 1)
      expect(await reasonOf({ kid: `made-up-${count}` })).toBe("Unauthenticated");
    expect(asked()).toBe(before);
  });

  it("waits for the cluster's keys", async () => {
    const { reasonOf, down } = await cluster();
    down(true);
    expect(await reasonOf({})).toBe("NoTokenKeys");
    down(false);
    expect(await reasonOf({})).toBe("taken");
  });
});
