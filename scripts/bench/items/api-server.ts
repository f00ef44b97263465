/**
 * The embedded API server beside a real kube-apiserver with its etcd (which waits for the disk, as ours does): the same
 * requests by the same client, in turns, both up all the time. Virtual machines by our own CRDs.
 */
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { customResourceDefinitions } from "#api/crd.ts";
import { openPki } from "#local/pki.ts";
import { ensureKube } from "../../kubernetes/build.ts";
import { administratorOf, downCluster, upCluster } from "../../kubernetes/cluster.ts";
import { clusterProcesses } from "../../kubernetes/processes.ts";
import { ApiClient } from "../api-client.ts";
import { EmbeddedServerProcess } from "../embedded-server/process.ts";
import { sampled, type Baseline, type FigureSpec, type Unit } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { machineName, virtualMachine } from "../objects.ts";
import { summarize } from "../samples.ts";

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";
const WRITERS = 8;
const WATCHERS = 100;

export const apiServer: BenchItem = {
  name: "api-server",
  about: "the embedded API server beside a real kube-apiserver with etcd: writes, reads, lists, watches, time to ready",
  quick: false,
  mostSeconds: 1800,
  run,
};

interface Server {
  readonly client: ApiClient;
  /** Milliseconds from its start until it could be used. */
  readonly readyMilliseconds: number;
  /** Of all its processes. */
  pids(): Promise<readonly number[]>;
  end(): Promise<void>;
}

async function startEmbedded(): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), "vt-bench-api-"));
  const pki = await openPki(join(home, "pki"));
  const server = new EmbeddedServerProcess({
    directory: join(home, "data"),
    pki: join(home, "pki"),
    codeCache: join(home, "code"),
  });
  // The first start leaves compiled code, as every run of `virtive` but the first finds it.
  await server.start();
  await server.kill();
  const begin = performance.now();
  const client = new ApiClient({ url: await server.start(), ca: pki.authority, ...pki.admin });
  await client.send("GET", "/readyz");
  return {
    client,
    readyMilliseconds: performance.now() - begin,
    pids: async () => [server.pid],
    async end() {
      client.close();
      await server.end();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function startReal(say: (line: string) => void): Promise<Server> {
  const name = `bench-${process.pid}`;
  // What is missing is built before the clock runs.
  await ensureKube(say);
  const begin = performance.now();
  const cluster = await upCluster({ name, fsync: true, say });
  const readyMilliseconds = performance.now() - begin;
  const client = new ApiClient({ url: cluster.url, ...(await administratorOf(cluster)) });
  return {
    client,
    readyMilliseconds,
    async pids() {
      const commands = await Promise.all(
        (await clusterProcesses(cluster)).map(async ({ pid }) => ({
          pid,
          command: await readFile(`/proc/${pid}/cmdline`, "utf8"),
        })),
      );
      return commands.filter(({ command }) => /\0(etcd|kube-apiserver)\0/.test(command)).map(({ pid }) => pid);
    },
    async end() {
      client.close();
      await downCluster(cluster);
    },
  };
}

/** CPU seconds and resident MiB of all the server's processes. */
async function used(server: Server): Promise<{ readonly cpuSeconds: number; readonly residentMiB: number }> {
  let ticks = 0;
  let residentMiB = 0;
  for (const pid of await server.pids()) {
    const stat = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
    ticks += Number(stat[11]) + Number(stat[12]);
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    residentMiB += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }
  return { cpuSeconds: ticks / 100, residentMiB };
}

/** Milliseconds of each request, and requests a second, by several clients at once. */
interface Load {
  readonly milliseconds: number[];
  readonly rates: number[];
}

async function load(count: number, request: (index: number) => Promise<unknown>, into: Load): Promise<void> {
  let next = 0;
  const begin = performance.now();
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const sent = performance.now();
      await request(index);
      into.milliseconds.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, work));
  into.rates.push((1000 * count) / (performance.now() - begin));
}

const operations = ["create", "status-patch", "get"] as const;
type Operation = (typeof operations)[number];

class Measured {
  readonly loads: Readonly<Record<Operation, Load>> = {
    "create": { milliseconds: [], rates: [] },
    "status-patch": { milliseconds: [], rates: [] },
    "get": { milliseconds: [], rates: [] },
  };
  readonly lists: number[] = [];
  readonly fanOuts: number[] = [];
  readonly readies: number[] = [];
  cpuSeconds = 0;
  residentMiB = 0;
}

const status = {
  created: true,
  ready: true,
  printableStatus: "Running",
  conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }],
};

