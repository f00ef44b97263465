/**
 * The fields of an object, one by one, as managedFields names them: `f:spec`, `k:{"name":"a"}` for an entry of a list
 * with keys, `v:"x"` for an entry of a set. A path is its elements joined by NUL, so that sets of paths are plain sets.
 */
import { sameJson } from "#events/json.ts";
import { isObject, type JsonObject } from "../json-value.ts";
import { childOf, type Schema } from "../schema/schema.ts";

export type Path = string;
export type FieldSet = ReadonlySet<Path>;

const SEPARATOR = "\0";

/** The value of a list entry's own path: its fields have paths of their own. */
const PRESENT = Symbol("present");

export function elements(path: Path): string[] {
  return path.split(SEPARATOR);
}

export function isBelow(path: Path, ancestor: Path): boolean {
  return path.startsWith(ancestor + SEPARATOR);
}

/** Metadata that users own; the rest is the server's. */
const ownedMetadata: ReadonlySet<string> = new Set(["labels", "annotations", "finalizers", "ownerReferences"]);

/** Each leaf with its value. Atomic lists and maps are leaves. */
export function fieldsOf(object: JsonObject, schema: Schema): Map<Path, unknown> {
  const found = new Map<Path, unknown>();
  for (const { path, value, schema: own } of roots(object, schema)) collect(value, own, path, found);
  return found;
}

export interface Changes {
  /** Set, or set to another value. */
  readonly taken: ReadonlySet<Path>;
  readonly gone: ReadonlySet<Path>;
}

/** How the leaves of two objects differ. Only what differs is looked at leaf by leaf. */
export function changesOf(old: JsonObject, now: JsonObject, schema: Schema): Changes {
  const changes = { taken: new Set<Path>(), gone: new Set<Path>() };
  const before = new Map(roots(old, schema).map((root) => [root.path, root]));
  for (const { path, value, schema: own } of roots(now, schema)) {
    compare(before.get(path)?.value, value, own, path, changes);
    before.delete(path);
  }
  for (const { path, value, schema: own } of before.values()) compare(value, undefined, own, path, changes);
  return changes;
}

/** The topmost fields that somebody owns. */
function roots(
  object: JsonObject,
  schema: Schema,
): { readonly path: Path; readonly value: unknown; readonly schema: Schema | undefined }[] {
  return Object.entries(object).flatMap(([field, value]) => {
    if (field === "apiVersion" || field === "kind" || value === undefined) return [];
    const own = childOf(schema, field);
    if (field !== "metadata") return [{ path: `f:${field}`, value, schema: own }];
    if (!isObject(value)) return [];
    return Object.entries(value).flatMap(([name, part]) =>
      ownedMetadata.has(name) && part !== undefined
        ? [{ path: below("f:metadata", `f:${name}`), value: part, schema: childOf(own, name) }]
        : [],
    );
  });
}

function below(path: Path, part: string): Path {
  return path + SEPARATOR + part;
}

function isMap(value: unknown, schema: Schema | undefined): value is JsonObject {
  return isObject(value) && schema?.atomicMap !== true && Object.keys(value).length > 0;
}

function collect(value: unknown, schema: Schema | undefined, path: Path, found: Map<Path, unknown>): void {
  if (isMap(value, schema)) {
    for (const [field, child] of Object.entries(value)) {
      if (child !== undefined) collect(child, childOf(schema, field), below(path, `f:${field}`), found);
    }
    return;
  }
  if (Array.isArray(value) && schema !== undefined && schema.list.kind !== "atomic") {
    for (const entry of value) {
      const at = below(path, entryElement(entry, schema));
      if (schema.list.kind === "set") found.set(at, entry);
      else {
        found.set(at, PRESENT);
        collect(entry, schema.items, at, found);
      }
    }
    return;
  }
  found.set(path, value);
}

function compare(
  old: unknown,
  now: unknown,
  schema: Schema | undefined,
  path: Path,
  changes: { readonly taken: Set<Path>; readonly gone: Set<Path> },
): void {
  if (sameJson(old, now)) return;
  if (isMap(old, schema) && isMap(now, schema)) {
    for (const field of new Set([...Object.keys(old), ...Object.keys(now)])) {
      compare(own(old, field), own(now, field), childOf(schema, field), below(path, `f:${field}`), changes);
    }
    return;
  }
  const before = leaves(old, schema, path);
  const after = leaves(now, schema, path);
  for (const [leaf, value] of after) {
    if (!before.has(leaf) || !sameJson(before.get(leaf), value)) changes.taken.add(leaf);
  }
  for (const leaf of before.keys()) if (!after.has(leaf)) changes.gone.add(leaf);
}

/** Not what every object inherits: "constructor" may be a label's name. */
function own(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

function leaves(value: unknown, schema: Schema | undefined, path: Path): Map<Path, unknown> {
  const found = new Map<Path, unknown>();
  if (value !== undefined) collect(value, schema, path, found);
  return found;
}

/** The path element of a list's entry. */
export function entryElement(entry: unknown, schema: Schema): string {
  if (schema.list.kind !== "map" || !isObject(entry)) return `v:${JSON.stringify(entry)}`;
  const keys = schema.list.keys.toSorted().flatMap((key) => {
    const value = entry[key] ?? schema.items?.properties.get(key)?.default?.value ?? implied(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return `k:${JSON.stringify(Object.fromEntries(keys))}`;
}

/** Kubernetes' default of the one list key that manifests leave out. */
function implied(key: string): string | undefined {
  return key === "protocol" ? "TCP" : undefined;
}

export function toFieldsV1(set: FieldSet): JsonObject {
  const root: JsonObject = {};
  const sorted = [...set].toSorted();
  for (const [index, path] of sorted.entries()) {
    let at = root;
    for (const part of elements(path)) {
      const next = (at[part] as JsonObject | undefined) ?? {};
      at[part] = next;
      at = next;
    }
    // NUL sorts before everything: what is below a path follows it at once.
    if (isBelow(sorted[index + 1] ?? "", path)) at["."] = {};
  }
  return root;
}

export function fromFieldsV1(fields: unknown): Set<Path> {
  const set = new Set<Path>();
  const walk = (node: unknown, path: Path | undefined) => {
    if (!isObject(node)) return;
    const parts = Object.keys(node);
    if (parts.length === 0 && path !== undefined) set.add(path);
    for (const part of parts) {
      if (part === ".") set.add(path ?? "");
      else walk(node[part], path === undefined ? part : below(path, part));
    }
  };
  walk(fields, undefined);
  return set;
}
