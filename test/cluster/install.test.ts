/**
 * The chart on an API server of the oldest version that it is for: everything is taken, policies bound Virtive itself, upgrades keep what is not theirs, and nothing is left.
 */
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { connect, type KubeCluster } from "#events/kubernetes.ts";
import { defaultConfig } from "#functions/config.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { ensureHelm, helm } from "../../scripts/kubernetes/helm.ts";
import { administratorOf } from "../../scripts/kubernetes/cluster.ts";
import { asYaml, CHART, manifests, render, type Manifest } from "../../scripts/manifests.ts";
import { uninstall } from "../../scripts/uninstall.ts";
import { bareInstance } from "../unit/functions/objects.ts";
import { startRig, type Rig } from "./api-rig.ts";

const NAMESPACE = "virtive";
const CONTROL = `--as=system:serviceaccount:${NAMESPACE}:virtive-control`;

const KNATIVE_SERVICES = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "services.serving.knative.dev" },
  spec: {
    group: "serving.knative.dev",
    scope: "Namespaced",
    names: { kind: "Service", plural: "services" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
});

let rig: Rig;
let cluster: KubeCluster;
/** Names of all objects of all kinds before anything was installed. */
let before: readonly string[] = [];

beforeAll(async () => {
  await ensureHelm((line) => console.error(line));
  rig = await startRig("install", 0, ["--emulated-version=1.35"]);
  cluster = await connect(rig.cluster.kubeconfig);
  before = await everything();
}, 1_500_000);

afterAll(async () => {
  cluster?.close();
  await rig?.close();
});

function run(...args: readonly string[]): Promise<string> {
  return helm([...args, `--kubeconfig=${rig.cluster.kubeconfig}`, `--namespace=${NAMESPACE}`]);
}

/** What comes and goes by itself. */
const RESTLESS =
  /^(events|leases|endpoints|endpointslices)|^pods|replicasets|controllerrevisions|apiservices|^secrets\.v1 sh\.helm/;

async function everything(): Promise<readonly string[]> {
  const { output } = await rig.kubectl(["api-resources", "--verbs=list", "-o", "name"]);
  const kinds = output.split("\n").filter((name) => name !== "" && !RESTLESS.test(name));
  const listed = await rig.kubectl([
    "get",
    kinds.join(","),
    "--all-namespaces",
    "--ignore-not-found",
    "-o",
    'go-template={{range .items}}{{.kind}} {{.metadata.namespace}} {{.metadata.name}}{{"\\n"}}{{end}}',
  ]);
  return listed.output
    .split("\n")
    .filter((line) => line !== "" && !/kube-root-ca\.crt|ServiceAccount \S+ default$|IPAddress|PodMetrics/.test(line))
    .sort();
}

const idle = {
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  // The webhook leaves this namespace alone: control does not run here.
  metadata: { name: "idle", namespace: NAMESPACE, finalizers: ["kubevirt.io/virtualMachineControllerFinalize"] },
  spec: { runStrategy: "Halted", template: { spec: { domain: { devices: {} } } } },
};

async function create(object: object, ...more: readonly string[]): Promise<string> {
  const { code, output, complaint } = await rig.kubectl([...more, "create", "-f", "-"], JSON.stringify(object));
  return code === 0 ? output.trim() : complaint;
}

/** With a token of control's ServiceAccount, as its pods have one. */
async function as(account: string): Promise<KubeCluster> {
  const { output: token } = await rig.kubectl(["create", "token", account, "-n", NAMESPACE]);
  const { ca } = await administratorOf(rig.cluster);
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromOptions({
    clusters: [{ name: "rig", server: rig.cluster.url, caData: Buffer.from(ca).toString("base64") }],
    users: [{ name: account, token: token.trim() }],
    contexts: [{ name: account, cluster: "rig", user: account }],
    currentContext: account,
  });
  return connect(kubeconfig);
}

