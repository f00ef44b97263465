/**
 * What the embedded server takes in memory, in a process of its own: 10,000 virtual machines with 1,000 watches, and
 * watches whose clients have stopped reading.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import { customResourceDefinitions } from "#api/crd.ts";
import { openPki } from "#local/pki.ts";
import { ApiClient, type ApiAccess } from "../../../scripts/bench/api-client.ts";
import { EmbeddedServerProcess } from "../../../scripts/bench/embedded-server/process.ts";
import { machineName, virtualMachine } from "../../../scripts/bench/objects.ts";
import { until } from "./client.ts";

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";

let home = "";
let access: ApiAccess;
let client: ApiClient;
let server: EmbeddedServerProcess;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-memory-"));
  const pki = await openPki(path.join(home, "pki"));
  server = new EmbeddedServerProcess({
    directory: path.join(home, "data"),
    pki: path.join(home, "pki"),
    codeCache: path.join(home, "code"),
    watches: { stalledMilliseconds: 3000 },
  });
  access = { url: await server.start(), ca: pki.authority, ...pki.admin };
  client = new ApiClient(access);
  for (const definition of customResourceDefinitions())
    await client.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
});

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
  readonly ended: () => boolean;
}

/** A watch that reads its head and then nothing. */
async function stoppedReader(since: string): Promise<StoppedReader> {
  const { hostname: host, port } = new URL(access.url);
  const socket = tls.connect({ host, port: Number(port), ca: access.ca, cert: access.cert, key: access.key });
  let ended = false;
  socket.on("error", () => (ended = true)).on("close", () => (ended = true));
  socket.write(`GET ${VMS}?watch=true&resourceVersion=${since} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  return {
    ended: () => ended,
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

it("keeps next to nothing for watches whose clients do not read, and ends them", { timeout: 300_000 }, async () => {
  const readers = 30;
  await client.send("POST", VMS, virtualMachine(0));
  const since = await version();
  const stopped = [];
  for (let reader = 0; reader < readers; reader++) stopped.push(await stoppedReader(since));
  const write = (index: number) =>
    client.send("PATCH", `${VMS}/${machineName(0)}`, {
      metadata: { annotations: { text: String(index % 10).repeat(100_000) } },
    });
  for (let index = 0; index < 20; index++) await write(index);
  const before = await residentMiB();
  for (let index = 0; index < 150; index++) await write(index);
  // Queued for each of them it would be 450 MB.
  expect((await residentMiB()) - before).toBeLessThan(64);
  // Told why, after half a minute (here: three seconds) without reading; what the client has not read goes with it.
  const [first] = stopped;
  const text = await first?.rest();
  expect(text).toContain('"type":"ERROR"');
  expect(text).toContain('"code":410');
  await until(async () => {
    const { items } = (await client.send("GET", "/api/v1/namespaces")) as { items: unknown[] };
    return items.length > 0;
  }, "the server to answer others");
});
