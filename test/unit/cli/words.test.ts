import { describe, expect, it } from "vitest";
import { wantedOf } from "../../../cli/commands/get.ts";
import { harmless, isObjectName, wholeNumber } from "../../../cli/words.ts";

describe("words of the command line", () => {
  it.each(["", " ", "1e2", "0x10", "-1", "1.5", " 5", "11", "9".repeat(40)])(
    "%j is no whole number up to 10",
    (text) => {
      expect(wholeNumber(text, 0, 10)).toBeUndefined();
    },
  );

  it("takes the ends of a range", () => {
    expect([wholeNumber("0", 0, 10), wholeNumber("10", 0, 10)]).toEqual([0, 10]);
  });

  it.each(["", ".", "..", "a/b", "a?b", "a#b", "A", "-a", "a".repeat(254)])("%j is no name", (text) => {
    expect(isObjectName(text)).toBe(false);
  });

  it("makes texts harmless, and leaves JSON the JSON that it was", () => {
    const value = { message: "\u001b]0;title\u0007 \u009b2J \u007f ü 🐟\r\n\t" };
    const shown = harmless(JSON.stringify(value, null, 2));
    expect(shown).toMatch(/^[\P{Cc}\n]*$/u);
    expect(JSON.parse(shown)).toEqual(value);
  });

  it.each([
    [[], { resource: "vm" }],
    [["demo"], { resource: "vm", name: "demo" }],
    [["constructor"], { resource: "vm", name: "constructor" }],
    [["VMIs"], { resource: "vmi" }],
    [["node", "node-1"], { resource: "node", name: "node-1" }],
    [["vmim", "demo"], expect.stringMatching(/^vmim is no kind.*vm, vmi, node, pod, event/)],
    [["vm", "a/b"], expect.stringMatching(/^"a\/b" is no name: /)],
    [["vm", ""], expect.stringMatching(/^"" is no name: /)],
  ])("get %j", (words, wanted) => {
    expect(wantedOf(...(words as [string?, string?]))).toEqual(wanted);
  });
});
