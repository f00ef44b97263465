/** The table of core kinds. Adding one is a row here, its type in scripts/generate/core-types.ts, and its columns. */
import { mutatingWebhookRules, validatingWebhookRules } from "../admission/webhook-rules.ts";
import { clusterRoleBindingRules, clusterRoleRules, roleBindingRules, roleRules } from "../authorization/role-rules.ts";
import { coreColumns } from "../tables/core-columns.ts";
import { coreSchema } from "./core-schema.ts";
import { eventConversion, eventRules } from "./events.ts";
import { allVerbs, apiVersionFor, type KindRules, type ServedKind, type ServedVersion, type Verb } from "./kind.ts";
import { configMapRules, nodeRules, secretRules, serviceRules, claimRules } from "./core-rules.ts";
import { namespaceRules } from "./namespaces.ts";
import { podRules } from "./pods.ts";
import { definitionRules } from "./definitions.ts";

interface Row {
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly plural: string;
  readonly type: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly cluster?: true;
  readonly status?: true;
  readonly counted?: true;
  readonly verbs?: readonly Verb[];
  readonly grammar?: ServedKind["nameGrammar"];
  readonly selectable?: Readonly<Record<string, readonly string[]>>;
  readonly rules?: KindRules;
  readonly actions?: readonly string[];
  readonly resource?: string;
  readonly convert?: ServedVersion["convert"];
}

/** Both APIs of events select by the stored, older form. */
const eventFields = Object.fromEntries(
  ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].flatMap((field) => [
    [`involvedObject.${field}`, ["involvedObject", field]],
    [`regarding.${field}`, ["involvedObject", field]],
  ]),
);

const event = {
  kind: "Event",
  plural: "events",
  resource: "events",
  shortNames: ["ev"],
  selectable: {
    ...eventFields,
    reason: ["reason"],
    reportingComponent: ["reportingComponent"],
    reportingController: ["reportingComponent"],
    source: ["source", "component"],
    type: ["type"],
  },
  rules: eventRules,
} as const;

const admission = {
  group: "admissionregistration.k8s.io",
  cluster: true,
  counted: true,
  categories: ["api-extensions"],
} as const;
const rbac = { group: "rbac.authorization.k8s.io", grammar: "path" } as const;

const rows: readonly Row[] = [
  {
    kind: "Namespace",
    plural: "namespaces",
    type: "V1Namespace",
    shortNames: ["ns"],
    cluster: true,
    status: true,
    grammar: "label",
    selectable: { "status.phase": ["status", "phase"] },
    rules: namespaceRules,
    actions: ["finalize"],
    verbs: allVerbs.filter((verb) => verb !== "deletecollection"),
  },
  {
    kind: "Pod",
    plural: "pods",
    type: "V1Pod",
    shortNames: ["po"],
    categories: ["all"],
    status: true,
    counted: true,
    selectable: {
      "spec.nodeName": ["spec", "nodeName"],
      "spec.restartPolicy": ["spec", "restartPolicy"],
      "spec.schedulerName": ["spec", "schedulerName"],
      "spec.serviceAccountName": ["spec", "serviceAccountName"],
      "status.phase": ["status", "phase"],
      "status.podIP": ["status", "podIP"],
      "status.nominatedNodeName": ["status", "nominatedNodeName"],
    },
    rules: podRules,
    actions: ["binding", "eviction"],
  },
  {
    kind: "Node",
    plural: "nodes",
    type: "V1Node",
    shortNames: ["no"],
    cluster: true,
    status: true,
    selectable: { "spec.unschedulable": ["spec", "unschedulable"] },
    rules: nodeRules,
  },
  {
    kind: "Secret",
    plural: "secrets",
    type: "V1Secret",
    selectable: { type: ["type"] },
    rules: secretRules,
  },
  { kind: "ConfigMap", plural: "configmaps", type: "V1ConfigMap", shortNames: ["cm"], rules: configMapRules },
  {
    kind: "Service",
    plural: "services",
    type: "V1Service",
    shortNames: ["svc"],
    categories: ["all"],
    status: true,
    grammar: "label",
    rules: serviceRules,
  },
  {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    type: "V1ServiceAccount",
    shortNames: ["sa"],
    actions: ["token"],
  },
  {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    type: "V1PersistentVolumeClaim",
    shortNames: ["pvc"],
    status: true,
    rules: claimRules,
  },
  { ...event, type: "CoreV1Event" },
  { ...event, group: "events.k8s.io", type: "EventsV1Event", convert: eventConversion },
  { group: "coordination.k8s.io", kind: "Lease", plural: "leases", type: "V1Lease" },
  {
    group: "apiextensions.k8s.io",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    type: "V1CustomResourceDefinition",
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    cluster: true,
    status: true,
    counted: true,
    rules: definitionRules,
  },
  { ...rbac, kind: "Role", plural: "roles", type: "V1Role", rules: roleRules },
  { ...rbac, kind: "RoleBinding", plural: "rolebindings", type: "V1RoleBinding", rules: roleBindingRules },
  {
    ...rbac,
    kind: "ClusterRole",
    plural: "clusterroles",
    type: "V1ClusterRole",
    cluster: true,
    rules: clusterRoleRules,
  },
  {
    ...rbac,
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    type: "V1ClusterRoleBinding",
    cluster: true,
    rules: clusterRoleBindingRules,
  },
  {
    ...admission,
    kind: "MutatingWebhookConfiguration",
    plural: "mutatingwebhookconfigurations",
    type: "V1MutatingWebhookConfiguration",
    rules: mutatingWebhookRules,
  },
  {
    ...admission,
    kind: "ValidatingWebhookConfiguration",
    plural: "validatingwebhookconfigurations",
    type: "V1ValidatingWebhookConfiguration",
    rules: validatingWebhookRules,
  },
  {
    group: "apiregistration.k8s.io",
    kind: "APIService",
    plural: "apiservices",
    type: "V1APIService",
    categories: ["api-extensions"],
    cluster: true,
    // The server writes them itself, one for each group that it hands to an aggregated API.
    verbs: ["get", "list", "watch"],
  },
];

const showsDeleted: ReadonlySet<string> = new Set(["pods", "services", "serviceaccounts", "persistentvolumeclaims"]);

function served(row: Row): ServedKind {
  const { group = "", version: name = "v1", kind, plural } = row;
  const version: ServedVersion = {
    name,
    served: true,
    deprecationWarning: undefined,
    schema: coreSchema(row.type),
    columns: coreColumns(plural),
    hasStatus: row.status === true,
    scale: undefined,
    ...(row.convert === undefined ? {} : { convert: row.convert }),
  };
  return {
    group,
    kind,
    plural,
    resource: row.resource ?? (group === "" ? plural : `${plural}.${group}`),
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    namespaced: row.cluster !== true,
    custom: false,
    counted: row.counted === true,
    verbs: row.verbs ?? allVerbs,
    nameGrammar: row.grammar ?? "subdomain",
    showsDeleted: showsDeleted.has(plural),
    versions: [version],
    storedVersion: version,
    storedApiVersion: row.convert === undefined ? apiVersionFor(group, name) : "v1",
    selectable: row.selectable ?? {},
    rules: row.rules ?? {},
    actions: row.actions ?? [],
  };
}

export function coreKinds(): ServedKind[] {
  return rows.map(served);
}
