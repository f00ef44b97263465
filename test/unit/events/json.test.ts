import { expect, test } from "vitest";
import { copyJson, sameJson, sortedJson } from "#events/json.ts";

test("a copy is equal to its source and shares nothing with it", () => {
  const source = { a: [{ b: null }, "text", 1.5, false], c: {} };
  const copy = copyJson(source);
  expect(copy).toEqual(source);
  (copy.a[0] as { b: unknown }).b = "changed";
  expect(source.a[0]).toEqual({ b: null });
});

test("a member that is called __proto__ is copied as one, and is nobody's prototype", () => {
  const copy = copyJson(JSON.parse('{"__proto__":{"admin":true}}') as { admin?: boolean });
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true}}');
  expect(copy.admin).toBeUndefined();
});

test("members are sorted at every depth, lists are not", () => {
  const value = { b: [{ d: 1, c: undefined, a: 2 }, "x", "a"], a: { z: 1, y: null } };
  expect(JSON.stringify(sortedJson(value))).toBe('{"a":{"y":null,"z":1},"b":[{"a":2,"d":1},"x","a"]}');
});

test("a member counts that has the name of what every object inherits", () => {
  const [none, one] = [{}, { constructor: "x" }] as Record<string, unknown>[];
  expect([sameJson(none, one), sameJson(one, none), sameJson(one, { ...one })]).toEqual([false, false, true]);
});

test("order of members and those that are undefined do not count", () => {
  expect(sameJson({ a: 1, b: [{ c: null }] }, { b: [{ c: null, d: undefined }], a: 1, e: undefined })).toBe(true);
  expect(sameJson({ a: 1, b: undefined }, { a: 1, c: 2 })).toBe(false);
  expect(sameJson({ a: undefined }, { a: null })).toBe(false);
});
