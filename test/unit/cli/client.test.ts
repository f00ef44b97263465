import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { openPki, type Pki } from "#local/pki.ts";
import { Client } from "../../../cli/client.ts";
import { exitCodeOf } from "../../../cli/exit.ts";

let directory: string;
let pki: Pki;
let server: Server;
let origin: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "virtive-client-"));
  pki = await openPki(join(directory, "pki"));
  server = createServer({ ...pki.server }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function clientOf(url: string): Promise<Client> {
  const path = join(directory, "kubeconfig");
  await writeFile(
    path,
    stringify({
      "current-context": "here",
      "contexts": [{ name: "here", context: { cluster: "c", user: "u" } }],
      "clusters": [{ name: "c", cluster: { "server": url, "certificate-authority-data": base64(pki.authority) } }],
      "users": [{ name: "u", user: { token: "t" } }],
    }),
  );
  return Client.open(path);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable("it worked"),
    (thrown: unknown) => thrown,
  );

async function linesOf(client: Client): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of client.lines("/stream", new AbortController().signal)) lines.push(line);
  return lines;
}

describe("the command line's client", () => {
  it.each(["/k8s/clusters/c-1", "/k8s/clusters/c-1/"])("asks below the server's own path %s", async (prefix) => {
    asked = [];
    answer = (_request, response) => response.end("{}");
    const client = await clientOf(`${origin}${prefix}`);
    await client.send("GET", "/api/v1/nodes?limit=1");
    expect(asked).toEqual(["GET /k8s/clusters/c-1/api/v1/nodes?limit=1"]);
    const upgraded = new Promise<string | undefined>((resolve) =>
      server.once("upgrade", (request, socket) => {
        resolve(request.url);
        socket.destroy();
      }),
    );
    await thrownBy(client.websocket("/console"));
    expect(await upgraded).toBe("/k8s/clusters/c-1/console");
  });

  it("says which server broke a stream, and what to do", async () => {
    answer = (_request, response) => {
      response.write("one\n");
      setImmediate(() => response.socket?.destroy());
    };
    const error = await thrownBy(linesOf(await clientOf(origin)));
    expect(error).toMatchObject({ reason: "ConnectionLost" });
    expect((error as Error).message).toContain(`the connection to ${origin} broke`);
    expect((error as Error).message).toMatch(/virtive status/);
    expect((error as Error).message).not.toMatch(/ECONNRESET|aborted/);
    expect(exitCodeOf(error)).toBe(3);
  });

  it("says the same of an answer that breaks off", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
      setImmediate(() => response.socket?.destroy());
    };
    const error = await thrownBy((await clientOf(origin)).send("GET", "/api"));
    expect(error).toMatchObject({ reason: "ConnectionLost" });
  });

  it("says that nothing listens", async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const error = await thrownBy((await clientOf(`https://127.0.0.1:${port}`)).send("GET", "/api"));
    expect((error as Error).message).toContain(`https://127.0.0.1:${port} does not answer: nothing listens there`);
    expect(exitCodeOf(error)).toBe(3);
  });

  it("says that an answer is not JSON", async () => {
    answer = (_request, response) => response.end("<html>\n sign in");
    const error = await thrownBy((await clientOf(origin)).send("GET", "/api"));
    expect((error as Error).message).toBe(`${origin} answers what is not JSON: "<html> sign in"`);
  });
});
