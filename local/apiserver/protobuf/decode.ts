/**
 * Bodies in Kubernetes' protobuf, as kubectl's typed commands send them (create configmap, drain, …), turned into the
 * JSON form. Answers are always JSON: those clients take it.
 */
import type { JsonObject } from "../json-value.ts";
import { coreTypes } from "../kinds/core-types.gen.ts";
import { badRequest, unsupportedMediaType } from "../status.ts";
import { MAX_DEPTH } from "../strict-json.ts";
import { protobufFields } from "./fields.gen.ts";
import { bytesOf, integerOf, wireFields, type WireValue } from "./wire.ts";

export const PROTOBUF = "application/vnd.kubernetes.protobuf";

const MAGIC = Buffer.from("k8s\0");

/** "apiVersion kind" → model. */
const models: Readonly<Record<string, string>> = {
  "v1 Binding": "V1Binding",
  "v1 ConfigMap": "V1ConfigMap",
  "v1 Event": "CoreV1Event",
  "v1 Namespace": "V1Namespace",
  "v1 Node": "V1Node",
  "v1 PersistentVolumeClaim": "V1PersistentVolumeClaim",
  "v1 Pod": "V1Pod",
  "v1 Secret": "V1Secret",
  "v1 Service": "V1Service",
  "v1 ServiceAccount": "V1ServiceAccount",
  "events.k8s.io/v1 Event": "EventsV1Event",
  "coordination.k8s.io/v1 Lease": "V1Lease",
  "policy/v1 Eviction": "V1Eviction",
  "authorization.k8s.io/v1 SelfSubjectAccessReview": "V1SelfSubjectAccessReview",
  "authorization.k8s.io/v1 LocalSubjectAccessReview": "V1LocalSubjectAccessReview",
  "authorization.k8s.io/v1 SelfSubjectRulesReview": "V1SelfSubjectRulesReview",
  "authorization.k8s.io/v1 SubjectAccessReview": "V1SubjectAccessReview",
  "authentication.k8s.io/v1 SelfSubjectReview": "V1SelfSubjectReview",
  "authentication.k8s.io/v1 TokenRequest": "AuthenticationV1TokenRequest",
  "authentication.k8s.io/v1 TokenReview": "V1TokenReview",
  "rbac.authorization.k8s.io/v1 ClusterRole": "V1ClusterRole",
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": "V1ClusterRoleBinding",
  "rbac.authorization.k8s.io/v1 Role": "V1Role",
  "rbac.authorization.k8s.io/v1 RoleBinding": "V1RoleBinding",
};

/** Go tells a text that is not set from an empty one here: the claim wants no class, not the default one. */
const meansSomethingEmpty: ReadonlySet<string> = new Set(["V1PersistentVolumeClaimSpec.storageClassName"]);

interface FieldPlan {
  readonly name: string;
  /** As in the table of core types; undefined for a message whose fields stand in this one. */
  readonly type: string | undefined;
  readonly quantity: boolean;
  /** What stands for an empty text; undefined: the field is left out. */
  readonly empty: "" | undefined;
}

const plans = new Map<string, ReadonlyMap<number, FieldPlan>>();

function planOf(key: string): ReadonlyMap<number, FieldPlan> {
  const known = plans.get(key);
  if (known !== undefined) return known;
  const types = coreTypes[key.split(".")[0] ?? ""] ?? {};
  const plan = new Map<number, FieldPlan>();
  for (const entry of (protobufFields[key] ?? "").split(" ")) {
    const match = /^(\d+):(\*|[^=]+)(=quantity)?$/.exec(entry);
    if (match === null) continue;
    const [, number, name = "", quantity] = match;
    const type = name === "*" ? undefined : types[name]?.replace(/!$/, "");
    const empty = meansSomethingEmpty.has(`${key}.${name}`) ? "" : undefined;
    plan.set(Number(number), { name, type, quantity: quantity !== undefined, empty });
  }
  plans.set(key, plan);
  return plan;
}

