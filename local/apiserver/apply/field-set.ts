/**
 * The fields of an object, one by one, as managedFields names them: `f:spec`, `k:{"name":"a"}` for an entry of a list
 * with keys, `v:"x"` for an entry of a set. A path is its elements joined by NUL, so that sets of paths are plain sets.
 */
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

export function joined(parts: readonly string[]): Path {
  return parts.join(SEPARATOR);
}

export function isBelow(path: Path, ancestor: Path): boolean {
  return path.startsWith(ancestor + SEPARATOR);
}

/** Metadata that users own; the rest is the server's. */
const ownedMetadata: ReadonlySet<string> = new Set(["labels", "annotations", "finalizers", "ownerReferences"]);

/** Each leaf with its value. Atomic lists and maps are leaves. */
export function fieldsOf(object: JsonObject, schema: Schema): Map<Path, unknown> {
  const found = new Map<Path, unknown>();
  for (const [field, value] of Object.entries(object)) {
    if (field === "apiVersion" || field === "kind" || value === undefined) continue;
    const child = childOf(schema, field);
    if (field !== "metadata") collect(value, child, [`f:${field}`], found);
    else if (isObject(value)) {
      for (const [name, part] of Object.entries(value)) {
        if (ownedMetadata.has(name) && part !== undefined)
          collect(part, childOf(child, name), ["f:metadata", `f:${name}`], found);
      }
    }
  }
  return found;
}

function collect(value: unknown, schema: Schema | undefined, path: readonly string[], found: Map<Path, unknown>): void {
  if (isObject(value) && schema?.atomicMap !== true && Object.keys(value).length > 0) {
    for (const [field, child] of Object.entries(value)) {
      if (child !== undefined) collect(child, childOf(schema, field), [...path, `f:${field}`], found);
    }
    return;
  }
  if (Array.isArray(value) && schema !== undefined && schema.list.kind !== "atomic") {
    for (const entry of value) {
      const at = [...path, entryElement(entry, schema)];
      if (schema.list.kind === "set") found.set(joined(at), entry);
      else {
        found.set(joined(at), PRESENT);
        collect(entry, schema.items, at, found);
      }
    }
    return;
  }
  found.set(joined(path), value);
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
  const walk = (node: unknown, path: readonly string[]) => {
    if (!isObject(node)) return;
    const parts = Object.keys(node);
    if (parts.length === 0 && path.length > 0) set.add(joined(path));
    for (const part of parts) {
      if (part === ".") set.add(joined(path));
      else walk(node[part], [...path, part]);
    }
  };
  walk(fields, []);
  return set;
}
