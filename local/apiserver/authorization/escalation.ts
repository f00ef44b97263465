/**
 * Nobody grants more than they have: who writes a role must hold all its rules, or the verb `escalate` on it; who writes
 * a binding must hold all that its role allows, or the verb `bind` on that role. Judges writes as the last admission.
 */
import type { Admission, AdmissionAnswer, AdmissionRequest } from "../admission/admission.ts";
import { MASTERS, type UserInfo } from "../authentication/user.ts";
import { sameJson } from "#events/json.ts";
import type { JsonObject } from "../json-value.ts";
import type { ResourceAttributes, Verdict } from "./authorizer.ts";
import { roleRefOf, type Rbac } from "./rbac.ts";
import { isAggregated } from "./role-rules.ts";
import { EVERYTHING, notHeld, RBAC_GROUP, ruleBody, rulesOf, type PolicyRule } from "./rules.ts";

const allowed: AdmissionAnswer = { allowed: true };

export class Escalation implements Admission {
  readonly #rbac: Rbac;

  constructor(rbac: Rbac) {
    this.#rbac = rbac;
  }

  review(request: AdmissionRequest): Promise<AdmissionAnswer> {
    return Promise.resolve(this.#judge(request));
  }

  #judge(request: AdmissionRequest): AdmissionAnswer {
    const { kind, user, object } = request;
    if (kind.group !== RBAC_GROUP || object === undefined || user.groups.includes(MASTERS)) return allowed;
    const wished = object as unknown as JsonObject;
    const old = request.oldObject as JsonObject | undefined;
    return kind.plural === "roles" || kind.plural === "clusterroles"
      ? this.#role(request, wished, old)
      : this.#binding(request, wished, old);
  }

  #role(request: AdmissionRequest, role: JsonObject, old: JsonObject | undefined): AdmissionAnswer {
    const { kind, namespace, name, user } = request;
    const unchanged =
      old !== undefined && ["rules", "aggregationRule"].every((field) => sameJson(role[field], old[field]));
    if (unchanged || this.#may(user, "escalate", kind.plural, namespace, name)) return allowed;
    // An aggregated role takes in whatever is labelled later.
    return this.#held(request, [...rulesOf(role), ...(isAggregated(role) ? EVERYTHING : [])]);
  }

  #binding(request: AdmissionRequest, binding: JsonObject, old: JsonObject | undefined): AdmissionAnswer {
    const { namespace, user } = request;
    if (old !== undefined && ["subjects", "roleRef"].every((field) => sameJson(binding[field], old[field])))
      return allowed;
    const ref = roleRefOf(binding);
    const plural = ref.kind === "Role" ? "roles" : "clusterroles";
    if (this.#may(user, "bind", plural, namespace, ref.name)) return allowed;
    return this.#held(request, this.#rbac.roleRules(ref, namespace));
  }

  #may(user: UserInfo, verb: string, resource: string, namespace: string, name: string): boolean {
    const asked: ResourceAttributes = {
      user,
      verb,
      group: RBAC_GROUP,
      version: "v1",
      resource,
      subresource: "",
      namespace,
      name,
    };
    const verdict: Verdict = this.#rbac.authorize(asked);
    return verdict.allowed;
  }

  #held({ kind, namespace, name, user }: AdmissionRequest, wanted: readonly PolicyRule[]): AdmissionAnswer {
    const missing = notHeld(this.#rbac.rulesFor(user, namespace), wanted);
    if (missing.length === 0) return allowed;
    const list = missing.map((rule) => JSON.stringify(ruleBody(rule))).join(", ");
    const who = `user ${JSON.stringify(user.username)} (groups=${JSON.stringify(user.groups)})`;
    const message = `${kind.plural}.${RBAC_GROUP} "${name}" is forbidden: ${who} is attempting to grant permissions that it does not hold itself: ${list}`;
    return { allowed: false, status: { code: 403, reason: "Forbidden", message } };
  }
}
