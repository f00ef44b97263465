/** What small core kinds do beyond their schema: the defaults and immutable fields that clients rely on. */
import { sameJson } from "#events/json.ts";
import { isObject, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";
import type { KindRules } from "./kind.ts";

function immutable(field: string, object: JsonObject, old: JsonObject): StatusCause[] {
  if (sameJson(object[field] ?? null, old[field] ?? null)) return [];
  return [{ reason: "FieldValueInvalid", field, message: "Invalid value: the field is immutable" }];
}

/** Config maps and secrets may be fixed for good; then their data changes no more, and they stay fixed. */
function fixed(object: JsonObject, old: JsonObject, fields: readonly string[]): StatusCause[] {
  if (old["immutable"] !== true) return [];
  return ["immutable", ...fields]
    .filter((field) => !sameJson(object[field] ?? null, old[field] ?? null))
    .map((field) => ({ reason: "FieldValueForbidden", field, message: "Forbidden: the object is immutable" }));
}

function badKeys(object: JsonObject, field: string): StatusCause[] {
  return Object.keys(objectAt(object, field) ?? {})
    .filter((key) => !/^[-._A-Za-z0-9]{1,253}$/.test(key))
    .map((key) => ({
      reason: "FieldValueInvalid",
      field: `${field}[${key}]`,
      message: `Invalid value: ${JSON.stringify(key)}: a key consists of at most 253 letters, digits, '-', '_' and '.'`,
    }));
}

/** stringData is for writing only: it becomes data. */
function foldStringData(object: JsonObject): void {
  const plain = objectAt(object, "stringData");
  delete object["stringData"];
  if (plain === undefined) return;
  const data = objectAt(object, "data") ?? {};
  for (const [key, value] of Object.entries(plain)) {
    if (typeof value === "string") data[key] = Buffer.from(value, "utf8").toString("base64");
  }
  object["data"] = data;
}

/** Bytes of all that a ConfigMap or a Secret holds. */
const MAX_DATA_BYTES = 1024 * 1024;

function dataTooLong(bytes: number, field: string): StatusCause[] {
  if (bytes <= MAX_DATA_BYTES) return [];
  const message = `Too long: all values together have ${bytes} bytes; at most ${MAX_DATA_BYTES} are allowed`;
  return [{ reason: "FieldValueTooLong", field, message }];
}

function bytesOfValues(values: JsonObject | undefined, encoding: "utf8" | "base64"): number {
  let bytes = 0;
  for (const value of Object.values(values ?? {})) {
    if (typeof value === "string") bytes += Buffer.byteLength(value, encoding);
  }
  return bytes;
}

export const configMapRules: KindRules = {
  validate(object) {
    const plain = bytesOfValues(objectAt(object, "data"), "utf8");
    const bytes = plain + bytesOfValues(objectAt(object, "binaryData"), "base64");
    return [...badKeys(object, "data"), ...badKeys(object, "binaryData"), ...dataTooLong(bytes, "")];
  },
  validateUpdate: (object, old) => fixed(object, old, ["data", "binaryData"]),
};

export const secretRules: KindRules = {
  prepareCreate(object) {
    foldStringData(object);
    object["type"] ??= "Opaque";
  },
  prepareUpdate(object, old) {
    foldStringData(object);
    object["type"] ??= old["type"];
  },
  validate(object) {
    return [...badKeys(object, "data"), ...dataTooLong(bytesOfValues(objectAt(object, "data"), "base64"), "data")];
  },
  validateUpdate: (object, old) => [...immutable("type", object, old), ...fixed(object, old, ["data"])],
};

export const nodeRules: KindRules = {
  validate(object) {
    const taints = objectAt(object, "spec")?.["taints"];
    if (!Array.isArray(taints)) return [];
    const allowed = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    return taints.flatMap((taint: unknown, index): StatusCause[] => {
      const effect = isObject(taint) ? stringAt(taint, "effect") : undefined;
      if (effect === undefined || allowed.includes(effect)) return [];
      const message = `Unsupported value: ${JSON.stringify(effect)}: supported values: ${allowed.join(", ")}`;
      return [{ reason: "FieldValueNotSupported", field: `spec.taints[${index}].effect`, message }];
    });
  },
};

/** No addresses are allocated: nothing in this server's world routes them. */
export const serviceRules: KindRules = {
  prepareCreate(object) {
    const spec = objectAt(object, "spec");
    if (spec === undefined) return;
    spec["type"] ??= "ClusterIP";
    spec["sessionAffinity"] ??= "None";
    const ports = spec["ports"];
    if (!Array.isArray(ports)) return;
    for (const port of ports) {
      if (!isObject(port)) continue;
      port["protocol"] ??= "TCP";
      port["targetPort"] ??= port["port"];
    }
  },
  validate(object) {
    const spec = objectAt(object, "spec");
    const ports = spec?.["ports"];
    const needsNone = spec?.["clusterIP"] === "None" || spec?.["type"] === "ExternalName";
    if (needsNone || (Array.isArray(ports) && ports.length > 0)) return [];
    return [{ reason: "FieldValueRequired", field: "spec.ports", message: "Required value" }];
  },
};

export const claimRules: KindRules = {
  prepareCreate(object) {
    const spec = objectAt(object, "spec");
    if (spec !== undefined) spec["volumeMode"] ??= "Filesystem";
    object["status"] = { phase: "Pending" };
  },
  validate(object) {
    const spec = objectAt(object, "spec");
    const modes = spec?.["accessModes"];
    const requests = objectAt(objectAt(spec ?? {}, "resources") ?? {}, "requests");
    const missing = [
      ...(Array.isArray(modes) && modes.length > 0 ? [] : ["spec.accessModes"]),
      ...(requests?.["storage"] === undefined ? ["spec.resources[storage]"] : []),
    ];
    return missing.map((field) => ({ reason: "FieldValueRequired", field, message: "Required value" }));
  },
};
