/** Columns of `kubectl get`: how a kind is shown as a table. */
import type { JsonObject } from "../json-value.ts";

export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format: string;
  readonly description: string;
  /** 0: always shown; others only with `-o wide`. */
  readonly priority: number;
  /** The cell's value; undefined shows <none>, null nothing. */
  readonly cell: (object: JsonObject, now: Date) => unknown;
}
