import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigMap } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { Fault } from "#events/fault.ts";
import { connect, type KubeCluster } from "#events/kubernetes.ts";

interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
});

/** A cluster at a server that answers as the test says. */
async function at(
  answer: (asked: Asked, response: ServerResponse, count: number) => void,
  options: { readonly timeoutMilliseconds?: number } = {},
): Promise<{ readonly cluster: KubeCluster; readonly asked: Asked[]; readonly sockets: Set<Socket> }> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const one = { line: `${request.method} ${request.url}`, headers: request.headers, body };
      asked.push(one);
      answer(one, response, asked.length);
    });
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "test", server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, skipTLSVerify: true },
    { name: "test", token: "secret" },
  );
  const cluster = await connect(config, options);
  running.push(async () => {
    cluster.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { cluster, asked, sockets };
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

const stored: Stored<ConfigMap> = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion: "5", creationTimestamp: "2026-01-01T00:00:00Z" },
  data: { a: "1" },
};

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error("no fault was thrown");
}

describe("a request to the API server", () => {
  it("goes to its path with the credentials of the kubeconfig", async () => {
    const { cluster, asked } = await at((_, response) => reply(response, 200, stored));
    expect(await cluster.get(ConfigMap, { namespace: "ns", name: "a" })).toEqual(stored);
    expect(asked[0]?.line).toBe("GET /base/api/v1/namespaces/ns/configmaps/a");
    expect(asked[0]?.headers.authorization).toBe("Bearer secret");
  });

  it("patches the difference, on condition that the version is the one that was read", async () => {
    const { cluster, asked } = await at((_, response) => reply(response, 200, stored));
    await cluster.patch(ConfigMap, stored, { ...stored, data: { b: "2" } }, "object");
    expect(asked[0]?.line).toBe("PATCH /base/api/v1/namespaces/ns/configmaps/a?fieldManager=virtive");
    expect(asked[0]?.headers["content-type"]).toBe("application/merge-patch+json");
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual({
      data: { a: null, b: "2" },
      metadata: { uid: "u", resourceVersion: "5" },
    });
  });

  it("asks nothing when nothing differs", async () => {
    const { cluster, asked } = await at((_, response) => reply(response, 500, {}));
    expect(await cluster.patch(ConfigMap, stored, { ...stored }, "object")).toBe(stored);
    expect(asked).toEqual([]);
  });

  it("deletes on condition of the uid", async () => {
    const { cluster, asked } = await at((_, response) => reply(response, 200, {}));
    await cluster.remove(ConfigMap, stored, { gracePeriodSeconds: 0 });
    expect(JSON.parse(asked[0]?.body ?? "")).toMatchObject({ preconditions: { uid: "u" }, gracePeriodSeconds: 0 });
  });

  it("collects all pages of a list", async () => {
    const page = (name: string, next?: string) => ({
      metadata: { resourceVersion: "9", ...(next === undefined ? {} : { continue: next }) },
      items: [{ metadata: { ...stored.metadata, name } }],
    });
    const { cluster, asked } = await at((_, response, count) =>
      reply(response, 200, count === 1 ? page("a", "more") : page("b")),
    );
    const items = await cluster.list(ConfigMap, { namespace: "ns", labels: { app: "x", run: "y" } });
    expect(items.map(({ kind, apiVersion, metadata }) => [apiVersion, kind, metadata.name])).toEqual([
      ["v1", "ConfigMap", "a"],
      ["v1", "ConfigMap", "b"],
    ]);
    expect(asked.map(({ line }) => line)).toEqual([
      "GET /base/api/v1/namespaces/ns/configmaps?limit=500&labelSelector=app%3Dx%2Crun%3Dy",
      "GET /base/api/v1/namespaces/ns/configmaps?limit=500&labelSelector=app%3Dx%2Crun%3Dy&continue=more",
    ]);
  });

  it("uses one connection for requests that follow each other", async () => {
    const { cluster, sockets } = await at((_, response) => reply(response, 200, stored));
    for (let index = 0; index < 5; index += 1) await cluster.get(ConfigMap, { namespace: "ns", name: "a" });
    expect(sockets.size).toBe(1);
  });

  it("is asked once more when the kept connection turned out to be closed", async () => {
    const { cluster, asked } = await at((_, response, count) => {
      if (count === 2) response.socket?.destroy();
      else reply(response, 200, stored);
    });
    for (let index = 0; index < 2; index += 1) await cluster.get(ConfigMap, { namespace: "ns", name: "a" });
    expect(asked.length).toBe(3);
  });

  it("reads the credentials again when they are refused", async () => {
    const { cluster, asked } = await at((_, response, count) =>
      count === 1 ? reply(response, 401, { kind: "Status", reason: "Unauthorized" }) : reply(response, 200, stored),
    );
    expect((await cluster.get(ConfigMap, { namespace: "ns", name: "a" }))?.metadata.uid).toBe("u");
    expect(asked.length).toBe(2);
  });
});

