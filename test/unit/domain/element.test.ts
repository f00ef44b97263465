import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { element, NOT_IN_XML, render } from "#node-runtime/domain/element.ts";
import { readXml } from "./read-xml.ts";

/** Any text, with what could break out of an element or an attribute more often than by chance. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(..."<>&'\"/=! \t\n\r]-a", "\u00e9", "]]>", "<!--", "&amp;", "\u{1f600}") }),
);
const allowed = text.filter((value) => !NOT_IN_XML.test(value));

describe("the XML builder", () => {
  it("gives every text back as it was, in its own place, whatever it holds", () => {
    fc.assert(
      fc.property(allowed, allowed, allowed, (attribute, inner, other) => {
        const root = readXml(
          render(element("a", { one: attribute, two: other }, element("b", {}, inner), element("c", { d: inner }))),
        );
        expect(root.attributes).toEqual({ one: attribute, two: other });
        expect(root.children.map((child) => child.name)).toEqual(["b", "c"]);
        expect(root.children[0]?.text).toBe(inner);
        expect(root.children[1]?.attributes).toEqual({ d: inner });
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["a NUL", "a\u0000b"],
    ["an escape", "\u001b[2J"],
    ["half a surrogate pair", "\ud800x"],
    ["a non-character", "\uffff"],
  ])("refuses %s, which XML has no form for", (_, wrong) => {
    for (const root of [element("a", { b: wrong }), element("a", {}, wrong)]) {
      expect(() => render(root)).toThrow(
        expect.objectContaining({ kind: "refused", reason: "TextNotAllowed" }) as Error,
      );
    }
  });

  it("leaves out what is undefined or false, and keeps what is zero or empty", () => {
    const root = element("a", { gone: undefined, zero: 0, empty: "" }, undefined, false, [element("b"), [false]]);
    expect(render(root)).toBe("<a zero='0' empty=''>\n  <b/>\n</a>\n");
  });

  it("takes no name from outside", () => {
    expect(() => render(element("a b"))).toThrow(expect.objectContaining({ kind: "bug" }) as Error);
    expect(() => render(element("a", { "x='1' y": "2" }))).toThrow(expect.objectContaining({ kind: "bug" }) as Error);
  });
});
