import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Fault } from "#events/fault.ts";
import { connect, type Connection, type ConnectionOptions } from "#node-runtime/libvirt/connection.ts";
import { LibvirtError } from "#node-runtime/libvirt/error.ts";
import { packetStatus } from "#node-runtime/libvirt/frame.ts";
import { FakeDaemon, Refused, type FakeClient } from "./fake-daemon.ts";

const dom = { name: "demo", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 3 };

let daemon: FakeDaemon;
const opened: Connection[] = [];
/** Waiting ends when its condition holds; the bound only ends what never will, also on a busy machine. */
const PATIENT = { timeout: 15_000 };

async function open(options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  const address = { kind: "unix", path: daemon.path } as const;
  const connection = await connect({ address, uri: "qemu:///system", keepaliveMilliseconds: 0, ...options });
  opened.push(connection);
  return connection;
}

/** The daemon's side of the only connection. */
function theClient(): FakeClient {
  const [client] = daemon.clients;
  if (client === undefined) throw new Error("nobody has connected");
  return client;
}

beforeEach(async () => {
  daemon = new FakeDaemon();
  await daemon.listen();
});
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.destroy(new Error("the test is over"));
  await daemon.close();
});

describe("opening", () => {
  it("asks for authentication, then opens the URI", async () => {
    const uris: unknown[] = [];
    daemon.handlers.connectOpen = ({ name }) => {
      uris.push(name);
      return {};
    };
    await open();
    expect(daemon.received.map(({ name }) => name)).toEqual(["authList", "connectOpen"]);
    expect(uris).toEqual(["qemu:///system"]);
  });

  it("says which authentication it cannot do, and what to set", async () => {
    daemon.handlers.authList = () => ({ types: [2] });
    await expect(open()).rejects.toMatchObject({
      kind: "refused",
      reason: "AuthenticationUnsupported",
      message: expect.stringMatching(/asks for polkit; only "none" is supported: set auth_unix_rw/) as string,
    });
  });

  it("is told to come later when nobody listens", async () => {
    const address = { kind: "unix", path: `${daemon.path}-not` } as const;
    await expect(connect({ address, uri: "qemu:///system" })).rejects.toMatchObject({
      kind: "later",
      reason: "HypervisorDisconnected",
    });
  });

  it("refuses a socket path that the kernel cannot take, and says the limit", async () => {
    const address = { kind: "unix", path: `/tmp/${"x".repeat(110)}` } as const;
    await expect(connect({ address, uri: "qemu:///system" })).rejects.toMatchObject({
      kind: "refused",
      message: expect.stringContaining("has 115 bytes, the kernel allows 107") as string,
    });
  });
});

