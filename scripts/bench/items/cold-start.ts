/**
 * How soon a bundled function host is ready, and what it holds then: beside bare `node -e 0`, in turns. Ready is when it
 * answers /readyz; a bare node is ready when it has ended.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { bundle, type Bundle } from "../../bundle.ts";
import { sampled } from "../figure.ts";
import type { BenchItem } from "../item.ts";
import { summarize } from "../samples.ts";

const WARM_UP_ROUNDS = 1;

export const coldStart: BenchItem = {
  name: "cold-start",
  about: "a bundled function host from spawn to ready, and its memory then, beside bare `node -e 0`",
  quick: true,
  mostSeconds: 180,
  async run({ quick, rounds = quick ? 5 : 20, say, signal }) {
    const bundles = await bundle(join(import.meta.dirname, "../../../dist"));
    const host = bundles.find(({ name }) => name === "functions");
    if (host === undefined) throw new Error("there is no bundle of the functions");
    const samples: { readonly host: number; readonly bare: number; readonly memory: number }[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
      signal.throwIfAborted();
      const bare = await bareNode();
      const { milliseconds, memoryMiB } = await startHost(host);
      if (round >= WARM_UP_ROUNDS) samples.push({ host: milliseconds, bare, memory: memoryMiB });
      say(`round ${round + 1}: ready after ${milliseconds.toFixed(0)} ms, bare node ${bare.toFixed(0)} ms`);
    }
    const bare = summarize(samples.map((sample) => sample.bare));
    return [
      sampled(
        {
          name: "ready",
          title: "bundled function host, spawn to ready",
          unit: "ms",
          better: "less",
          baseline: { title: "node -e 0, spawn to end", value: bare.median, samples: bare },
          promise: { of: "value", at: "most", limit: 80 },
        },
        summarize(samples.map((sample) => sample.host)),
      ),
      sampled(
        {
          name: "memory",
          title: "resident memory once ready",
          unit: "MiB",
          better: "less",
          promise: { of: "value", at: "most", limit: 65 },
        },
        summarize(samples.map((sample) => sample.memory)),
      ),
      {
        name: "bundle",
        title: "snapshot that it starts from",
        unit: "KiB",
        better: "less",
        value: host.startBytes / 1024,
      },
    ];
  },
};

async function bareNode(): Promise<number> {
  const begin = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - begin;
}

/** As the image starts it. */
async function startHost({
  start,
  env,
}: Pick<Bundle, "start" | "env">): Promise<{ readonly milliseconds: number; readonly memoryMiB: number }> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(process.execPath, start, {
    stdio: "ignore",
    env: { ...env, PORT: String(port), VIRTIVE_LOG: "silent" },
  });
  const ended = once(child, "exit");
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the function host ended with ${child.exitCode}`);
    }
    const milliseconds = performance.now() - begin;
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    return { milliseconds, memoryMiB: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024 };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Asked every two milliseconds: more often would take the time from what is measured. */
async function isReady(port: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status === 204,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
