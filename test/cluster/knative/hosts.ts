/** Function hosts as the chart's Services run them: one process a function, from the bundle, with its own account. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { Secret } from "#api/core.ts";
import { defaultConfig } from "#functions/config.ts";
import { functions } from "#functions/registry.ts";
import { NAMESPACE, type Installation } from "../../../scripts/race/installation.ts";
import type { Cluster } from "../../../scripts/kubernetes/record.ts";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { markOf } from "../../../scripts/kubernetes/processes.ts";
import { sinkTokenOf, tokenOf } from "./tokens.ts";

export interface Hosts {
  /** Of the Knative Service `virtive-NAME`. */
  urlOf(service: string): string;
  /** kill -9, and another in its place. */
  replace(functionName: string): Promise<void>;
  /** SIGTERM, as Knative scales down, and another in its place once it has ended. */
  restart(functionName: string): Promise<void>;
  close(): Promise<void>;
}

export interface HostsOptions {
  readonly installation: Installation;
  readonly cluster: Cluster;
  /** The bundled function host. */
  readonly program: readonly string[];
  readonly sink: string;
  /** Of the sink's tokens. */
  readonly sinkAudience: string;
  /** What the chart gives the Service of this name. */
  readonly environmentOf: (service: string) => Readonly<Record<string, string>>;
  /** For secrets and logs. */
  readonly home: string;
}

const FIRST_PORT = 9100;

export async function startHosts(options: HostsOptions): Promise<Hosts> {
  const { installation, cluster, program, sink, sinkAudience, environmentOf, home } = options;
  const names = functions(defaultConfig).map(({ name }) => name);
  const portOf = (name: string): number => FIRST_PORT + names.indexOf(name);
  const identity = await nodeClient(installation, join(home, "node-client"));
  const children = new Map<string, ChildProcess>();

  const mounts = new Map<string, { readonly account: string; readonly token: string }>();

  /** What is in a pod's file system. */
  async function mount(name: string): Promise<void> {
    const binding = `virtive-${name}`;
    const file = join(home, `${binding}.sink-token`);
    mounts.set(name, {
      account: await accountFolder(options, binding),
      token: await sinkTokenOf(installation, { namespace: NAMESPACE, binding, audience: sinkAudience, file }),
    });
  }

  async function start(name: string): Promise<void> {
    const { account = "", token = "" } = mounts.get(name) ?? {};
    const { port } = new URL(cluster.url);
    const child = spawn(process.execPath, program, {
      env: {
        ...markOf(cluster),
        ...environmentOf(`virtive-${name}`),
        PORT: String(portOf(name)),
        VIRTIVE_BIND: installation.address,
        VIRTIVE_NODE_IDENTITY: identity,
        VIRTIVE_LOG: "debug",
        K_SINK: sink,
        K_OIDC_TOKEN: token,
        SERVICE_ACCOUNT_DIRECTORY: account,
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: port,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.pipe(createWriteStream(join(home, `host-${name}.log`), { flags: "a" }));
    children.set(name, child);
    await vi.waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`the host of ${name} ended with ${child.exitCode}`);
        const { status } = await fetch(`http://${installation.address}:${portOf(name)}/readyz`);
        if (status !== 204) throw new Error(`the host of ${name} is not ready: ${status}`);
      },
      { timeout: 60_000, interval: 100 },
    );
  }

  async function end(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = children.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  const hosts: Hosts = {
    urlOf: (service) => `http://${installation.address}:${portOf(service.replace(/^virtive-/, ""))}`,
    async replace(name) {
      await end(name, "SIGKILL");
      await start(name);
    },
    async restart(name) {
      await end(name, "SIGTERM");
      await start(name);
    },
    async close() {
      await Promise.all(names.map((name) => end(name, "SIGKILL")));
    },
  };
  try {
    await Promise.all(names.map(mount));
    await Promise.all(names.map(start));
  } catch (thrown) {
    await hosts.close();
    throw thrown;
  }
  return hosts;
}

/** What the kubelet gives a pod of the account. */
async function accountFolder({ installation, cluster, home }: HostsOptions, name: string): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "token"), await tokenOf(installation, { namespace: NAMESPACE, name }), { mode: 0o600 });
  await writeFile(join(folder, "ca.crt"), (await administratorOf(cluster)).ca);
  return folder;
}

/** The Secret by which functions are known to nodes, as the chart mounts it. */
async function nodeClient({ cluster }: Installation, folder: string): Promise<string> {
  const secret = await vi.waitFor(
    async () => {
      const found = await cluster.get(Secret, { namespace: NAMESPACE, name: "virtive-node-client" });
      if (found === undefined) throw new Error("no Secret virtive-node-client yet");
      return found;
    },
    { timeout: 30_000, interval: 200 },
  );
  await mkdir(folder, { mode: 0o700 });
  for (const [name, value] of Object.entries(secret.data ?? {})) {
    await writeFile(join(folder, name), Buffer.from(value, "base64"), { mode: 0o600 });
  }
  return folder;
}
