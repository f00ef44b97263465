/** A real API server with kube-scheduler, control processes of this machine, and fake nodes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { run, type Ran } from "#node-runtime/host/command.ts";
import { install, makeNodes, type Installation } from "../../scripts/race/installation.ts";
import { startFleet, startReplica, type Part, type Replica } from "../../scripts/race/replicas.ts";
import { ensureKube } from "../../scripts/kubernetes/build.ts";
import { downCluster, upCluster } from "../../scripts/kubernetes/cluster.ts";

export interface ControlRig {
  readonly installation: Installation;
  /** The first leads, until it is killed. */
  readonly replicas: readonly Replica[];
  readonly audit: string;
  /** As a user of a kubeconfig; default: the administrator. */
  kubectl(args: readonly string[], as?: string): Promise<Ran>;
  apply(object: object, as?: string): Promise<Ran>;
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
  status(vm: string): Promise<string>;
  close(): Promise<void>;
}

const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

export const NODES = ["fake-1", "fake-2"] as const;

export async function openControlRig(): Promise<ControlRig> {
  const home = await mkdtemp(join(tmpdir(), "virtive-control-"));
  const audit = join(home, "audit.log");
  await writeFile(join(home, "policy.json"), JSON.stringify(POLICY));
  const programs = await ensureKube((line) => console.error(`cluster: ${line}`));
  const cluster = await upCluster({
    name: `cluster-control-${process.pid}`,
    apiServerFlags: [
      `--audit-policy-file=${join(home, "policy.json")}`,
      `--audit-log-path=${audit}`,
      // The chart is tried on what it is for: 1.35 in install.test.ts, 1.37 in installed.test.ts.
      "--emulated-version=1.36",
    ],
  });
  const installation = await install(cluster);
  const replicas: Replica[] = [];
  const addReplica = async (): Promise<Replica> => {
    const replica = await startReplica(installation, { index: replicas.length, logs: home });
    replicas.push(replica);
    return replica;
  };
  const leader = await addReplica();
  const follower = await addReplica();
  await installation.lead([leader, follower]);
  await makeNodes(installation.cluster, NODES);
  const authority = await installation.authority();
  // What nodes say reaches the one who does not lead: it is passed on.
  const controlURL = `https://${installation.address}:${follower.ingressPort}`;
  const { kubeconfig } = cluster;
  const fleet: Part = await startFleet(
    { nodes: NODES, controlURL, stateDirectory: join(home, "nodes"), authority, kubeconfig },
    home,
  );
  const kubectl: ControlRig["kubectl"] = (args, as = kubeconfig) =>
    run([`${programs}/kubectl`, `--cache-dir=${home}`, `--kubeconfig=${as}`, ...args], 60_000);
  return {
    installation,
    replicas,
    audit,
    kubectl,
    async apply(object, as) {
      const file = join(home, "object.json");
      await writeFile(file, JSON.stringify(object));
      return kubectl(["apply", "-f", file], as);
    },
    async until(what, holds) {
      await vi.waitFor(
        async () => {
          if (!(await holds())) throw new Error(`not yet: ${what}`);
        },
        { timeout: 90_000, interval: 100 },
      );
    },
    async status(vm) {
      const { output } = await kubectl(["get", "vm", vm, "-o", "jsonpath={.status.printableStatus}"]);
      return output;
    },
    async close() {
      await fleet.stop();
      for (const replica of replicas) await replica.stop();
      await installation.close();
      await downCluster(cluster);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A request to a replica itself, past the API server. */
export function askReplica(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    // Whom it is, the other tests look at.
    const sent = request(url, { method, headers, rejectUnauthorized: false, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