describe("calls", () => {
  it("are answered in any order", async () => {
    const first = Promise.withResolvers<undefined>();
    daemon.handlers.domainGetXmlDesc = async ({ flags }) => {
      if (flags === 1) await first.promise;
      else first.resolve(undefined);
      return { xml: `<domain flags="${flags}"/>` };
    };
    const connection = await open();
    const both = [1, 2].map((flags) => connection.call("domainGetXmlDesc", { dom, flags }));
    expect(await Promise.all(both)).toEqual([{ xml: '<domain flags="1"/>' }, { xml: '<domain flags="2"/>' }]);
  });

  it("fail with libvirt's own code, domain, level and errno", async () => {
    daemon.handlers.domainResume = () => {
      throw new Refused({ code: 38, message: "no such file", int1: 2 });
    };
    const connection = await open();
    const error = await connection.call("domainResume", { dom }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({ code: 38, domain: 10, level: 2, errno: 2, message: "no such file" });
  });

  it("never exceed what the daemon reads ahead; two hundred get through all the same", async () => {
    let running = 0;
    let most = 0;
    daemon.handlers.domainGetState = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { state: 1, reason: 1 };
    };
    const connection = await open({ maxInFlight: 5 });
    const states = await Promise.all(
      Array.from({ length: 200 }, () => connection.call("domainGetState", { dom, flags: 0 })),
    );
    expect(states).toHaveLength(200);
    expect(most).toBe(5);
  });

  it("that are too many are refused at once", async () => {
    daemon.handlers.domainGetState = () => new Promise(() => undefined);
    const connection = await open({ maxInFlight: 1, maxQueued: 2 });
    const ask = () => connection.call("domainGetState", { dom, flags: 0 });
    for (let i = 0; i < 3; i += 1) ask().catch(() => undefined);
    await expect(ask()).rejects.toMatchObject({ kind: "later", reason: "HypervisorBusy" });
  });

  it("have a deadline, and keep their place at the daemon after it", async () => {
    const answer = Promise.withResolvers<{ state: number; reason: number }>();
    daemon.handlers.domainGetState = () => answer.promise;
    daemon.handlers.connectGetLibVersion = () => ({ libVer: 9_000_000n });
    const connection = await open({ maxInFlight: 1 });
    await expect(connection.call("domainGetState", { dom, flags: 0 }, 20)).rejects.toMatchObject({
      kind: "later",
      reason: "HypervisorTimeout",
      message: "domainGetState: libvirt did not answer within 20 ms",
    });
    const next = connection.call("connectGetLibVersion", {});
    expect(daemon.received.some(({ name }) => name === "connectGetLibVersion")).toBe(false);
    answer.resolve({ state: 1, reason: 1 });
    expect(await next).toEqual({ libVer: 9_000_000n });
  });

  it("all fail when the daemon goes away", async () => {
    daemon.handlers.domainGetState = () => new Promise(() => undefined);
    const connection = await open({ maxInFlight: 2 });
    const waiting = Array.from({ length: 4 }, () => connection.call("domainGetState", { dom, flags: 0 }));
    const outcomes = Promise.allSettled(waiting);
    await vi.waitUntil(() => daemon.received.filter(({ name }) => name === "domainGetState").length === 2, PATIENT);
    theClient().socket.destroy();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { kind: "later", reason: "HypervisorDisconnected" },
      });
    }
    expect(connection.open).toBe(false);
    await expect(connection.call("domainGetState", { dom, flags: 0 })).rejects.toBeInstanceOf(Fault);
  });

  it("name the argument that does not fit, and leave the connection as it was", async () => {
    daemon.handlers.connectGetLibVersion = () => ({ libVer: 1n });
    const connection = await open();
    const wrong = connection.call("domainResume", { dom: { ...dom, uuid: "x" } });
    await expect(wrong).rejects.toMatchObject({
      kind: "refused",
      causes: [{ field: "domainResume.dom.uuid", message: '"x" is no UUID' }],
    });
    expect(await connection.call("connectGetLibVersion", {})).toEqual({ libVer: 1n });
  });

  it("end with the connection when the peer speaks something else", async () => {
    const connection = await open();
    theClient().socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect((await connection.closed).message).toContain("speaks no libvirt protocol");
  });
});

describe("events", () => {
  it("reach the listener of their callback id, even right behind the registration's answer", async () => {
    const message = { dom, event: 2, detail: 0 };
    daemon.handlers.connectDomainEventCallbackRegisterAny = (_args, client) => {
      // Written after this handler's answer, before the client can have looked at it.
      queueMicrotask(() =>
        setImmediate(() => {
          client.sendEvent("domainEventCallbackLifecycle", { callbackID: 7, msg: message });
          client.sendEvent("domainEventCallbackLifecycle", { callbackID: 8, msg: message });
        }),
      );
      return { callbackID: 7 };
    };
    daemon.handlers.connectDomainEventCallbackDeregisterAny = () => ({});
    const connection = await open();
    const heard: number[] = [];
    const off = await connection.subscribe("domainEventCallbackLifecycle", 0, ({ callbackID }) =>
      heard.push(callbackID),
    );
    await vi.waitUntil(() => heard.length > 0, PATIENT);
    await off();
    expect(heard).toEqual([7]);
  });
});

describe("keepalive", () => {
  it("answers the daemon's pings and sends its own while the daemon is silent", async () => {
    const connection = await open({ keepaliveMilliseconds: 20 });
    await vi.waitUntil(() => theClient().pings >= 2, PATIENT);
    expect(connection.open).toBe(true);
  });

  it("does not take its own absence for the daemon's", async () => {
    const connection = await open({ keepaliveMilliseconds: 100 });
    // As a process is halted: when it goes on, its timers ring before it has read anything.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    const { pings } = theClient();
    await vi.waitUntil(() => theClient().pings > pings, PATIENT);
    expect(connection.open).toBe(true);
  });

  it("gives up a daemon that does not say anything any more", async () => {
    const connection = await open({ keepaliveMilliseconds: 20 });
    theClient().socket.pause();
    expect((await connection.closed).message).toMatch(/has been silent for \d+ ms/);
  });
});

