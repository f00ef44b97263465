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

/** Null, an empty cell, where the value is not of the column's type. */
function typed(value: unknown, type: Column["type"], now: Date): unknown {
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? age(value, now) : null;
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
      // Of several values Kubernetes shows the first. Custom kinds leave a cell without a value empty.
      const [value] = values(object);
      return value === undefined || value === null ? null : typed(value, type, now);
    },
  };
}
