/**
 * RBAC: a request is allowed when a role that is bound to its user, or to one of the user's groups, allows it. Roles and
 * bindings are read from the store when they have changed, and kept by subject.
 */
import type { UserInfo } from "../authentication/user.ts";
import { MASTERS } from "../authentication/user.ts";
import { metadataOf, objectAt, objectsAt, stringAt, type JsonObject } from "../json-value.ts";
import type { Store } from "../store/store.ts";
import { parsed } from "../store/stored-object.ts";
import type { Attributes, Authorizer, Verdict } from "./authorizer.ts";
import { allows, EVERYTHING, RBAC_GROUP, rulesOf, type PolicyRule } from "./rules.ts";

export const ROLES = `roles.${RBAC_GROUP}`;
export const CLUSTER_ROLES = `clusterroles.${RBAC_GROUP}`;
export const ROLE_BINDINGS = `rolebindings.${RBAC_GROUP}`;
export const CLUSTER_ROLE_BINDINGS = `clusterrolebindings.${RBAC_GROUP}`;

const resources: ReadonlySet<string> = new Set([ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS]);

interface Binding {
  readonly kind: "RoleBinding" | "ClusterRoleBinding";
  readonly name: string;
  /** "" for the whole cluster. */
  readonly namespace: string;
  readonly role: RoleRef;
}

export interface RoleRef {
  readonly kind: string;
  readonly name: string;
}

interface Index {
  /** "namespace/name"; ClusterRoles have no namespace. */
  readonly roles: ReadonlyMap<string, readonly PolicyRule[]>;
  /** "user NAME" or "group NAME". */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
}

export class Rbac implements Authorizer {
  readonly #store: Store;
  #index: Index | undefined;

  constructor(store: Store) {
    this.#store = store;
    store.onChange((changes) => {
      if (changes.some(({ resource }) => resources.has(resource))) this.#index = undefined;
    });
  }

  authorize(attributes: Attributes): Verdict {
    const { user } = attributes;
    if (user.groups.includes(MASTERS)) return { allowed: true };
    const namespace = "path" in attributes ? "" : attributes.namespace;
    for (const { binding, subject } of this.#bindingsOf(user, namespace)) {
      if (this.roleRules(binding.role, binding.namespace).some((rule) => allows(rule, attributes))) {
        const reason = `RBAC: allowed by ${binding.kind} "${binding.name}" of ${binding.role.kind} "${binding.role.name}" to ${subject}`;
        return { allowed: true, reason };
      }
    }
    return { allowed: false, reason: "" };
  }

  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[] {
    if (user.groups.includes(MASTERS)) return EVERYTHING;
    return [...this.#bindingsOf(user, namespace)].flatMap(({ binding }) =>
      this.roleRules(binding.role, binding.namespace),
    );
  }

  /** None when there is no such role. @param namespace of the binding */
  roleRules({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] {
    return this.#current().roles.get(kind === "Role" ? `${namespace}/${name}` : `/${name}`) ?? [];
  }

  *#bindingsOf(
    { username, groups }: UserInfo,
    namespace: string,
  ): Generator<{ readonly binding: Binding; readonly subject: string }> {
    const { bindings } = this.#current();
    const subjects = [`User "${username}"`, ...groups.map((group) => `Group "${group}"`)];
    for (const subject of subjects) {
      for (const binding of bindings.get(subject) ?? []) {
        if (binding.namespace === "" || binding.namespace === namespace) yield { binding, subject };
      }
    }
  }

  #current(): Index {
    return (this.#index ??= readIndex(this.#store));
  }
}

function readIndex(store: Store): Index {
  const roles = new Map<string, readonly PolicyRule[]>();
  for (const resource of [ROLES, CLUSTER_ROLES]) {
    for (const role of store.list(resource)) roles.set(`${role.namespace}/${role.name}`, rulesOf(parsed(role)));
  }
  const bindings = new Map<string, Binding[]>();
  for (const [resource, kind] of [
    [CLUSTER_ROLE_BINDINGS, "ClusterRoleBinding"],
    [ROLE_BINDINGS, "RoleBinding"],
  ] as const) {
    for (const found of store.list(resource)) {
      const object = parsed(found);
      const binding: Binding = { kind, name: found.name, namespace: found.namespace, role: roleRefOf(object) };
      for (const subject of new Set(subjectsOf(object)))
        bindings.set(subject, [...(bindings.get(subject) ?? []), binding]);
    }
  }
  return { roles, bindings };
}

/** @param binding a RoleBinding or ClusterRoleBinding in its stored form */
export function roleRefOf(binding: JsonObject): RoleRef {
  const ref = objectAt(binding, "roleRef");
  return { kind: stringAt(ref, "kind") ?? "", name: stringAt(ref, "name") ?? "" };
}

/** A ServiceAccount is the user that its tokens stand for. */
function subjectsOf(binding: JsonObject): string[] {
  return objectsAt(binding, "subjects").map((subject) => {
    const name = stringAt(subject, "name") ?? "";
    if (subject["kind"] === "Group") return `Group "${name}"`;
    if (subject["kind"] === "User") return `User "${name}"`;
    const namespace = stringAt(subject, "namespace") ?? stringAt(metadataOf(binding), "namespace") ?? "";
    return `User "system:serviceaccount:${namespace}:${name}"`;
  });
}
