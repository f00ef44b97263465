/** A real Kubernetes with nodes on which our images are, for the chart; and guests on it, asked from another pod's network. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { outputOf } from "#node-runtime/host/command.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { buildImages } from "../../scripts/image/images.ts";
import { asAdministrator, type Ask } from "../../scripts/kubernetes/api.ts";
import { ensureNodePrograms } from "../../scripts/kubernetes/build.ts";
import { administratorOf, insideNode, loadImage } from "../../scripts/kubernetes/cluster.ts";
import { helm } from "../../scripts/kubernetes/helm.ts";
import { BUSYBOX_IMAGE } from "../../scripts/kubernetes/images.ts";
import { nodesOf } from "../../scripts/kubernetes/record.ts";
import { startRig, type Rig } from "./api-rig.ts";
import { auditFlags } from "./knative/audit.ts";
import { KEYS_FLAG } from "./knative/objects.ts";
import { startPod } from "./node-rig.ts";

export const NAMESPACE = "virtive";
export const VERSION = "0.1.0";
/** There is no cluster DNS in the rig: control's Service has an address that nodes are told. */
const ADDRESS = "10.96.77.77";
const STATE = "/var/lib/virtive";
const LAYOUTS = `${STATE}/layouts`;
/** Certificates of nodes last a minute, so whatever is tested here is tested with renewed ones. */
export const SETTINGS = [
  `control.service.clusterIP=${ADDRESS}`,
  "control.resources.requests.cpu=10m",
  "uninstall.strategy=RemoveWorkloads",
  "node.certificateSeconds=60",
  "node.logLevel=debug",
  `node.extraEnv[0].name=VIRTIVE_IMAGE_LAYOUTS,node.extraEnv[0].value=${LAYOUTS}`,
];
export const MINUTE = 60_000;
/** What the API server writes down: what our accounts ask of it. */
const OF_OURS = [{ level: "Metadata", userGroups: [`system:serviceaccounts:${NAMESPACE}`] }, { level: "None" }];
const DEMO = readFileSync(join(import.meta.dirname, "../../scripts/guest/demo-vm.yaml"), "utf8");

export interface Count {
  readonly number: number;
  readonly boot: string;
}

/** What a client saw that asked five times a second. */
export interface Seen {
  readonly answers: readonly (Count & { readonly at: number })[];
  readonly failed: number;
  /** Between two answers. */
  readonly longestGapMilliseconds: number;
}

export interface ChartRig extends Rig {
  readonly directory: string;
  /** The API server's audit log, until it is restarted. */
  readonly audit: string;
  readonly ask: Ask;
  readonly nodes: readonly string[];
  /** kubectl's output. @throws Error with its complaint */
  must(args: readonly string[], stdin?: string): Promise<string>;
  /** helm, in the release's namespace. */
  release(verb: "install" | "upgrade" | "uninstall", ...args: readonly string[]): Promise<string>;
  /** Names of the nodes that take guests, with a space between. */
  schedulable(): Promise<string>;
  onNode(node: string, argv: readonly string[], milliseconds?: number): Promise<string>;
  /** jsonpath of an object in the default namespace; "" when it is not there. */
  value(kind: string, name: string, path: string): Promise<string>;
  until(kind: string, name: string, path: string, wanted: string | RegExp, milliseconds?: number): Promise<void>;
  /** Makes the machine and a Service before it; resolves with the Service's address once the guest answers. */
  start(vm: VirtualMachine): Promise<string>;
  /** What the guest behind the address answers to another pod, on the last node. */
  http(address: string, path: string): Promise<string | undefined>;
  counter(address: string): Promise<Count>;
  /** Asks for the counter until it is told to stop. */
  watch(address: string): { stop(): Promise<Seen> };
  /** Undefined when no container of the pod runs there. */
  podOf(vm: string): Promise<string>;
  close(): Promise<void>;
}

export const patience = (timeout: number) => ({ timeout, interval: 500 });
const say = (line: string): void => console.error(`chart: ${line}`);

/** The demo guest as a machine of this name. */
export function machine(
  name: string,
  change: (spec: VirtualMachine["spec"]["template"]["spec"]) => object = () => ({}),
) {
  const demo = parse(DEMO) as VirtualMachine;
  const { template } = demo.spec;
  const labels = { "kubevirt.io/vm": name };
  const spec = { ...template.spec, ...change(template.spec) };
  return {
    ...demo,
    metadata: { ...demo.metadata, name, labels },
    spec: { ...demo.spec, template: { ...template, metadata: { labels }, spec } },
  } as VirtualMachine;
}

