/**
 * How soon a bundled function host is ready, when it has answered its first event, and what it holds: beside bare
 * `node -e 0`, in turns. Ready is when it answers /readyz; a bare node is ready when it has ended. For the first event it
 * connects to an API server, by TLS and as from a pod, and reads one object, which is gone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createApi } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPki } from "#local/pki.ts";
import { bundle, type Bundle } from "../../bundle.ts";
import { sampled } from "../figure.ts";
import type { BenchItem } from "../item.ts";
import { summarize } from "../samples.ts";

const WARM_UP_ROUNDS = 1;

export const coldStart: BenchItem = {
  name: "cold-start",
  about: "a bundled function host from spawn to ready, its memory then, and its first event, beside bare `node -e 0`",
  quick: true,
  mostSeconds: 180,
  async run({ quick, rounds = quick ? 5 : 20, say, signal }) {
    const bundles = await bundle(join(import.meta.dirname, "../../../dist"));
    const host = bundles.find(({ name }) => name === "functions");
    if (host === undefined) throw new Error("there is no bundle of the functions");
    const samples: (Started & { readonly bare: number })[] = [];
    const pod = await openPod();
    try {
      for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
        signal.throwIfAborted();
        const bare = await bareNode();
        const started = await startHost(host, pod.env);
        if (round >= WARM_UP_ROUNDS) samples.push({ ...started, bare });
        const { ready, event } = started;
        say(
          `round ${round + 1}: ready after ${ready.toFixed(0)} ms, event ${event.toFixed(0)}, bare ${bare.toFixed(0)}`,
        );
      }
    } finally {
      await pod.close();
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
        summarize(samples.map((sample) => sample.ready)),
      ),
      sampled(
        {
          name: "memory",
          title: "resident memory once ready",
          unit: "MiB",
          better: "less",
          promise: { of: "value", at: "most", limit: 65 },
        },
        summarize(samples.map((sample) => sample.memoryMiB)),
      ),
      sampled(
        {
          name: "first-event",
          title: "its first event, from spawn to the answer",
          unit: "ms",
          better: "less",
          baseline: { title: "node -e 0, spawn to end", value: bare.median, samples: bare },
        },
        summarize(samples.map((sample) => sample.event)),
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

interface Started {
  /** Milliseconds from spawn, both. */
  readonly ready: number;
  readonly event: number;
  readonly memoryMiB: number;
}

/** As the image starts it, with what a pod has. */
async function startHost({ start, env }: Pick<Bundle, "start" | "env">, pod: NodeJS.ProcessEnv): Promise<Started> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(process.execPath, start, {
    stdio: "ignore",
    env: { ...env, ...pod, PORT: String(port), VIRTIVE_LOG: "silent" },
  });
  const ended = once(child, "exit");
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null) throw new Error(`the function host ended with ${child.exitCode}`);
    }
    const ready = performance.now() - begin;
    const status = await readFile(`/proc/${child.pid}/status`, "utf8");
    const asked = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/functions/run`, { method: "POST", headers: EVENT });
    if (answer.status !== 204) throw new Error(`the first event was answered ${answer.status}: ${await answer.text()}`);
    const event = ready + performance.now() - asked;
    return { ready, event, memoryMiB: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024 };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

const EVENT = {
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "/bench",
  "ce-type": "dev.knative.apiserver.resource.update",
  "ce-apiversion": "kubevirt.io/v1",
  "ce-kind": "VirtualMachine",
  "ce-namespace": "default",
  "ce-name": "web",
  "ce-partitionkey": "default/web",
} as const;

/** An API server that has nothing, and what a pod knows of it. */
async function openPod(): Promise<{ readonly env: NodeJS.ProcessEnv; readonly close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "vt-"));
  const pki = await openPki(join(directory, "pki"));
  const api = createApi({ ...pki.server }, (_request, response) => {
    response.writeHead(404, { "content-type": "application/json" }).end('{"kind":"Status","code":404}');
  }).listen(0, "127.0.0.1");
  await once(api, "listening");
  await writeFile(join(directory, "token"), "bench\n");
  await writeFile(join(directory, "ca.crt"), pki.authority);
  return {
    env: {
      SERVICE_ACCOUNT_DIRECTORY: directory,
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
    },
    async close() {
      api.closeAllConnections();
      api.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
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