describe("streams", () => {
  /** Opens a console whose daemon side the test plays. */
  async function openStream() {
    let serial = 0;
    daemon.handlers.domainOpenConsole = (_args, _client, given) => {
      serial = given;
      return {};
    };
    const connection = await open();
    const stream = await connection.openStream("domainOpenConsole", { dom, flags: 1 });
    // The end of the test is the end of the connection, and so an error of the stream.
    stream.on("error", () => undefined);
    const send = (status: number, payload?: string): void =>
      theClient().sendStream(
        "domainOpenConsole",
        serial,
        status,
        payload === undefined ? undefined : Buffer.from(payload),
      );
    return { connection, stream, send, serial: () => serial };
  }

  it("carry bytes both ways and end when the daemon says so", async () => {
    const { stream, send } = await openStream();
    stream.write("hello");
    await vi.waitUntil(() => theClient().streamPackets.length === 1, PATIENT);
    expect(theClient().streamPackets[0]?.payload.toString()).toBe("hello");
    send(packetStatus.continued, "welcome");
    send(packetStatus.continued);
    const received: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => received.push(chunk));
    // We finish what the daemon has ended; it confirms.
    await vi.waitUntil(() => theClient().streamPackets.some(({ status }) => status === packetStatus.ok), PATIENT);
    send(packetStatus.ok);
    await once(stream, "close");
    expect(Buffer.concat(received).toString()).toBe("welcome");
  });

  it("are cut into chunks that every daemon takes", async () => {
    const { stream } = await openStream();
    stream.write(Buffer.alloc(600_000, 1));
    await vi.waitUntil(() => theClient().streamPackets.length === 3, PATIENT);
    expect(theClient().streamPackets.map(({ payload }) => payload.length)).toEqual([262_120, 262_120, 75_760]);
  });

  it("stop the connection's reading while nobody takes their data, and go on", async () => {
    const { stream, send } = await openStream();
    const chunk = "x".repeat(100_000);
    const total = 400;
    for (let i = 0; i < total; i += 1) send(packetStatus.continued, chunk);
    const socket = theClient().socket;
    // The daemon's side fills up: what nobody reads is not hoarded here.
    await vi.waitUntil(() => stream.readableLength >= stream.readableHighWaterMark, PATIENT);
    await vi.waitUntil(() => socket.writableLength > 0, PATIENT);
    expect(stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    let read = 0;
    stream.on("data", (data: Buffer) => (read += data.length));
    await vi.waitUntil(() => read === total * chunk.length, PATIENT);
  });

  it("fail with what the daemon says", async () => {
    const { stream, serial } = await openStream();
    theClient().refuseStream("domainOpenConsole", serial(), { code: 55, message: "domain is not running" });
    const [error] = (await once(stream, "error")) as [Fault];
    expect(error).toMatchObject({ kind: "stale", reason: "NotInThisState" });
  });

  it("that fail in the same breath as they are opened are not opened", async () => {
    daemon.handlers.domainOpenConsole = (_args, client, serial) => {
      // The reply and the failure come in one piece: nobody has had the stream in hands yet.
      client.socket.cork();
      setImmediate(() => {
        client.refuseStream("domainOpenConsole", serial, { code: 55, message: "domain is not running" });
        client.socket.uncork();
      });
      return {};
    };
    const connection = await open();
    const opening = connection.openStream("domainOpenConsole", { dom, flags: 1 });
    await expect(opening).rejects.toMatchObject({ kind: "stale", reason: "NotInThisState" });
    expect(connection.open).toBe(true);
  });

  it("are aborted when they are destroyed, and leave the connection", async () => {
    const { connection, stream } = await openStream();
    daemon.handlers.connectGetLibVersion = () => ({ libVer: 1n });
    stream.destroy();
    await vi.waitUntil(() => theClient().streamPackets.some(({ status }) => status === packetStatus.error), PATIENT);
    expect(await connection.call("connectGetLibVersion", {})).toEqual({ libVer: 1n });
  });
});
