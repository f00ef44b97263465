/** Causes of a 422, as `details.causes` lists them. Their beginnings are Kubernetes': tools look for them. */
import type { StatusCause } from "./status.ts";

export function invalidValue(field: string, given: unknown, why: string): StatusCause {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(given ?? null)}: ${why}` };
}

export function requiredValue(field: string, why: string): StatusCause {
  return { reason: "FieldValueRequired", field, message: `Required value: ${why}` };
}

export function unsupportedValue(field: string, given: unknown, allowed: readonly string[]): StatusCause {
  const supported = allowed.map((value) => JSON.stringify(value)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(given ?? "")}: supported values: ${supported}`;
  return { reason: "FieldValueNotSupported", field, message };
}
