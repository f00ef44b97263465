/** Pods: the defaults that readers rely on, and which fields of the spec may change once a pod exists. */
import { copyJson, sameJson } from "#events/json.ts";
import { isObject, objectAt, objectsAt, stringAt, type JsonObject } from "../json-value.ts";
import type { StatusCause } from "../status.ts";
import type { KindRules } from "./kind.ts";

const DEFAULT_GRACE_SECONDS = 30;
const RESTART_POLICIES = ["Always", "OnFailure", "Never"];

function containersOf(spec: JsonObject): JsonObject[] {
  return ["initContainers", "containers"].flatMap((field) => objectsAt(spec, field));
}

/** Guaranteed: limits of cpu and memory on all containers, equal to the requests. BestEffort: neither anywhere. */
function qosClass(spec: JsonObject): string {
  const sets = containersOf(spec).map((container) => {
    const resources = objectAt(container, "resources") ?? {};
    return { limits: objectAt(resources, "limits") ?? {}, requests: objectAt(resources, "requests") ?? {} };
  });
  const counted = ["cpu", "memory"];
  if (sets.every(({ limits, requests }) => counted.every((name) => !(name in limits) && !(name in requests)))) {
    return "BestEffort";
  }
  const guaranteed = sets.every(({ limits, requests }) =>
    counted.every((name) => name in limits && (!(name in requests) || sameJson(requests[name], limits[name]))),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

/** What may change after creation; tolerations may only be added. */
function withoutMutable(spec: JsonObject): JsonObject {
  const rest = copyJson(spec);
  delete rest["activeDeadlineSeconds"];
  delete rest["terminationGracePeriodSeconds"];
  delete rest["tolerations"];
  delete rest["schedulingGates"];
  for (const container of containersOf(rest)) delete container["image"];
  return rest;
}

export const podRules: KindRules = {
  prepareCreate(object) {
    const spec = objectAt(object, "spec");
    if (spec === undefined) return;
    spec["restartPolicy"] ??= "Always";
    spec["dnsPolicy"] ??= "ClusterFirst";
    spec["schedulerName"] ??= "default-scheduler";
    spec["terminationGracePeriodSeconds"] ??= DEFAULT_GRACE_SECONDS;
    spec["securityContext"] ??= {};
    spec["enableServiceLinks"] ??= true;
    spec["serviceAccountName"] ??= stringAt(spec, "serviceAccount") ?? "default";
    // The older name of the same field, which readers still look at.
    spec["serviceAccount"] = spec["serviceAccountName"];
    for (const container of containersOf(spec)) {
      container["imagePullPolicy"] ??= /(:latest|^[^:@]+)$/.test(stringAt(container, "image") ?? "")
        ? "Always"
        : "IfNotPresent";
      container["terminationMessagePath"] ??= "/dev/termination-log";
      container["terminationMessagePolicy"] ??= "File";
      container["resources"] ??= {};
    }
    object["status"] = { phase: "Pending", qosClass: qosClass(spec) };
  },
  validate(object) {
    const spec = objectAt(object, "spec");
    const restart = stringAt(spec, "restartPolicy") ?? "";
    if (!RESTART_POLICIES.includes(restart)) {
      const message = `Unsupported value: ${JSON.stringify(restart)}: supported values: ${RESTART_POLICIES.join(", ")}`;
      return [{ reason: "FieldValueNotSupported", field: "spec.restartPolicy", message }];
    }
    const containers = spec?.["containers"];
    if (!Array.isArray(containers) || containers.length === 0) {
      return [{ reason: "FieldValueRequired", field: "spec.containers", message: "Required value" }];
    }
    return containers.flatMap((container: unknown, index): StatusCause[] => {
      if (!isObject(container) || stringAt(container, "image")) return [];
      return [{ reason: "FieldValueRequired", field: `spec.containers[${index}].image`, message: "Required value" }];
    });
  },
  validateUpdate(object, old) {
    const now = objectAt(object, "spec") ?? {};
    const before = objectAt(old, "spec") ?? {};
    const causes: StatusCause[] = [];
    if (!sameJson(withoutMutable(now), withoutMutable(before))) {
      const message =
        "Forbidden: of a pod's spec only containers' images, activeDeadlineSeconds, terminationGracePeriodSeconds, schedulingGates and additional tolerations may change";
      causes.push({ reason: "FieldValueForbidden", field: "spec", message });
    }
    const tolerations = now["tolerations"];
    const kept = Array.isArray(tolerations) ? tolerations : [];
    const had = before["tolerations"];
    if (Array.isArray(had) && !had.every((one) => kept.some((other) => sameJson(one, other)))) {
      const message = "Forbidden: tolerations may be added, not changed or removed";
      causes.push({ reason: "FieldValueForbidden", field: "spec.tolerations", message });
    }
    return causes;
  },
};

/** Seconds that a pod gets to end: what the delete asks for, else the pod's own. A pod that no node runs gets none. */
export function podGraceSeconds(object: JsonObject, asked: number | undefined): number {
  const spec = objectAt(object, "spec");
  if (stringAt(spec, "nodeName") === undefined || stringAt(spec, "nodeName") === "") return 0;
  const phase = stringAt(objectAt(object, "status"), "phase");
  if (phase === "Succeeded" || phase === "Failed") return 0;
  if (asked !== undefined) return asked;
  const own = spec?.["terminationGracePeriodSeconds"];
  return typeof own === "number" ? own : DEFAULT_GRACE_SECONDS;
}
