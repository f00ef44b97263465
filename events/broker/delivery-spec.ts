/** How hard a trigger tries: the default, and what is allowed. */
import type { DeliverySpec } from "../broker-types.ts";
import { Fault, type Cause } from "../fault.ts";

/** Gives up after about two minutes; deadlines and the resync find what was given up. */
export const DEFAULT_DELIVERY: DeliverySpec = {
  retry: 10,
  backoffPolicy: "exponential",
  backoffDelayMilliseconds: 200,
  backoffMaxMilliseconds: 30_000,
  timeoutMilliseconds: 10_000,
};

const RANGES = {
  retry: [0, 100],
  backoffDelayMilliseconds: [0, 3_600_000],
  backoffMaxMilliseconds: [0, 3_600_000],
  timeoutMilliseconds: [1, 600_000],
} as const satisfies Partial<Record<keyof DeliverySpec, readonly [number, number]>>;

/** @throws Fault refused, a cause each wrong field */
export function checkDelivery(spec: DeliverySpec, at: string): void {
  const causes: Cause[] = [];
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = spec[name as keyof typeof RANGES];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    causes.push({
      reason: "FieldValueInvalid",
      field: `${at}.${name}`,
      message: `is ${value}; allowed are whole numbers from ${least} to ${most}`,
    });
  }
  if (spec.backoffPolicy !== "linear" && spec.backoffPolicy !== "exponential") {
    causes.push({
      reason: "FieldValueNotSupported",
      field: `${at}.backoffPolicy`,
      message: `is "${String(spec.backoffPolicy)}"; allowed are linear and exponential`,
    });
  }
  if (causes.length === 0) return;
  const message = causes.map((cause) => `${cause.field}: ${cause.message}`).join("; ");
  throw new Fault("refused", "InvalidDelivery", message, { causes });
}
