/**
 * The Knative shape on this machine: a real API server with kube-scheduler, control, the functions' hosts, fake nodes, and
 * between them Knative's own ingress, channel and filter. What is applied is what the chart renders.
 *
 *   control ──► fate ──► ingress ──► channel ──► filter ──► fate ──► hosts ──► API server, nodes
 */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { run, type Ran } from "#node-runtime/host/command.ts";
import { ensureKube } from "../../../scripts/kubernetes/build.ts";
import { downCluster, upCluster } from "../../../scripts/kubernetes/cluster.ts";
import { asYaml, render, type Manifest } from "../../../scripts/manifests.ts";
import { bundle } from "../../../scripts/bundle.ts";
import { install, makeNodes, NAMESPACE, type Installation } from "../../../scripts/race/installation.ts";
import { startFleet, startReplica, type Replica } from "../../../scripts/race/replicas.ts";
import { openFateful, type Fateful } from "./fate.ts";
import { startHosts, type Hosts } from "./hosts.ts";
import { openLink, openRelay } from "./link.ts";
import { knativeDefinitions, knativeParts, SYSTEM, throughRelay, type KnativeParts } from "./programs.ts";
import { makeReady } from "./statuses.ts";

export interface KnativeRig {
  readonly installation: Installation;
  readonly parts: KnativeParts;
  readonly hosts: Hosts;
  readonly control: Replica;
  /** Before the broker, and before the functions. */
  readonly toBroker: Fateful;
  readonly toFunctions: Fateful;
  readonly audit: string;
  readonly home: string;
  kubectl(args: readonly string[]): Promise<Ran>;
  apply(object: object): Promise<Ran>;
  until(what: string, holds: () => Promise<boolean>, seconds?: number): Promise<void>;
  status(vm: string): Promise<string>;
  close(): Promise<void>;
}

const NODES = ["fake-1", "fake-2"];
const POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};
const BROKER = "virtive";
const CONFIGURATIONS = {
  "config-features": { "delivery-timeout": "enabled" },
  "config-logging": {},
  "config-observability": {},
  "config-leader-election": {},
  "config-tracing": {},
} as const;
/** What the chart makes for this shape beside what the installation takes of it. */
const KINDS: ReadonlySet<string> = new Set(["Broker", "Trigger", "EventType"]);

