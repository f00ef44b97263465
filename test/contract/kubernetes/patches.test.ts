import { expect, it } from "vitest";
import { onEachServer } from "./suite.ts";

onEachServer("patches", (bench) => {
  it("merges a merge patch: null removes, lists are replaced", async () => {
    const { client, widgets, widget } = bench();
    await client.post(
      widgets,
      widget("merge", { note: "old", tags: ["a", "b"] }, { labels: { keep: "1", drop: "1" } }),
    );
    const { code, body } = await client.patch(`${widgets}/merge`, {
      metadata: { labels: { drop: null, add: "2" } },
      spec: { tags: ["c"], size: 4 },
    });
    expect(code).toBe(200);
    expect(body.metadata.labels).toEqual({ keep: "1", add: "2" });
    expect(body.spec).toMatchObject({ note: "old", tags: ["c"], size: 4 });
  });

  it("applies a JSON patch, and refuses one whose test fails or that does not fit", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("json", { tags: ["a"] }));
    const add = [
      { op: "test", path: "/spec/size", value: 1 },
      { op: "add", path: "/spec/tags/-", value: "b" },
      { op: "replace", path: "/spec/size", value: 8 },
    ];
    const { body } = await client.patch(`${widgets}/json`, add, "json");
    expect(body.spec).toMatchObject({ size: 8, tags: ["a", "b"] });
    expect((await client.patch(`${widgets}/json`, add, "json")).code).toBe(422);
    expect((await client.patch(`${widgets}/json`, [{ op: "remove", path: "/spec/none" }], "json")).code).toBe(422);
    expect((await client.patch(`${widgets}/json`, [{ op: "explode" }], "json")).code).toBe(422);
    expect((await client.patch(`${widgets}/json`, { spec: {} }, "json")).code).toBe(400);
  });

  it("merges lists of core kinds by key in a strategic merge patch, and has none for custom kinds", async () => {
    const { client, namespace, widgets, widget } = bench();
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "strategic", finalizers: ["example.com/a"] },
      spec: {
        containers: [
          { name: "one", image: "a:1" },
          { name: "two", image: "b:1" },
        ],
      },
    };
    expect((await client.post(pods, pod)).code).toBe(201);
    const patch = {
      metadata: { finalizers: ["example.com/b"] },
      spec: { containers: [{ name: "two", image: "b:2" }] },
    };
    const { code, body } = await client.patch(`${pods}/strategic`, patch, "strategic");
    expect(code).toBe(200);
    expect(body.spec.containers.map(({ name, image }) => `${name} ${image}`)).toEqual(["one a:1", "two b:2"]);
    expect((body.metadata["finalizers"] as string[]).toSorted()).toEqual(["example.com/a", "example.com/b"]);
    const gone = { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a", "example.com/b"] } };
    expect((await client.patch(`${pods}/strategic`, gone, "strategic")).body.metadata.finalizers ?? []).toEqual([]);
    await client.post(widgets, widget("plain"));
    expect((await client.patch(`${widgets}/plain`, { spec: { size: 2 } }, "strategic")).code).toBe(415);
  });

  it("holds a patch to a version when it names one", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("fixed"));
    const old = body.metadata.resourceVersion;
    expect(
      (await client.patch(`${widgets}/fixed`, { metadata: { resourceVersion: old }, spec: { size: 2 } })).code,
    ).toBe(200);
    expect(
      (await client.patch(`${widgets}/fixed`, { metadata: { resourceVersion: old }, spec: { size: 3 } })).code,
    ).toBe(409);
  });

  it("loses none of many patches that run at the same time", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("busy"));
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        client.patch(`${widgets}/busy`, { metadata: { labels: { [`l${index}`]: "1" } } }),
      ),
    );
    expect(answers.map(({ code }) => code)).toEqual([200, 200, 200, 200, 200]);
    expect(Object.keys((await client.get(`${widgets}/busy`)).body.metadata.labels)).toHaveLength(5);
  });

  it("creates by server-side apply, owns the fields, and takes away those that are given up", async () => {
    const { client, widgets, widget } = bench();
    const path = `${widgets}/applied?fieldManager=mine`;
    const first = await client.patch(
      path,
      widget("applied", { note: "n", parts: [{ name: "a", weight: 1 }, { name: "b" }] }),
      "apply",
    );
    expect(first.code).toBe(201);
    const [entry] = first.body.metadata.managedFields;
    expect(entry).toMatchObject({ manager: "mine", operation: "Apply", fieldsType: "FieldsV1" });
    expect(entry?.fieldsV1["f:spec"]).toMatchObject({
      "f:size": {},
      "f:parts": { 'k:{"name":"a"}': { ".": {}, "f:weight": {} } },
    });
    const second = await client.patch(path, widget("applied", { parts: [{ name: "b", weight: 2 }] }), "apply");
    expect(second.code).toBe(200);
    expect(second.body.spec.note).toBeUndefined();
    expect(second.body.spec.parts).toEqual([{ name: "b", weight: 2, polish: false }]);
    const third = await client.patch(path, widget("applied", { parts: [{ name: "b", weight: 2 }] }), "apply");
    expect(third.body.metadata.resourceVersion).toBe(second.body.metadata.resourceVersion);
  });

  it("refuses to apply over another manager's value unless forced, and shares equal values", async () => {
    const { client, widgets, widget } = bench();
    await client.patch(`${widgets}/shared?fieldManager=one`, widget("shared", { size: 5, note: "one" }), "apply");
    const agreeing = await client.patch(`${widgets}/shared?fieldManager=two`, widget("shared", { size: 5 }), "apply");
    expect(agreeing.code).toBe(200);
    const conflict = await client.patch(`${widgets}/shared?fieldManager=two`, widget("shared", { size: 6 }), "apply");
    expect(conflict.code).toBe(409);
    expect(conflict.body.details.causes).toEqual([
      { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.size" },
    ]);
    const forced = await client.patch(
      `${widgets}/shared?fieldManager=two&force=true`,
      widget("shared", { size: 6 }),
      "apply",
    );
    expect(forced.body.spec).toMatchObject({ size: 6, note: "one" });
    const again = await client.patch(
      `${widgets}/shared?fieldManager=one`,
      { ...widget("shared"), spec: { note: "one" } },
      "apply",
    );
    expect(again.body.spec.size).toBe(6);
  });

  it("gives a field to whoever changes it by an update, so that an apply conflicts", async () => {
    const { client, widgets, widget } = bench();
    await client.patch(`${widgets}/edited?fieldManager=gitops`, widget("edited", { size: 5 }), "apply");
    await client.patch(`${widgets}/edited?fieldManager=editor`, { spec: { size: 6 } });
    const conflict = await client.patch(
      `${widgets}/edited?fieldManager=gitops`,
      widget("edited", { size: 5 }),
      "apply",
    );
    expect(conflict.code).toBe(409);
    expect(conflict.body.details.causes[0]?.message).toContain('conflict with "editor"');
  });

  it("applies to the status alone", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("status"));
    const wish = { ...widget("status"), spec: undefined, status: { conditions: [{ type: "Ready", status: "True" }] } };
    const { code, body } = await client.patch(`${widgets}/status/status?fieldManager=controller`, wish, "apply");
    expect(code).toBe(200);
    expect(body.status.conditions).toEqual([{ type: "Ready", status: "True" }]);
    const entry = body.metadata.managedFields.find(({ manager }) => manager === "controller");
    expect(entry).toMatchObject({ operation: "Apply", subresource: "status" });
  });

  it("needs a manager to apply, and refuses content types that it does not know", async () => {
    const { client, widgets, widget } = bench();
    expect((await client.patch(`${widgets}/x`, widget("x"), "apply")).code).toBe(422);
    await client.post(widgets, widget("typed"));
    const { code, body } = await client.request("PATCH", `${widgets}/typed`, { body: {}, contentType: "text/plain" });
    expect(code).toBe(415);
    expect(body.reason).toBe("UnsupportedMediaType");
  });
});
