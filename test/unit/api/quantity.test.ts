import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, formatBytes, formatMilli, milliOf, parseQuantity } from "#api/quantity.ts";

describe("a quantity", () => {
  test.each([
    ["512Mi", 536_870_912],
    ["1.5Gi", 1_610_612_736],
    ["2", 2],
    [2, 2],
    ["1e3", 1000],
    ["1E3", 1000],
    ["12E", undefined],
    ["500m", 1],
    ["0.1", 1],
    [".5k", 500],
    ["+1k", 1000],
    ["-64Mi", -67_108_864],
    ["4G", 4_000_000_000],
    ["1n", 1],
    ["8Ei", undefined],
  ])("%j has %j bytes", (text, bytes) => {
    if (bytes === undefined) expect(() => bytesOf(text)).toThrow(RangeError);
    else expect(bytesOf(text)).toBe(bytes);
  });

  test.each([
    ["1", 1000],
    ["250m", 250],
    ["0.0001", 1],
    ["1500u", 2],
  ])("%j is %j thousandths", (text, milli) => expect(milliOf(text)).toBe(milli));

  test.each(["", "Mi", "1MiB", "2ab", "1 Gi", "0x10", "1e", "--1", "1e1000000", "9".repeat(65), "NaN"])(
    "%j is none",
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
      expect(() => bytesOf(text)).toThrow(/is no quantity: write a number with a unit/);
    },
  );

  test("is held exactly where a floating-point number is not", () => {
    expect(parseQuantity("0.3")).toBe(parseQuantity("300m"));
    expect(parseQuantity("9007199254740993")).toBe(9_007_199_254_740_993_000_000_000n);
  });

  test("is written and read back unchanged", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (amount) => {
        expect(bytesOf(formatBytes(amount))).toBe(amount);
      }),
    );
    fc.assert(
      fc.property(fc.nat(), (milli) => {
        expect(milliOf(formatMilli(milli))).toBe(milli);
      }),
    );
    expect([formatBytes(0), formatBytes(1 << 30), formatMilli(1500), formatMilli(2000)]).toEqual([
      "0",
      "1Gi",
      "1500m",
      "2",
    ]);
  });
});
