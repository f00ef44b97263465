/** What is particular to the embedded server: its seams, its bounds, its restart. The rest is the contract suite's. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { Hono } from "hono";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Admission, AdmissionRequest } from "#local/apiserver/admission/admission.ts";
import type { ApiServerOptions } from "#local/apiserver/server.ts";
import { Client, until } from "../../contract/kubernetes/client.ts";
import { startEmbedded, type EmbeddedServer } from "../../contract/kubernetes/servers.ts";
import { widget as widgetOf, widgetDefinition } from "../../contract/kubernetes/widget.ts";

const GROUP = "unit.example.com";
const WIDGETS = `/apis/${GROUP}/v1/namespaces/default/widgets`;
const widget = (name: string, spec: object = {}, metadata: object = {}) => widgetOf(GROUP, name, spec, metadata);

let home = "";
let running: EmbeddedServer | undefined;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-apiserver-"));
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<ApiServerOptions> = {}): Promise<EmbeddedServer> {
  running = await startEmbedded(options, home);
  await running.client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition(GROUP));
  return running;
}

/** Judges widgets only; remembers what it was asked. */
function judge(
  answer: (request: AdmissionRequest) => Awaited<ReturnType<Admission["review"]>>,
): Admission & { readonly asked: AdmissionRequest[] } {
  const asked: AdmissionRequest[] = [];
  return {
    asked,
    review(request) {
      if (request.kind.kind !== "Widget") return Promise.resolve({ allowed: true });
      asked.push(request);
      return Promise.resolve(answer(request));
    },
  };
}

test("asks the admission before each write, with what was and what will be", async () => {
  const admission = judge(() => ({ allowed: true }));
  const { client } = await start({ admission });
  await client.post(`${WIDGETS}?dryRun=All`, widget("a"));
  await client.post(WIDGETS, widget("a"));
  await client.patch(`${WIDGETS}/a`, { spec: { size: 2 } });
  await client.patch(`${WIDGETS}/a/status`, { status: { phase: "Up" } });
  await client.delete(`${WIDGETS}/a`);
  expect(admission.asked.map(({ operation, subresource, dryRun }) => [operation, subresource, dryRun])).toEqual([
    ["CREATE", undefined, true],
    ["CREATE", undefined, false],
    ["UPDATE", undefined, false],
    ["UPDATE", "status", false],
    ["DELETE", undefined, false],
  ]);
  const update = admission.asked[2];
  expect(update).toMatchObject({
    namespace: "default",
    name: "a",
    kind: { group: GROUP, version: "v1", plural: "widgets", namespaced: true },
  });
  expect(update?.object).toMatchObject({ spec: { size: 2, colour: "red" } });
  expect(update?.oldObject).toMatchObject({ spec: { size: 1 } });
  expect(update?.user.groups).toContain("system:masters");
});

test("stores what the admission makes of an object, but not as another object", async () => {
  const admission = judge(({ object }) => {
    if (object === undefined) return { allowed: true };
    const changed = {
      ...object,
      metadata: { ...object.metadata, name: "other", uid: "forged", labels: { seen: "yes" } },
      spec: { size: 42 },
    };
    return { allowed: true, object: changed, warnings: ["look out"] };
  });
  const { client } = await start({ admission });
  const { body, warnings } = await client.post(WIDGETS, widget("mine"));
  expect(body).toMatchObject({
    metadata: { name: "mine", labels: { seen: "yes" } },
    spec: { size: 42, colour: "red" },
  });
  expect(body.metadata.uid).not.toBe("forged");
  expect(warnings).toEqual(["look out"]);
});

test("validates what the admission returns", async () => {
  const admission = judge(({ object }) => ({
    allowed: true,
    ...(object === undefined ? {} : { object: { ...object, spec: { size: "huge" } } }),
  }));
  const { client } = await start({ admission });
  expect((await client.post(WIDGETS, widget("a"))).code).toBe(422);
});

test("passes on the admission's refusal with its causes", async () => {
  const causes = [{ reason: "FieldValueInvalid", field: "spec.size", message: "too odd" }];
  const admission = judge(() => ({ allowed: false, status: { code: 422, reason: "Invalid", message: "no", causes } }));
  const { client } = await start({ admission });
  const { code, body } = await client.post(WIDGETS, widget("a"));
  expect(code).toBe(422);
  expect(body).toMatchObject({ kind: "Status", reason: "Invalid", message: "no", details: { causes } });
  expect((await client.get(`${WIDGETS}/a`)).code).toBe(404);
});

