/**
 * Installs what the control process needs on a cluster of scripts/cluster without nodes: kinds, rights, the Service, the
 * aggregated API and admission. The process itself runs on this machine; the Service has no selector, and its
 * EndpointSlice leads here. The chart does the same for pods.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { customResourceDefinitions, CustomResourceDefinition } from "#api/crd.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { Namespace, Node, Secret } from "#api/core.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import type { Identity } from "#events/certificates.ts";
import { Fault } from "#events/fault.ts";
import { connectAs, type KubeCluster } from "#events/kubernetes.ts";
import { defaultConfig } from "#functions/config.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { userRoles } from "#local/user-roles.ts";
import { outputOf, run } from "#node-runtime/host/command.ts";
import { rightsOf, rightsOn, rulesOf } from "../generate/rights.ts";
import { asAdministrator, type Ask } from "../kubernetes/api.ts";
import { administratorOf } from "../kubernetes/cluster.ts";
import type { Cluster } from "../kubernetes/record.ts";
import { until } from "../kubernetes/waiting.ts";

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
const RBAC = "rbac.authorization.k8s.io";
const ServiceAccount = kindOf("", "v1", "ServiceAccount", "serviceaccounts", true);
const Service = kindOf("", "v1", "Service", "services", true);
const EndpointSlice = kindOf("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
const Role = kindOf(RBAC, "v1", "Role", "roles", true);
const RoleBinding = kindOf(RBAC, "v1", "RoleBinding", "rolebindings", true);
const ClusterRole = kindOf(RBAC, "v1", "ClusterRole", "clusterroles", false);
const ClusterRoleBinding = kindOf(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false);
const APIService = kindOf("apiregistration.k8s.io", "v1", "APIService", "apiservices", false);
const MutatingWebhooks = kindOf(
  "admissionregistration.k8s.io",
  "v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  false,
);

const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[], names?: readonly string[]) => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
  ...(names === undefined ? {} : { resourceNames: names }),
});
const WATCH = ["get", "list", "watch"];

/** All that the control process may do in the cluster: what its functions declare, what it watches, and its own. */
const clusterRules = [
  ...rulesOf(functions(defaultConfig).flatMap(rightsOf)),
  ...rulesOf([...watchedKinds, KubeVirt].flatMap((kind) => WATCH.map((verb) => rightsOn(kind, verb)))),
  rule("kubevirt.io", ["virtualmachines", "virtualmachineinstances", "virtualmachines/status"], ["patch"]),
  rule("kubevirt.io", ["virtualmachineinstancemigrations"], ["create"]),
  rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
  rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
  rule("apiregistration.k8s.io", ["apiservices"], ["get", "patch"]),
  rule(
    "admissionregistration.k8s.io",
    ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
    ["get", "patch"],
  ),
];

const namespaceRules = [
  rule("", ["secrets", "configmaps"], [...WATCH, "create", "patch"]),
  rule("coordination.k8s.io", ["leases"], ["get", "create", "patch"]),
];

/** As root only: an address of its own on the loopback link, since Kubernetes takes no loopback addresses for endpoints. */
export async function install(cluster: Cluster): Promise<Installation> {
  const administrator = await administratorOf(cluster);
  const ask = asAdministrator(cluster, administrator);
  const client = connectAs(cluster.url, administrator);
  const address = `10.250.${cluster.number}.2`;
  await run(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
  const create = async (kind: Kind, name: string, more: object, namespace?: string): Promise<void> => {
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const object: KubeObject = { apiVersion, kind: kind.kind, metadata, ...more };
    await client.create(kind, object);
  };
  const account = (name: string) => [{ kind: "ServiceAccount", name, namespace: NAMESPACE }];
  const ref = (kind: string, name: string) => ({ apiGroup: RBAC, kind, name });

  for (const definition of customResourceDefinitions()) await client.create(CustomResourceDefinition, definition);
  await until("the kinds to be served", 60_000, async () => {
    const { code } = await ask("GET", "/apis/kubevirt.io/v1/virtualmachineinstances?limit=1");
    const vms = await ask("GET", "/apis/kubevirt.io/v1/virtualmachines?limit=1");
    return code === 200 && vms.code === 200 ? true : undefined;
  });
  for (const namespace of [NAMESPACE, "kubevirt"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  }
  await create(KubeVirt, "kubevirt", { spec: {} }, "kubevirt");
  for (const role of userRoles) await client.create(ClusterRole, role);
  await create(ServiceAccount, ACCOUNT, {}, NAMESPACE);
  await create(ServiceAccount, "virtive-node", {}, NAMESPACE);
  await create(ClusterRole, "virtive-control", { rules: clusterRules });
  await create(ClusterRoleBinding, "virtive-control", {
    roleRef: ref("ClusterRole", "virtive-control"),
    subjects: account(ACCOUNT),
  });
  await create(Role, "virtive-control", { rules: namespaceRules }, NAMESPACE);
  await create(
    RoleBinding,
    "virtive-control",
    { roleRef: ref("Role", "virtive-control"), subjects: account(ACCOUNT) },
    NAMESPACE,
  );
  await create(
    RoleBinding,
    "virtive-control-authentication",
    { roleRef: ref("Role", "extension-apiserver-authentication-reader"), subjects: account(ACCOUNT) },
    "kube-system",
  );
  const port = (name: string, number: number) => ({ name, port: number, targetPort: name });
  await create(Service, SERVICE, { spec: { ports: [port("api", 443), port("ingress", 8444)] } }, NAMESPACE);
  const service = { name: SERVICE, namespace: NAMESPACE };
  for (const [group, version] of [
    ["subresources.kubevirt.io", "v1"],
    ["subresources.kubevirt.io", "v1alpha3"],
    ["subresources.virtive.dev", "v1"],
  ]) {
    const spec = {
      group,
      version,
      service: { ...service, port: 443 },
      groupPriorityMinimum: 1000,
      versionPriority: 15,
    };
    await create(APIService, `${version}.${group}`, { spec });
  }
  const resources = [
    "virtualmachineinstancemigrations",
    "virtualmachines",
    "virtualmachines/status",
    "virtualmachineinstances",
    "virtualmachineinstances/status",
  ];
  await create(MutatingWebhooks, "virtive", {
    webhooks: [
      {
        name: "admit.virtive.dev",
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 10,
        clientConfig: { service: { ...service, path: "/admit", port: 443 } },
        rules: [{ apiGroups: ["kubevirt.io"], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources }],
      },
    ],
  });

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
          await create(EndpointSlice, name, { metadata: { name, namespace: NAMESPACE, labels }, ...slice }, NAMESPACE);
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
      await outputOf(["ip", "address", "del", `${address}/32`, "dev", "lo"]);
    },
  };
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
