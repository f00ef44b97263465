import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { HostRequest } from "#functions/http-host.ts";
import { hostServer } from "#functions/http-server.ts";

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

async function listening(answer: (asked: HostRequest) => Promise<{ readonly status: 204 }>): Promise<number> {
  const server = hostServer(answer).listen(0, "127.0.0.1");
  open.push(() => (server.closeAllConnections(), server.close()));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

describe("a function host's server", () => {
  it("keeps connections for longer than routers do, which would send an event into one that is being closed", async () => {
    const port = await listening(async () => ({ status: 204 }));
    const asked = request({ port, host: "127.0.0.1", headers: { connection: "keep-alive" } }).end();
    const [response] = (await once(asked, "response")) as [{ headers: Record<string, string>; resume(): void }];
    response.resume();
    const seconds = Number(/timeout=(\d+)/.exec(response.headers["keep-alive"] ?? "")?.[1]);
    expect(seconds).toBeGreaterThan(90);
  });

  it("ends with the requests that it has when it is closed, though their connections would be kept", async () => {
    const answer = Promise.withResolvers<{ readonly status: 204 }>();
    const server = hostServer(() => answer.promise).listen(0, "127.0.0.1");
    await once(server, "listening");
    const agent = new Agent({ keepAlive: true });
    const { port } = server.address() as AddressInfo;
    const asked = request({ port, host: "127.0.0.1", agent }).end();
    await once(server, "request");
    const closed = once(server, "close");
    server.close();
    answer.resolve({ status: 204 });
    const [response] = (await once(asked, "response")) as [{ headers: Record<string, string>; resume(): void }];
    response.resume();
    expect(response.headers["connection"]).toBe("close");
    await closed;
    agent.destroy();
  });

  it("tells whoever reads a body that it broke off, also when that was before it was asked for", async () => {
    const told = Promise.withResolvers<unknown>();
    const port = await listening(async (asked) => {
      // As a token is checked first.
      await new Promise((resolve) => setTimeout(resolve, 100));
      await asked.body().then(told.resolve, told.reject);
      return { status: 204 };
    });
    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: host\r\nContent-Length: 10\r\n\r\n12345", () => socket.destroy());
    await expect(told.promise).rejects.toMatchObject({ kind: "later", reason: "BodyBroken" });
  });
});
