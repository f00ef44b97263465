import { expect, it } from "vitest";
import { Client, until } from "./client.ts";
import { onEachServer } from "./suite.ts";

const authentication = "/apis/authentication.k8s.io/v1";
const ISSUED = /^[\w-]+\.[\w-]+\.[\w-]+$/;

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}

onEachServer("authentication", (bench) => {
  const accounts = () => `/api/v1/namespaces/${bench().namespace}/serviceaccounts`;
  const account = (name: string) =>
    bench().client.post(accounts(), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  const request = (name: string, spec: object = {}) =>
    bench().client.post(`${accounts()}/${name}/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec,
    });
  const tokenOf = async (name: string, spec: object = {}): Promise<string> =>
    String((await request(name, spec)).body.status["token"]);
  const withToken = (token: string): Client => {
    const { url, ca } = bench().under.access;
    return new Client({ url, ca, token });
  };
  const whoami = async (client: Client, headers: Record<string, string> = {}) =>
    client.post(
      `${authentication}/selfsubjectreviews`,
      { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
      { headers },
    );
  const review = async (spec: object) =>
    (
      await bench().client.post(`${authentication}/tokenreviews`, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec,
      })
    ).body.status as Record<string, unknown> & { user?: { username: string } };

  it("gives every namespace a default ServiceAccount, again when it was deleted", async () => {
    const { client } = bench();
    const uid = async () => {
      const { code, body } = await client.get(`${accounts()}/default`);
      return code === 200 ? body.metadata.uid : undefined;
    };
    const first = await until(uid, "the default ServiceAccount");
    await client.delete(`${accounts()}/default`);
    await until(async () => {
      const now = await uid();
      return now !== undefined && now !== first;
    }, "another default ServiceAccount");
  });

  it("issues tokens that stand for a ServiceAccount", async () => {
    const { namespace } = bench();
    const { body: made } = await account("robot");
    const { code, body } = await request("robot", { expirationSeconds: 1200 });
    expect(code).toBe(201);
    expect(body.kind).toBe("TokenRequest");
    const token = String(body.status["token"]);
    expect(token).toMatch(ISSUED);
    const claims = claimsOf(token);
    expect(claims["sub"]).toBe(`system:serviceaccount:${namespace}:robot`);
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(1200);
    expect(claims["kubernetes.io"]).toMatchObject({
      namespace,
      serviceaccount: { name: "robot", uid: made.metadata.uid },
    });
    const robot = withToken(token);
    const self = await whoami(robot);
    expect(self.code).toBe(201);
    expect(self.body.status["userInfo"]).toMatchObject({
      username: `system:serviceaccount:${namespace}:robot`,
      uid: made.metadata.uid,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    });
    expect((await robot.get("/api/v1/nodes")).code).toBe(403);
    robot.close();
  });

  it("does not take a token whose ServiceAccount is gone, or that was changed", async () => {
    const { client } = bench();
    await account("shortlived");
    const token = await tokenOf("shortlived");
    const holder = withToken(token);
    expect((await whoami(holder)).code).toBe(201);
    await client.delete(`${accounts()}/shortlived`);
    await until(async () => (await whoami(holder)).code === 401, "the token to be refused");
    await account("shortlived");
    expect((await whoami(holder)).code).toBe(401);
    holder.close();
    const [head = "", body = "", signature = ""] = (await tokenOf("shortlived")).split(".");
    const claims = Buffer.from(JSON.stringify({ ...claimsOf(`.${body}.`), jti: "other" })).toString("base64url");
    const forger = withToken(`${head}.${claims}.${signature}`);
    expect((await whoami(forger)).code).toBe(401);
    forger.close();
    const unsigned = withToken(`${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`);
    expect((await whoami(unsigned)).code).toBe(401);
    unsigned.close();
  });

  it("holds a token to its audiences", async () => {
    const { namespace } = bench();
    await account("caller");
    const token = await tokenOf("caller", { audiences: ["vault"] });
    expect(claimsOf(token)["aud"]).toEqual(["vault"]);
    const caller = withToken(token);
    expect((await whoami(caller)).code).toBe(401);
    caller.close();
    expect(await review({ token, audiences: ["vault", "other"] })).toMatchObject({
      authenticated: true,
      audiences: ["vault"],
      user: { username: `system:serviceaccount:${namespace}:caller` },
    });
    expect((await review({ token }))["authenticated"]).toBeFalsy();
    expect((await review({ token: await tokenOf("caller") }))["authenticated"]).toBe(true);
    expect(await review({ token: "guessed" })).toMatchObject({ error: expect.any(String) as string });
  });

  it("binds a token to an object, and refuses what can't be bound", async () => {
    const { client, namespace } = bench();
    await account("bound");
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    const { body: secret } = await client.post(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "anchor" },
    });
    const ref = { apiVersion: "v1", kind: "Secret", name: "anchor", uid: secret.metadata.uid };
    const token = await tokenOf("bound", { boundObjectRef: ref });
    const holder = withToken(token);
    expect((await whoami(holder)).code).toBe(201);
    await client.delete(`${secrets}/anchor`);
    await until(async () => (await whoami(holder)).code === 401, "the token to end with its secret");
    holder.close();
    expect((await request("bound", { boundObjectRef: ref })).code).toBe(404);
    expect(
      (await request("bound", { boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } })).code,
    ).toBeGreaterThanOrEqual(400);
    expect((await request("nobody")).code).toBe(404);
    const brief = await request("bound", { expirationSeconds: 10 });
    expect([brief.code, brief.body.details.causes[0]?.field]).toEqual([422, "spec.expirationSeconds"]);
  });

  it("lets an administrator act as others, with groups, uid and extra", async () => {
    const { client } = bench();
    const self = await whoami(client, {
      "impersonate-user": "jane",
      "impersonate-group": "devs",
      "impersonate-uid": "u-1",
      "impersonate-extra-scopes": "view",
    });
    expect(self.body.status["userInfo"]).toEqual({
      username: "jane",
      uid: "u-1",
      groups: ["devs", "system:authenticated"],
      extra: { scopes: ["view"] },
    });
    const robot = await whoami(client, { "impersonate-user": "system:serviceaccount:a:b" });
    expect((robot.body.status["userInfo"] as { groups: string[] }).groups.toSorted()).toEqual([
      "system:authenticated",
      "system:serviceaccounts",
      "system:serviceaccounts:a",
    ]);
  });

  it("lets nobody else act as others", async () => {
    const { namespace } = bench();
    await account("plain");
    const plain = withToken(await tokenOf("plain"));
    const refused = await whoami(plain, { "impersonate-user": "jane" });
    expect(refused.code).toBe(403);
    expect(refused.body.message).toContain(`User "system:serviceaccount:${namespace}:plain" cannot impersonate`);
    plain.close();
  });

  it("says what others check tokens with", async () => {
    const { client } = bench();
    const configuration = await client.get("/.well-known/openid-configuration");
    expect(configuration.body["issuer"]).toBe(claimsOf(await tokenOf("default"))["iss"]);
    const keys = (await client.get("/openid/v1/jwks", { accept: "application/jwk-set+json" })).text;
    expect((JSON.parse(keys) as { keys: { use: string }[] }).keys[0]?.use).toBe("sig");
  });
});
