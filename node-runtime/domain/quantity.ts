/** Kubernetes quantities as numbers: "128Mi", "2200m", "1e3". Pure. */
import { Fault } from "#events/fault.ts";

const SUFFIX: Readonly<Record<string, number>> = {
  "": 1,
  "n": 1e-9,
  "u": 1e-6,
  "m": 1e-3,
  "k": 1e3,
  "M": 1e6,
  "G": 1e9,
  "T": 1e12,
  "P": 1e15,
  "E": 1e18,
  "Ki": 2 ** 10,
  "Mi": 2 ** 20,
  "Gi": 2 ** 30,
  "Ti": 2 ** 40,
  "Pi": 2 ** 50,
  "Ei": 2 ** 60,
};

const QUANTITY = /^\+?(\d+(?:\.\d*)?|\.\d+)(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** @throws Fault refused InvalidQuantity, with `field` as its cause's field */
export function quantityOf(quantity: string | number, field: string): number {
  const match = QUANTITY.exec(String(quantity));
  const value = match === null ? NaN : Number(`${match[1]}${match[2] ?? ""}`) * (SUFFIX[match[3] ?? ""] ?? NaN);
  if (Number.isFinite(value)) return value;
  const message = `${field} is ${JSON.stringify(quantity)}; it must be a quantity that is not negative, such as 128Mi`;
  throw new Fault("refused", "InvalidQuantity", message, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}
