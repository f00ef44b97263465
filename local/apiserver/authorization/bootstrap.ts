/**
 * The roles and bindings that every cluster has. Made at the server's start; one whose annotation
 * rbac.authorization.kubernetes.io/autoupdate is not "false" gets back what it lacks. Names are Kubernetes'.
 */
import { AUTHENTICATED, MASTERS, UNAUTHENTICATED } from "../authentication/user.ts";
import { metadataOf, objectAt, objectsAt, type JsonObject } from "../json-value.ts";
import { createObject } from "../operations/create.ts";
import { update } from "../operations/update.ts";
import type { Room, WriteContext } from "../room.ts";
import { parsed } from "../store/stored-object.ts";
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from "./rbac.ts";
import { EVERYTHING, notHeld, RBAC_GROUP, ruleBody, rulesOf, type PolicyRule } from "./rules.ts";

const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";

const read = ["get", "list", "watch"];
const write = ["create", "delete", "deletecollection", "patch", "update"];

function aggregates(role: string): string {
  return `${RBAC_GROUP}/aggregate-to-${role}`;
}

interface BootstrapRole {
  readonly name: string;
  readonly rules?: readonly PolicyRule[];
  /** Gathers the rules of the roles that have this label. */
  readonly gathers?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function on(apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { verbs, apiGroups: [apiGroup], resources };
}

const health = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const inNamespaces = ["configmaps", "persistentvolumeclaims", "pods", "services"];
const status = ["persistentvolumeclaims/status", "pods/status", "services/status"];

const roles: readonly BootstrapRole[] = [
  { name: "cluster-admin", rules: EVERYTHING },
  { name: "admin", gathers: "admin" },
  { name: "edit", gathers: "edit", labels: { [aggregates("admin")]: "true" } },
  { name: "view", gathers: "view", labels: { [aggregates("edit")]: "true" } },
  {
    name: "system:aggregate-to-admin",
    labels: { [aggregates("admin")]: "true" },
    rules: [
      on("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
      on(RBAC_GROUP, ["rolebindings", "roles"], [...read, ...write]),
    ],
  },
  {
    name: "system:aggregate-to-edit",
    labels: { [aggregates("edit")]: "true" },
    rules: [
      on("", [...inNamespaces, "secrets", "serviceaccounts"], write),
      on("", ["secrets"], read),
      on("", ["pods/eviction", "serviceaccounts/token"], ["create"]),
      on("", ["serviceaccounts"], ["impersonate"]),
      on("", ["events"], ["create", "patch", "update"]),
      on("coordination.k8s.io", ["leases"], [...read, ...write]),
    ],
  },
  {
    name: "system:aggregate-to-view",
    labels: { [aggregates("view")]: "true" },
    rules: [
      on(
        "",
        [...inNamespaces, ...status, "bindings", "events", "namespaces", "namespaces/status", "serviceaccounts"],
        read,
      ),
      on("events.k8s.io", ["events"], read),
    ],
  },
  {
    name: "system:basic-user",
    rules: [
      on("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
      on("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
    ],
  },
  {
    name: "system:discovery",
    rules: [
      {
        verbs: ["get"],
        nonResourceURLs: ["/", "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", ...health],
      },
    ],
  },
  { name: "system:public-info-viewer", rules: [{ verbs: ["get"], nonResourceURLs: health }] },
  {
    name: "system:service-account-issuer-discovery",
    rules: [{ verbs: ["get"], nonResourceURLs: ["/.well-known/openid-configuration", "/openid/v1/jwks"] }],
  },
  {
    name: "system:auth-delegator",
    rules: [
      on("authentication.k8s.io", ["tokenreviews"], ["create"]),
      on("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
    ],
  },
];

/** Role → groups that have it. */
const bindings: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": [MASTERS],
  "system:basic-user": [AUTHENTICATED],
  "system:discovery": [AUTHENTICATED],
  "system:public-info-viewer": [AUTHENTICATED, UNAUTHENTICATED],
  "system:service-account-issuer-discovery": ["system:serviceaccounts"],
};

function metadata(name: string, labels: Readonly<Record<string, string>> = {}): JsonObject {
  return {
    name,
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { [AUTO_UPDATE]: "true" },
  };
}

function roleObject({ name, rules, gathers, labels }: BootstrapRole): JsonObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "ClusterRole",
    metadata: metadata(name, labels),
    ...(gathers === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregates(gathers)]: "true" } }] } }),
    rules: (rules ?? []).map(ruleBody),
  };
}

function bindingObject(name: string, groups: readonly string[]): JsonObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: "ClusterRoleBinding",
    metadata: metadata(name),
    roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name },
    subjects: groups.map((group) => ({ apiGroup: RBAC_GROUP, kind: "Group", name: group })),
  };
}

/** Adds what a kept role or binding has lost, or what this version adds. */
function completed(kept: JsonObject, wanted: JsonObject): JsonObject {
  if (wanted["roleRef"] !== undefined) {
    const had = objectsAt(kept, "subjects");
    const names = new Set(had.map(({ name }) => name));
    kept["subjects"] = [...had, ...objectsAt(wanted, "subjects").filter(({ name }) => !names.has(name))];
    return kept;
  }
  if (wanted["aggregationRule"] !== undefined) {
    kept["aggregationRule"] ??= wanted["aggregationRule"];
    return kept;
  }
  const rules = rulesOf(kept);
  kept["rules"] = [...rules, ...notHeld(rules, rulesOf(wanted))].map(ruleBody);
  return kept;
}

/** @param context makes the context of a write of the server itself */
export async function ensureBootstrapPolicy(
  room: Room,
  context: (verb: WriteContext["verb"]) => WriteContext,
): Promise<void> {
  const wanted: [string, JsonObject][] = [
    ...roles.map((role): [string, JsonObject] => [CLUSTER_ROLES, roleObject(role)]),
    ...Object.entries(bindings).map(([name, groups]): [string, JsonObject] => [
      CLUSTER_ROLE_BINDINGS,
      bindingObject(name, groups),
    ]),
  ];
  // All at once: they share a commit.
  await Promise.all(wanted.map(([resource, object]) => ensure(room, resource, object, context)));
}

async function ensure(
  room: Room,
  resource: string,
  wanted: JsonObject,
  context: (verb: WriteContext["verb"]) => WriteContext,
): Promise<void> {
  const kind = room.kinds.byResource(resource);
  if (kind === undefined) throw new Error(`the table of core kinds has no ${resource}`);
  const name = String(metadataOf(wanted)["name"]);
  const kept = room.store.get(resource, "", name);
  if (kept === undefined) {
    await createObject(room, kind, wanted, context("create"));
    return;
  }
  const annotations = objectAt(metadataOf(parsed(kept)), "annotations");
  if (annotations?.[AUTO_UPDATE] === "false") return;
  await update(room, { kind, namespace: "", name }, (old) => completed(old, wanted), context("update"));
}
