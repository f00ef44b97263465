/**
 * The Knative shape on this machine: a real API server with kube-scheduler, control, the functions' hosts, fake nodes, and
 * between them Knative's own ingress, channel and filter. What is applied is what the chart renders. Everybody proves who he is
 * (`authentication-oidc`): with tokens of this API server, which all of them check.
 *
 *   control ──► fate ──► ingress ──► channel ──► filter ──► fate ──► hosts ──► API server, nodes
 */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { Node } from "#api/core.ts";
import { label } from "#api/names.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { run, type Ran } from "#node-runtime/host/command.ts";
import { ensureKube } from "../../../scripts/kubernetes/build.ts";
import { downCluster, upCluster } from "../../../scripts/kubernetes/cluster.ts";
import { markOf } from "../../../scripts/kubernetes/processes.ts";
import { asYaml, render, type Manifest } from "../../../scripts/manifests.ts";
import { bundle } from "../../../scripts/bundle.ts";
import { install, makeNodes, NAMESPACE, type Installation } from "../../../scripts/race/installation.ts";
import { startFleet, startReplica, type Replica } from "../../../scripts/race/replicas.ts";
import { auditFlags } from "./audit.ts";
import { openFateful, type Fateful } from "./fate.ts";
import { startHosts, type Hosts } from "./hosts.ts";
import { openLink, openRelay } from "./link.ts";
import { KEYS_FLAG, knativeDefinitions, knativeSettings, SYSTEM } from "./objects.ts";
import { knativeParts, throughRelay, type KnativeParts } from "./programs.ts";
import { brokerAudience, makeReady } from "./statuses.ts";
import { sinkTokenOf } from "./tokens.ts";

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
  /** Of its ingress. */
  readonly brokerURL: string;
  /** What tokens for the Broker, and for the functions, are meant for. */
  readonly brokerAudience: string;
  readonly functionsAudience: string;
  kubectl(args: readonly string[]): Promise<Ran>;
  /** Polls. */
  until(what: string, holds: () => Promise<boolean>, seconds?: number): Promise<void>;
  status(vm: string): Promise<string>;
  close(): Promise<void>;
}

const NODES = ["fake-1", "fake-2"];
export const BROKER = "virtive";
const AUDIENCE = brokerAudience(NAMESPACE, BROKER);
const VALUES = ["shape=knative", "knative.oidc.enabled=true"];
/** What the chart makes for this shape beside what the installation takes of it. */
const KINDS: ReadonlySet<string> = new Set(["Broker", "Trigger", "EventType"]);

export async function openKnativeRig(): Promise<KnativeRig> {
  const home = await mkdtemp(join(tmpdir(), "virtive-knative-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const one of undo.splice(0).reverse()) await one().catch((error: unknown) => console.error(error));
  };
  try {
    const { audit, flags } = await auditFlags(home, [{ level: "Metadata" }]);
    const programs = await ensureKube((line) => console.error(`cluster: ${line}`));
    const cluster = await upCluster({
      name: `cluster-knative-${process.pid}`,
      apiServerFlags: [...flags, KEYS_FLAG],
    });
    undo.push(() => downCluster(cluster));
    const installation = await install(cluster, VALUES);
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
    await applied(asYaml(knativeSettings()));

    // --- ours, from the chart
    const chart = await render({ namespace: NAMESPACE, set: VALUES });
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

    const token = { namespace: NAMESPACE, binding: "virtive-control", audience: AUDIENCE };
    const { VIRTIVE_SHAPE, VIRTIVE_FUNCTION_ACCOUNTS } = environmentIn(chart, "Deployment", "virtive-control");
    const control = await startReplica(installation, {
      index: 0,
      logs: home,
      env: {
        ...markOf(cluster),
        VIRTIVE_SHAPE,
        VIRTIVE_FUNCTION_ACCOUNTS,
        VIRTIVE_LOG: "info",
        K_SINK: sink,
        K_OIDC_TOKEN: await sinkTokenOf(installation, { ...token, file: join(home, "control.sink-token") }),
      },
    });
    undo.push(() => control.stop());
    await installation.lead([control]);

    await mkdir(join(process.cwd(), "dist"), { recursive: true });
    const built = await mkdtemp(join(process.cwd(), "dist", "test-"));
    undo.push(() => rm(built, { recursive: true, force: true }));
    const program = (await bundle(join(built, "out"))).find(({ name }) => name === "functions")?.start ?? [];
    const hosts = await startHosts({
      installation,
      cluster,
      program,
      sink,
      sinkAudience: AUDIENCE,
      environmentOf: (service) => environmentIn(chart, "Service", service),
      home,
    });
    undo.push(() => hosts.close());
    const toFunctions = await openFateful(address, behindPort(address), 2);
    undo.push(() => toFunctions.close());

    const of = { namespace: NAMESPACE, name: BROKER, system: SYSTEM };
    await makeReady(installation, of, {
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
      markOf(cluster),
    );
    undo.push(() => fleet.stop());
    // Nodes are so by what they say through the Broker: all of it works, and no VM waits for a place.
    await vi.waitFor(
      async () => {
        const nodes = await installation.cluster.list(Node);
        const ready = nodes.filter(({ metadata }) => metadata.labels?.[label.schedulable] === "true");
        if (ready.length < NODES.length) throw new Error(`${ready.length} of ${NODES.length} nodes take machines`);
      },
      { timeout: 120_000, interval: 250 },
    );

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
      brokerURL: `${parts.urlOf("ingress")}/${NAMESPACE}/${BROKER}`,
      brokerAudience: AUDIENCE,
      functionsAudience: environmentIn(chart, "Service", "virtive-attend")["VIRTIVE_OIDC_AUDIENCE"] ?? "",
      async until(what, holds, seconds = 90) {
        await vi.waitFor(
          async () => {
            if (!(await holds())) throw new Error(`not yet: ${what}`);
          },
          { timeout: seconds * 1000, interval: 250 },
        );
      },
      async status(name) {
        const vm = await installation.cluster.get(VirtualMachine, { namespace: "default", name });
        return vm?.status?.printableStatus ?? "";
      },
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

/** Values that the chart gives the container of a Deployment or a Knative Service. */
function environmentIn(rendered: readonly Manifest[], kind: string, name: string): Readonly<Record<string, string>> {
  interface Pods {
    readonly template: { readonly spec: { readonly containers: readonly { readonly env: readonly Variable[] }[] } };
  }
  interface Variable {
    readonly name: string;
    readonly value?: string;
  }
  const found = rendered.find(
    (one) => one.kind === kind && one.metadata.name === name && "template" in (one["spec"] as object),
  );
  if (found === undefined) throw new Error(`the chart makes no ${kind} ${name}`);
  const { template } = found["spec"] as Pods;
  const values = (template.spec.containers[0]?.env ?? []).filter(({ value }) => value !== undefined);
  return Object.fromEntries(values.map((one) => [one.name, one.value ?? ""]));
}
