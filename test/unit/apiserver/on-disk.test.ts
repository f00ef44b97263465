/** What a power cut could take back stays inside: insiders are shown writes at once, everybody else once the disk has them. */
import type { fdatasync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client, until } from "../../contract/kubernetes/client.ts";
import { startEmbedded, type EmbeddedServer } from "../../contract/kubernetes/servers.ts";

/** The disk under test: while it is slow, each sync waits in a queue. */
const disk = vi.hoisted(() => ({ slow: false, waiting: [] as ((error: Error | null) => void)[] }));

vi.mock(import("node:fs"), async (original) => {
  const real = await original();
  const slowly = (fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
    if (!disk.slow) return real.fdatasync(fd, done);
    disk.waiting.push((error) => (error === null ? real.fdatasync(fd, done) : done(error)));
  };
  return { ...real, fdatasync: slowly as typeof fdatasync };
});

const MAPS = "/api/v1/namespaces/default/configmaps";
const map = (name: string): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });

let home = "";
let running: EmbeddedServer;
let insider: Client;
let outsider: Client;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-apiserver-"));
  running = await startEmbedded(
    {
      tokens: [{ token: "one-of-us", user: { username: "insider", groups: ["system:masters"] } }],
      isInsider: ({ username }) => username === "insider",
    },
    home,
  );
  outsider = running.client;
  insider = new Client({ url: running.access.url, ca: running.access.ca, token: "one-of-us" });
  await running.server.onDisk();
  disk.slow = true;
});

afterEach(async () => {
  disk.slow = false;
  release(null);
  insider.close();
  await running.stop();
  await rm(home, { recursive: true, force: true });
});

function release(error: Error | null): void {
  for (const done of disk.waiting.splice(0)) done(error);
}

/** What it came to by now, once everything that could happen without the disk has happened. */
async function stateOf(promise: Promise<unknown>): Promise<"pending" | "done"> {
  const done = promise.then(() => "done" as const);
  // Another answer over the network, after it on the same event loop.
  await insider.get("/version");
  await insider.get("/version");
  return Promise.race([done, Promise.resolve("pending" as const)]);
}

test("an insider is answered and shown at once what others wait for", async () => {
  const shown = await insider.watch(`${MAPS}?resourceVersion=0`);
  const created = outsider.post(MAPS, map("a"));
  await until(async () => (await insider.get(`${MAPS}/a`)).code === 200, "the object to be there");
  expect((await shown.next())?.object.metadata.name).toBe("a");
  expect((await insider.patch(`${MAPS}/a`, { data: { by: "insider" } })).code).toBe(200);
  expect(await stateOf(created)).toBe("pending");
  disk.slow = false;
  release(null);
  expect((await created).code).toBe(201);
  shown.stop();
});

test("others do not read, list or watch what the disk has not got", async () => {
  const watched = await outsider.watch(`${MAPS}?resourceVersion=0`);
  expect((await insider.post(MAPS, map("a"))).code).toBe(201);
  const next = watched.next();
  const asked = [outsider.get(`${MAPS}/a`), outsider.get(MAPS), outsider.post(MAPS, map("a"))];
  const begun = (await outsider.watch(MAPS)).next();
  for (const one of [next, ...asked, begun]) expect(await stateOf(one)).toBe("pending");
  disk.slow = false;
  release(null);
  expect((await next)?.object.metadata.name).toBe("a");
  expect((await begun)?.object.metadata.name).toBe("a");
  expect((await Promise.all(asked)).map(({ code }) => code)).toEqual([200, 200, 409]);
  watched.stop();
});

test("a disk that fails is told as an error, and nothing is written after it", async () => {
  const created = outsider.post(MAPS, map("a"));
  await until(() => Promise.resolve(disk.waiting.length > 0), "the disk to be asked");
  release(new Error("EIO"));
  expect((await created).code).toBe(500);
  expect((await insider.post(MAPS, map("b"))).code).toBe(500);
  await expect(running.server.onDisk()).rejects.toThrow("the disk has failed");
});
