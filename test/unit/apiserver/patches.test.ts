import fc from "fast-check";
import { expect, test } from "vitest";
import { sameJson } from "#events/json.ts";
import { changesOf, elements, fieldsOf, fromFieldsV1, toFieldsV1 } from "#local/apiserver/apply/field-set.ts";
import { merged } from "#local/apiserver/apply/merge.ts";
import type { JsonObject } from "#local/apiserver/json-value.ts";
import { coreSchema } from "#local/apiserver/kinds/core-schema.ts";
import { applyJsonPatch } from "#local/apiserver/patch/json-patch.ts";
import { applyMergePatch } from "#local/apiserver/patch/merge-patch.ts";
import { applyStrategicPatch } from "#local/apiserver/patch/strategic-patch.ts";
import { compileStructural } from "#local/apiserver/schema/structural.ts";

const podSpec = coreSchema("V1PodSpec");

const strategic = (object: JsonObject, patch: JsonObject) =>
  applyStrategicPatch(structuredClone(object), patch, podSpec);

test("merge patch is RFC 7386's: its examples", () => {
  const examples: readonly [JsonObject, JsonObject, JsonObject][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [object, patch, wanted] of examples) expect(applyMergePatch(object, patch)).toEqual(wanted);
});

test("JSON patch refuses to reach prototypes", () => {
  const patch = [{ op: "add", path: "/__proto__/polluted", value: 1 }];
  expect(() => applyJsonPatch({}, patch)).toThrow();
  expect(({} as JsonObject)["polluted"]).toBeUndefined();
});

test("strategic merge merges lists by key, adds what is new and deletes by directive", () => {
  const object = {
    containers: [
      { name: "a", image: "1", env: [{ name: "X", value: "1" }] },
      { name: "b", image: "1" },
    ],
  };
  const patch = {
    containers: [
      { name: "a", env: [{ name: "Y", value: "2" }] },
      { name: "b", $patch: "delete" },
      { name: "c", image: "3" },
    ],
  };
  expect(strategic(object, patch)).toEqual({
    containers: [
      {
        name: "a",
        image: "1",
        env: [
          { name: "X", value: "1" },
          { name: "Y", value: "2" },
        ],
      },
      { name: "c", image: "3" },
    ],
  });
});

test("strategic merge replaces lists without a key, and objects and lists by directive", () => {
  expect(strategic({ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] })).toEqual({
    tolerations: [{ key: "b" }],
  });
  expect(strategic({ nodeSelector: { a: "1" } }, { nodeSelector: { $patch: "replace", b: "2" } })).toEqual({
    nodeSelector: { b: "2" },
  });
  expect(strategic({ containers: [{ name: "a" }] }, { containers: [{ $patch: "replace" }, { name: "b" }] })).toEqual({
    containers: [{ name: "b" }],
  });
});

test("strategic merge keeps the order that it is given, and retains keys", () => {
  const object = { volumes: [{ name: "a", emptyDir: {} }, { name: "b" }, { name: "c" }] };
  const patch = {
    "$setElementOrder/volumes": [{ name: "c" }, { name: "a" }],
    "volumes": [{ name: "a", hostPath: { path: "/" }, $retainKeys: ["name", "hostPath"] }],
  };
  expect(strategic(object, patch)).toEqual({
    volumes: [{ name: "c" }, { name: "b" }, { name: "a", hostPath: { path: "/" } }],
  });
});

test("strategic merge refuses entries without their key and directives that it does not know", () => {
  expect(() => strategic({ containers: [] }, { containers: [{ image: "x" }] })).toThrow(/has no name/);
  expect(() => strategic({}, { $patch: "explode" })).toThrow(/directive/);
});

test("names the fields of an object as managedFields does", () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { a: "b" }, uid: "u" },
    spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80 }] }], tolerations: [{ key: "t" }] },
  };
  const set = fieldsOf(pod, coreSchema("V1Pod"));
  expect(toFieldsV1(new Set(set.keys()))).toEqual({
    "f:metadata": { "f:labels": { "f:a": {} } },
    "f:spec": {
      "f:containers": {
        'k:{"name":"c"}': {
          ".": {},
          "f:name": {},
          "f:image": {},
          "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
        },
      },
      "f:tolerations": {},
    },
  });
});

test("reads back every set of fields that it writes", () => {
  const name = fc.stringMatching(/^[a-z]{1,3}$/).map((text) => `f:${text}`);
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("\0"));
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 12 }), (paths) => {
      expect(fromFieldsV1(toFieldsV1(new Set(paths)))).toEqual(new Set(paths));
    }),
  );
  expect(elements("f:a\0f:b")).toEqual(["f:a", "f:b"]);
});

test("an apply lays fields over an object without touching either", () => {
  const live = { nodeName: "n", containers: [{ name: "a", image: "1" }, { name: "b" }] };
  const applied = { containers: [{ name: "a", image: "2" }, { name: "c" }] };
  const before = structuredClone(live);
  expect(merged(live, applied, podSpec)).toEqual({
    nodeName: "n",
    containers: [{ name: "a", image: "2" }, { name: "b" }, { name: "c" }],
  });
  expect(live).toEqual(before);
});

test("tells how the fields of two objects differ as their leaves do, each by itself", () => {
  const { schema } = compileStructural(
    {
      type: "object",
      properties: {
        map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
        atomic: { "type": "object", "x-kubernetes-map-type": "atomic", "properties": { a: { type: "string" } } },
        list: { type: "array", items: { type: "string" } },
        set: { "type": "array", "x-kubernetes-list-type": "set", "items": { type: "string" } },
        keyed: {
          "type": "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["a"],
          "items": { type: "object", required: ["a"], properties: { a: { type: "string" }, b: { type: "integer" } } },
        },
      },
    },
    "schema",
  );
  const word = fc.constantFrom("x", "y", "z");
  const part = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
  const object = fc.record({
    apiVersion: word,
    metadata: fc.record({ name: word, labels: part(fc.dictionary(word, word)), finalizers: part(fc.array(word)) }),
    map: part(fc.dictionary(word, fc.oneof(fc.record({ a: word }), fc.constant({}), fc.constant(null)))),
    atomic: part(fc.oneof(fc.record({ a: word }), fc.constant({}))),
    list: part(fc.oneof(fc.array(word), word)),
    set: part(fc.uniqueArray(word)),
    keyed: part(fc.array(fc.record({ a: word, b: part(fc.nat(2)) }), { maxLength: 4 })),
    unknown: part(fc.anything({ maxDepth: 2 })),
  });
  const json = object.map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
  fc.assert(
    fc.property(json, json, (old, now) => {
      const before = fieldsOf(old, schema);
      const after = fieldsOf(now, schema);
      const { taken, gone } = changesOf(old, now, schema);
      const differs = (path: string): boolean => !before.has(path) || !sameJson(before.get(path), after.get(path));
      expect([...taken].toSorted()).toEqual([...after.keys()].filter(differs).toSorted());
      expect([...gone].toSorted()).toEqual([...before.keys()].filter((path) => !after.has(path)).toSorted());
    }),
    { numRuns: 2000 },
  );
});
