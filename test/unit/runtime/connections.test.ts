/** Runtimes over real connections: what a peer may do to one, and what one takes a peer for. */
import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import { connect as connectPlain, createServer as createPlainServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { CLIENT_AUTH, makeAuthority, SERVER_AUTH, type Authority, type Identity } from "#events/certificates.ts";
import { consoleClosings } from "#events/console-closing.ts";
import { CONTROL_URI, nodeURI } from "#events/identities.ts";
import { silentLog } from "#events/log.ts";
import { controlClient, type ControlClient } from "#node-runtime/control-client.ts";
import { peerClient } from "#node-runtime/migration/peer-client.ts";
import { serveOrders, type OrdersServer } from "#node-runtime/server.ts";
import { BOOT_ID, order } from "./orders.ts";
import { Rig } from "./rig.ts";

let authority: Authority;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await makeAuthority("authority");
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function identity(uri: string): Promise<Identity> {
  const names = [{ type: "url", value: uri } as const, { type: "ip", value: "127.0.0.1" } as const];
  return authority.issue({ commonName: "test", names, usages: [CLIENT_AUTH, SERVER_AUTH] });
}

async function runtime(node: string, memory = "/nowhere/memory"): Promise<OrdersServer> {
  const rig = await Rig.start();
  await rig.running();
  const server = await serveOrders({
    listen: { host: "127.0.0.1", port: 0, tls: { ...(await identity(nodeURI(node))), ca: authority.cert } },
    identity: { node, bootID: BOOT_ID },
    machines: rig.machines,
    consoles: {
      connect: () => ({ input: () => undefined, disconnect: () => undefined }),
      history: () => Promise.resolve(Buffer.alloc(0)),
      mustBeOpen: () => undefined,
    },
    peers: {
      arrivals: {
        comesFrom: () => "source",
        prepareArrival: () => Promise.resolve({ cookie: node }),
        finishArrival: () => Promise.resolve({ ran: true, cookie: node }),
      },
      wireOf: () => ({ memory, disks: "/nowhere/disks" }),
    },
    log: silentLog,
  });
  closing.push(() => server.close());
  return server;
}

/** A node's way to a control plane that answers so. */
async function toControl(answer: RequestListener): Promise<ControlClient> {
  const tls = await identity(CONTROL_URI);
  const server = createServer({ ...tls, ca: authority.cert, requestCert: true }, answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return controlClient({
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tls: { ...(await identity(nodeURI("node1"))), ca: authority.cert },
  });
}

async function connected(server: OrdersServer, uri: string): Promise<TLSSocket> {
  const { port } = new URL(server.url);
  const socket = connectTls({ host: "127.0.0.1", port: Number(port), ca: authority.cert, ...(await identity(uri)) });
  socket.on("error", () => undefined);
  closing.push(async () => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

async function upgraded(socket: TLSSocket, path: string, more = "X-Any: thing"): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString("latin1");
}

describe("a runtime's server", () => {
  it("survives an upgrade of what is no path", async () => {
    const server = await runtime("node1");
    expect(await upgraded(await connected(server, nodeURI("other")), "//")).toMatch(/^HTTP\/1\.1 4/);
  });
});

describe("a runtime's server that closes", () => {
  it("ends also what it has joined to a guest that comes", async () => {
    const directory = await mkdtemp(join(tmpdir(), "moves-"));
    const memory = join(directory, "memory");
    const qemu = createPlainServer((socket) => socket.on("error", () => undefined)).listen(memory);
    await once(qemu, "listening");
    closing.push(async () => {
      qemu.close();
      await rm(directory, { recursive: true });
    });
    const server = await runtime("node1", memory);
    const source = await connected(server, nodeURI("source"));
    expect(await upgraded(source, `/moves/${order().uid}/memory`)).toMatch(/^HTTP\/1\.1 101/);
    const ended = once(source, "close");
    await server.close();
    await ended;
  });
});

describe("a console", () => {
  it("is told that the runtime goes, and not that its connection broke", async () => {
    const server = await runtime("node1");
    const client = new WebSocket(`${server.url.replace("https", "wss")}/machines/${order().uid}/console`, {
      ca: authority.cert,
      ...(await identity(CONTROL_URI)),
    });
    await once(client, "open");
    const closed = once(client, "close") as Promise<[number]>;
    await server.close();
    expect((await closed)[0]).toBe(consoleClosings.leaving.code);
  });

  it("whose client does not answer holds no runtime that goes", async () => {
    const server = await runtime("node1");
    const client = await connected(server, CONTROL_URI);
    const key = `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"a".repeat(22)}==`;
    expect(await upgraded(client, `/machines/${order().uid}/console`, key)).toMatch(/^HTTP\/1\.1 101/);
    await server.close();
  });
});

describe("a way to another runtime", () => {
  it("leads to the node that is asked for, also where another one was met at its address before", async () => {
    const server = await runtime("node2");
    const client = peerClient({
      tls: { ...(await identity(nodeURI("source"))), ca: authority.cert },
      departureWire: () => ({ memory: "/nowhere/memory", disks: "/nowhere/disks" }),
      guestUser: undefined,
      log: silentLog,
    });
    const at = (node: string) => ({ claim: { node, bootID: "b", epoch: 2 }, url: server.url, uid: order().uid });
    const finish = { migration: "m", epoch: 2, cookie: "" };
    // TLS is taken up again where it was left, more than once.
    for (let time = 0; time < 3; time += 1)
      expect(await client.finish(at("node2"), finish)).toMatchObject({ cookie: "node2" });
    await expect(client.finish(at("node3"), finish)).rejects.toMatchObject({ reason: "PeerUnreachable" });
    client.close();
  });
});

describe("a tunnel", () => {
  it("asks at both ends whether the other is still there, so that one that has vanished is noticed", async () => {
    const directory = await mkdtemp(join(tmpdir(), "moves-"));
    closing.push(() => rm(directory, { recursive: true }));
    const [arrival, departure] = ["arrival", "departure"].map((name) => join(directory, name));
    const qemu = createPlainServer((socket) => socket.on("error", () => undefined).pipe(socket)).listen(arrival);
    await once(qemu, "listening");
    closing.push(async () => qemu.close());
    const server = await runtime("node1", arrival);
    const client = peerClient({
      tls: { ...(await identity(nodeURI("source"))), ca: authority.cert },
      departureWire: () => ({ memory: departure ?? "", disks: join(directory, "disks") }),
      guestUser: undefined,
      log: silentLog,
    });
    const claim = { node: "node1", bootID: "b", epoch: 2 };
    const warned: Error[] = [];
    const warning = (about: Error): void => void warned.push(about);
    process.on("warning", warning);
    closing.push(async () => process.off("warning", warning));
    const tunnel = await client.tunnel({ claim, url: server.url, uid: order().uid }, "m1");
    closing.push(() => tunnel.close());
    const source = connectPlain(departure ?? "");
    closing.push(async () => source.destroy());
    source.write("memory");
    expect(String((await once(source, "data"))[0])).toBe("memory");
    const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, "0");
    // Columns of the kernel's table: …, local and remote address, state (01: established), queues, timer (02: keepalive).
    const timers = async (): Promise<readonly (string | undefined)[]> => {
      const rows = (await readFile("/proc/self/net/tcp", "utf8")).split("\n").map((row) => row.trim().split(/ +/));
      const ours = rows.filter(([, ...ends]) => ends.slice(0, 2).some((end) => end.endsWith(`:${port}`)));
      return ours.filter((row) => row[3] === "01").map((row) => row[5]?.slice(0, 2));
    };
    await expect.poll(timers).toEqual(["02", "02"]);
    expect(warned).toEqual([]);
    client.close();
  });
});

describe("a runtime's way to the control plane", () => {
  it("has room for a heartbeat while reports wait for their answers", async () => {
    const client = await toControl((request, response) => {
      if (request.url === "/heartbeat") response.end("{}");
    });
    const sending = Array.from({ length: 8 }, () => new AbortController());
    const reports = sending.map(({ signal }) => client.post("/events", {}, "", signal).catch(() => undefined));
    expect(await client.post("/heartbeat", {}, "", AbortSignal.timeout(3_000))).toMatchObject({ status: 200 });
    for (const one of sending) one.abort();
    await Promise.all(reports);
    client.close();
  });

  it("gives up in time what waits for a connection", async () => {
    const client = await toControl(() => undefined);
    const asked = Array.from({ length: 20 }, () => new AbortController());
    const answers = asked.map(({ signal }) => client.post("/events", {}, "", signal));
    const outcomes = Promise.allSettled(answers);
    asked.at(-1)?.abort();
    await expect(answers.at(-1)).rejects.toMatchObject({ kind: "later", reason: "ControlUnreachable" });
    for (const one of asked) one.abort();
    await outcomes;
    client.close();
  });
});
