/** Kubernetes' quantities, exact: 1Gi, 250m, 1.5e3. */
import type { Environment } from "@marcbachmann/cel-js";

/** Digits after the point that are kept: a quantity is never finer than a billionth. */
const DIGITS = 9n;
const UNIT = 10n ** DIGITS;

const decimal: Readonly<Record<string, bigint>> = {
  "n": -9n,
  "u": -6n,
  "m": -3n,
  "": 0n,
  "k": 3n,
  "M": 6n,
  "G": 9n,
  "T": 12n,
  "P": 15n,
  "E": 18n,
};
const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

class Quantity {
  /** In billionths. */
  readonly nano: bigint;

  constructor(nano: bigint) {
    this.nano = nano;
  }
}

/** @returns undefined when the text is no quantity */
export function parseQuantity(text: string): Quantity | undefined {
  const match = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?(?:([eE][+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent, suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const scale = -BigInt(fraction.length) + DIGITS;
  const power = exponent === undefined ? (decimal[suffix] ?? 0n) : BigInt(exponent.slice(1));
  const shifted = digits << (binary[suffix] ?? 0n);
  const total = scale + power;
  // Finer than a billionth is rounded up.
  const magnitude = total >= 0n ? shifted * 10n ** total : ceiling(shifted, 10n ** -total);
  return new Quantity(sign === "-" ? -magnitude : magnitude);
}

function ceiling(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function required(text: string): Quantity {
  const quantity = parseQuantity(text);
  if (quantity === undefined) throw new Error(`${JSON.stringify(text)} is no quantity`);
  return quantity;
}

export function registerQuantities(environment: Environment): void {
  const type = "kubernetes.Quantity";
  const on = (signature: string, handler: (own: Quantity, other: Quantity) => unknown) =>
    environment.registerFunction(`${type}.${signature}`, handler);
  environment.registerType(type, Quantity);
  environment.registerOperator(`${type} == ${type}`, (one: Quantity, other: Quantity) => one.nano === other.nano);
  environment.registerFunction("isQuantity(string): bool", (text: string) => parseQuantity(text) !== undefined);
  environment.registerFunction(`quantity(string): ${type}`, required);
  on("isInteger(): bool", ({ nano }) => nano % UNIT === 0n && isInt64(nano / UNIT));
  on("asInteger(): int", ({ nano }) => {
    if (nano % UNIT !== 0n || !isInt64(nano / UNIT)) throw new Error("the quantity is not a whole number of 64 bits");
    return nano / UNIT;
  });
  on("asApproximateFloat(): double", ({ nano }) => Number(nano) / Number(UNIT));
  on("sign(): int", ({ nano }) => (nano > 0n ? 1n : nano < 0n ? -1n : 0n));
  on(`isGreaterThan(${type}): bool`, (own, other) => own.nano > other.nano);
  on(`isLessThan(${type}): bool`, (own, other) => own.nano < other.nano);
  on(`compareTo(${type}): int`, (own, other) => (own.nano > other.nano ? 1n : own.nano < other.nano ? -1n : 0n));
  on(`add(${type}): ${type}`, (own, other) => new Quantity(own.nano + other.nano));
  on(`sub(${type}): ${type}`, (own, other) => new Quantity(own.nano - other.nano));
  environment.registerFunction(
    `${type}.add(int): ${type}`,
    ({ nano }: Quantity, by: bigint) => new Quantity(nano + by * UNIT),
  );
  environment.registerFunction(
    `${type}.sub(int): ${type}`,
    ({ nano }: Quantity, by: bigint) => new Quantity(nano - by * UNIT),
  );
}
