import { describe, expect, it } from "vitest";
import { Node, Pod, Secret } from "#api/core.ts";
import { customResourceDefinitions } from "#api/crd.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import type { Kind, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { systemClock } from "#events/clock.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { node, virtualMachine } from "../functions/objects.ts";
import { uninstall } from "../../../scripts/uninstall.ts";

const NAMESPACE = "virtive";
const Deployment: Kind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
};

const Service: Kind = {
  group: "serving.knative.dev",
  version: "v1",
  kind: "Service",
  plural: "services",
  namespaced: true,
};

const labelsOf = (component: string) => ({
  "app.kubernetes.io/name": "virtive",
  "app.kubernetes.io/component": component,
});

/** What runs, by a Deployment or a Knative Service, and its pod. */
async function running(cluster: MemoryCluster, kind: Kind, name: string, component: string): Promise<Stored<Pod>> {
  const apiVersion = `${kind.group}/v1`;
  const labels = labelsOf(component);
  const { object: owner } = await cluster.create(kind, {
    apiVersion,
    kind: kind.kind,
    metadata: { namespace: NAMESPACE, name, labels },
  });
  const { object: pod } = await cluster.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: NAMESPACE,
      name: `${name}-1`,
      labels,
      ownerReferences: [{ apiVersion, kind: kind.kind, name, uid: owner.metadata.uid }],
    },
    spec: { containers: [], nodeName: "node1" },
  });
  return pod;
}

/** Works while its pod lives, which takes a while to end. */
function lives(cluster: MemoryCluster, pod: Stored<Pod>, work: () => Promise<unknown>): void {
  const working = setInterval(() => void work().catch(() => undefined), 20);
  setTimeout(() => {
    clearInterval(working);
    void cluster.remove(Pod, pod, { gracePeriodSeconds: 0 });
  }, 700);
}

async function uninstalled(cluster: MemoryCluster): Promise<readonly string[]> {
  const said: string[] = [];
  await uninstall({
    cluster,
    namespace: NAMESPACE,
    strategy: "BlockUninstallIfWorkloadsExist",
    timeoutMilliseconds: 0,
    say: (line) => said.push(line),
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  return said;
}

const DONE = "no machine, no definition and nothing that control made is left";

describe("an uninstallation", () => {
  it("takes what control made when control has ended: until then it makes it again", async () => {
    const cluster = memoryCluster({ clock: systemClock, collectGarbage: true });
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { namespace: NAMESPACE, name: "virtive-ca" } };
    await cluster.create(Secret, secret);
    const pod = await running(cluster, Deployment, "virtive-control", "control");
    // As its rotation does while its pod lives.
    lives(cluster, pod, () => cluster.create(Secret, secret));
    expect(await uninstalled(cluster)).toEqual([DONE]);
    expect([...cluster.objects(Secret).keys()]).toEqual([]);
  });

  it("cleans Nodes when the functions' hosts have ended: a late event would mark them again", async () => {
    const cluster = memoryCluster({ clock: systemClock, collectGarbage: true });
    const marked = node();
    const { object } = await cluster.create(Node, marked);
    await cluster.create(CustomResourceDefinition, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "services.serving.knative.dev" },
      spec: {
        group: Service.group,
        scope: "Namespaced",
        names: { kind: "Service", listKind: "ServiceList", plural: "services", singular: "service" },
        versions: [],
      },
    });
    const pod = await running(cluster, Service, "virtive-attend", "function");
    lives(cluster, pod, async () => {
      const now = await cluster.get(Node, object.metadata);
      if (now === undefined) return;
      const { labels, annotations } = marked.metadata;
      const metadata = { ...now.metadata, labels: { ...labels }, annotations: { ...annotations } };
      await cluster.patch(Node, now, { ...now, metadata }, "object");
    });
    expect(await uninstalled(cluster)).toEqual([DONE]);
    const names = (some: object | undefined) => Object.keys(some ?? {}).filter((name) => /virt/.test(name));
    const { labels, annotations } = [...cluster.objects(Node).values()][0]?.metadata ?? {};
    expect([...names(labels), ...names(annotations)]).toEqual([]);
    expect([...cluster.objects(Service).keys()]).toEqual([]);
  });

  it("leaves no machine that came while control ended: its finalizer would hold the definition for good", async () => {
    const cluster = memoryCluster({ clock: systemClock, collectGarbage: true });
    for (const definition of customResourceDefinitions()) await cluster.create(CustomResourceDefinition, definition);
    const pod = await running(cluster, Deployment, "virtive-control", "control");
    const vm = virtualMachine();
    const finalizers = ["kubevirt.io/virtualMachineControllerFinalize"];
    // It admits on until it has ended.
    lives(cluster, pod, () => cluster.create(VirtualMachine, { ...vm, metadata: { ...vm.metadata, finalizers } }));
    const said = await uninstalled(cluster);
    expect([...cluster.objects(VirtualMachine).keys()]).toEqual([]);
    expect([...cluster.objects(CustomResourceDefinition).keys()]).toEqual([]);
    expect(said.at(-1)).toBe(DONE);
  });
});
