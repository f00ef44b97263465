import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameJson } from "#events/json.ts";
import { applyMergePatch, mergePatch, patchOf } from "#events/merge-patch.ts";

/** JSON objects without null members, which a merge patch can't set, and without names that JavaScript treats apart. */
const name = fc.constantFrom("a", "b", "c", "spec", "x-y");
const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));

describe("merge patches", () => {
  it("lead from before to after", () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        const patch = mergePatch(before, after);
        expect(patch === undefined ? before : applyMergePatch(before, patch)).toEqual(after);
      }),
    );
  });

  it("are nothing between equals", () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(mergePatch(value, structuredClone(value))).toBeUndefined();
        expect(sameJson(value, structuredClone(value))).toBe(true);
      }),
    );
  });

  it("hold only what differs, and null for what goes", () => {
    expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, e: [1, 2] }, { b: { c: 1, d: 3 }, e: [1] })).toEqual({
      a: null,
      b: { d: 3 },
      e: [1],
    });
  });
});

describe("the difference of an object's parts", () => {
  const before = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a", resourceVersion: "1", labels: { x: "1" } },
    spec: { size: 1 },
    status: { phase: "Pending" },
  };
  const after = {
    ...before,
    metadata: { ...before.metadata, resourceVersion: "99", uid: "other", labels: { x: "2" } },
    spec: { size: 2 },
    status: { phase: "Running" },
  };

  it("leaves status out of the object, and what only the API server sets", () => {
    expect(patchOf(before, after, "object")).toEqual({ metadata: { labels: { x: "2" } }, spec: { size: 2 } });
  });

  it("leaves all but status out of status", () => {
    expect(patchOf(before, after, "status")).toEqual({ status: { phase: "Running" } });
  });
});

it("removes and sets a member that has the name of what every object inherits", () => {
  const [none, one] = [{ labels: {} }, { labels: { constructor: "x" } }];
  expect(mergePatch(one, none)).toEqual({ labels: { constructor: null } });
  expect(mergePatch(none, one)).toEqual(one);
});