export async function openKnativeRig(): Promise<KnativeRig> {
  const home = await mkdtemp(join(tmpdir(), "virtive-knative-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one().catch((error: unknown) => console.error(error));
  };
  try {
    const audit = join(home, "audit.log");
    await writeFile(join(home, "policy.json"), JSON.stringify(POLICY));
    const programs = await ensureKube((line) => console.error(`cluster: ${line}`));
    const cluster = await upCluster({
      name: `cluster-knative-${process.pid}`,
      apiServerFlags: [`--audit-policy-file=${join(home, "policy.json")}`, `--audit-log-path=${audit}`],
    });
    undo.push(() => downCluster(cluster));
    const installation = await install(cluster, ["shape=knative"]);
    undo.push(() => installation.close());
    const { address } = installation;
    const kubectl = (args: readonly string[]): Promise<Ran> =>
      run([`${programs}/kubectl`, `--cache-dir=${home}`, `--kubeconfig=${cluster.kubeconfig}`, ...args], 60_000);
    const applied = async (text: string): Promise<void> => {
      const file = join(home, "objects.yaml");
      await writeFile(file, text);
      const { code, complaint } = await kubectl(["apply", "--server-side", "--force-conflicts", "-f", file]);
      if (code !== 0) throw new Error(`kubectl apply: ${complaint}`);
    };

    // --- Knative's kinds and what its programs read
    await applied(await knativeDefinitions());
    await kubectl(["wait", "--for=condition=established", "crd", "--all", "--timeout=30s"]);
    await kubectl(["create", "namespace", SYSTEM]);
    for (const [name, data] of Object.entries(CONFIGURATIONS)) {
      await applied(
        JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: SYSTEM }, data }),
      );
    }
    await kubectl(["-n", SYSTEM, "create", "serviceaccount", "eventing"]);
    const grant = ["--clusterrole=cluster-admin", `--serviceaccount=${SYSTEM}:eventing`];
    await kubectl(["create", "clusterrolebinding", "eventing", ...grant]);

    // --- ours, from the chart
    const chart = await render({ set: ["shape=knative"] });
    // The Services' accounts and roles are there; the Services are processes of this machine.
    await applied(asYaml(chart.filter(({ kind }) => KINDS.has(kind))));

    // --- the programs
    const link = await openLink(cluster, address);
    undo.push(() => link.close());
    const relay = await openRelay(address, cluster.port);
    undo.push(() => relay.close());
    const kubeconfig = await throughRelay(
      await installation.kubeconfigOf(SYSTEM, "eventing"),
      join(home, "eventing.kubeconfig"),
    );
    const parts = await knativeParts(cluster, link, kubeconfig);
    const toBroker = await openFateful(address, (path) => parts.urlOf("ingress") + path, 1);
    undo.push(() => toBroker.close());
    const sink = `${toBroker.url}/${NAMESPACE}/${BROKER}`;

    const control = await startReplica(installation, {
      index: 0,
      logs: home,
      env: {
        VIRTIVE_SHAPE: "knative",
        VIRTIVE_LOG: "info",
        K_SINK: sink,
        VIRTIVE_FUNCTION_ACCOUNTS: functionAccounts(chart),
      },
    });
    undo.push(() => control.stop());
    await installation.lead([control]);

    await mkdir(join(process.cwd(), "dist"), { recursive: true });
    const built = await mkdtemp(join(process.cwd(), "dist", "test-"));
    undo.push(() => rm(built, { recursive: true, force: true }));
    const program = (await bundle(join(built, "out"))).find(({ name }) => name === "functions")?.file ?? "";
    const hosts = await startHosts({ installation, cluster, program, sink, home });
    undo.push(() => hosts.close());
    const toFunctions = await openFateful(address, behindPort(address), 2);
    undo.push(() => toFunctions.close());

    await makeReady(installation.cluster, NAMESPACE, BROKER, {
      ingress: parts.urlOf("ingress"),
      filter: parts.urlOf("filter"),
      channel: parts.urlOf("channel"),
      // The port behind is named in the path: one stands before all hosts.
      service: (name) => `${toFunctions.url}/${new URL(hosts.urlOf(name)).port}`,
    });
    await Promise.all((["ingress", "filter", "channel"] as const).map((part) => parts.start(part)));

    await makeNodes(installation.cluster, NODES);
    const fleet = await startFleet(
      {
        nodes: NODES,
        controlURL: `https://${address}:${control.ingressPort}`,
        stateDirectory: join(home, "nodes"),
        authority: await installation.authority(),
        kubeconfig: cluster.kubeconfig,
      },
      home,
    );
    undo.push(() => fleet.stop());

    const status = async (vm: string): Promise<string> =>
      (await kubectl(["get", "vm", vm, "-o", "jsonpath={.status.printableStatus}"])).output;
    return {
      installation,
      parts,
      hosts,
      control,
      toBroker,
      toFunctions,
      audit,
      home,
      kubectl,
      async apply(object) {
        const file = join(home, "object.json");
        await writeFile(file, JSON.stringify(object));
        return kubectl(["apply", "-f", file]);
      },
      async until(what, holds, seconds = 90) {
        await vi.waitFor(
          async () => {
            if (!(await holds())) throw new Error(`not yet: ${what}`);
          },
          { timeout: seconds * 1000, interval: 250 },
        );
      },
      status,
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** The first part of the path is the port that the rest is for. */
function behindPort(address: string): (path: string) => string {
  return (path) => {
    const [, port = "", rest = ""] = /^\/(\d+)(\/.*)$/.exec(path) ?? [];
    return `http://${address}:${port}${rest}`;
  };
}

/** As the chart tells control. */
function functionAccounts(rendered: readonly Manifest[]): string {
  const deployment = rendered.find(
    ({ kind, metadata }) => kind === "Deployment" && metadata.name === "virtive-control",
  );
  const { template } = (deployment?.["spec"] ?? {}) as {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[] };
    };
  };
  const found = template.spec.containers[0]?.env.find(({ name }) => name === "VIRTIVE_FUNCTION_ACCOUNTS");
  if (found?.value === undefined) throw new Error("the chart gives control no VIRTIVE_FUNCTION_ACCOUNTS");
  return found.value;
}
