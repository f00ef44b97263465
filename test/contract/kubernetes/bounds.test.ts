/**
 * Bounds on connections and watches. The embedded server alone has them: Kubernetes leaves the first to the system and does not count
 * the second, since it runs on machines of its own; this one shares its machine and its process with all of Virtive.
 */
import { afterEach, expect, it } from "vitest";
import type { ApiServerOptions } from "#local/apiserver/server.ts";
import { until } from "./client.ts";
import { connectTo } from "./raw-connection.ts";
import { startEmbedded, type EmbeddedServer } from "./servers.ts";

const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

let running: EmbeddedServer | undefined;

async function start(options: Partial<ApiServerOptions>): Promise<EmbeddedServer> {
  running = await startEmbedded(options);
  return running;
}

afterEach(async () => {
  await running?.stop();
  running = undefined;
});

it("closes connections over the bound, keeps those that it has, and takes others when some have gone", async () => {
  const { client, access } = await start({ maxConnections: 5 });
  // The client keeps one.
  expect((await client.get(CONFIG_MAPS)).code).toBe(200);
  const others = await Promise.all(Array.from({ length: 20 }, () => connectTo(access)));
  const isIn = ({ socket }: (typeof others)[number]) => !socket.destroyed;
  await until(async () => others.filter(isIn).length === 4, "all but four to be turned away");
  expect((await client.get(CONFIG_MAPS)).code).toBe(200);
  for (const { socket } of others) socket.destroy();
  await until(async () => {
    const again = await connectTo(access);
    const taken = isIn(again);
    again.socket.destroy();
    return taken;
  }, "another connection to be taken");
});

it("refuses watches over the bound with 429, says when to try again, and takes others when some have ended", async () => {
  const { client } = await start({ watches: { maxWatches: 3 } });
  const watches = await Promise.all(Array.from({ length: 3 }, () => client.watch(CONFIG_MAPS)));
  const refused = await client.get(`${CONFIG_MAPS}?watch=true`);
  expect(refused.code).toBe(429);
  expect(refused.body).toMatchObject({ kind: "Status", reason: "TooManyRequests", details: { retryAfterSeconds: 5 } });
  expect(refused.body.message).toContain("3 watches");
  expect(refused.headers["retry-after"]).toBe("5");
  // Lists and writes go on, and so do the watches that are there.
  const made = await client.post(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "told" } });
  expect(made.code).toBe(201);
  for (const watch of watches) expect(await watch.names(1)).toEqual(["ADDED told"]);
  watches[0]?.stop();
  const next = await until(() => client.watch(CONFIG_MAPS).catch(() => undefined), "another watch to be taken");
  expect(await next.names(1)).toEqual(["ADDED told"]);
});
