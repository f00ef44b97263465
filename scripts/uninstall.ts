/**
 * What must happen before Virtive's own objects are deleted: machines go, with their finalizers; then what control made
 * by itself, and the definitions. Bounded in time, and right also when control is gone: what nobody answers for is taken
 * by force when the time is over. The chart runs it as a hook; scripts/uninstall from outside.
 *
 *   machines exist ──Block──► refused, nothing is changed
 *        └──RemoveWorkloads──► deleted ──control stops them──► gone ─────────────┐
 *                                 └──time is over──► finalizers off, pods deleted ─┴─► control, functions and node runtimes end
 *                                             its Secrets, marks on Nodes, definitions ◄─┘
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ConfigMap, Node, Pod, Secret } from "#api/core.ts";
import { customResourceDefinitions } from "#api/crd.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { label } from "#api/names.ts";
import { keyOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { asFault, Fault } from "#events/fault.ts";
import { isCpuLabel } from "#functions/cpu-labels.ts";
import { RUNTIME_READY } from "#functions/machine-facts.ts";
import { DRAINED } from "#functions/tally.ts";
import { connect } from "#events/kubernetes.ts";

export const strategies = ["BlockUninstallIfWorkloadsExist", "RemoveWorkloads"] as const;
export type Strategy = (typeof strategies)[number];

export interface UninstallOptions {
  readonly cluster: Reader & Writer;
  /** Where control runs. */
  readonly namespace: string;
  readonly strategy: Strategy;
  /** For machines to end by themselves; all else takes at most `MORE_SECONDS` more. */
  readonly timeoutMilliseconds: number;
  readonly say: (line: string) => void;
}

const POLL_MILLISECONDS = 500;
/** After the finalizers are off: the kubelet ends what is left in the pods. */
const FORCED_MILLISECONDS = 30_000;
/** By component: more than the grace that its pods have, which is Knative's for functions' hosts. */
const ENDING_MILLISECONDS = { control: 40_000, function: 70_000 } as const;
/** What waiting adds at most to the time for machines: by force, for who may write, by force for who came meanwhile. */
export const MORE_SECONDS = (2 * FORCED_MILLISECONDS + ENDING_MILLISECONDS.function) / 1000;
const MOST_NAMES = 5;
const REFUSED = 3;

function kind(group: string, name: string, plural: string, namespaced = true): Kind {
  return { group, version: "v1", kind: name, plural, namespaced };
}

const Deployment = kind("apps", "Deployment", "deployments");
const DaemonSet = kind("apps", "DaemonSet", "daemonsets");
const FunctionService = kind("serving.knative.dev", "Service", "services");
const Lease = kind("coordination.k8s.io", "Lease", "leases");
const webhooks = ["Mutating", "Validating"].map((type) =>
  kind(
    "admissionregistration.k8s.io",
    `${type}WebhookConfiguration`,
    `${type.toLowerCase()}webhookconfigurations`,
    false,
  ),
);

/** @throws Fault refused, reason WorkloadsExist, when the strategy says so; nothing has been changed then */
export async function uninstall(options: UninstallOptions): Promise<void> {
  const { cluster, namespace, strategy, timeoutMilliseconds, say } = options;
  const there = await definitionsOf(cluster);
  const machineKinds = [VirtualMachine, VirtualMachineInstance].filter((one) => there.has(one.plural));
  const machines = await listAll(cluster, machineKinds);
  const heldKinds = [...machineKinds, ...[VirtualMachineInstanceMigration].filter((one) => there.has(one.plural))];
  if (machines.length > 0) {
    if (strategy === "BlockUninstallIfWorkloadsExist") throw refusal(machines.map(({ object }) => object));
    say(`deleting ${machines.length} machines`);
    await Promise.all(machines.map(({ kind, object }) => cluster.remove(kind, object)));
    const gone = async (): Promise<boolean> => (await listAll(cluster, machineKinds)).length === 0;
    if (!(await within(timeoutMilliseconds, gone))) await force(options, heldKinds);
  }
  await removeMigrations(options, heldKinds.slice(machineKinds.length));
  // Before what they would make again.
  await removeNamed(cluster, Deployment, { namespace, name: "virtive-control" });
  await removeNamed(cluster, DaemonSet, { namespace, name: "virtive-node" });
  await removeFunctionServices(options);
  await writersEnded(options);
  await removeLatecomers(options, heldKinds);
  for (const one of webhooks) await removeNamed(cluster, one, { name: "virtive" });
  for (const name of ["virtive-ca", "virtive-serving", "virtive-node-client"]) {
    await removeNamed(cluster, Secret, { namespace, name });
  }
  await removeNamed(cluster, ConfigMap, { namespace, name: "virtive-ca" });
  await removeNamed(cluster, Lease, { namespace, name: "virtive-control" });
  await cleanNodes(cluster);
  if (there.has(KubeVirt.plural)) {
    const settings = await listAll(cluster, [KubeVirt]);
    await Promise.all(settings.map(({ kind, object }) => cluster.remove(kind, object)));
  }
  for (const { metadata } of customResourceDefinitions()) {
    await removeNamed(cluster, CustomResourceDefinition, { name: metadata.name });
  }
  say("no machine, no definition and nothing that control made is left");
}

