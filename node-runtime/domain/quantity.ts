/** Kubernetes quantities as whole numbers. Pure. */
import { parseQuantity } from "#api/quantity.ts";
import { Fault } from "#events/fault.ts";

const NANO = 1_000_000_000n;

/**
 * Whole units (bytes, CPUs), rounded up.
 * @throws Fault refused InvalidQuantity, with `field` as its cause's field
 */
export function quantityOf(quantity: string | number, field: string): number {
  const nanos = parseQuantity(quantity);
  const whole = nanos === undefined ? -1n : (nanos + NANO - 1n) / NANO;
  if (nanos !== undefined && nanos >= 0n && whole <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(whole);
  const message = `${field} is ${JSON.stringify(quantity)}; it must be a quantity that is not negative, such as 128Mi`;
  throw new Fault("refused", "InvalidQuantity", message, { causes: [{ reason: "FieldValueInvalid", field, message }] });
}