async function someRequests(server: Server, measured: Measured, from: number, count: number): Promise<void> {
  const { client } = server;
  const { loads } = measured;
  await load(count, (index) => client.send("POST", VMS, virtualMachine(from + index)), loads.create);
  const at = (index: number): string => `${VMS}/${machineName(from + index)}`;
  await load(count, (index) => client.send("PATCH", `${at(index)}/status`, { status }), loads["status-patch"]);
  await load(count, (index) => client.send("GET", at(index)), loads.get);
}

async function fanOut(server: Server, measured: Measured, writes: number): Promise<void> {
  const { client } = server;
  const list = (await client.send("GET", `${VMS}?limit=1`)) as { metadata: { resourceVersion: string } };
  let seen = 0;
  let all = (): void => undefined;
  const watches = await Promise.all(
    Array.from({ length: WATCHERS }, () =>
      client.watch(`${VMS}?watch=true&resourceVersion=${list.metadata.resourceVersion}`, () => {
        seen++;
        if (seen === WATCHERS) all();
      }),
    ),
  );
  for (let write = 0; write < writes; write++) {
    seen = 0;
    const reached = new Promise<void>((resolve) => (all = resolve));
    const begin = performance.now();
    await client.send("PATCH", `${VMS}/${machineName(write)}`, { metadata: { labels: { write: `${write}` } } });
    await reached;
    measured.fanOuts.push(performance.now() - begin);
  }
  for (const stop of watches) stop();
}

async function run({ quick, rounds = quick ? 2 : 5, signal, say }: BenchContext): Promise<readonly FigureSpec[]> {
  const objects = quick ? 1000 : 10_000;
  const measured = { ours: new Measured(), real: new Measured() };
  const real = await startReal(say);
  try {
    const ours = await startEmbedded();
    try {
      const both = [
        { server: ours, into: measured.ours },
        { server: real, into: measured.real },
      ];
      for (const { server, into } of both) {
        into.readies.push(server.readyMilliseconds);
        for (const definition of customResourceDefinitions())
          await server.client.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
        await server.client.until(VMS);
        // Compiles and fills caches; not counted.
        await someRequests(server, new Measured(), 1_000_000, 50);
      }
      const before = await Promise.all(both.map(({ server }) => used(server)));
      const share = Math.floor(objects / rounds);
      for (let round = 0; round < rounds; round++) {
        for (const { server, into } of both) {
          signal.throwIfAborted();
          await someRequests(server, into, round * share, share);
        }
        say(`${(round + 1) * share} objects written and read on both`);
      }
      for (let round = 0; round < rounds * 2; round++) {
        for (const { server, into } of both) {
          signal.throwIfAborted();
          const begin = performance.now();
          await server.client.bytes("GET", VMS);
          into.lists.push(performance.now() - begin);
        }
      }
      for (const { server, into } of both) await fanOut(server, into, quick ? 20 : 100);
      for (const [index, { server, into }] of both.entries()) {
        const after = await used(server);
        into.cpuSeconds = after.cpuSeconds - (before[index]?.cpuSeconds ?? 0);
        into.residentMiB = after.residentMiB;
      }
    } finally {
      await ours.end();
    }
    return figures(measured.ours, measured.real, objects);
  } finally {
    await real.end();
  }
}

function figures(ours: Measured, real: Measured, objects: number): FigureSpec[] {
  const title = "a real kube-apiserver with etcd";
  const beside = (samples: readonly number[]): Baseline => {
    const summary = summarize(samples);
    return { title, value: summary.median, samples: summary };
  };
  const less = (name: string, what: string, unit: Unit, pick: (measured: Measured) => readonly number[]): FigureSpec =>
    sampled(
      {
        name,
        title: what,
        unit,
        better: "less",
        baseline: beside(pick(real)),
        promise: { of: "ratio", at: "most", limit: 1 },
      },
      summarize(pick(ours)),
    );
  const each = operations.flatMap((operation): FigureSpec[] => [
    less(
      operation,
      `${operation} of a virtual machine, ${WRITERS} clients at once`,
      "ms",
      ({ loads }) => loads[operation].milliseconds,
    ),
    sampled(
      {
        name: `${operation}-rate`,
        title: `the same, a second`,
        unit: "1/s",
        better: "more",
        baseline: beside(real.loads[operation].rates),
        promise: { of: "ratio", at: "least", limit: 1 },
      },
      summarize(ours.loads[operation].rates),
    ),
  ]);
  return [
    less("ready", "from the start of the process until it can be used", "ms", ({ readies }) => readies),
    ...each,
    less("list", `a list of ${objects} virtual machines`, "ms", ({ lists }) => lists),
    less("watch-fan-out", `a write until the last of ${WATCHERS} watches has it`, "ms", ({ fanOuts }) => fanOuts),
    less("cpu", "CPU of the server for all of this", "s", ({ cpuSeconds }) => [cpuSeconds]),
    less("resident", "resident memory of the server at the end", "MiB", ({ residentMiB }) => [residentMiB]),
  ];
}
