/** An object as the store holds it: its JSON text, and what selectors and owners need, so that lists parse nothing. */
import { isObject, metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";

export interface StoredObject {
  /** The kind's storage name: plural, or plural.group. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  /** JSON; starts with {"apiVersion":"…","kind":"…". */
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Values of the kind's selectable fields by their path. */
  readonly fields: Readonly<Record<string, string>>;
  /** UIDs of the owners. */
  readonly owners: readonly string[];
}

/** Reads the selectable fields of an object of a resource. */
export type FieldsOf = (resource: string, object: JsonObject) => Readonly<Record<string, string>>;

export function keyOfStored(object: { readonly namespace: string; readonly name: string }): string {
  return `${object.namespace}/${object.name}`;
}

const none: Readonly<Record<string, string>> = Object.freeze({});

export function stored(
  resource: string,
  version: number,
  object: JsonObject,
  text: string,
  fieldsOf: FieldsOf,
): StoredObject {
  const metadata = metadataOf(object);
  const owners = metadata["ownerReferences"];
  return {
    resource,
    namespace: stringAt(metadata, "namespace") ?? "",
    name: stringAt(metadata, "name") ?? "",
    uid: stringAt(metadata, "uid") ?? "",
    version,
    text,
    labels: (objectAt(metadata, "labels") as Record<string, string> | undefined) ?? none,
    fields: fieldsOf(resource, object),
    owners: Array.isArray(owners)
      ? owners.flatMap((owner: unknown) => (isObject(owner) ? (stringAt(owner, "uid") ?? []) : []))
      : [],
  };
}

/** The object, fresh: the caller may change it. */
export function parsed(object: StoredObject): JsonObject {
  return JSON.parse(object.text) as JsonObject;
}

/**
 * The JSON text of an object at a version: apiVersion, kind and metadata first, its resourceVersion set. What was never
 * stored has no version.
 */
export function textAt(object: JsonObject, version: number | undefined): string {
  const metadata = metadataOf(object);
  if (version === undefined) delete metadata["resourceVersion"];
  else metadata["resourceVersion"] = String(version);
  const { apiVersion, kind, metadata: _, ...rest } = object;
  return JSON.stringify({ apiVersion, kind, metadata, ...rest });
}
