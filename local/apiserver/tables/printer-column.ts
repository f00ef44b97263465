/** Columns of custom kinds, from `additionalPrinterColumns`. */
import { stringAt, valueAt, type JsonObject } from "../json-value.ts";
import { age } from "./age.ts";
import type { Column } from "./column.ts";
import { compileJsonPath } from "./json-path.ts";

/** What a custom kind shows that asks for no columns. */
export const ageColumn: Column = {
  name: "Age",
  type: "date",
  format: "",
  description: "Time since the object was created",
  priority: 0,
  cell: (object, now) => age(valueAt(object, ["metadata", "creationTimestamp"]), now),
};

function typed(value: unknown, type: Column["type"], now: Date): unknown {
  switch (type) {
    case "integer":
    case "number":
      return typeof value === "number" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "date":
      return age(value, now);
    case "string":
      return typeof value === "string" ? value : JSON.stringify(value);
  }
}

export const columnTypes = ["string", "integer", "number", "boolean", "date"] as const;

export function printerColumn(source: JsonObject): Column {
  const type = columnTypes.find((name) => name === source["type"]) ?? "string";
  const values = compileJsonPath(stringAt(source, "jsonPath") ?? "") ?? (() => []);
  const priority = source["priority"];
  return {
    name: stringAt(source, "name") ?? "",
    type,
    format: stringAt(source, "format") ?? "",
    description: stringAt(source, "description") ?? "",
    priority: typeof priority === "number" ? priority : 0,
    cell(object, now) {
      const found = values(object);
      // Custom kinds leave a cell without a value empty.
      if (found.length === 0 || found[0] === null) return null;
      if (found.length === 1) return typed(found[0], type, now);
      return found.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(",");
    },
  };
}
