/** x-kubernetes-validations: what must hold of an object, in CEL. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "./client.ts";
import { onEachServer } from "./suite.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Bounded everywhere: a real server estimates what a rule costs, and refuses what may be expensive. */
const text = { type: "string", maxLength: 64 };

function definition(group: string, plural: string, spec: object, more: object = {}): object {
  const kind = plural.slice(0, -1).replace(/^./, (letter) => letter.toUpperCase());
  const openAPIV3Schema = { type: "object", properties: { spec }, ...more };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { plural, kind },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

const gadgetSpec = {
  "type": "object",
  "properties": {
    min: { type: "integer" },
    max: { type: "integer" },
    name: {
      ...text,
      "x-kubernetes-validations": [{ rule: "self.matches('^[a-z]+$')", messageExpression: "'not a name: ' + self" }],
    },
    tags: { "type": "array", "maxItems": 10, "items": text, "x-kubernetes-list-type": "set" },
    limits: { type: "object", maxProperties: 10, additionalProperties: { type: "integer" } },
    size: { "x-kubernetes-int-or-string": true, "anyOf": [{ type: "integer" }, { type: "string" }], "maxLength": 20 },
    image: {
      ...text,
      "x-kubernetes-validations": [
        { rule: "self == oldSelf", message: "the image stays", reason: "FieldValueForbidden" },
      ],
    },
    address: { ...text, "x-kubernetes-validations": [{ rule: "isIP(self)" }] },
    memory: { ...text, "x-kubernetes-validations": [{ rule: "quantity(self).isGreaterThan(quantity('1Mi'))" }] },
    parts: {
      "type": "array",
      "maxItems": 10,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      "items": {
        "type": "object",
        "required": ["name"],
        "properties": { name: text, weight: { type: "integer" } },
        "x-kubernetes-validations": [{ rule: "self.weight >= oldSelf.weight", message: "parts only get heavier" }],
      },
    },
  },
  "x-kubernetes-validations": [
    { rule: "!has(self.min) || !has(self.max) || self.min <= self.max", message: "min is over max" },
    { rule: "!has(self.tags) || self.tags.all(tag, tag.size() > 1)", fieldPath: ".tags", message: "tags are short" },
    { rule: "!has(self.limits) || self.limits.all(key, self.limits[key] > 0)", message: "a limit is not positive" },
    {
      rule: "[has(self.min), has(self.max), has(self.name)].exists_one(set, set) || !has(self.size)",
      message: "a size wants one thing",
      reason: "FieldValueRequired",
    },
    {
      rule: "!has(self.parts) || self.parts.map(part, part.name).filter(name, name.startsWith('x')).size() == 0",
      message: "x is taken",
    },
    {
      rule: "oldSelf.hasValue() || !has(self.max) || self.max < 1000",
      optionalOldSelf: true,
      message: "new ones are small",
    },
  ],
};

onEachServer("rules", (bench) => {
  let gadgets = "";
  const gadget = (name: string, spec: object) => ({
    apiVersion: `${bench().group}/v1`,
    kind: "Gadget",
    metadata: { name },
    spec,
  });
  const causes = async (spec: object): Promise<string[] | number> => {
    const { code, body } = await bench().client.post(`${gadgets}?dryRun=All`, gadget("asked", spec));
    return code === 422
      ? body.details.causes.map(({ reason, field, message }) => `${reason} ${field}: ${message}`)
      : code;
  };

  beforeAll(async () => {
    const { client, group, namespace } = bench();
    const made = await client.post(definitions, definition(group, "gadgets", gadgetSpec));
    if (made.code !== 201) throw new Error(made.text);
    gadgets = `/apis/${group}/v1/namespaces/${namespace}/gadgets`;
    await until(async () => (await client.get(gadgets)).code === 200, "gadgets to be served");
  });

  afterAll(async () => {
    await bench().client.delete(`${definitions}/gadgets.${bench().group}`);
  });

  it("takes what keeps all rules", async () => {
    const spec = { min: 1, max: 2, name: "abc", tags: ["ab"], limits: { a: 1 }, address: "10.0.0.1", memory: "2Gi" };
    expect(await causes(spec)).toBe(201);
    expect(await causes({ min: 1, size: "large" })).toBe(201);
  });

  it("refuses what breaks a rule, with its message, its reason and the field to blame", async () => {
    expect(await causes({ min: 3, max: 2 })).toEqual(["FieldValueInvalid spec: Invalid value: min is over max"]);
    expect(await causes({ tags: ["ab", "c"] })).toEqual(["FieldValueInvalid spec.tags: Invalid value: tags are short"]);
    expect(await causes({ limits: { a: 1, b: 0 } })).toEqual([expect.stringContaining("a limit is not positive")]);
    expect(await causes({ min: 1, max: 2, size: 5 })).toEqual([
      "FieldValueRequired spec: Required value: a size wants one thing",
    ]);
    expect(await causes({ name: "ABC" })).toEqual([
      'FieldValueInvalid spec.name: Invalid value: "ABC": not a name: ABC',
    ]);
    expect(await causes({ parts: [{ name: "x1" }] })).toEqual([expect.stringContaining("x is taken")]);
  });

  it("has Kubernetes' functions for addresses and quantities", async () => {
    expect(await causes({ address: "10.0.0.256" })).toEqual([expect.stringContaining("failed rule: isIP(self)")]);
    expect(await causes({ memory: "512Ki" })).toEqual([expect.stringContaining("failed rule: quantity(self)")]);
    expect(await causes({ memory: "lots" })).toEqual([expect.stringContaining("spec.memory")]);
  });

  it("counts a text's characters, not halves of them", async () => {
    const { client, group } = bench();
    const a = {
      ...text,
      "x-kubernetes-validations": [{ rule: "self.size() == 2 && self.charAt(1) == 'x'" }],
      "default": "\u{1f41f}x",
    };
    const made = definition(group, "counted", { type: "object", properties: { a } });
    expect((await client.post(`${definitions}?dryRun=All`, made)).code).toBe(201);
  });

  it("compares with what was before, in entries of lists with keys too", async () => {
    const { client } = bench();
    await client.post(gadgets, gadget("changing", { image: "a", parts: [{ name: "p", weight: 2 }] }));
    const change = async (spec: object) => {
      const { code, body } = await client.patch(`${gadgets}/changing?dryRun=All`, { spec });
      return code === 200 ? [] : body.details.causes.map(({ field, message }) => `${field}: ${message}`);
    };
    expect(await change({ image: "b" })).toEqual(["spec.image: Forbidden: the image stays"]);
    expect(await change({ min: 1 })).toEqual([]);
    const heavier = {
      parts: [
        { name: "new", weight: 1 },
        { name: "p", weight: 3 },
      ],
    };
    expect(await change(heavier)).toEqual([]);
    const lighter = {
      parts: [
        { name: "new", weight: 1 },
        { name: "p", weight: 1 },
      ],
    };
    expect(await change(lighter)).toEqual([expect.stringMatching(/^spec\.parts\[1\]: .*parts only get heavier$/)]);
  });

  it("asks a rule with an optional old value at creation too", async () => {
    const { client } = bench();
    expect(await causes({ max: 5000 })).toEqual([expect.stringContaining("new ones are small")]);
    await client.post(gadgets, gadget("growing", { max: 10 }));
    expect((await client.patch(`${gadgets}/growing`, { spec: { max: 5000 } })).code).toBe(200);
  });

  it("refuses a definition whose rules can't be compiled, and says where", async () => {
    const { client, group } = bench();
    const refused = async (...rules: object[]) => {
      const spec = { "type": "object", "properties": { a: text }, "x-kubernetes-validations": rules };
      const { code, body } = await client.post(`${definitions}?dryRun=All`, definition(group, "broken", spec));
      return [
        code,
        code === 422 ? body.details.causes.map(({ field }) => field.replace(/^.*properties\[spec\]\./, "")) : [],
      ];
    };
    const at = (field: string) => [422, [`x-kubernetes-validations[0].${field}`]];
    expect(await refused({ rule: "self.a.size() > 0" })).toEqual([201, []]);
    expect(await refused({ rule: "self.a.size( > 0" })).toEqual(at("rule"));
    expect(await refused({ rule: "self.b == 'x'" })).toEqual(at("rule"));
    expect(await refused({ rule: "self.a > 1" })).toEqual(at("rule"));
    expect(await refused({ rule: "self.a" })).toEqual(at("rule"));
    expect(await refused({ rule: "shout(self.a)" })).toEqual(at("rule"));
    expect(await refused({ rule: "true", messageExpression: "1" })).toEqual(at("messageExpression"));
    expect(await refused({ rule: "true", reason: "Because" })).toEqual(at("reason"));
    expect(await refused({ rule: "true", fieldPath: ".nowhere" })).toEqual(at("fieldPath"));
  });

  it("refuses a comparison with what was before where that can't be found", async () => {
    const { client, group } = bench();
    const items = { ...text, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] };
    const spec = { type: "object", properties: { list: { type: "array", maxItems: 5, items } } };
    const { code, body } = await client.post(`${definitions}?dryRun=All`, definition(group, "broken", spec));
    expect(code).toBe(422);
    expect(body.details.causes[0]?.field).toContain("properties[list].items.x-kubernetes-validations[0].rule");
  });

  it("lets an object that breaks a newer rule change elsewhere", async () => {
    const { client, group, namespace } = bench();
    const loose = { type: "object", properties: { a: text, b: text } };
    await client.post(definitions, definition(group, "relics", loose));
    const relics = `/apis/${group}/v1/namespaces/${namespace}/relics`;
    await until(async () => (await client.get(relics)).code === 200, "relics to be served");
    await client.post(relics, { ...gadget("old", { a: "bad", b: "x" }), kind: "Relic" });
    const a = { ...text, "x-kubernetes-validations": [{ rule: "self != 'bad'" }] };
    const strict = definition(group, "relics", { type: "object", properties: { a, b: text } }) as { spec: object };
    await client.patch(`${definitions}/relics.${group}`, { spec: strict.spec });
    await until(
      async () =>
        (await client.post(`${relics}?dryRun=All`, { ...gadget("new", { a: "bad" }), kind: "Relic" })).code === 422,
      "the new rule to hold",
    );
    expect((await client.patch(`${relics}/old`, { spec: { b: "y" } })).code).toBe(200);
    await client.delete(`${definitions}/relics.${group}`);
  });

  it("lets an object that breaks a newer schema change elsewhere, and be let go", async () => {
    const { client, group, namespace } = bench();
    const part = { type: "object", required: ["name"], properties: { name: text, size: { type: "integer" } } };
    const parts = {
      "type": "array",
      "maxItems": 5,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    };
    const list = { type: "array", maxItems: 5, items: text };
    const status = { type: "object", properties: { phase: text } };
    const fossils = (spec: object) => {
      const made = definition(group, "fossils", { type: "object", ...spec }) as {
        spec: { versions: [{ schema: { openAPIV3Schema: { properties: object } }; subresources?: object }] };
      };
      const [version] = made.spec.versions;
      Object.assign(version.schema.openAPIV3Schema.properties, { status });
      version.subresources = { status: {} };
      return made;
    };
    const loose = { properties: { a: text, b: text, c: text, list, parts: { ...parts, items: part } } };
    await client.post(definitions, fossils(loose));
    const at = `/apis/${group}/v1/namespaces/${namespace}/fossils`;
    await until(async () => (await client.get(at)).code === 200, "fossils to be served");
    const fossil = (name: string, spec: object) => ({ ...gadget(name, spec), kind: "Fossil" });
    const old = {
      a: "BAD",
      b: "x",
      list: ["BAD", "x"],
      parts: [
        { name: "p", size: 1 },
        { name: "q", size: 1 },
      ],
    };
    const made = fossil("old", old);
    const finalizers = ["example.com/held"];
    expect((await client.post(at, { ...made, metadata: { ...made.metadata, finalizers } })).code).toBe(201);
    const lower = { ...text, pattern: "^[a-z]+$" };
    const large = { ...part, properties: { name: text, size: { type: "integer", minimum: 10 } } };
    const strict = {
      required: ["c"],
      properties: { a: lower, b: text, c: text, list: { ...list, items: lower }, parts: { ...parts, items: large } },
    };
    await client.patch(`${definitions}/fossils.${group}`, { spec: fossils(strict).spec });
    await until(
      async () => (await client.post(`${at}?dryRun=All`, fossil("new", { ...old, c: "c" }))).code === 422,
      "the new schema to hold",
    );
    const change = async (patch: object, sub = "") => {
      const { code, body } = await client.patch(`${at}/old${sub}?dryRun=All`, patch);
      return code === 422 ? body.details.causes.map(({ field }) => field) : code;
    };
    expect(await change({ metadata: { labels: { seen: "yes" } } })).toBe(200);
    expect(await change({ status: { phase: "Up" } }, "/status")).toBe(200);
    expect(await change({ spec: { c: "c", b: "y" } })).toBe(200);
    // What is changed must hold, and so must what has changed around it.
    expect(await change({ spec: { b: "y" } })).toEqual(["spec.c"]);
    expect(await change({ spec: { c: "c", a: "WORSE" } })).toEqual(["spec.a"]);
    expect(
      await change({
        spec: {
          c: "c",
          parts: [
            { name: "q", size: 2 },
            { name: "p", size: 1 },
          ],
        },
      }),
    ).toEqual(["spec.parts[0].size"]);
    expect(await change({ spec: { c: "c", list: ["BAD", "y"] } })).toEqual(["spec.list[0]"]);
    await client.delete(`${at}/old`);
    await client.patch(`${at}/old`, { metadata: { finalizers: [] } });
    expect((await client.get(`${at}/old`)).code).toBe(404);
    await client.delete(`${definitions}/fossils.${group}`);
  });
});
