import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "#local/apiserver/body.ts";
import { MAX_DEPTH, surveyJson } from "#local/apiserver/strict-json.ts";
import { age } from "#local/apiserver/tables/age.ts";
import { compileJsonPath } from "#local/apiserver/tables/json-path.ts";
import { matches, parseSelector } from "#local/apiserver/selectors.ts";
import { isLabelValue, isQualifiedName, nameProblem } from "#local/apiserver/names.ts";

test("finds fields that are written twice, whatever they contain", () => {
  const text = String.raw`{"a":1,"b":{"c":[{"d":"}","d":2},{"d":3}],"c\"x":1,"c\"x":2},"a":"a"}`;
  expect(surveyJson(text).duplicates.toSorted()).toEqual(["a", 'b.c"x', "b.c[0].d"]);
  expect(surveyJson(String.raw`{"a":1,"\u0061":2}`).duplicates).toEqual(["a"]);
});

test("finds no doubled fields in what JSON.stringify writes", () => {
  fc.assert(fc.property(fc.json(), (text) => surveyJson(JSON.stringify(JSON.parse(text))).duplicates.length === 0));
});

test("stops at text that is nested too deep", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  expect(surveyJson(nested(MAX_DEPTH)).tooDeep).toBe(false);
  expect(surveyJson(nested(MAX_DEPTH + 1)).tooDeep).toBe(true);
  expect(() => parseJson(nested(1_000_000))).toThrow(/nested deeper/);
});

test("refuses a field called __proto__", () => {
  expect(() => parseJson('{"a":{"__proto__":{}}}')).toThrow(/__proto__/);
});

test("knows the grammar of names, label keys and values", () => {
  expect(nameProblem("a-b.c", "subdomain")).toBeUndefined();
  expect(nameProblem("a-b.c", "label")).toBeDefined();
  expect(nameProblem("-a", "subdomain")).toBeDefined();
  expect(nameProblem("1a", "label1035")).toBeDefined();
  expect(isQualifiedName("example.com/Name_1")).toBe(true);
  expect(isQualifiedName("Example.com/name")).toBe(false);
  expect(isQualifiedName("a/b/c")).toBe(false);
  expect([isLabelValue(""), isLabelValue("a".repeat(63)), isLabelValue("a".repeat(64)), isLabelValue("-a")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

const known = new Set(["metadata.name", "status.phase"]);
const holds = (
  query: { labelSelector?: string; fieldSelector?: string },
  labels: Record<string, string>,
  fields: Record<string, string> = {},
) => matches(parseSelector(query, known), { labels, fields });

test.each([
  ["a=1", true],
  ["a==1,b=2", true],
  ["a!=1", false],
  ["c!=1", true],
  ["a in (0, 1)", true],
  ["a notin (1)", false],
  ["a", true],
  ["!a", false],
  ["!c", true],
  ["b>1", true],
  ["b<2", false],
] as const)("selects by labels: %s", (labelSelector, wanted) => {
  expect(holds({ labelSelector }, { a: "1", b: "2" })).toBe(wanted);
});

test("selects by fields, absent ones being empty", () => {
  expect(
    holds(
      { fieldSelector: "status.phase=Running,metadata.name!=b" },
      {},
      { "metadata.name": "a", "status.phase": "Running" },
    ),
  ).toBe(true);
  expect(holds({ fieldSelector: "status.phase=" }, {}, { "metadata.name": "a" })).toBe(true);
  expect(() => holds({ fieldSelector: "spec.x=1" }, {})).toThrow(/not supported: spec.x/);
});

test("reads JSONPaths of printer columns", () => {
  const object = {
    spec: {
      "list": [
        { type: "A", v: 1 },
        { type: "B", v: 2 },
      ],
      "dotted.name": "d",
    },
    metadata: { labels: { "a/b": "c" } },
  };
  const read = (path: string) => compileJsonPath(path)?.(object);
  expect(read(".spec.list[0].v")).toEqual([1]);
  expect(read(".spec.list[-1].v")).toEqual([2]);
  expect(read(".spec.list[*].v")).toEqual([1, 2]);
  expect(read(".spec.list[?(@.type=='B')].v")).toEqual([2]);
  expect(read('.spec.list[?(@.type!="B")].v')).toEqual([1]);
  expect(read(".spec['dotted.name']")).toEqual(["d"]);
  expect(read(".spec.dotted\\.name")).toEqual(["d"]);
  expect(read(".spec.none.deeper")).toEqual([]);
  expect(compileJsonPath(".spec[")).toBeUndefined();
});

test.each([
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [125, "2m5s"],
  [600, "10m"],
  [3 * 3600, "3h"],
  [3 * 3600 + 60, "3h1m"],
  [9 * 3600, "9h"],
  [49 * 3600, "2d1h"],
  [10 * 86_400, "10d"],
  [800 * 86_400, "2y70d"],
])("shows an age of %i seconds as %s", (seconds, wanted) => {
  const now = new Date("2030-01-01T00:00:00Z");
  expect(age(new Date(now.getTime() - seconds * 1000).toISOString(), now)).toBe(wanted);
});
