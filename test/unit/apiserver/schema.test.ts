import { expect, test } from "vitest";
import type { JsonObject } from "#local/apiserver/json-value.ts";
import { coreSchema } from "#local/apiserver/kinds/core-schema.ts";
import { applyDefaults } from "#local/apiserver/schema/defaults.ts";
import { prune } from "#local/apiserver/schema/prune.ts";
import { compileStructural } from "#local/apiserver/schema/structural.ts";
import { validate } from "#local/apiserver/schema/validate.ts";

function schemaOf(properties: JsonObject) {
  const { schema, causes } = compileStructural({ type: "object", properties }, "schema");
  expect(causes).toEqual([]);
  return schema;
}

const fields = (properties: JsonObject, value: JsonObject) =>
  validate(value, schemaOf(properties)).map(({ field, reason }) => `${field} ${reason}`);

test("prunes what the schema does not know and says where it was", () => {
  const schema = schemaOf({
    list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
    map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
    free: {
      "x-kubernetes-preserve-unknown-fields": true,
      "type": "object",
      "properties": { known: { type: "object" } },
    },
    resource: { "type": "object", "x-kubernetes-embedded-resource": true },
  });
  const value = {
    list: [{ a: "1", b: 1 }],
    map: { any: { a: "1", b: 1 } },
    free: { thing: { deep: 1 }, known: { gone: 1 } },
    resource: { apiVersion: "v1", kind: "K", metadata: { name: "n" }, spec: {} },
    extra: null,
  };
  expect(prune(value, schema).toSorted()).toEqual([
    "extra",
    "free.known.gone",
    "list[0].b",
    "map.any.b",
    "resource.spec",
  ]);
  expect(value).toEqual({
    list: [{ a: "1" }],
    map: { any: { a: "1" } },
    free: { thing: { deep: 1 }, known: {} },
    resource: { apiVersion: "v1", kind: "K", metadata: { name: "n" } },
  });
});

test("defaults from the outside in, and replaces null only where null is not allowed", () => {
  const schema = schemaOf({
    outer: { type: "object", default: {}, properties: { inner: { type: "integer", default: 3 } } },
    nullable: { type: "string", nullable: true, default: "x" },
    strict: { type: "string", default: "y" },
    absent: { type: "object", properties: { inner: { type: "integer", default: 3 } } },
  });
  const value: JsonObject = { nullable: null, strict: null };
  applyDefaults(value, schema);
  expect(value).toEqual({ outer: { inner: 3 }, nullable: null, strict: "y" });
});

test("never shares a default between objects", () => {
  const schema = schemaOf({ list: { type: "array", items: { type: "string" }, default: ["a"] } });
  const [one, two]: JsonObject[] = [{}, {}];
  applyDefaults(one, schema);
  applyDefaults(two, schema);
  (one?.["list"] as string[]).push("b");
  expect(two?.["list"]).toEqual(["a"]);
});

test.each([
  [{ n: { type: "integer", minimum: 2 } }, { n: 1 }, ["n FieldValueInvalid"]],
  [{ n: { type: "integer", maximum: 2, exclusiveMaximum: true } }, { n: 2 }, ["n FieldValueInvalid"]],
  [{ n: { type: "integer", format: "int32" } }, { n: 2 ** 31 }, ["n FieldValueInvalid"]],
  [{ n: { type: "number", multipleOf: 0.5 } }, { n: 1.25 }, ["n FieldValueInvalid"]],
  [{ s: { type: "string", pattern: "^a+$" } }, { s: "b" }, ["s FieldValueInvalid"]],
  [{ s: { type: "string", format: "date-time" } }, { s: "yesterday" }, ["s FieldValueInvalid"]],
  [{ s: { type: "string", format: "ipv4" } }, { s: "1.2.3.4" }, []],
  [{ s: { type: "string", maxLength: 1 } }, { s: "ab" }, ["s FieldValueTooLong"]],
  [{ l: { type: "array", items: { type: "string" }, maxItems: 1 } }, { l: ["a", "b"] }, ["l FieldValueTooMany"]],
  [{ l: { type: "array", items: { type: "string" } } }, { l: [1] }, ["l[0] FieldValueTypeInvalid"]],
  [
    { o: { type: "object", additionalProperties: { type: "integer" } } },
    { o: { k: "v" } },
    ["o.k FieldValueTypeInvalid"],
  ],
  [
    { o: { type: "object", properties: { a: { type: "string" } }, required: ["a"] } },
    { o: {} },
    ["o.a FieldValueRequired"],
  ],
  [{ s: { type: "string" } }, { s: null }, ["s FieldValueTypeInvalid"]],
  [{ s: { type: "string", nullable: true } }, { s: null }, []],
  [{ x: { type: "string", oneOf: [{ enum: ["a"] }, { enum: ["a", "b"] }] } }, { x: "a" }, ["x FieldValueInvalid"]],
  [{ x: { type: "string", not: { enum: ["a"] } } }, { x: "a" }, ["x FieldValueInvalid"]],
  [{ x: { type: "integer", allOf: [{ minimum: 5 }] } }, { x: 1 }, ["x FieldValueInvalid"]],
] as const)("validates %j against %j", (properties, value, wanted) => {
  expect(fields(structuredClone(properties) as unknown as JsonObject, value as unknown as JsonObject)).toEqual(wanted);
});

