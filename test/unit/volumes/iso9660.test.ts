import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoImage } from "#node-runtime/volumes/iso9660.ts";
import { readIso } from "./read-iso.ts";

const name = fc.stringMatching(/^[a-z0-9_.-]{1,30}$/).filter((value) => !/^\.+$/.test(value) && value !== "__proto__");
const content = fc.string({ maxLength: 5000 });

describe("an ISO 9660 image", () => {
  it("gives its files back by both trees, whatever they are called and however many there are", () => {
    fc.assert(
      fc.property(fc.dictionary(name, content, { maxKeys: 120 }), (files) => {
        const image = isoImage(
          "cidata",
          Object.fromEntries(Object.entries(files).map(([key, value]) => [key, Buffer.from(value)])),
        );
        expect(readIso(image, "joliet")).toEqual({ label: "cidata", files: { ...files } });
        const upper = Object.fromEntries(Object.entries(files).map(([key, value]) => [key.toUpperCase(), value]));
        expect(readIso(image, "plain").files).toEqual(upper);
      }),
      { numRuns: 60 },
    );
  });

  it("has folders", () => {
    const files = { "openstack/latest/user_data": "u", "openstack/latest/meta_data.json": "{}", "top": "t" };
    const image = isoImage("config-2", Object.fromEntries(Object.entries(files).map(([k, v]) => [k, Buffer.from(v)])));
    expect(readIso(image, "joliet")).toEqual({ label: "config-2", files });
  });

  it("is the same each time for the same files", () => {
    const files = { a: Buffer.from("1"), b: Buffer.from("2") };
    expect(isoImage("x", files).equals(isoImage("x", { b: files.b, a: files.a }))).toBe(true);
  });

  it.each(["", "..", "a/../b", "a//b", "/a", "a\0", "a\nb", "x".repeat(104)])("refuses the name %j", (path) => {
    expect(() => isoImage("x", { [path]: Buffer.alloc(1) })).toThrow(
      expect.objectContaining({ kind: "refused", reason: "VolumeNotSupported" }) as Error,
    );
  });
});
