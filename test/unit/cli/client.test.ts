import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
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

  it("takes for one line what JSON writes on one, whatever its texts hold", async () => {
    const line = JSON.stringify({ message: "one\u2028two\u2029three\u0085four" });
    answer = (_request, response) => {
      const bytes = Buffer.from(`${line}\n\n{"last":1}`);
      response.write(bytes.subarray(0, 18)); // in the middle of a character
      setTimeout(() => response.end(bytes.subarray(18)), 10);
    };
    expect(await linesOf(await clientOf(origin))).toEqual([line, "", '{"last":1}']);
  });

  it("ends a stream that is called off before its answer has begun, and calls that no fault", async () => {
    const stop = new AbortController();
    answer = () => stop.abort();
    const lines: string[] = [];
    for await (const line of (await clientOf(origin)).lines("/stream", stop.signal)) lines.push(line);
    expect(lines).toEqual([]);
  });

  it("misses nothing that a websocket brings along with its handshake", async () => {
    server.once("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
      const more = [`Sec-WebSocket-Accept: ${accept}`, "Sec-WebSocket-Protocol: plain.kubevirt.io"];
      const message = Buffer.from("login: ");
      const frame = Buffer.concat([Buffer.from([0x82, message.length]), message]);
      socket.write(Buffer.concat([Buffer.from(`${[...head, ...more].join("\r\n")}\r\n\r\n`), frame]));
      socket.on("error", () => socket.destroy());
    });
    const socket = await (await clientOf(origin)).websocket("/console");
    const first = await new Promise<string>((resolve) => {
      socket.once("message", (data: Buffer) => resolve(data.toString()));
      socket.once("close", () => resolve("nothing"));
      setTimeout(() => socket.terminate(), 2_000);
    });
    socket.terminate();
    expect(first).toBe("login: ");
  });

  it("says that an answer is not JSON", async () => {
    answer = (_request, response) => response.end("<html>\n sign in");
    const error = await thrownBy((await clientOf(origin)).send("GET", "/api"));
    expect((error as Error).message).toBe(`${origin} answers what is not JSON: "<html> sign in"`);
  });
});