function refusal(machines: readonly Stored<KubeObject>[]): Fault {
  const names = machines.slice(0, MOST_NAMES).map((one) => `${one.kind} ${keyOf(one)}`);
  const more = machines.length > MOST_NAMES ? ` and ${machines.length - MOST_NAMES} more` : "";
  return new Fault(
    "refused",
    "WorkloadsExist",
    `${names.join(", ")}${more} exist; delete them, or uninstall with the strategy RemoveWorkloads, which deletes them`,
  );
}

/** Plurals of our definitions that are there. */
async function definitionsOf(cluster: Reader): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    customResourceDefinitions().map(({ metadata: { name } }) => cluster.get(CustomResourceDefinition, { name })),
  );
  return new Set(found.flatMap((definition) => (definition === undefined ? [] : [definition.spec.names.plural])));
}

async function listAll(
  cluster: Reader,
  kinds: readonly Kind[],
): Promise<readonly { readonly kind: Kind; readonly object: Stored<KubeObject> }[]> {
  const lists = await Promise.all(
    kinds.map(async (one) => (await cluster.list(one)).map((object) => ({ kind: one, object }))),
  );
  return lists.flat();
}

/** Nobody took the machines down in time: control or a node is gone. Their pods' end ends what still runs of them. */
async function force({ cluster, say }: UninstallOptions, machineKinds: readonly Kind[]): Promise<void> {
  const left = await listAll(cluster, machineKinds);
  say(`${left.length} machines have not ended: taking their finalizers and pods away`);
  const anchors = { labels: { [label.component]: "virt-launcher" } };
  const pods = await cluster.list(Pod, anchors);
  await Promise.all(pods.map((pod) => cluster.remove(Pod, pod, { gracePeriodSeconds: 1 })));
  for (const { kind: one, object } of left) await withoutFinalizers(cluster, one, object);
  const ended = await within(FORCED_MILLISECONDS, async () => (await cluster.list(Pod, anchors)).length === 0);
  if (!ended) say("some anchor pods have not ended: look at their nodes before their disks are used elsewhere");
}

const labelsOf = (component: string) => ({
  "app.kubernetes.io/name": "virtive",
  "app.kubernetes.io/component": component,
});

/** In the shape knative. Without them an event that is still on its way finds nobody. */
async function removeFunctionServices({ cluster, namespace }: UninstallOptions): Promise<void> {
  const name = `${FunctionService.plural}.${FunctionService.group}`;
  if ((await cluster.get(CustomResourceDefinition, { name })) === undefined) return;
  const hosts = await cluster.list(FunctionService, { namespace, labels: labelsOf("function") });
  await Promise.all(hosts.map((host) => cluster.remove(FunctionService, host)));
}

/**
 * Until its last pod has ended, control takes its lease, makes its Secrets, marks Nodes again and admits machines; so do the
 * functions' hosts with Nodes.
 */
async function writersEnded({ cluster, namespace, say }: UninstallOptions): Promise<void> {
  const began = Date.now();
  const left = async (component: keyof typeof ENDING_MILLISECONDS): Promise<boolean> =>
    !(await within(began + ENDING_MILLISECONDS[component] - Date.now(), async () => {
      const pods = await cluster.list(Pod, { namespace, labels: labelsOf(component) });
      return pods.length === 0;
    }));
  if (await left("control")) say("control has not ended in time: it may make its Secrets again; look at its pods");
  if (await left("function")) say("functions have not ended in time: they may mark Nodes again; look at their pods");
}

/** Machines that came while control still admitted them. Nobody sees to them any more, and their definitions wait for them. */
async function removeLatecomers(options: UninstallOptions, kinds: readonly Kind[]): Promise<void> {
  const { cluster } = options;
  const late = await listAll(cluster, kinds);
  if (late.length === 0) return;
  await Promise.all(late.map(({ kind, object }) => cluster.remove(kind, object)));
  await force(options, kinds);
}

