/** metadata.managedFields: who owns which fields, one entry for each manager, operation and subresource. */
import { isObject, metadataOf, stringAt, type JsonObject } from "../json-value.ts";
import { fromFieldsV1, toFieldsV1, type FieldSet, type Path } from "./field-set.ts";

export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

/** As it was read: most entries are written as they were. */
const written = new WeakMap<FieldSet, unknown>();

function read(fieldsV1: unknown): FieldSet {
  const fields = fromFieldsV1(fieldsV1);
  written.set(fields, fieldsV1);
  return fields;
}

export function managersOf(object: JsonObject): Manager[] {
  const list = metadataOf(object)["managedFields"];
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map((entry) => ({
    name: stringAt(entry, "manager") ?? "",
    operation: entry["operation"] === "Apply" ? "Apply" : "Update",
    apiVersion: stringAt(entry, "apiVersion") ?? "",
    subresource: stringAt(entry, "subresource") ?? "",
    time: stringAt(entry, "time") ?? "",
    fields: read(entry["fieldsV1"]),
  }));
}

function orderOf({ operation, time, name }: Manager): string {
  return [operation, time, name].join(" ");
}

/** Writes them: those that apply first, then in the order of time and name; managers that own nothing are left out. */
export function setManagers(object: JsonObject, managers: readonly Manager[]): void {
  const metadata = metadataOf(object);
  const entries = managers
    .filter(({ fields }) => fields.size > 0)
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
    .map(({ name, operation, apiVersion, subresource, time, fields }) => ({
      manager: name,
      operation,
      apiVersion,
      time,
      fieldsType: "FieldsV1",
      fieldsV1: written.get(fields) ?? toFieldsV1(fields),
      ...(subresource === "" ? {} : { subresource }),
    }));
  if (entries.length === 0) delete metadata["managedFields"];
  else metadata["managedFields"] = entries;
}

/** The same set where it has none of them. */
export function without(fields: FieldSet, gone: ReadonlySet<Path>): FieldSet {
  if (fields.isDisjointFrom(gone)) return fields;
  return new Set([...fields].filter((path) => !gone.has(path)));
}

export function seconds(now: Date): string {
  return now.toISOString().replace(/\.\d+Z$/, "Z");
}
