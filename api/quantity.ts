/**
 * Kubernetes quantities: 512Mi, 2, 500m, 1.5Gi, 1e3. Exact: a quantity is held as a whole number of billionths, which
 * is as fine as Kubernetes keeps them; what is finer is rounded up, as there. Pure.
 */
/** Billionths of the unit. */
export type Quantity = bigint;

/** The pattern of Kubernetes quantities, as its CRDs have it. */
export const QUANTITY_PATTERN =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

const NANO = 1_000_000_000n;
/** 8Pi: what is below is exact as a JavaScript number of bytes. */
const MOST = BigInt(Number.MAX_SAFE_INTEGER) * NANO;
const SHAPE = new RegExp(QUANTITY_PATTERN);
const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?(.*)$/;
/** Longer texts and larger exponents name nothing that a machine has, and would only cost time. */
const MAX_LENGTH = 64;
const MAX_EXPONENT = 30;

const DECIMAL: Readonly<Record<string, number>> = {
  "n": -9,
  "u": -6,
  "m": -3,
  "": 0,
  "k": 3,
  "M": 6,
  "G": 9,
  "T": 12,
  "P": 15,
  "E": 18,
};
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};

/** Undefined when it is not a quantity, or absurdly long or large. */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = String(value);
  if (text.length > MAX_LENGTH || !SHAPE.test(text)) return undefined;
  const [, sign = "", whole = "", fraction = "", suffix = ""] = PARTS.exec(text) ?? [];
  const scale = scaleOf(suffix);
  if (scale === undefined) return undefined;
  const digits = BigInt(`${whole}${fraction}` || "0") * scale.factor * NANO;
  const exponent = scale.exponent - fraction.length;
  const size = exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));
  return sign === "-" ? -size : size;
}

/** A quantity below 8Pi: what is counted in bytes and thousandths here. Undefined for all else. */
export function heldQuantity(value: string | number): Quantity | undefined {
  const quantity = parseQuantity(value);
  return quantity !== undefined && quantity <= MOST && quantity >= -MOST ? quantity : undefined;
}

export function isHeld(value: string | number): boolean {
  return heldQuantity(value) !== undefined;
}

function scaleOf(suffix: string): { readonly factor: bigint; readonly exponent: number } | undefined {
  const factor = BINARY[suffix];
  if (factor !== undefined) return { factor, exponent: 0 };
  const exponent = DECIMAL[suffix] ?? Number(suffix.slice(1));
  if (!Number.isInteger(exponent) || Math.abs(exponent) > MAX_EXPONENT) return undefined;
  return { factor: 1n, exponent };
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}

function exactly(value: string | number): Quantity {
  const quantity = heldQuantity(value);
  if (quantity === undefined) {
    throw new RangeError(
      `${JSON.stringify(value)} is no quantity: write a number with a unit, such as 512Mi, 2 or 500m, below 8Pi`,
    );
  }
  return quantity;
}

function rounded(quantity: Quantity, unit: bigint): number {
  return Number(quantity >= 0n ? divideUp(quantity, unit) : quantity / unit);
}

/** Bytes (or whole units) of a quantity, rounded up. @throws RangeError when it is no quantity, or 8Pi or more */
export function bytesOf(value: string | number): number {
  return rounded(exactly(value), NANO);
}

/** Thousandths of a quantity, rounded up: milli-CPU. @throws RangeError when it is no quantity, or 8Pi or more */
export function milliOf(value: string | number): number {
  return rounded(exactly(value), NANO / 1000n);
}

/** Bytes as the shortest exact text with a binary unit: 1073741824 → 1Gi, 1000 → 1000. */
export function formatBytes(bytes: number): string {
  const amount = BigInt(bytes);
  for (const [suffix, factor] of Object.entries(BINARY).reverse()) {
    if (amount !== 0n && amount % factor === 0n) return `${amount / factor}${suffix}`;
  }
  return `${amount}`;
}

/** Milli-CPU as text: 1500 → 1500m, 2000 → 2. */
export function formatMilli(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
