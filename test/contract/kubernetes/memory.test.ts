/**
 * What the embedded server takes in memory, in a process of its own: 10,000 virtual machines with 1,000 watches, and
 * watches whose clients have stopped reading.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { afterEach, expect, it } from "vitest";
import { customResourceDefinitions } from "#api/crd.ts";
import type { WatchBounds } from "#local/apiserver/watching/watches.ts";
import { openPki } from "#local/pki.ts";
import { ApiClient, type ApiAccess } from "../../../scripts/bench/api-client.ts";
import { EmbeddedServerProcess } from "../../../scripts/bench/embedded-server/process.ts";
import { machineName, virtualMachine } from "../../../scripts/bench/objects.ts";
import { until } from "./client.ts";

/** Clients that stop reading. */
const READERS = 30;

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";

let home = "";
let access: ApiAccess;
let client: ApiClient;
let server: EmbeddedServerProcess;

async function start(watches: WatchBounds = {}): Promise<void> {
  home = await mkdtemp(path.join(tmpdir(), "virtive-memory-"));
  const pki = await openPki(path.join(home, "pki"));
  server = new EmbeddedServerProcess({
    directory: path.join(home, "data"),
    pki: path.join(home, "pki"),
    codeCache: path.join(home, "code"),
    watches,
  });
  access = { url: await server.start(), ca: pki.authority, ...pki.admin };
  client = new ApiClient(access);
  for (const definition of customResourceDefinitions())
    await client.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
}

afterEach(async () => {
  client.close();
  await server.end();
  await rm(home, { recursive: true, force: true });
});

async function residentMiB(): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
}

async function createMachines(count: number): Promise<void> {
  let next = 0;
  const status = { created: true, ready: true, printableStatus: "Running", observedGeneration: 1 };
  const work = async () => {
    for (let index = next++; index < count; index = next++) {
      await client.send("POST", VMS, virtualMachine(index));
      await client.send("PATCH", `${VMS}/${machineName(index)}/status`, { status });
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
}

async function version(): Promise<string> {
  const list = (await client.send("GET", `${VMS}?limit=1`)) as { metadata: { resourceVersion: string } };
  return list.metadata.resourceVersion;
}

it("holds 10,000 virtual machines and 1,000 watches in 400 MiB", { timeout: 600_000 }, async () => {
  await start();
  await createMachines(10_000);
  const since = await version();
  let seen = 0;
  for (let batch = 0; batch < 20; batch++) {
    const watch = () => client.watch(`${VMS}?watch=true&resourceVersion=${since}`, () => seen++);
    await Promise.all(Array.from({ length: 50 }, watch));
  }
  let most = await residentMiB();
  for (let write = 1; write <= 20; write++) {
    await client.send("PATCH", `${VMS}/${machineName(write)}`, { metadata: { labels: { write: `${write}` } } });
    await until(async () => seen === write * 1000, "all watches to have the write", 60_000);
    most = Math.max(most, await residentMiB());
  }
  expect(most).toBeLessThan(400);
  // The same clients list everything, one after the other.
  for (let list = 0; list < 5; list++) {
    expect((await client.bytes("GET", VMS)).byteLength).toBeGreaterThan(9_000_000);
    most = Math.max(most, await residentMiB());
  }
  expect(most).toBeLessThan(400);
});

interface StoppedReader {
  /** All that it reads, once it reads on until the connection ends. */
  rest(): Promise<string>;
}

/** A watch that reads its head and then nothing. */
async function stoppedReader(since: string): Promise<StoppedReader> {
  const { hostname: host, port } = new URL(access.url);
  const socket = tls.connect({ host, port: Number(port), ca: access.ca, cert: access.cert, key: access.key });
  let ended = false;
  socket.on("error", () => (ended = true)).on("close", () => (ended = true));
  socket.write(
    `GET ${VMS}?watch=true&resourceVersion=${since} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return {
    rest: () =>
      new Promise((resolve) => {
        let text = "";
        socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
        socket.on("close", () => resolve(text));
        if (ended) resolve(text);
        socket.resume();
      }),
  };
}

async function writeLarge(count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await client.send("PATCH", `${VMS}/${machineName(0)}`, {
      metadata: { annotations: { text: String(index % 10).repeat(100_000) } },
    });
}

/** With as many watches as the server takes: another one is let in once one of them has ended. */
function untilOneHasEnded(): Promise<boolean> {
  const watch = async () => (await client.watch(`${VMS}?watch=true`, () => {}).catch(() => undefined)) !== undefined;
  return until(watch, "a watch whose client does not read to be ended", 60_000);
}

it("keeps next to nothing for watches whose clients do not read, and ends them", { timeout: 300_000 }, async () => {
  await start({ stalledMilliseconds: 3000, maxWatches: READERS });
  await client.send("POST", VMS, virtualMachine(0));
  const since = await version();
  for (let reader = 0; reader < READERS; reader++) await stoppedReader(since);
  await writeLarge(20);
  const before = await residentMiB();
  await writeLarge(150);
  // Queued for each of them it would be 450 MB.
  expect((await residentMiB()) - before).toBeLessThan(64);
  for (let reader = 0; reader < READERS; reader++) await untilOneHasEnded();
});

it("tells a client that has not read for long why its watch has ended", { timeout: 300_000 }, async () => {
  await start({ stalledMilliseconds: 3000, maxWatches: 1 });
  await client.send("POST", VMS, virtualMachine(0));
  const stopped = await stoppedReader(await version());
  // More than the system keeps for it.
  await writeLarge(150);
  await untilOneHasEnded();
  const last = (await stopped.rest()).slice(-1000);
  expect(last).toContain('"type":"ERROR"');
  expect(last).toContain('"code":410');
});
