import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { CLIENT_AUTH, makeAuthority, readRequest, SERVER_AUTH } from "#events/certificates.ts";
import { virtualClock, type Clock } from "#events/clock.ts";
import { CONTROL_URI } from "#events/identities.ts";
import { silentLog } from "#events/log.ts";
import { joinCluster } from "#node-runtime/membership.ts";
import { MemoryDisk } from "./rig.ts";

const HOUR = 3_600_000;

it("is renewed soon after a sleep in which its certificate ran out", async () => {
  const directory = await mkdtemp(join(tmpdir(), "membership-"));
  const authority = await makeAuthority("authority");
  const awake = virtualClock(new Date());
  let slept = 0;
  // Timers stand still while a machine sleeps; the time of day does not.
  const clock: Clock = {
    now: () => new Date(awake.now().getTime() + slept),
    schedule: (milliseconds, action) => awake.schedule(milliseconds, action),
  };
  let joined = 0;
  const wanted = { commonName: "node", names: [], usages: [CLIENT_AUTH] };
  const server = createServer(
    await authority.issue({
      commonName: "control",
      names: [
        { type: "url", value: CONTROL_URI },
        { type: "ip", value: "127.0.0.1" },
      ],
      usages: [SERVER_AUTH],
    }),
    (request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        void (async () => {
          const asked = await readRequest((JSON.parse(body) as { csr: string }).csr);
          const certificate = await authority.sign(asked, wanted, new Date(clock.now().getTime() + 24 * HOUR));
          joined += 1;
          response.end(JSON.stringify({ certificate, ca: authority.cert, controlURI: CONTROL_URI }));
        })();
      });
    },
  ).listen(0, "127.0.0.1");
  await once(server, "listening");
  await writeFile(join(directory, "ca"), authority.cert);
  await writeFile(join(directory, "token"), "t");
  const member = await joinCluster(
    {
      node: "node-1",
      addresses: ["127.0.0.1"],
      controlURL: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      controlCA: join(directory, "ca"),
      token: join(directory, "token"),
      directory: "/state",
      disk: new MemoryDisk(),
      log: silentLog,
      clock,
    },
    new AbortController().signal,
  );
  try {
    await awake.advance(10 * HOUR);
    expect(joined).toBe(1);
    slept = 15 * HOUR;
    await awake.advance(60_000);
    await vi.waitUntil(() => joined === 2, { timeout: 10_000 });
  } finally {
    member.close();
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true, force: true });
  }
});