describe("an error of the API server", () => {
  const status = (reason: string, more: object = {}): object => ({ kind: "Status", reason, message: "why", ...more });

  it.each<[number, string, Fault["kind"]]>([
    [400, "BadRequest", "refused"],
    [401, "Unauthorized", "later"],
    [403, "Forbidden", "refused"],
    [404, "NotFound", "stale"],
    [409, "Conflict", "stale"],
    [422, "Invalid", "refused"],
    [429, "TooManyRequests", "later"],
    [500, "InternalError", "later"],
    [503, "ServiceUnavailable", "later"],
    [504, "Timeout", "later"],
  ])("%i to a patch is a fault with its reason: %s is %s", async (code, reason, kind) => {
    const { cluster } = await at((_, response) => reply(response, code, status(reason)));
    const fault = await faultOf(cluster.patch(ConfigMap, stored, { ...stored, data: {} }, "object"));
    expect([fault.kind, fault.reason]).toEqual([kind, reason]);
    expect(fault.message).toBe("patch ConfigMap ns/a: why");
  });

  it("names the fields", async () => {
    const causes = [{ reason: "FieldValueInvalid", field: "spec.cpu", message: "too many" }];
    const { cluster } = await at((_, response) => reply(response, 422, status("Invalid", { details: { causes } })));
    expect((await faultOf(cluster.create(ConfigMap, stored))).causes).toEqual(causes);
  });

  it("passes on how long to wait, from the header or the body", async () => {
    const byHeader = await at((_, response) => reply(response, 429, status("TooManyRequests"), { "retry-after": "3" }));
    expect((await faultOf(byHeader.cluster.list(ConfigMap))).retryAfterSeconds).toBe(3);
    const byBody = await at((_, response) =>
      reply(response, 503, status("Down", { details: { retryAfterSeconds: 4 } })),
    );
    expect((await faultOf(byBody.cluster.list(ConfigMap))).retryAfterSeconds).toBe(4);
  });

  it("that is no Status, such as a proxy's page, is told by its code", async () => {
    const { cluster } = await at((_, response) => void response.writeHead(502).end("<html>"));
    expect(await faultOf(cluster.list(ConfigMap))).toMatchObject({ kind: "later", reason: "HTTP502" });
  });

  it("is later when nobody answers, or not in time", async () => {
    const { cluster } = await at(() => undefined, { timeoutMilliseconds: 50 });
    expect(await faultOf(cluster.list(ConfigMap))).toMatchObject({ kind: "later", reason: "APIServerUnreachable" });
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: "none", server: "http://127.0.0.1:1", skipTLSVerify: true },
      { name: "none" },
    );
    const nobody = await connect(config);
    expect(await faultOf(nobody.list(ConfigMap))).toMatchObject({ kind: "later", reason: "APIServerUnreachable" });
    nobody.close();
  });
});

