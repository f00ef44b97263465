/** Events are stored as core/v1; events.k8s.io/v1 is the same object under newer names. */
import { metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { KindRules } from "./kind.ts";

/** [name in core/v1, name in events.k8s.io/v1] */
const renamed = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
] as const;

function withNames(object: JsonObject, from: 0 | 1, apiVersion: string): JsonObject {
  const names = new Map<string, string>(renamed.map((pair) => [pair[from], pair[from === 0 ? 1 : 0]]));
  const fields = Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]);
  return { ...Object.fromEntries(fields), apiVersion } as JsonObject;
}

export const eventConversion = {
  toStored: (object: JsonObject) => withNames(object, 1, "v1"),
  fromStored: (object: JsonObject) => withNames(object, 0, "events.k8s.io/v1"),
};

/** An event lives in the namespace of what it is about; what has none tells its events in `default`. */
export const eventRules: KindRules = {
  validate(object) {
    const about = stringAt(objectAt(object, "involvedObject"), "namespace") ?? "";
    const own = stringAt(metadataOf(object), "namespace") ?? "";
    if (about === own || (about === "" && own === "default")) return [];
    const message = `Invalid value: ${JSON.stringify(about)}: must be the event's own namespace, ${JSON.stringify(own)}`;
    return [{ reason: "FieldValueInvalid", field: "involvedObject.namespace", message }];
  },
};