test("finds entries of a list that have the same keys", () => {
  const items = { type: "object", properties: { name: { type: "string" }, port: { type: "integer" } } };
  const list = {
    "type": "array",
    items,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name", "port"],
  };
  const value = {
    list: [
      { name: "a", port: 1 },
      { name: "a", port: 2 },
      { name: "a", port: 1 },
    ],
  };
  expect(fields({ list }, value)).toEqual(["list[2] FieldValueDuplicate"]);
});

test.each([
  [{ type: "object", properties: { a: {} } }, "schema.properties[a].type"],
  [{ type: "object", properties: { a: { type: "list" } } }, "schema.properties[a].type"],
  [{ type: "object", properties: { a: { type: "array" } } }, "schema.properties[a].items"],
  [{ type: "object", properties: { a: { $ref: "#/x", type: "object" } } }, "schema.properties[a].$ref"],
  [{ type: "object", properties: { a: { type: "string", pattern: "(" } } }, "schema.properties[a].pattern"],
  [
    { type: "object", properties: { a: { type: "string" } }, additionalProperties: { type: "string" } },
    "schema.additionalProperties",
  ],
  [
    { type: "object", properties: { a: { type: "string", anyOf: [{ default: "x" }] } } },
    "schema.properties[a].anyOf[0].default",
  ],
  [
    {
      type: "object",
      properties: { a: { "type": "array", "items": { type: "object" }, "x-kubernetes-list-type": "map" } },
    },
    "schema.properties[a].x-kubernetes-list-map-keys",
  ],
  [{ type: "string" }, "schema.type"],
])("refuses a schema that is not structural: %j", (source, field) => {
  expect(compileStructural(source as JsonObject, "schema").causes.map((cause) => cause.field)).toContain(field);
});

test("knows the core types, which contain themselves", () => {
  const pod = coreSchema("V1Pod");
  const value = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", creationTimestamp: null, extra: 1 },
    spec: { containers: [{ name: "c", resources: { limits: { cpu: 2, memory: "1Gi" } }, colour: "red" }] },
  };
  expect(prune(value, pod)).toEqual(["metadata.extra", "spec.containers[0].colour"]);
  expect("creationTimestamp" in value.metadata).toBe(false);
  expect(validate(value, pod)).toEqual([]);
  expect(coreSchema("V1JSONSchemaProps").properties.get("not")).toBe(coreSchema("V1JSONSchemaProps"));
});

test.each([
  ["^[a-z\\:\\_\\-]+$", "a:_-", "a;"],
  ["^\\:x\\@\\ $", ":x@ ", "x"],
  ["(?i)^abc$", "ABC", "abd"],
  ["\\Aab\\z", "ab", "aab"],
  ["^[[:alpha:]_]+$", "aZ_", "a1"],
  ["^(?P<word>\\pL+)\\x{1F600}$", "é😀", "é"],
  ["^[]a]+[^[]$", "]ab", "]a["],
])("takes Go's pattern %s", (pattern, good, bad) => {
  const { schema, causes } = compileStructural(
    { type: "object", properties: { text: { type: "string", pattern } } },
    "schema",
  );
  expect(causes).toEqual([]);
  expect(validate({ text: good }, schema)).toEqual([]);
  expect(validate({ text: bad }, schema)).toMatchObject([{ field: "text" }]);
  // It is shown as it was written.
  expect(schema.properties.get("text")?.limits.pattern?.source).toBe(pattern);
});
