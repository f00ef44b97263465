/** A kind as this server serves it: everything that differs between kinds is a value here, or a rule. */
import type { JsonObject } from "../json-value.ts";
import type { NameGrammar } from "../names.ts";
import type { Schema } from "../schema/schema.ts";
import type { StatusCause, Subject } from "../status.ts";
import type { Column } from "../tables/column.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

export const allVerbs: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

/** Where the scale subresource finds its numbers; paths of fields. */
export interface ScalePaths {
  readonly spec: readonly string[];
  readonly status: readonly string[];
  readonly selector: readonly string[] | undefined;
}

export interface ServedVersion {
  readonly name: string;
  readonly served: boolean;
  /** A Warning header on every request of a deprecated version. */
  readonly deprecationWarning: string | undefined;
  readonly schema: Schema;
  readonly columns: readonly Column[];
  readonly hasStatus: boolean;
  readonly scale: ScalePaths | undefined;
  /** Present when this version's shape is not the stored one. */
  readonly convert?: {
    toStored(object: JsonObject): JsonObject;
    fromStored(object: JsonObject): JsonObject;
  };
}

/** What a kind does beyond its schema. All change the object in place; causes refuse the request with 422. */
export interface KindRules {
  /** Fills in what the server owns before an object is created. */
  prepareCreate?(object: JsonObject, now: Date): void;
  prepareUpdate?(object: JsonObject, old: JsonObject): void;
  validate?(object: JsonObject): StatusCause[];
  validateCreate?(object: JsonObject): StatusCause[];
  validateUpdate?(object: JsonObject, old: JsonObject): StatusCause[];
}

export interface ServedKind extends Subject {
  /** Under which the store keeps it: the plural, or plural.group. */
  readonly resource: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** From a CRD: null is a value, resourceVersion is required for updates, JSON and merge patches only. */
  readonly custom: boolean;
  readonly verbs: readonly Verb[];
  /** metadata.generation counts the changes of everything but metadata and status. */
  readonly counted: boolean;
  readonly nameGrammar: NameGrammar;
  /** A delete answers the object as it was, not a Status. */
  readonly showsDeleted: boolean;
  /** Most preferred first. */
  readonly versions: readonly ServedVersion[];
  /** "group/version" of the stored form. */
  readonly storedApiVersion: string;
  readonly storedVersion: ServedVersion;
  /** Selectable fields beside metadata.name and metadata.namespace: name → path in the stored form. */
  readonly selectable: Readonly<Record<string, readonly string[]>>;
  readonly rules: KindRules;
  /** Subresources with code of their own, such as pods/binding. */
  readonly actions: readonly string[];
}

export function apiVersionFor(group: string, version: string): string {
  return group === "" ? version : `${group}/${version}`;
}

/** A kind in one of its versions: what one request is about. */
export interface Served {
  readonly kind: ServedKind;
  readonly version: ServedVersion;
}

export function apiVersionOfServed({ kind, version }: Served): string {
  return apiVersionFor(kind.group, version.name);
}
