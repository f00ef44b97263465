import { expect, it } from "vitest";
import { until } from "./client.ts";
import { onEachServer } from "./suite.ts";
import { widgetDefinition } from "./widget.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

onEachServer("definitions", (bench) => {
  it("fills in defaults, in lists too", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("defaulted", { parts: [{ name: "a" }] }));
    expect(body.spec).toEqual({ size: 1, colour: "red", parts: [{ name: "a", polish: false }] });
  });

  it("names every wrong field with its path", async () => {
    const { client, widgets, widget } = bench();
    const wrong = widget("wrong", {
      size: 500,
      colour: "pink",
      tags: ["a", "a"],
      parts: [{ weight: 1 }],
      note: "x".repeat(201),
    });
    const { code, body } = await client.post(widgets, wrong);
    expect(code).toBe(422);
    const causes = new Map(body.details.causes.map(({ field, reason }) => [field, reason]));
    expect(causes.get("spec.size")).toBe("FieldValueInvalid");
    expect(causes.get("spec.colour")).toBe("FieldValueNotSupported");
    expect(causes.get("spec.tags[1]")).toBe("FieldValueDuplicate");
    expect(causes.get("spec.parts[0].name")).toBe("FieldValueRequired");
    expect(causes.get("spec.note")).toBe("FieldValueTooLong");
  });

  it("refuses a wrong type and a missing field", async () => {
    const { client, widgets, widget } = bench();
    const typed = await client.post(widgets, widget("typed", { size: "large" }));
    expect(typed.code).toBe(422);
    expect(typed.body.details.causes[0]).toMatchObject({ field: "spec.size", reason: "FieldValueTypeInvalid" });
    const missing = await client.post(widgets, { ...widget("missing"), spec: {} });
    expect(missing.body.details.causes[0]).toMatchObject({ field: "spec.size", reason: "FieldValueRequired" });
  });

  it("counts characters as people do, not in halves", async () => {
    const { client, widgets, widget } = bench();
    const fish = (count: number) => widget("fish", { note: "\u{1f41f}".repeat(count) });
    expect((await client.post(`${widgets}?dryRun=All`, fish(200))).code).toBe(201);
    const { code, body } = await client.post(`${widgets}?dryRun=All`, fish(201));
    expect([code, body.details.causes[0]?.reason]).toEqual([422, "FieldValueTooLong"]);
  });

  it("takes integers and strings where both are allowed, and null where a field is nullable", async () => {
    const { client, widgets, widget } = bench();
    const { code, body } = await client.post(
      widgets,
      widget("both", { limits: { cpu: 2, memory: "1Gi" }, note: null }),
    );
    expect(code).toBe(201);
    expect(body.spec).toMatchObject({ limits: { cpu: 2, memory: "1Gi" }, note: null });
    expect((await client.post(widgets, widget("neither", { limits: { cpu: 1.5 } }))).code).toBe(422);
  });

  it("drops unknown fields and keeps those that a schema lets be", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, {
      ...widget("pruned", { shape: "round", free: { any: { thing: [1] } } }),
      extra: 1,
    });
    expect(body.spec.shape).toBeUndefined();
    expect(body.extra).toBeUndefined();
    expect(body.spec.free).toEqual({ any: { thing: [1] } });
  });

  it("warns of unknown and doubled fields, refuses them when strict, says nothing when asked to ignore", async () => {
    const { client, widgets, widget, group } = bench();
    const unknown = widget("fields", { shape: "round", parts: [{ name: "a", colour: "x" }] });
    const warned = await client.post(`${widgets}?dryRun=All`, unknown);
    expect(warned.code).toBe(201);
    expect(warned.warnings.toSorted()).toEqual(['unknown field "spec.parts[0].colour"', 'unknown field "spec.shape"']);
    const strict = await client.post(`${widgets}?fieldValidation=Strict`, unknown);
    expect(strict.code).toBe(400);
    expect(strict.body.message).toContain('strict decoding error: unknown field "spec.');
    const ignored = await client.post(`${widgets}?fieldValidation=Ignore&dryRun=All`, unknown);
    expect([ignored.code, ignored.warnings]).toEqual([201, []]);
    const doubled = `{"apiVersion":"${group}/v1","kind":"Widget","metadata":{"name":"d"},"spec":{"size":1,"size":2}}`;
    expect((await client.post(`${widgets}?fieldValidation=Strict`, doubled)).body.message).toContain(
      'duplicate field "spec.size"',
    );
    expect((await client.post(`${widgets}?dryRun=All`, doubled)).warnings).toEqual(['duplicate field "spec.size"']);
    expect((await client.post(`${widgets}?fieldValidation=Maybe`, doubled)).code).toBe(422);
  });

  it("establishes a definition at once", async () => {
    const { client, group } = bench();
    const { body } = await client.get(`${definitions}/widgets.${group}`);
    expect(body.status.acceptedNames).toMatchObject({ plural: "widgets", kind: "Widget", shortNames: ["wd"] });
    expect(body.status.conditions.map(({ type, status }) => `${type}=${status}`)).toContain("Established=True");
    expect(body.status.storedVersions).toEqual(["v1"]);
  });

  it("refuses a definition whose name, schema or versions are wrong", async () => {
    const { client } = bench();
    const good = widgetDefinition("bad.example.com") as {
      metadata: { name: string };
      spec: { versions: Record<string, unknown>[] };
    };
    const refusals: readonly [(definition: typeof good) => void, string][] = [
      [(definition) => (definition.metadata.name = "gadgets.bad.example.com"), "metadata.name"],
      [(definition) => (definition.spec.versions[0]!["storage"] = false), "spec.versions"],
      [
        (definition) =>
          (definition.spec.versions[0]!["schema"] = { openAPIV3Schema: { type: "object", properties: { spec: {} } } }),
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].type",
      ],
    ];
    for (const [spoil, field] of refusals) {
      const definition = structuredClone(good);
      spoil(definition);
      const { code, body } = await client.post(definitions, definition);
      expect(code, field).toBe(422);
      expect(body.details.causes.map((cause) => cause.field)).toContain(field);
    }
  });

  it("refuses a definition whose names, columns, scale or defaults are without effect, or wrong for each object", async () => {
    const { client, group } = bench();
    const refused = async (names: object, version: object, field: object = {}): Promise<readonly string[] | number> => {
      const a = { type: "string", ...field };
      const spec = { type: "object", properties: { a, count: { type: "integer" } } };
      const status = { type: "object", properties: { count: { type: "integer" } } };
      const openAPIV3Schema = { type: "object", properties: { spec, status } };
      const { code, body } = await client.post(`${definitions}?dryRun=All`, {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: `zaps.${group}` },
        spec: {
          group,
          scope: "Namespaced",
          names: { plural: "zaps", kind: "Zap", ...names },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema }, ...version }],
        },
      });
      // Kubernetes tells of what all versions share without saying which.
      return code === 422 ? body.details.causes.map(({ field: at }) => at.split(".").at(-1) ?? "") : code;
    };
    const column = { name: "A", type: "string", jsonPath: ".spec.a" };
    const scale = { specReplicasPath: ".spec.count", statusReplicasPath: ".status.count" };
    expect(await refused({}, { additionalPrinterColumns: [column], subresources: { status: {}, scale } })).toBe(201);
    expect(await refused({ kind: "" }, {})).toContain("kind");
    expect(await refused({ kind: "Zap zap" }, {})).toContain("kind");
    expect(await refused({ singular: "A B" }, {})).toEqual(["singular"]);
    expect(await refused({ listKind: "Zap" }, {})).toEqual(["listKind"]);
    expect(await refused({ shortNames: ["z", "a b"] }, {})).toEqual(["shortNames[1]"]);
    expect(await refused({}, { name: "V 1" })).toContain("name");
    const path = await refused({}, { additionalPrinterColumns: [{ ...column, jsonPath: "{.a" }] });
    expect(path).toEqual([expect.stringMatching(/^jsonPath$/i)]);
    expect(await refused({}, { additionalPrinterColumns: [{ ...column, type: "strange" }] })).toEqual(["type"]);
    const elsewhere = { specReplicasPath: ".status.count", statusReplicasPath: ".count" };
    expect(await refused({}, { subresources: { scale: elsewhere } })).toEqual(Object.keys(elsewhere));
    expect(await refused({}, {}, { default: 5 })).toEqual(["default"]);
    expect(
      await refused({}, {}, { "default": "x", "maxLength": 9, "x-kubernetes-validations": [{ rule: "self != 'x'" }] }),
    ).toEqual(["default"]);
    const map = { type: "object", properties: { b: { type: "string" } } };
    expect(await refused({}, {}, { ...map, default: { c: 1 } })).toEqual(["default"]);
    expect(await refused({}, {}, { ...map, default: { b: "fine" } })).toBe(201);
  });

  it("takes a kind's objects, watches and path away with its definition", async () => {
    const { client, namespace } = bench();
    const group = "short.example.com";
    const path = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
    await client.post(definitions, widgetDefinition(group));
    await until(async () => (await client.get(path)).code === 200, "the kind to be served");
    expect(
      (
        await client.post(path, {
          apiVersion: `${group}/v1`,
          kind: "Widget",
          metadata: { name: "a" },
          spec: { size: 1 },
        })
      ).code,
    ).toBe(201);
    const { body } = await client.get(path);
    const watch = await client.watch(`${path}?resourceVersion=${body.metadata.resourceVersion}`);
    expect((await client.delete(`${definitions}/widgets.${group}`)).code).toBe(200);
    expect(await watch.names(1)).toEqual(["DELETED a"]);
    expect(await watch.next()).toBeUndefined();
    // Emptying a kind goes on after the answer, on both servers.
    await until(async () => (await client.get(path)).code === 404, "the path to go");
    await until(async () => (await client.get(`${definitions}/widgets.${group}`)).code === 404, "the definition to go");
  });

  it("serves a changed definition at once", async () => {
    const { client, namespace, server } = bench();
    const group = "growing.example.com";
    await client.post(definitions, widgetDefinition(group));
    const served = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
    await until(async () => (await client.get(served)).code === 200, "the kind to be served");
    // Of both versions: Kubernetes takes no other selectable fields than the schemas have in common.
    const patch = [0, 1].map((version) => ({
      op: "replace",
      path: `/spec/versions/${version}/schema/openAPIV3Schema/properties/spec/properties/size/maximum`,
      value: 1000,
    }));
    expect((await client.patch(`${definitions}/widgets.${group}`, patch, "json")).code).toBe(200);
    const path = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
    const large = { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "a" }, spec: { size: 500 } };
    const first = await client.post(path, large);
    // Kubernetes' server hears of its own definitions by a watch, a moment later.
    if (server === "embedded") expect(first.code).toBe(201);
    else await until(async () => [201, 409].includes((await client.post(path, large)).code), "the new schema");
    await client.delete(`${definitions}/widgets.${group}`);
  });
});
