import { once } from "node:events";
import { connect } from "node:tls";
import { expect, it } from "vitest";
import { makeAuthority, SERVER_AUTH } from "#events/certificates.ts";
import { silentLog } from "#events/log.ts";
import { startSecureServer } from "#control/servers.ts";

it("ends with a console open, whose client need not leave first", async () => {
  const authority = await makeAuthority("authority");
  const identity = await authority.issue({
    commonName: "control",
    names: [{ type: "ip", value: "127.0.0.1" }],
    usages: [SERVER_AUTH],
  });
  const server = await startSecureServer({
    name: "api",
    bind: "127.0.0.1",
    port: 0,
    context: { ...identity, clientCA: authority.cert },
    request: (_request, response) => response.end(),
    upgrade: (_request, socket) => {
      socket.on("error", () => undefined);
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    },
    log: silentLog,
  });
  const client = connect({ host: "127.0.0.1", port: server.port, ca: authority.cert });
  client.on("error", () => undefined);
  client.write("GET /console HTTP/1.1\r\nHost: control\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  const [answer] = (await once(client, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101/);
  const ended = once(client, "close");
  await server.close();
  await ended;
});