export async function openChartRig(name: string, nodes: number): Promise<ChartRig> {
  await ensureNodePrograms(say);
  const directory = await mkdtemp(join(tmpdir(), "virtive-chart-"));
  const guest = await demoGuest({ say });
  const names = ["control", "functions", "node", "anchor"] as const;
  const building = buildImages({ names, repository: "virtive", tag: VERSION, directory, say });
  building.catch(() => undefined); // it is waited for below
  const { audit, flags } = await auditFlags(directory, OF_OURS);
  const rig = await startRig(name, nodes, [...flags, KEYS_FLAG]);
  try {
    for (const file of (await building).values()) await loadImage(rig.cluster, file);
    const ask = asAdministrator(rig.cluster, await administratorOf(rig.cluster));
    const there = nodesOf(rig.cluster).map((node) => node.name);
    const last = there.at(-1) ?? "";
    const onNode: ChartRig["onNode"] = async (node, argv, milliseconds = MINUTE) =>
      outputOf(await insideNode(rig.cluster, node, argv), milliseconds);
    for (const node of there) {
      // Nodes see the machine's /var/lib: what it has there of Virtive itself is not theirs.
      await onNode(node, ["rm", "-rf", STATE]);
      await onNode(node, ["mkdir", "-p", LAYOUTS]);
      await onNode(node, ["cp", "-r", guest.layout, `${LAYOUTS}/demo`]);
    }
    const container = { name: "c", image: BUSYBOX_IMAGE, command: ["sleep", "1d"] };
    const client = await startPod(ask, {
      metadata: { name: "client" },
      spec: { nodeName: last, containers: [container] },
    });
    // From the pod's network, by the node's curl: there is none in the pod.
    const inClient = `for one in /run/netns/*; do nsenter --net=$one ip -4 -o addr | grep -qF " ${client.ip}/" && break; done; `;
    const must: ChartRig["must"] = async (args, stdin) => {
      const { code, output, complaint } = await rig.kubectl(args, stdin);
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${complaint}`);
      return output.trim();
    };
    const chart: ChartRig = {
      ...rig,
      directory,
      audit,
      ask,
      nodes: there,
      must,
      onNode,
      release: (verb, ...args) => {
        const of = [...args, `--kubeconfig=${rig.cluster.kubeconfig}`, `--namespace=${NAMESPACE}`];
        return helm([
          verb,
          "virtive",
          ...(verb === "uninstall" ? [] : SETTINGS.flatMap((one) => ["--set", one])),
          ...of,
        ]);
      },
      schedulable: () =>
        must(["get", "nodes", "-l", "kubevirt.io/schedulable=true", "-o", "jsonpath={.items[*].metadata.name}"]),
      async value(kind, of, path) {
        return (await rig.kubectl(["get", kind, of, `-o=jsonpath={${path}}`])).output.trim();
      },
      async until(kind, of, path, wanted, milliseconds = 2 * MINUTE) {
        await expect.poll(() => chart.value(kind, of, path), patience(milliseconds)).toMatch(wanted);
      },
      async start(vm) {
        const { name: of } = vm.metadata;
        const spec = { selector: { "kubevirt.io/vm": of }, ports: [{ port: 80 }] };
        const service = { apiVersion: "v1", kind: "Service", metadata: { name: of }, spec };
        await must(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: [vm, service] }));
        const address = await chart.value("service", of, ".spec.clusterIP");
        await chart.until("vm", of, ".status.printableStatus", /^Running$/, 3 * MINUTE);
        await chart.counter(address);
        return address;
      },
      async http(address, path) {
        const words = ["sh", "-c", `${inClient} exec nsenter --net=$one curl -sf --max-time 5 "http://$1/$2"`];
        return onNode(last, [...words, "sh", address, path]).catch(() => undefined);
      },
      async counter(address) {
        let count: Count | undefined;
        const asked = async (): Promise<number> => {
          count = countIn((await chart.http(address, "counter")) ?? "");
          return count?.number ?? 0;
        };
        await expect.poll(asked, patience(3 * MINUTE)).toBeGreaterThan(0);
        if (count === undefined) throw new Error(`nothing counts at ${address}`);
        return count;
      },
      watch: (address) => watch(rig, last, directory, `${inClient} exec nsenter --net=$one`, address),
      podOf: (vm) => must(["get", "pod", "-l", `kubevirt.io/vm=${vm}`, "-o", "jsonpath={.items[*].metadata.name}"]),
      async close() {
        await rig.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
    return chart;
  } catch (thrown) {
    await building.catch(() => undefined);
    await rig.close();
    await rm(directory, { recursive: true, force: true });
    throw thrown;
  }
}

function countIn(text: string): Count | undefined {
  const [number, , boot] = text.trim().split(" ");
  return boot === undefined ? undefined : { number: Number(number), boot };
}

/** Asks while a file is there; each line has the time in milliseconds and what was answered. */
const ASKS = `while [ -e "$2" ]; do
    answer=$(curl -sf --max-time 2 "http://$1/counter") || answer=
    echo "$(date +%s%3N) $answer"
    sleep 0.2
  done`;

function watch(
  { cluster }: Rig,
  node: string,
  directory: string,
  enter: string,
  address: string,
): { stop(): Promise<Seen> } {
  const goes = join(directory, `watch-${address}`);
  let said = "";
  const ended = (async () => {
    await writeFile(goes, "");
    const script = `${enter} sh -c '${ASKS.replaceAll("'", `'\\''`)}' sh "$@"`;
    const [program = "", ...args] = await insideNode(cluster, node, ["sh", "-c", script, "sh", address, goes]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    await new Promise((resolve) => child.once("close", resolve));
  })();
  return {
    async stop() {
      await expect.poll(() => said.split("\n").length, patience(MINUTE)).toBeGreaterThan(2);
      await rm(goes, { force: true });
      await ended;
      const lines = said.trim().split("\n");
      const answers = lines.flatMap((line) => {
        const [at = "", ...rest] = line.split(" ");
        const count = countIn(rest.join(" "));
        return count === undefined ? [] : [{ ...count, at: Number(at) }];
      });
      const gaps = answers.slice(1).map((one, index) => one.at - (answers[index]?.at ?? one.at));
      return { answers, failed: lines.length - answers.length, longestGapMilliseconds: Math.max(0, ...gaps) };
    },
  };
}
