/** One wrong field, in Kubernetes' words: what admission answers as details.causes[]. Pure. */

export interface Cause {
  readonly reason: Reason;
  /** Path such as spec.template.spec.domain.cpu.cores. */
  readonly field: string;
  /** What is wrong and what is allowed, without the field: kubectl prints the two side by side. */
  readonly message: string;
}

export type Reason =
  | "FieldValueInvalid"
  | "FieldValueRequired"
  | "FieldValueNotFound"
  | "FieldValueDuplicate"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTypeInvalid";

function causeOf(reason: Reason) {
  return (field: string, what: string): Cause => ({ reason, field, message: what });
}

export const invalid = causeOf("FieldValueInvalid");
export const missing = causeOf("FieldValueRequired");
export const notFound = causeOf("FieldValueNotFound");
export const duplicate = causeOf("FieldValueDuplicate");
export const unsupported = causeOf("FieldValueNotSupported");
export const forbidden = causeOf("FieldValueForbidden");
export const wrongType = causeOf("FieldValueTypeInvalid");

/** A value as a message shows it: quoted when it is text, and never long. */
export function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

export function gateOff(field: string, gate: string): Cause {
  return invalid(
    field,
    `needs the feature gate ${gate}, which is off; the KubeVirt object turns it on in ` +
      "spec.configuration.developerConfiguration.featureGates",
  );
}

/** The causes without repetitions of one reason at one field. */
export function distinct(causes: readonly Cause[]): Cause[] {
  const seen = new Set<string>();
  return causes.filter((cause) => {
    const key = `${cause.reason} ${cause.field} ${cause.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