describe("the chart on a real API server", () => {
  it("is taken whole, also by a server-side dry run", async () => {
    const { output } = await rig.kubectl(["get", "--raw", "/version"]);
    expect(JSON.parse(output)).toMatchObject({ emulationMajor: "1", emulationMinor: "35" });
    await run("install", "virtive", CHART, "--create-namespace", "--dry-run=server");
    const told = await run("install", "virtive", CHART, "--create-namespace");
    expect(told).toContain("STATUS: deployed");
    const rendered = await render({});
    const names = new Set((await everything()).map((line) => line.replace(/ .* /, " ")));
    const hooks = (one: Manifest): boolean => one.metadata.annotations?.["helm.sh/hook"] === "pre-delete";
    const missing = rendered.filter((one) => !hooks(one) && one.kind !== "APIService");
    expect(missing.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((name) => !names.has(name))).toEqual(
      [],
    );
  });

  it("has policies that compile", async () => {
    const { items } = await rig.json<{ readonly items: readonly { readonly status?: object }[] }>([
      "get",
      "validatingadmissionpolicies",
      "-l",
      "app.kubernetes.io/part-of=virtive",
    ]);
    expect(items).toHaveLength(3);
    expect(items.map(({ status }) => JSON.stringify(status)).filter((text) => text.includes("warning"))).toEqual([]);
  });

  it("refuses machines while control is not there, and nothing else", async () => {
    const elsewhere = { ...idle, metadata: { name: "idle", namespace: "default" } };
    expect(await create(elsewhere)).toContain("failed calling webhook");
    expect(
      await create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "default" } }),
    ).toContain("created");
    await rig.kubectl(["delete", "configmap", "x"]);
  });

  it("lets control make anchors, and no other pod", async () => {
    const stored = { ...bareInstance(), metadata: { ...bareInstance().metadata, uid: "u", resourceVersion: "1" } };
    const anchor = anchorOf(stored as Parameters<typeof anchorOf>[0], undefined, defaultConfig);
    expect(await create(anchor, CONTROL, "--dry-run=server")).toContain("created");
    const spec = { ...anchor.spec, automountServiceAccountToken: true };
    expect(await create({ ...anchor, spec }, CONTROL, "--dry-run=server")).toContain("has no token");
    const other = { ...anchor, spec: { ...anchor.spec, hostPID: true } };
    expect(await create(other, CONTROL, "--dry-run=server")).toContain("shares nothing with its node");
    const image = anchor.spec.containers.map((container) => ({ ...container, image: "busybox" }));
    expect(
      await create({ ...anchor, spec: { ...anchor.spec, containers: image } }, CONTROL, "--dry-run=server"),
    ).toContain("an anchor pod runs virtive/anchor");
  });

  it("keeps Nodes' taints and others' labels from control", async () => {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "fake", labels: { zone: "a" } } };
    await create(node);
    const patch = async (change: object): Promise<string> => {
      const { code, output, complaint } = await rig.kubectl([
        CONTROL,
        "patch",
        "node",
        "fake",
        "--type=merge",
        "-p",
        JSON.stringify(change),
      ]);
      return code === 0 ? output : complaint;
    };
    expect(await patch({ metadata: { labels: { "kubevirt.io/schedulable": "true" } } })).toContain("patched");
    expect(await patch({ metadata: { annotations: { "virtive.dev/boot-id": "x" } } })).toContain("patched");
    expect(await patch({ metadata: { labels: { zone: "b" } } })).toContain(
      "labels of kubevirt.io and virtive.dev only",
    );
    expect(await patch({ metadata: { labels: { zone: null } } })).toContain(
      "labels of kubevirt.io and virtive.dev only",
    );
    expect(await patch({ spec: { unschedulable: true } })).toContain("does not change a Node's spec");
  });

  it("keeps status to Virtive, whatever a user's role allows", async () => {
    expect(await create(idle)).toContain("created");
    const patch = ["patch", "vm", "idle", "-n", NAMESPACE, "--subresource=status", "--type=merge"];
    const status = ["-p", JSON.stringify({ status: { printableStatus: "Running" } })];
    expect((await rig.kubectl([...patch, ...status])).complaint).toContain("status is written by Virtive alone");
    const control = await as("virtive-control");
    const vm = await control.get(VirtualMachine, { namespace: NAMESPACE, name: "idle" });
    if (vm === undefined) throw new Error("the machine is gone");
    const written = await control.patch(
      VirtualMachine,
      vm,
      { ...vm, status: { printableStatus: "Stopped" } },
      "status",
    );
    control.close();
    expect(written.status?.printableStatus).toBe("Stopped");
  });

  it("gives view, edit and admin what KubeVirt gives them", async () => {
    const may = async (group: string, verb: string, resource: string): Promise<boolean> => {
      // kubectl can't ask about a group whose server is not there.
      const [of = "", subresource] = resource.split("/");
      const attributes = { verb, group: subresource === undefined ? "kubevirt.io" : "subresources.kubevirt.io" };
      const spec = {
        user: "jane",
        groups: [group],
        resourceAttributes: { ...attributes, resource: of, subresource: subresource ?? "", namespace: "default" },
      };
      const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
      const asked = ["create", "-f", "-", "-o", "jsonpath={.status.allowed}"];
      return (await rig.kubectl(asked, JSON.stringify(review))).output === "true";
    };
    for (const role of ["view", "edit", "admin"]) {
      await rig.kubectl(["create", "rolebinding", role, `--clusterrole=${role}`, `--group=${role}s`, "-n", "default"]);
    }
    const start = "virtualmachines/start";
    const answers = {
      viewerLists: await may("views", "list", "virtualmachines"),
      viewerStarts: await may("views", "update", start),
      editorStarts: await may("edits", "update", start),
      editorDeletesAll: await may("edits", "deletecollection", "virtualmachines"),
      adminDeletesAll: await may("admins", "deletecollection", "virtualmachines"),
      adminMigrates: await may("admins", "update", "virtualmachines/migrate"),
    };
    await rig.kubectl(["delete", "rolebinding", "view", "edit", "admin", "-n", "default"]);
    expect(answers).toEqual({
      viewerLists: true,
      viewerStarts: false,
      editorStarts: true,
      editorDeletesAll: false,
      adminDeletesAll: true,
      adminMigrates: true,
    });
  });

  it("is upgraded without losing certificates, settings or machines", async () => {
    const bundle = (await rig.json<{ readonly data: Record<string, string> }>(["get", "cm", "kube-root-ca.crt"])).data[
      "ca.crt"
    ];
    const caBundle = Buffer.from(bundle ?? "").toString("base64");
    const put = JSON.stringify([{ op: "add", path: "/webhooks/0/clientConfig/caBundle", value: caBundle }]);
    await rig.kubectl(["patch", "mutatingwebhookconfiguration", "virtive", "--type=json", "-p", put]);
    const service = JSON.stringify({ spec: { caBundle } });
    await rig.kubectl(["patch", "apiservice", "v1.subresources.kubevirt.io", "--type=merge", "-p", service]);
    // By the first upgrade that asks for it, and left alone by the next.
    await run("upgrade", "virtive", CHART, "--set", "kubevirt.create=true");
    const configure = ["patch", "kubevirt", "kubevirt", "-n", NAMESPACE, "--type=merge"];
    await rig.kubectl([...configure, "-p", '{"spec":{"configuration":{}}}']);
    await run("upgrade", "virtive", CHART, "--set", "kubevirt.create=true,control.replicas=3");
    const { spec } = await rig.json<{ readonly spec: { readonly replicas: number } }>([
      "get",
      "deployment",
      "virtive-control",
      "-n",
      NAMESPACE,
    ]);
    expect(spec.replicas).toBe(3);
    const webhook = await rig.json<object>(["get", "mutatingwebhookconfiguration", "virtive"]);
    expect(JSON.stringify(webhook)).toContain(caBundle);
    const aggregated = await rig.json<object>(["get", "apiservice", "v1.subresources.kubevirt.io"]);
    expect(JSON.stringify(aggregated)).toContain(caBundle);
    expect(
      (await rig.json<{ readonly spec: object }>(["get", "kubevirt", "kubevirt", "-n", NAMESPACE])).spec,
    ).toHaveProperty("configuration");
    expect((await rig.kubectl(["get", "vm", "idle", "-n", NAMESPACE])).code).toBe(0);
  });

  it("is not uninstalled while machines exist", async () => {
    const options = { cluster, namespace: NAMESPACE, timeoutMilliseconds: 1_000, say: () => undefined };
    await expect(uninstall({ ...options, strategy: "BlockUninstallIfWorkloadsExist" })).rejects.toThrow(
      `VirtualMachine ${NAMESPACE}/idle exist`,
    );
    expect((await rig.kubectl(["get", "deployment", "virtive-control", "-n", NAMESPACE])).code).toBe(0);
  });

  it("leaves nothing behind, in bounded time, without control and with no rights but its hook's", async () => {
    const options = { cluster, namespace: NAMESPACE, timeoutMilliseconds: 2_000, say: () => undefined };
    const rights = (await render({ set: ["shape=knative"] })).filter(
      ({ kind, metadata }) => kind !== "Job" && metadata.annotations?.["helm.sh/hook"] === "pre-delete",
    );
    expect(rights.map(({ kind }) => kind)).toContain("ServiceAccount");
    await rig.kubectl(["apply", "-f", "-"], asYaml(rights));
    // In the shape knative it looks for these.
    await rig.kubectl(["apply", "-f", "-"], KNATIVE_SERVICES);
    const served = async () => (await rig.kubectl(["get", "services.serving.knative.dev"])).code;
    await expect.poll(served, { timeout: 30_000, interval: 500 }).toBe(0);
    const hook = await as("virtive-uninstall");
    try {
      await uninstall({ ...options, cluster: hook, strategy: "RemoveWorkloads" });
    } finally {
      hook.close();
    }
    await rig.kubectl(["delete", "-f", "-"], asYaml(rights));
    await rig.kubectl(["delete", "-f", "-"], KNATIVE_SERVICES);
    await run("uninstall", "virtive", "--no-hooks");
    const node = await rig.json<{ readonly metadata: object }>(["get", "node", "fake"]);
    expect(JSON.stringify(node.metadata)).not.toMatch(/virtive|kubevirt/);
    await rig.kubectl(["delete", "node", "fake"]);
    await rig.kubectl(["delete", "namespace", NAMESPACE]);
    await expect.poll(everything, { timeout: 60_000, interval: 1_000 }).toEqual(before);
    // Again: there is nothing to do, and it says so without an error.
    await uninstall({ ...options, strategy: "BlockUninstallIfWorkloadsExist" });
  });

  it("is installed by plain manifests too, and removed again", async () => {
    const text = asYaml(await manifests({}));
    const applied = await rig.kubectl(["apply", "--server-side", "-f", "-"], text);
    expect(applied.complaint).toBe("");
    expect(applied.code).toBe(0);
    const options = { cluster, namespace: NAMESPACE, timeoutMilliseconds: 2_000, say: () => undefined };
    await uninstall({ ...options, strategy: "BlockUninstallIfWorkloadsExist" });
    await rig.kubectl(["delete", "--ignore-not-found", "--wait=false", "-f", "-"], text);
    await expect.poll(everything, { timeout: 60_000, interval: 1_000 }).toEqual(before);
  });
});
