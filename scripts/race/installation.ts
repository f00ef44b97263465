/**
 * Installs what the control process needs on a cluster of scripts/cluster: what the chart makes, but for pods and who selects
 * them. The process itself runs on this machine; the Service has no selector, and its EndpointSlices lead here.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { Namespace, Node, Secret } from "#api/core.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import type { Identity } from "#events/certificates.ts";
import { Fault } from "#events/fault.ts";
import { connectAs, type KubeCluster } from "#events/kubernetes.ts";
import { run } from "#node-runtime/host/command.ts";
import { asAdministrator, type Ask } from "../kubernetes/api.ts";
import { administratorOf } from "../kubernetes/cluster.ts";
import type { Cluster } from "../kubernetes/record.ts";
import { until } from "../kubernetes/waiting.ts";
import { render, type Manifest } from "../manifests.ts";

export const NAMESPACE = "virtive";
const SERVICE = "virtive-control";
const ACCOUNT = "virtive-control";

export interface Installation {
  readonly cluster: KubeCluster;
  readonly ask: Ask;
  /** Of this machine, and reachable for nobody else: where control processes listen. */
  readonly address: string;
  /** Of the control process's ServiceAccount. */
  readonly kubeconfig: string;
  /** The one that the chart's policies allow. */
  readonly anchorImage: string;
  /** Of other accounts, such as one of a test. */
  kubeconfigOf(namespace: string, account: string): Promise<string>;
  /** The Service leads to these processes. */
  lead(to: readonly { readonly apiPort: number; readonly ingressPort: number }[]): Promise<void>;
  /** The authority that the control plane made, to make nodes' identities with. */
  authority(): Promise<Identity & { readonly ca: string }>;
  close(): Promise<void>;
}