test("hands an aggregated group's paths to its app, which learns who asks", async () => {
  const app = new Hono();
  app.get("/apis/sub.example.com/v1", (c) =>
    c.json({
      kind: "APIResourceList",
      groupVersion: "sub.example.com/v1",
      resources: [{ name: "widgets/spin", namespaced: true, kind: "", verbs: ["update"] }],
    }),
  );
  app.put("/apis/sub.example.com/v1/*", async (c) =>
    c.json({
      path: c.req.path,
      user: c.req.header("x-remote-user"),
      groups: c.req.header("x-remote-group"),
      extra: c.req.header("x-remote-extra-a") ?? null,
      body: await c.req.json(),
    }),
  );
  const { client, server } = await start();
  server.addAggregated({ group: "sub.example.com", version: "v1", app });
  const { code, body } = await client.put(
    "/apis/sub.example.com/v1/namespaces/a/widgets/b/spin",
    { fast: true },
    { headers: { "x-remote-user": "forged", "x-remote-extra-a": "forged" } },
  );
  expect(code).toBe(200);
  expect(body).toMatchObject({
    path: "/apis/sub.example.com/v1/namespaces/a/widgets/b/spin",
    extra: null,
    body: { fast: true },
  });
  expect(body.user).not.toBe("forged");
  expect(body.groups).toContain("system:authenticated");
  expect(JSON.stringify((await client.get("/apis")).body)).toContain("sub.example.com/v1");
  const service = await until(async () => {
    const answer = await client.get("/apis/apiregistration.k8s.io/v1/apiservices/v1.sub.example.com");
    return answer.code === 200 ? answer.body : undefined;
  }, "the APIService");
  expect(service.status.conditions[0]).toMatchObject({ type: "Available", status: "True" });
  expect((await client.post("/apis/apiregistration.k8s.io/v1/apiservices", service)).code).toBe(405);
});

test("hands upgrades to the aggregated API, for known users only", async () => {
  const users: string[] = [];
  const { access, server } = await start();
  server.addAggregated({
    group: "sub.example.com",
    version: "v1",
    app: new Hono(),
    upgrade(_request, socket, _head, user) {
      users.push(user.username);
      socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n");
    },
  });
  const upgrade = (credentials: object, target: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { connection: "Upgrade", upgrade: "test" };
      const request = https.request(`${access.url}${target}`, { ca: access.ca, ...credentials, headers, agent: false });
      request.on("upgrade", (response, socket) => {
        socket.destroy();
        resolve(response.statusCode ?? 0);
      });
      request.on("response", (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      request.on("error", reject);
      request.end();
    });
  const { cert, key } = access;
  expect(await upgrade({ cert, key }, "/apis/sub.example.com/v1/console")).toBe(101);
  expect(await upgrade({}, "/apis/sub.example.com/v1/console")).toBe(403);
  expect(await upgrade({ cert, key }, "/api/v1/namespaces")).toBe(404);
  expect(users).toHaveLength(1);
});

test("knows users by token and asks its authorizer", async () => {
  const tokens = [{ token: "sesame", user: { username: "ali", groups: ["thieves"] } }];
  const { access, client } = await start({
    tokens,
    authorizer: {
      authorize: ({ user, verb }) =>
        user.username !== "ali" || verb === "get" || verb === "create"
          ? { allowed: true }
          : { allowed: false, reason: "thieves only look" },
    },
  });
  await client.post(WIDGETS, widget("cave"));
  const ali = new Client({ url: access.url, ca: access.ca, token: "sesame" });
  expect((await ali.get(`${WIDGETS}/cave`)).code).toBe(200);
  const refused = await ali.delete(`${WIDGETS}/cave`);
  expect(refused.code).toBe(403);
  expect(refused.body.message).toContain("thieves only look");
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb: "delete", resource: "widgets" } },
  };
  expect((await ali.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)).body.status).toEqual({
    allowed: false,
    reason: "thieves only look",
  });
  const self = await ali.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", { kind: "SelfSubjectReview" });
  expect(self.body.status.userInfo).toEqual({ username: "ali", groups: ["thieves", "system:authenticated"] });
  ali.close();
});

test("refuses a client certificate of another authority", async () => {
  const { access } = await start();
  const other = await mkdtemp(path.join(tmpdir(), "virtive-other-"));
  const stranger = await startEmbedded({}, other);
  const forged = new Client({ ...stranger.access, url: access.url, ca: access.ca });
  expect((await forged.get("/api/v1/namespaces")).code).toBe(401);
  forged.close();
  await stranger.stop();
  await rm(other, { recursive: true, force: true });
});

test("counts writes that changed something", async () => {
  const { client, server } = await start();
  await client.post(WIDGETS, widget("a"));
  await client.post(WIDGETS, widget("a"));
  await client.post(`${WIDGETS}?dryRun=All`, widget("b"));
  await client.patch(`${WIDGETS}/a/status`, { status: { phase: "Up" } });
  await client.patch(`${WIDGETS}/a/status`, { status: { phase: "Up" } });
  const counts = server.writes().filter(({ kind }) => kind === "Widget");
  expect(counts).toEqual([
    { group: GROUP, kind: "Widget", verb: "create", subresource: "", count: 1 },
    { group: GROUP, kind: "Widget", verb: "patch", subresource: "status", count: 1 },
  ]);
});

