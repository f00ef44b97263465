import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calls, nonnullDomain, typedParam, type CallName } from "#node-runtime/libvirt/protocol.gen.ts";
import {
  array,
  bytes,
  characters,
  decode,
  encode,
  hyper,
  int,
  optional,
  string,
  struct,
  unsignedHyper,
  unsignedInt,
  uuid,
  XdrError,
} from "#node-runtime/libvirt/xdr.ts";

describe("XDR", () => {
  it("writes as RFC 4506 shows: big-endian, padded to four bytes", () => {
    expect(encode(int, -2).toString("hex")).toBe("fffffffe");
    expect(encode(string(10), "abcde").toString("hex")).toBe("00000005" + "6162636465" + "000000");
    expect(encode(optional(int), undefined).toString("hex")).toBe("00000000");
    expect(encode(hyper, -1n).toString("hex")).toBe("ffffffffffffffff");
    expect(encode(uuid, "00112233-4455-6677-8899-aabbccddeeff").toString("hex")).toBe(
      "00112233445566778899aabbccddeeff",
    );
  });

  it("reads back what it wrote, for every kind of type", () => {
    const everything = struct<{
      a: number;
      b: bigint;
      c: bigint;
      d: string;
      e: Uint8Array;
      f?: string | undefined;
      g: readonly number[];
      h: string;
    }>({
      a: int,
      b: hyper,
      c: unsignedHyper,
      d: string(4096),
      e: bytes(4096),
      f: optional(string(4096)),
      g: array(unsignedInt, 100),
      h: uuid,
    });
    fc.assert(
      fc.property(
        fc.record({
          a: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
          b: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
          c: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          d: fc.string({ unit: "grapheme", maxLength: 50 }),
          e: fc.uint8Array({ maxLength: 50 }),
          f: fc.option(fc.string({ maxLength: 50 }), { nil: undefined }),
          g: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 100 }),
          h: fc.uuid(),
        }),
        (value) => {
          const written = encode(everything, value);
          expect(written.length % 4).toBe(0);
          expect(decode(everything, written)).toEqual(value);
        },
      ),
    );
  });

  it("writes into room that it makes as it goes, at any boundary", () => {
    const type = struct<{ text: string; end: number }>({ text: string(5_000), end: int });
    for (let length = 0; length < 2_100; length += 1) {
      const value = { text: "x".repeat(length), end: length };
      expect(decode(type, encode(type, value))).toEqual(value);
    }
  });

  it("reads a fixed array of characters, one unit each, up to the first zero", () => {
    const written = encode(characters(8), "x86_64");
    expect(written.length).toBe(32);
    expect(decode(characters(8), written)).toBe("x86_64");
  });

  it("reads typed parameters by their tag", () => {
    const balloon = { field: "balloon.current", value: { type: 4, value: 65536n } } as const;
    expect(decode(typedParam, encode(typedParam, balloon))).toEqual(balloon);
  });

  it("names the field that does not fit", () => {
    const write = () => encode(nonnullDomain, { name: "demo", uuid: "no-uuid", id: 1 });
    expect(write).toThrow(new XdrError('"no-uuid" is no UUID', "uuid"));
    const long = () => encode(struct<{ xmlDesc: string }>({ xmlDesc: string(4) }), { xmlDesc: "abcde" });
    expect(long).toThrow("xmlDesc: 5 bytes long, at most 4 are allowed");
  });

  it("refuses lengths beyond the limit, and lengths that lie about what is there", () => {
    expect(() => decode(string(4), encode(string(9), "abcdefgh"))).toThrow("length 8, at most 4 is allowed");
    const lie = Buffer.from("0000ffff00000001", "hex");
    expect(() => decode(array(int, 0xffff), lie)).toThrow("[1]: the packet ends here: 4 bytes wanted, 0 left");
  });

  it("refuses what is left over", () => {
    expect(() => decode(int, Buffer.alloc(8))).toThrow("4 bytes more than the type has");
  });

  it("answers any bytes for any call's result with a value or an XdrError, nothing else", () => {
    const names = Object.keys(calls) as CallName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 200 }), (name, noise) => {
        try {
          decode(calls[name].result as never, Buffer.from(noise));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
