/** CEL's optional: a value that may be missing. */
import { Optional } from "@marcbachmann/cel-js";

export function optional(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value);
}