test("goes on after a restart: objects, kinds, versions and watches", async () => {
  const first = await start();
  const { body } = await first.client.post(WIDGETS, widget("kept", { colour: "blue" }));
  await first.client.post(WIDGETS, widget("later"));
  await first.stop();
  const second = await start();
  expect((await second.client.get(`${WIDGETS}/kept`)).body).toEqual(body);
  expect((await second.client.get(`${WIDGETS}?fieldSelector=spec.colour%3Dblue`)).body.items).toHaveLength(1);
  const watch = await second.client.watch(`${WIDGETS}?resourceVersion=${body.metadata.resourceVersion}`);
  expect(await watch.names(1)).toEqual(["ADDED later"]);
  watch.stop();
  const next = await second.client.post(WIDGETS, widget("new"));
  expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion) + 1);
});

test("finishes a clean-up that it was stopped in", async () => {
  const first = await start();
  const owner = await first.client.post(WIDGETS, widget("owner"));
  const reference = {
    apiVersion: `${GROUP}/v1`,
    kind: "Widget",
    name: "owner",
    uid: owner.body.metadata.uid,
    blockOwnerDeletion: true,
  };
  await first.client.post(
    WIDGETS,
    widget("child", {}, { ownerReferences: [reference], finalizers: ["example.com/hold"] }),
  );
  await first.client.delete(`${WIDGETS}/owner`, { propagationPolicy: "Foreground" });
  await first.stop();
  const second = await start();
  await second.client.patch(`${WIDGETS}/child`, { metadata: { finalizers: null } });
  await until(async () => (await second.client.get(`${WIDGETS}/child`)).code === 404, "the child to go");
  await until(async () => (await second.client.get(`${WIDGETS}/owner`)).code === 404, "the owner to go");
});

test("answers 410 to those who want to go on from a version that is compacted", async () => {
  const { client } = await start({ window: { changes: 16, characters: 1_000_000 } });
  await client.post(WIDGETS, widget("a"));
  await client.post(WIDGETS, widget("b"));
  const page = await client.get(`${WIDGETS}?limit=1`);
  for (let size = 2; size < 40; size++) await client.patch(`${WIDGETS}/a`, { spec: { size } });
  await expect(client.watch(`${WIDGETS}?resourceVersion=${page.body.metadata.resourceVersion}`)).rejects.toThrow("410");
  const rest = await client.get(`${WIDGETS}?limit=1&continue=${page.body.metadata.continue}`);
  expect(rest.code).toBe(410);
  expect(rest.body.reason).toBe("Expired");
  expect((await client.get(`${WIDGETS}?resourceVersion=999999999`)).code).toBe(504);
});

