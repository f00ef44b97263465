/** Over real connections: what Node's own server breaks. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import tls, { type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTlsServer, ofConnection } from "#events/tls-server.ts";
import { openPki, type Pki } from "#local/pki.ts";

/** More than the system keeps for a client that does not read. */
const LARGE_ANSWER = Buffer.alloc(24 * 1024 * 1024, "a");
const LARGE_REQUEST = Buffer.alloc(200_000, "b");

let home = "";
let pki: Pki;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-tls-"));
  pki = await openPki(home);
});

afterAll(async () => rm(home, { recursive: true, force: true }));

/** A large answer to a GET; to all else how many bytes came. */
async function serving(make: typeof createTlsServer, work: (port: number) => Promise<void>): Promise<void> {
  const server: Server = make({ ...pki.server, ca: pki.authority, requestCert: true }, (request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.byteLength));
    request.on("end", () => response.end(request.method === "GET" ? LARGE_ANSWER : `${bytes} bytes came`));
    request.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function connected(port: number): TLSSocket {
  return tls.connect({ host: "127.0.0.1", port, ca: pki.authority, ...pki.admin });
}

/** The last words of a server whose client sends a large request before it has read a large answer. */
async function lastWords(port: number): Promise<string> {
  const socket = connected(port);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const head = `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LARGE_REQUEST.byteLength}\r\nConnection: close\r\n\r\n`;
  await new Promise((resolve) => socket.write(Buffer.concat([Buffer.from(head), LARGE_REQUEST]), resolve));
  let last = "";
  socket.on("data", (chunk: Buffer) => (last = (last + chunk.toString("latin1")).slice(-100)));
  socket.resume();
  await closed;
  return last;
}

test("a large request that comes while a large answer waits is served", async () => {
  await serving(createTlsServer, async (port) => expect(await lastWords(port)).toMatch(/200000 bytes came$/));
});

test("Node's own server breaks such a connection; once it does not, the cure can go", async () => {
  await serving(createServer, async (port) => expect(await lastWords(port)).not.toMatch(/bytes came$/));
});

test("what a connection says is read once, what can't be told again", () => {
  let reads = 0;
  const read = ofConnection(({ name }: { readonly name?: string }) => {
    reads++;
    return name;
  });
  const named = { name: "node-a" };
  expect([read(named), read(named), reads]).toEqual(["node-a", "node-a", 1]);
  const unnamed = {};
  expect([read(unnamed), read(unnamed), reads]).toEqual([undefined, undefined, 3]);
});