const kindOf = (group: string, version: string, kind: string, plural: string, namespaced: boolean): Kind => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});
const Service = kindOf("", "v1", "Service", "services", true);
const EndpointSlice = kindOf("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
const RBAC = "rbac.authorization.k8s.io";
const ADMISSION = "admissionregistration.k8s.io";
const FLOW = "flowcontrol.apiserver.k8s.io";

/** What is made of the chart, in this order. */
const ofTheChart: readonly Kind[] = [
  kindOf("", "v1", "ServiceAccount", "serviceaccounts", true),
  kindOf(RBAC, "v1", "ClusterRole", "clusterroles", false),
  kindOf(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false),
  kindOf(RBAC, "v1", "Role", "roles", true),
  kindOf(RBAC, "v1", "RoleBinding", "rolebindings", true),
  kindOf(FLOW, "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", false),
  kindOf(FLOW, "v1", "FlowSchema", "flowschemas", false),
  kindOf("apiregistration.k8s.io", "v1", "APIService", "apiservices", false),
  kindOf(ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", false),
  kindOf(ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false),
  kindOf(ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false),
  kindOf(ADMISSION, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false),
];

function addressFor({ number }: Cluster): string {
  return `10.250.${number}.2`;
}

/** What is left of an installation whose cluster is gone; it may be gone already. */
export async function removeAddress(cluster: Cluster): Promise<void> {
  await run(["ip", "address", "del", `${addressFor(cluster)}/32`, "dev", "lo"]);
}

/**
 * As root only: an address of its own on the loopback link, since Kubernetes takes no loopback addresses for endpoints.
 * @param set values of the chart, as `helm --set` takes them
 */
export async function install(cluster: Cluster, set: readonly string[] = []): Promise<Installation> {
  const administrator = await administratorOf(cluster);
  const ask = asAdministrator(cluster, administrator);
  const client = connectAs(cluster.url, administrator);
  const address = addressFor(cluster);
  await run(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
  const chart = await render({ namespace: NAMESPACE, set });
  const made = (kind: string): readonly Manifest[] =>
    chart.filter((one) => one.kind === kind && one.metadata.annotations?.["helm.sh/hook"] === undefined);
  const create = async (kind: Kind, metadata: object, more: object): Promise<void> => {
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    await client.create(kind, { ...more, apiVersion, kind: kind.kind, metadata } as KubeObject);
  };

  for (const definition of made("CustomResourceDefinition"))
    await create(CustomResourceDefinition, definition.metadata, definition);
  await until("the kinds to be served", 60_000, async () => {
    const { code } = await ask("GET", "/apis/kubevirt.io/v1/virtualmachineinstances?limit=1");
    const vms = await ask("GET", "/apis/kubevirt.io/v1/virtualmachines?limit=1");
    return code === 200 && vms.code === 200 ? true : undefined;
  });
  for (const namespace of [NAMESPACE, "kubevirt"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  }
  await create(KubeVirt, { name: "kubevirt", namespace: "kubevirt" }, { spec: {} });
  for (const kind of ofTheChart) for (const one of made(kind.kind)) await create(kind, one.metadata, one);
  const port = (name: string, number: number) => ({ name, port: number, targetPort: name });
  await create(
    Service,
    { name: SERVICE, namespace: NAMESPACE },
    { spec: { ports: [port("api", 443), port("ingress", 8444)] } },
  );

  async function kubeconfigOf(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 86_400 },
    };
    const { code, text } = await ask("POST", path, request);
    if (code !== 201) throw new Fault("later", "NoToken", `POST ${path}: ${code} ${text}`);
    const { token } = (JSON.parse(text) as { readonly status: { readonly token: string } }).status;
    const file = join(cluster.directory, `${namespace}-${name}.kubeconfig`);
    const ca = Buffer.from(administrator.ca).toString("base64");
    const config = {
      "apiVersion": "v1",
      "kind": "Config",
      "clusters": [{ name: "c", cluster: { "server": cluster.url, "certificate-authority-data": ca } }],
      "users": [{ name, user: { token } }],
      "contexts": [{ name, context: { cluster: "c", user: name } }],
      "current-context": name,
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  }

  let slices = 0;
  return {
    cluster: client,
    ask,
    address,
    kubeconfig: await kubeconfigOf(NAMESPACE, ACCOUNT),
    kubeconfigOf,
    anchorImage: anchorImageIn(made("Deployment")),
    async lead(to) {
      slices = Math.max(slices, to.length);
      for (let index = 0; index < slices; index += 1) {
        const name = `${SERVICE}-${index}`;
        const process = to[index];
        const port = (name: string, port: number) => ({ name, port, protocol: "TCP" });
        const slice = {
          addressType: "IPv4",
          endpoints: process === undefined ? [] : [{ addresses: [address] }],
          ports: process === undefined ? [] : [port("api", process.apiPort), port("ingress", process.ingressPort)],
        };
        const old = await client.get(EndpointSlice, { namespace: NAMESPACE, name });
        if (old !== undefined) await client.patch(EndpointSlice, old, { ...old, ...slice }, "object");
        else {
          const labels = { "kubernetes.io/service-name": SERVICE };
          await create(EndpointSlice, { name, namespace: NAMESPACE, labels }, slice);
        }
      }
    },
    async authority() {
      const secret = await client.get(Secret, { namespace: NAMESPACE, name: "virtive-ca" });
      const text = (name: string): string => Buffer.from(secret?.data?.[name] ?? "", "base64").toString("utf8");
      return { cert: text("tls.crt"), key: text("tls.key"), ca: text("ca.crt") };
    },
    async close() {
      client.close();
      await removeAddress(cluster);
    },
  };
}

/** As the chart tells it to the control process. */
function anchorImageIn(deployments: readonly Manifest[]): string {
  type Pods = {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  };
  type Container = { readonly env?: readonly { readonly name: string; readonly value?: string }[] };
  const containers = deployments.flatMap((one) => (one as unknown as Pods).spec.template.spec.containers);
  const found = containers.flatMap(({ env = [] }) => env).find(({ name }) => name === "VIRTIVE_ANCHOR_IMAGE")?.value;
  if (found === undefined) throw new Fault("bug", "NoAnchorImage", "the chart does not tell the anchor's image");
  return found;
}

/** Nodes as objects, with room for many machines. Somebody has to keep them Ready. */
export async function makeNodes(
  cluster: KubeCluster,
  names: readonly string[],
  more: Partial<Node> = {},
): Promise<void> {
  const room = { cpu: "64", memory: "512Gi", pods: "1000" };
  await Promise.all(
    names.map((name) =>
      cluster.create(Node, {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name,
          labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
        },
        status: { capacity: room, allocatable: room },
        ...more,
      }),
    ),
  );
}