test("ends a watch whose client does not read, once it has fallen behind", async () => {
  const { client, access } = await start({ window: { changes: 32, characters: 100_000_000 } });
  await client.post(WIDGETS, widget("busy"));
  const { host, port } = { host: "127.0.0.1", port: Number(new URL(access.url).port) };
  const { ca, cert = "", key = "" } = access;
  const socket = tls.connect({ host, port, ca, cert, key });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  socket.write(`GET ${WIDGETS}?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const text = "x".repeat(100_000);
  for (let index = 0; index < 200; index++) await client.patch(`${WIDGETS}/busy`, { spec: { free: { text, index } } });
  let received = "";
  socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
  socket.resume();
  await until(async () => received.includes('"type":"ERROR"'), "the watch to be told");
  expect(received).toContain('"code":410');
  // Of 200 changes it saw those that fitted into the connection's buffers, not all.
  expect(received.split('"type":"MODIFIED"').length).toBeLessThan(180);
  socket.destroy();
});

test("reminds watchers of how far they are", async () => {
  const { client } = await start({ watches: { bookmarkIntervalMilliseconds: 20 } });
  const { body } = await client.get(WIDGETS);
  const watch = await client.watch(
    `${WIDGETS}?allowWatchBookmarks=true&resourceVersion=${body.metadata.resourceVersion}`,
  );
  const made = await client.post("/api/v1/namespaces/default/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "c" },
  });
  const bookmark = await watch.next();
  expect(bookmark).toMatchObject({
    type: "BOOKMARK",
    object: { kind: "Widget", metadata: { resourceVersion: made.body.metadata.resourceVersion } },
  });
  watch.stop();
});

test("refuses an object that grows too large, and names the limit", async () => {
  const { client } = await start();
  await client.post(WIDGETS, widget("grown", { free: { a: "x".repeat(900_000) } }));
  const { code, body } = await client.patch(`${WIDGETS}/grown`, { spec: { free: { b: "x".repeat(900_000) } } });
  expect(code).toBe(413);
  expect(body.reason).toBe("RequestEntityTooLarge");
  expect(body.message).toContain("at most 1572864 bytes");
});

test("ends connections that send too slowly, and those that are too many", async () => {
  const { client, access } = await start({ requestTimeoutMilliseconds: 300, maxConnections: 4 });
  const { ca, cert = "", key = "" } = access;
  const port = Number(new URL(access.url).port);
  const slow = tls.connect({ host: "127.0.0.1", port, ca, cert, key });
  let answer = "";
  slow.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
  const ended = new Promise((resolve) => slow.on("close", resolve));
  slow.write(
    `POST ${WIDGETS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
  );
  await ended;
  expect(answer).toMatch(/^HTTP\/1.1 40[08]/);
  const many = Array.from({ length: 10 }, () => tls.connect({ host: "127.0.0.1", port, ca, cert, key }));
  const outcomes = await Promise.all(
    many.map(
      (socket) =>
        new Promise<string>((resolve) =>
          socket
            .once("secureConnect", () => resolve("in"))
            .once("error", () => resolve("out"))
            .once("close", () => resolve("out")),
        ),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === "in").length).toBeLessThanOrEqual(4);
  for (const socket of many) socket.destroy();
  await until(
    async () => (await client.get("/readyz").catch(() => undefined))?.code === 200,
    "the server to be reachable",
  );
});

test("closes its watches and connections when it stops", async () => {
  const server = await start();
  const watch = await server.client.watch(WIDGETS);
  await server.stop();
  running = undefined;
  expect(await watch.next()).toBeUndefined();
});

/** Judges widgets called "late" only once it is told to. */
function patientJudge(): Admission & { readonly asked: Promise<void>; answer(): void } {
  const asked = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  return {
    asked: asked.promise,
    answer: told.resolve,
    async review({ name }) {
      if (name !== "late") return { allowed: true };
      asked.resolve();
      await told.promise;
      return { allowed: true };
    },
  };
}

test("makes nothing in a namespace that has gone while the admission was asked", async () => {
  const admission = patientJudge();
  const { client } = await start({ admission });
  await client.post("/api/v1/namespaces", { metadata: { name: "short" } });
  const widgets = `/apis/${GROUP}/v1/namespaces/short/widgets`;
  const late = client.post(widgets, { ...widget("late"), metadata: { name: "late" } });
  await admission.asked;
  await client.delete("/api/v1/namespaces/short");
  await until(async () => (await client.get("/api/v1/namespaces/short")).code === 404, "the namespace's end");
  admission.answer();
  expect((await late).code).toBe(404);
  expect((await client.get(`/apis/${GROUP}/v1/widgets`)).body.items).toEqual([]);
});

test("makes nothing of a kind that has gone while the admission was asked", async () => {
  const admission = patientJudge();
  const { client } = await start({ admission });
  const late = client.post(WIDGETS, widget("late"));
  await admission.asked;
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await client.delete(`${definitions}/widgets.${GROUP}`);
  await until(async () => (await client.get(`${definitions}/widgets.${GROUP}`)).code === 404, "the definition's end");
  admission.answer();
  expect((await late).code).toBe(404);
  await client.post(definitions, widgetDefinition(GROUP));
  expect((await client.get(WIDGETS)).body.items).toEqual([]);
});

test("starts with a new key for tokens where a power cut has left an empty one", async () => {
  await (await start()).stop();
  await writeFile(path.join(home, "data", "service-accounts.key"), "");
  running = await startEmbedded({}, home);
  const { client } = running;
  const asked = await client.post("/api/v1/namespaces/default/serviceaccounts/default/token", {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {},
  });
  expect(asked.code).toBe(201);
});

test("empties a namespace of all that may go, though something in it may not go yet", async () => {
  let holds = true;
  const admission = judge(({ operation, name }) =>
    operation === "DELETE" && name === "a-held" && holds
      ? { allowed: false, status: { code: 409, reason: "Conflict", message: "not yet" } }
      : { allowed: true },
  );
  const { client } = await start({ admission });
  await client.post("/api/v1/namespaces", { metadata: { name: "short" } });
  const widgets = `/apis/${GROUP}/v1/namespaces/short/widgets`;
  for (const name of ["a-held", "b", "c"]) await client.post(widgets, { ...widget(name), metadata: { name } });
  await client.delete("/api/v1/namespaces/short");
  const left = async () => (await client.get(widgets)).body.items.map(({ metadata }) => metadata.name);
  await until(async () => (await left()).join() === "a-held", "all but the held widget's end");
  holds = false;
  await until(async () => (await client.get("/api/v1/namespaces/short")).code === 404, "the namespace's end");
});