describe("a watch", () => {
  const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
  const live = (): AbortSignal => AbortSignal.timeout(5000);
  /** A server that is at version 9; `asked` has the watches. */
  const watched = async (answer: (response: ServerResponse) => void) => {
    const watches: Asked[] = [];
    const { cluster } = await at((one, response) => {
      if (/\?limit=1$/.test(one.line)) return reply(response, 200, { metadata: { resourceVersion: "9" }, items: [] });
      watches.push(one);
      answer(response);
    });
    return { cluster, asked: watches };
  };

  it("reads notices however they are cut into packets", async () => {
    const bytes = Buffer.from(
      line("ADDED", { ...stored, data: { a: "é€😀" } }) + line("BOOKMARK", { metadata: { resourceVersion: "8" } }),
    );
    const { cluster, asked } = await watched((response) => {
      response.writeHead(200);
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    });
    const notices: unknown[] = [];
    await cluster.watch(ConfigMap, "5", (notice) => notices.push(notice), live());
    expect(notices).toEqual([
      { type: "ADDED", object: { ...stored, data: { a: "é€😀" } } },
      { type: "BOOKMARK", resourceVersion: "8" },
    ]);
    expect(asked[0]?.line).toMatch(
      /^GET \/base\/api\/v1\/configmaps\?watch=true&allowWatchBookmarks=true&resourceVersion=5&/,
    );
  });

  it.each([
    [
      "as a status",
      (response: ServerResponse) => reply(response, 410, { kind: "Status", code: 410, reason: "Expired" }),
    ],
    [
      "in the stream",
      (response: ServerResponse) => void response.end(line("ERROR", { kind: "Status", code: 410, reason: "Expired" })),
    ],
  ])("from a version that is too old is stale, told %s", async (_, answer) => {
    const { cluster } = await watched(answer);
    expect(await faultOf(cluster.watch(ConfigMap, "1", () => undefined, live()))).toMatchObject({
      kind: "stale",
      reason: "Expired",
    });
  });

  it("is later when the stream breaks off or says nonsense", async () => {
    const broken = await watched((response) => {
      response.writeHead(200);
      response.write(line("ADDED", stored), () => response.socket?.destroy());
    });
    expect((await faultOf(broken.cluster.watch(ConfigMap, "1", () => undefined, live()))).kind).toBe("later");
    const nonsense = await watched((response) => void response.end("nonsense\n"));
    expect(await faultOf(nonsense.cluster.watch(ConfigMap, "1", () => undefined, live()))).toMatchObject({
      kind: "later",
      reason: "MalformedWatch",
    });
  });

  it("ends quietly when its signal aborts, before or while it runs", async () => {
    const { cluster, asked } = await watched((response) => void response.writeHead(200).write(line("ADDED", stored)));
    await cluster.watch(ConfigMap, "1", () => undefined, AbortSignal.abort());
    expect(asked).toEqual([]);
    const ending = new AbortController();
    await cluster.watch(ConfigMap, "1", () => ending.abort(), ending.signal);
    expect(asked.length).toBe(1);
  });

  it("from a version that the server has not come to is stale: it was restored to what it was before", async () => {
    const { cluster, asked } = await watched((response) => void response.writeHead(200));
    const fault = await faultOf(cluster.watch(ConfigMap, "10", () => undefined, live()));
    expect(fault).toMatchObject({ kind: "stale", reason: "VersionAhead" });
    expect(fault.message).toContain("the server is at version 9, before 10");
    expect(asked).toEqual([]);
  });
});

describe("a kubeconfig that can't be used", () => {
  it("is refused, saying why", async () => {
    expect(await faultOf(connect("/nowhere/kubeconfig"))).toMatchObject({ kind: "refused", reason: "BadKubeconfig" });
    expect(await faultOf(connect(new KubeConfig()))).toMatchObject({ kind: "refused", reason: "BadKubeconfig" });
  });
});

describe("credentials that can't be had", () => {
  it("may be had later: whoever asks for them tries again", async () => {
    const config = new KubeConfig();
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "false", interactiveMode: "Never" };
    config.loadFromOptions({
      clusters: [{ name: "test", server: "http://127.0.0.1:1" }],
      users: [{ name: "test", exec }],
      contexts: [{ name: "test", cluster: "test", user: "test" }],
      currentContext: "test",
    });
    const cluster = await connect(config);
    running.push(async () => cluster.close());
    const fault = await faultOf(cluster.get(ConfigMap, { namespace: "ns", name: "a" }));
    expect(fault).toMatchObject({ kind: "later", reason: "NoCredentials" });
  });
});
