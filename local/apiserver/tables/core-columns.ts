/** What `kubectl get` shows of core kinds, beside the name. */
import { isObject, objectAt, stringAt, valueAt, type JsonObject } from "../json-value.ts";
import { age } from "./age.ts";
import type { Column } from "./column.ts";
import { ageColumn } from "./printer-column.ts";

function column(name: string, cell: Column["cell"], more: Partial<Pick<Column, "type" | "priority">> = {}): Column {
  return { name, type: "string", format: "", description: name, priority: 0, cell, ...more };
}

function at(...path: string[]): Column["cell"] {
  return (object) => valueAt(object, path);
}

function listAt(object: JsonObject, ...path: string[]): JsonObject[] {
  const list = valueAt(object, path);
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function countAt(...path: string[]): Column["cell"] {
  return (object) => Object.keys((valueAt(object, path) as object | undefined) ?? {}).length;
}

function podStatus(pod: JsonObject): string {
  const phase = stringAt(objectAt(pod, "status"), "reason") ?? stringAt(objectAt(pod, "status"), "phase") ?? "Unknown";
  return valueAt(pod, ["metadata", "deletionTimestamp"]) === undefined ? phase : "Terminating";
}

function podReady(pod: JsonObject): string {
  const ready = listAt(pod, "status", "containerStatuses").filter((container) => container["ready"] === true).length;
  return `${ready}/${listAt(pod, "spec", "containers").length}`;
}

function podRestarts(pod: JsonObject): string {
  const counts = listAt(pod, "status", "containerStatuses").map((container) => Number(container["restartCount"] ?? 0));
  return String(counts.reduce((sum, count) => sum + count, 0));
}

function nodeStatus(node: JsonObject): string {
  const ready = listAt(node, "status", "conditions").find((condition) => condition["type"] === "Ready");
  const status = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return valueAt(node, ["spec", "unschedulable"]) === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: JsonObject): string | undefined {
  const prefix = "node-role.kubernetes.io/";
  const labels = Object.keys(objectAt(objectAt(node, "metadata") ?? {}, "labels") ?? {});
  return (
    labels
      .filter((label) => label.startsWith(prefix))
      .map((label) => label.slice(prefix.length))
      .sort()
      .join(",") || undefined
  );
}

function nodeAddress(type: string): Column["cell"] {
  return (node) => listAt(node, "status", "addresses").find((address) => address["type"] === type)?.["address"];
}

/** The last time that anyone saw it, whichever of its three forms of time the event has. */
function lastSeen(event: JsonObject, now: Date): string {
  const series = objectAt(event, "series");
  return age(
    stringAt(series, "lastObservedTime") ??
      stringAt(event, "lastTimestamp") ??
      stringAt(event, "deprecatedLastTimestamp") ??
      stringAt(event, "eventTime") ??
      stringAt(event, "firstTimestamp") ??
      valueAt(event, ["metadata", "creationTimestamp"]),
    now,
  );
}

function eventObject(event: JsonObject): string {
  const object = objectAt(event, "involvedObject") ?? objectAt(event, "regarding") ?? {};
  return `${(stringAt(object, "kind") ?? "").toLowerCase()}/${stringAt(object, "name") ?? ""}`;
}

function servicePorts(service: JsonObject): string | undefined {
  const ports = listAt(service, "spec", "ports");
  return ports.map((port) => `${String(port["port"])}/${stringAt(port, "protocol") ?? "TCP"}`).join(",") || undefined;
}

function subjects(kind: string): Column["cell"] {
  return (binding) =>
    listAt(binding, "subjects")
      .filter((subject) => subject["kind"] === kind)
      .map(({ namespace, name }) => (typeof namespace === "string" ? `${namespace}/${String(name)}` : name))
      .join(", ") || undefined;
}

const createdAt = column("Created At", at("metadata", "creationTimestamp"), { type: "date" });
const bindingColumns = [
  column(
    "Role",
    (binding) => `${String(valueAt(binding, ["roleRef", "kind"]))}/${String(valueAt(binding, ["roleRef", "name"]))}`,
  ),
  ageColumn,
  column("Users", subjects("User"), { priority: 1 }),
  column("Groups", subjects("Group"), { priority: 1 }),
  column("ServiceAccounts", subjects("ServiceAccount"), { priority: 1 }),
];

const columns: Readonly<Record<string, readonly Column[]>> = {
  namespaces: [column("Status", at("status", "phase")), ageColumn],
  pods: [
    column("Ready", podReady),
    column("Status", podStatus),
    column("Restarts", podRestarts),
    ageColumn,
    column("IP", at("status", "podIP"), { priority: 1 }),
    column("Node", at("spec", "nodeName"), { priority: 1 }),
    column("Nominated Node", at("status", "nominatedNodeName"), { priority: 1 }),
    column("Readiness Gates", () => undefined, { priority: 1 }),
  ],
  nodes: [
    column("Status", nodeStatus),
    column("Roles", nodeRoles),
    ageColumn,
    column("Version", at("status", "nodeInfo", "kubeletVersion")),
    column("Internal-IP", nodeAddress("InternalIP"), { priority: 1 }),
    column("External-IP", nodeAddress("ExternalIP"), { priority: 1 }),
    column("OS-Image", at("status", "nodeInfo", "osImage"), { priority: 1 }),
    column("Kernel-Version", at("status", "nodeInfo", "kernelVersion"), { priority: 1 }),
    column("Container-Runtime", at("status", "nodeInfo", "containerRuntimeVersion"), { priority: 1 }),
  ],
  events: [
    column("Last Seen", lastSeen),
    column("Type", at("type")),
    column("Reason", at("reason")),
    column("Object", eventObject),
    column("Message", (event) => (stringAt(event, "message") ?? stringAt(event, "note") ?? "").trim()),
    column("Source", at("source", "component"), { priority: 1 }),
    column("Count", (event) => event["count"] ?? event["deprecatedCount"] ?? 1, { type: "integer", priority: 1 }),
  ],
  secrets: [column("Type", at("type")), column("Data", countAt("data"), { type: "integer" }), ageColumn],
  configmaps: [column("Data", countAt("data"), { type: "integer" }), ageColumn],
  services: [
    column("Type", at("spec", "type")),
    column("Cluster-IP", at("spec", "clusterIP")),
    column("External-IP", at("spec", "externalName")),
    column("Port(s)", servicePorts),
    ageColumn,
  ],
  serviceaccounts: [ageColumn],
  persistentvolumeclaims: [
    column("Status", at("status", "phase")),
    column("Volume", at("spec", "volumeName")),
    column("Capacity", at("status", "capacity", "storage")),
    column("Access Modes", (claim) => (valueAt(claim, ["spec", "accessModes"]) as string[] | undefined)?.join(",")),
    column("StorageClass", at("spec", "storageClassName")),
    ageColumn,
  ],
  leases: [column("Holder", at("spec", "holderIdentity")), ageColumn],
  customresourcedefinitions: [createdAt],
  mutatingwebhookconfigurations: [column("Webhooks", countAt("webhooks"), { type: "integer" }), ageColumn],
  validatingwebhookconfigurations: [column("Webhooks", countAt("webhooks"), { type: "integer" }), ageColumn],
  roles: [createdAt],
  clusterroles: [createdAt],
  rolebindings: bindingColumns,
  clusterrolebindings: bindingColumns,
  apiservices: [
    column("Service", () => "Local"),
    column(
      "Available",
      (service) => listAt(service, "status", "conditions").find(({ type }) => type === "Available")?.["status"],
    ),
    ageColumn,
  ],
};

export function coreColumns(plural: string): readonly Column[] {
  return columns[plural] ?? [ageColumn];
}
