/** Knative's programs as processes of a cluster: ingress, filter, channel, and the adapter of ApiServerSource. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessIdentity } from "#node-runtime/host/process.ts";
import { ensureKnative } from "../../../scripts/kubernetes/knative.ts";
import { lastWords, startProcess } from "../../../scripts/kubernetes/processes.ts";
import type { Cluster } from "../../../scripts/kubernetes/record.ts";
import { until } from "../../../scripts/kubernetes/waiting.ts";
import type { Link } from "./link.ts";
import { API_SERVER, commonEnvironment, environmentOf, PORTS, PROGRAMS, type Part } from "./objects.ts";

const READY_MILLISECONDS = 180_000;

export interface KnativeParts {
  /** Where a part is reached. */
  urlOf(part: Part): string;
  /** Its process now. */
  pidOf(part: Part): number;
  /** Starts it, or starts it anew after its end; resolves once it says that it is ready. */
  start(part: Part): Promise<void>;
  /** kill -9. */
  kill(part: Part): Promise<void>;
  /** The adapter of an ApiServerSource. Resolves to how it is killed. */
  startAdapter(source: Source): Promise<() => Promise<void>>;
}

export interface Source {
  readonly namespace: string;
  /** What it watches, as Knative's controller tells its adapter. */
  readonly config: object;
  readonly sink: string;
  /** Of the sink's tokens, and the account in the source's namespace whose token it sends. */
  readonly audience: string;
  readonly account: string;
}

/** @param kubeconfig that reaches the API server from inside the link */
export async function knativeParts(cluster: Cluster, link: Link, kubeconfig: string): Promise<KnativeParts> {
  const programs = await ensureKnative((line) => console.error(`cluster: ${line}`));
  const running = new Map<string, ProcessIdentity>();

  const started = (name: string, program: string, env: Record<string, string>): ProcessIdentity => {
    const argv = [...link.inside, join(programs, program)];
    const one = startProcess(cluster, name, argv, { KUBECONFIG: kubeconfig, ...commonEnvironment(name), ...env });
    running.set(name, one);
    return one;
  };

  async function ended(name: string): Promise<void> {
    const one = running.get(name);
    if (one?.alive() !== true) return;
    process.kill(one.pid, "SIGKILL");
    await until(`${name} to end`, 10_000, async () => (one.alive() ? undefined : true));
  }

  const urlOf = (part: Part): string => `http://${link.address}:${PORTS[part]}`;
  const ready = (part: Part): Promise<boolean> =>
    // As a kubelet asks: others are sent to the program's own handler.
    fetch(`${urlOf(part)}/healthz`, {
      headers: { "user-agent": "kube-probe/1.37" },
      signal: AbortSignal.timeout(2_000),
    }).then(
      ({ ok }) => ok,
      () => false,
    );

  return {
    urlOf,
    pidOf: (part) => running.get(part)?.pid ?? 0,
    async start(part) {
      const one = started(part, PROGRAMS[part], environmentOf(part));
      try {
        await until(`Knative's ${part} to be ready`, READY_MILLISECONDS, async () => {
          if (!one.alive()) throw new Error("it ended");
          return (await ready(part)) ? true : undefined;
        });
      } catch (thrown) {
        throw new Error(`Knative's ${part}:\n${await lastWords(cluster, part)}`, { cause: thrown });
      }
    },
    kill: (part) => ended(part),
    async startAdapter({ namespace, config, sink, audience, account }) {
      started("adapter", "apiserver_receive_adapter", {
        NAME: "virtive",
        NAMESPACE: namespace,
        K_SINK: sink,
        K_AUDIENCE: audience,
        K_OIDC_SERVICE_ACCOUNT: account,
        K_SOURCE_CONFIG: JSON.stringify(config),
      });
      return () => ended("adapter");
    },
  };
}

/** A kubeconfig that leads through the relay, by the name under which pods know the API server. */
export async function throughRelay(kubeconfig: string, file: string): Promise<string> {
  const config = JSON.parse(await readFile(kubeconfig, "utf8")) as {
    readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
  };
  const server = `https://${API_SERVER}`;
  const clusters = config.clusters.map(({ name, cluster }) => ({ name, cluster: { ...cluster, server } }));
  await writeFile(file, JSON.stringify({ ...config, clusters }), { mode: 0o600 });
  return file;
}
