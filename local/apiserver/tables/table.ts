/** Objects as a `Table`, which is what `kubectl get` asks for. */
import { metadataOf, type JsonObject } from "../json-value.ts";
import type { Column } from "./column.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

const nameColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name of the object, unique in its namespace",
  priority: 0,
} as const;

function row(object: JsonObject, columns: readonly Column[], include: IncludeObject, now: Date): object {
  const metadata = metadataOf(object);
  const cells = [metadata["name"] ?? "", ...columns.map((column) => shown(column.cell(object, now)))];
  switch (include) {
    case "None":
      return { cells };
    case "Object":
      return { cells, object };
    case "Metadata":
      return { cells, object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } };
  }
}

function shown(cell: unknown): unknown {
  return cell === undefined ? "<none>" : cell;
}

export function tableOf(
  objects: readonly JsonObject[],
  options: {
    readonly columns: readonly Column[];
    readonly include: IncludeObject;
    readonly now: Date;
    /** The list's metadata, or the object's resourceVersion. */
    readonly metadata: object;
  },
): object {
  const { columns, include, now, metadata } = options;
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: [nameColumn, ...columns.map(({ cell: _, ...definition }) => definition)],
    rows: objects.map((object) => row(object, columns, include, now)),
  };
}