/** Records of moves that are over or whose machine is gone: nobody misses them, and their definition waits for them. */
async function removeMigrations({ cluster }: UninstallOptions, kinds: readonly Kind[]): Promise<void> {
  for (const { kind: one, object } of await listAll(cluster, kinds)) {
    await cluster.remove(one, object);
    await withoutFinalizers(cluster, one, object);
  }
}

async function withoutFinalizers(
  cluster: Reader & Writer,
  of: Kind,
  object: Stored<KubeObject>,
  attempts = 5,
): Promise<void> {
  const now = await cluster.get<KubeObject>(of, object.metadata);
  if (now === undefined || now.metadata.uid !== object.metadata.uid) return;
  try {
    await cluster.patch(of, now, { ...now, metadata: { ...now.metadata, finalizers: [] } }, "object");
  } catch (thrown) {
    // Somebody wrote meanwhile, or it is gone.
    if (asFault(thrown).kind !== "stale" || attempts === 1) throw thrown;
    await withoutFinalizers(cluster, of, object, attempts - 1);
  }
}

async function removeNamed(
  cluster: Reader & Writer,
  of: Kind,
  at: { readonly namespace?: string; readonly name: string },
): Promise<void> {
  const object = await cluster.get<KubeObject>(of, at);
  if (object !== undefined) await cluster.remove(of, object);
}

const OUR_CONDITIONS: ReadonlySet<string> = new Set([RUNTIME_READY, DRAINED]);
const ours = (name: string): boolean => name.startsWith("virtive.dev/");

/** Labels, annotations and conditions that say what runtimes told of their nodes, and how far a drain is. */
async function cleanNodes(cluster: Reader & Writer): Promise<void> {
  for (const { metadata } of await cluster.list(Node)) await cleanNode(cluster, metadata.name);
}

async function cleanNode(cluster: Reader & Writer, name: string, attempts = 5): Promise<void> {
  const node = await cluster.get(Node, { name });
  if (node === undefined) return;
  try {
    const labels = without(
      node.metadata.labels,
      (name) => ours(name) || name === label.schedulable || isCpuLabel(name),
    );
    const annotations = without(node.metadata.annotations, ours);
    const conditions = node.status?.conditions?.filter(({ type }) => !OUR_CONDITIONS.has(type));
    const after = { ...node, metadata: { ...node.metadata, labels, annotations } };
    const patched = await cluster.patch(Node, node, after, "object");
    if (conditions === undefined || conditions.length === node.status?.conditions?.length) return;
    await cluster.patch(Node, patched, { ...patched, status: { ...patched.status, conditions } }, "status");
  } catch (thrown) {
    // Its kubelet wrote in between.
    if (asFault(thrown).kind !== "stale" || attempts === 1) throw thrown;
    await cleanNode(cluster, name, attempts - 1);
  }
}

function without(
  named: Readonly<Record<string, string>> | undefined,
  drop: (name: string) => boolean,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(named ?? {}).filter(([name]) => !drop(name)));
}

async function within(milliseconds: number, done: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + milliseconds;
  for (;;) {
    if (await done()) return true;
    if (Date.now() >= end) return false;
    await sleep(Math.min(POLL_MILLISECONDS, Math.max(1, end - Date.now())));
  }
}

const USAGE = `usage: scripts/uninstall [--namespace virtive] [--strategy ${strategies.join("|")}] [--timeout SECONDS]
  before \`helm uninstall --no-hooks\` or \`kubectl delete -f\`; the cluster is the one that kubectl would use`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      namespace: { type: "string", default: "virtive" },
      strategy: { type: "string", default: strategies[0] },
      timeout: { type: "string", default: "240" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const strategy = strategies.find((one) => one === values.strategy);
  if (strategy === undefined) {
    throw new Fault("refused", "BadStrategy", `--strategy: "${values.strategy}"; there are: ${strategies.join(", ")}`);
  }
  const seconds = Number(values.timeout);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600) {
    throw new Fault("refused", "BadTimeout", `--timeout: "${values.timeout}"; whole seconds from 0 to 3600 are wanted`);
  }
  const cluster = await connect();
  try {
    const { namespace } = values;
    const say = (line: string): void => console.log(`uninstall: ${line}`);
    await uninstall({ cluster, namespace, strategy, timeoutMilliseconds: seconds * 1000, say });
  } finally {
    cluster.close();
  }
}

if (import.meta.main) {
  await main().catch((thrown: unknown) => {
    const { kind, message } = asFault(thrown);
    console.error(`uninstall: ${message}`);
    // The chart's Job does not try again what was refused.
    process.exitCode = kind === "refused" ? REFUSED : 1;
  });
}