/** The object in a body: four magic bytes, then a runtime.Unknown with the type and the object. @throws StatusError 400, 415 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(MAGIC)) throw badRequest("the body does not start as Kubernetes' protobuf does");
  let apiVersion = "";
  let kind = "";
  let raw: Buffer = Buffer.alloc(0);
  for (const { number, value } of wireFields(body.subarray(4))) {
    if (number === 1) {
      for (const field of wireFields(bytesOf(value))) {
        if (field.number === 1) apiVersion = bytesOf(field.value).toString("utf8");
        if (field.number === 2) kind = bytesOf(field.value).toString("utf8");
      }
    } else if (number === 2) raw = bytesOf(value);
  }
  const model = kind === "DeleteOptions" ? "V1DeleteOptions" : models[`${apiVersion} ${kind}`];
  if (model === undefined)
    throw unsupportedMediaType(`${PROTOBUF} of ${apiVersion} ${kind}`, ["application/json", "application/yaml"]);
  return { apiVersion, kind, ...message(raw, model, model, 0) };
}

function message(bytes: Buffer, key: string, model: string, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);
  const object: JsonObject = {};
  const plan = planOf(key);
  for (const { number, value } of wireFields(bytes)) {
    const field = plan.get(number);
    if (field === undefined) continue;
    if (field.type === undefined)
      Object.assign(object, message(bytesOf(value), `${model}.${number}`, model, depth + 1));
    else place(object, { ...field, type: field.type }, value, depth);
  }
  return object;
}

function place(
  object: JsonObject,
  { name, type, quantity, empty }: FieldPlan & { readonly type: string },
  value: WireValue,
  depth: number,
): void {
  if (type.startsWith("[]")) {
    const list = (object[name] ??= []) as unknown[];
    list.push(single(type.slice(2), value, quantity, depth) ?? "");
  } else if (type.startsWith("{}")) {
    const map = (object[name] ??= {}) as JsonObject;
    const entry = wireFields(bytesOf(value));
    const key = entry.find(({ number }) => number === 1)?.value;
    const held = entry.find(({ number }) => number === 2)?.value;
    const at = key === undefined ? "" : bytesOf(key).toString("utf8");
    if (at === "__proto__") throw badRequest("the body has a field called __proto__, which no object has");
    map[at] = held === undefined ? "" : (single(type.slice(2), held, quantity, depth) ?? "");
  } else {
    const found = single(type, value, quantity, depth) ?? empty;
    // Go writes empty strings and zero times where JSON leaves the field out.
    if (found !== undefined) object[name] = found;
  }
}

function single(type: string, value: WireValue, quantity: boolean, depth: number): unknown {
  if (quantity) return text(wireFields(bytesOf(value)).find(({ number }) => number === 1)?.value);
  // A list as a map's value is a message that holds it.
  if (type.startsWith("[]")) {
    const items = wireFields(bytesOf(value)).filter(({ number }) => number === 1);
    return items.map((item) => single(type.slice(2), item.value, false, depth) ?? "");
  }
  switch (type) {
    case "string":
      return text(value);
    case "bytes":
      return bytesOf(value).toString("base64");
    case "integer":
    case "number":
      return integerOf(value);
    case "boolean":
      return integerOf(value) !== 0;
    case "time":
      return time(bytesOf(value), 0);
    case "micro-time":
      return time(bytesOf(value), 6);
    case "int-or-string":
      return intOrString(bytesOf(value));
    case "any":
      return json(wireFields(bytesOf(value)).find(({ number }) => number === 1)?.value);
    default:
      return message(bytesOf(value), type, type, depth + 1);
  }
}

function text(value: WireValue | undefined): string | undefined {
  return value === undefined ? undefined : bytesOf(value).toString("utf8") || undefined;
}

/** `digits` of a second's parts: Go's clients read times with exactly as many. */
function time(bytes: Buffer, digits: 0 | 6): string | undefined {
  const fields = new Map(wireFields(bytes).map(({ number, value }) => [number, integerOf(value)]));
  const seconds = fields.get(1);
  if (seconds === undefined) return undefined;
  const nanos = fields.get(2) ?? 0;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw badRequest("the body has a time that is out of range");
  const whole = date.toISOString().slice(0, 19);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function intOrString(bytes: Buffer): number | string | undefined {
  const fields = new Map(wireFields(bytes).map(({ number, value }) => [number, value]));
  const type = fields.get(1);
  if (type !== undefined && integerOf(type) === 1) return text(fields.get(3));
  const value = fields.get(2);
  return value === undefined ? undefined : integerOf(value) || undefined;
}

function json(value: WireValue | undefined): unknown {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(bytesOf(value).toString("utf8"));
  } catch {
    throw badRequest("the body holds a raw value that is not JSON");
  }
}
