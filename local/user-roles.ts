/**
 * What the roles view, edit and admin allow on virtual machines: the API server gathers these rules
 * into them by their labels. Names are KubeVirt's.
 */
import type { Kind, KubeObject } from "#api/object.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface ClusterRole extends KubeObject {
  readonly rules: readonly Rule[];
}

export const ClusterRole: Kind<ClusterRole> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
};

const KUBEVIRT = "subresources.kubevirt.io";
const VIRTIVE = "subresources.virtive.dev";
const machines = ["virtualmachines", "virtualmachineinstances", "virtualmachineinstancemigrations"];

const machineKinds = ["virtualmachines", "virtualmachineinstances"];

const view: readonly Rule[] = [
  { apiGroups: ["kubevirt.io"], resources: machines, verbs: ["get", "list", "watch"] },
  { apiGroups: ["migrations.kubevirt.io"], resources: ["migrationpolicies"], verbs: ["get", "list", "watch"] },
  { apiGroups: [KUBEVIRT], resources: ["virtualmachines/expand-spec"], verbs: ["get"] },
  { apiGroups: [KUBEVIRT], resources: ["expand-vm-spec"], verbs: ["update"] },
  { apiGroups: [VIRTIVE], resources: ["virtualmachines/explain", "cloudevents"], verbs: ["get"] },
];

const edit: readonly Rule[] = [
  ...view,
  { apiGroups: ["kubevirt.io"], resources: machines, verbs: ["create", "delete", "patch", "update"] },
  { apiGroups: [KUBEVIRT], resources: ["virtualmachineinstances/console"], verbs: ["get"] },
  {
    apiGroups: [KUBEVIRT],
    resources: [
      ...["start", "stop", "restart", "migrate"].map((verb) => `virtualmachines/${verb}`),
      ...["pause", "unpause", "softreboot", "reset"].map((verb) => `virtualmachineinstances/${verb}`),
      // An API server takes the first word of the two for the subresource; we are asked for both.
      ...["evacuate", "evacuate/cancel"].flatMap((verb) => machineKinds.map((kind) => `${kind}/${verb}`)),
    ],
    verbs: ["update"],
  },
];

const admin: readonly Rule[] = [
  ...edit,
  { apiGroups: ["kubevirt.io"], resources: machines, verbs: ["deletecollection"] },
];

function role(name: string, rules: readonly Rule[], labels: Readonly<Record<string, string>> = {}): ClusterRole {
  const metadata = { name: `kubevirt.io:${name}`, labels };
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules };
}

/** How KubeVirt is set up, and its version: no secret. */
const everybody: readonly Rule[] = [
  { apiGroups: [KUBEVIRT], resources: ["version", "healthz"], verbs: ["get"] },
  { apiGroups: ["kubevirt.io"], resources: ["kubevirts"], verbs: ["get", "list"] },
];

/** In no other role: whoever moves guests between nodes is given it by name. */
const migrate: readonly Rule[] = [
  {
    apiGroups: ["kubevirt.io"],
    resources: ["virtualmachineinstancemigrations"],
    verbs: ["get", "delete", "create", "update", "patch", "list", "watch", "deletecollection"],
  },
  { apiGroups: [KUBEVIRT], resources: ["virtualmachines/migrate"], verbs: ["update"] },
];

export const userRoles: readonly ClusterRole[] = [
  role("default", everybody),
  role("migrate", migrate),
  ...Object.entries({ view, edit, admin }).map(([name, rules]) =>
    role(name, rules, { [`rbac.authorization.k8s.io/aggregate-to-${name}`]: "true" }),
  ),
];

export interface ClusterRoleBinding extends KubeObject {
  readonly roleRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly apiGroup: string; readonly kind: string; readonly name: string }[];
}

export const ClusterRoleBinding: Kind<ClusterRoleBinding> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
};

/** Everybody with credentials may ask for the version. */
export const defaultBinding: ClusterRoleBinding = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "kubevirt.io:default" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "kubevirt.io:default" },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:authenticated" }],
};
