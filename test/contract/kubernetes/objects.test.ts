import { expect, it } from "vitest";
import { onEachServer } from "./suite.ts";

onEachServer("objects", (bench) => {
  it("creates an object and fills in what the server owns", async () => {
    const { client, widgets, widget } = bench();
    const { code, body } = await client.post(widgets, widget("new", {}, { labels: { app: "a" } }));
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({ name: "new", generation: 1, labels: { app: "a" } });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await client.get(`${widgets}/new`)).body).toEqual(body);
  });

  it("refuses a second object of the same name", async () => {
    const { client, widgets, widget, group } = bench();
    await client.post(widgets, widget("twice"));
    const { code, body } = await client.post(widgets, widget("twice"));
    expect(code).toBe(409);
    expect(body).toMatchObject({
      kind: "Status",
      status: "Failure",
      reason: "AlreadyExists",
      code: 409,
      details: { name: "twice", group, kind: "widgets" },
    });
  });

  it("answers NotFound for objects, kinds and paths that are not there", async () => {
    const { client, widgets, group, namespace } = bench();
    const object = await client.get(`${widgets}/none`);
    expect(object.code).toBe(404);
    expect(object.body).toMatchObject({
      reason: "NotFound",
      message: `widgets.${group} "none" not found`,
      details: { name: "none", group, kind: "widgets" },
    });
    expect((await client.get(`/apis/${group}/v1/namespaces/${namespace}/gadgets`)).code).toBe(404);
    expect((await client.get("/apis/nothing.example.com/v1/things")).code).toBe(404);
    expect((await client.get("/nothing")).code).toBe(404);
  });

  it("makes a name from generateName, and another the next time", async () => {
    const { client, widgets, widget } = bench();
    const wish = { ...widget("x"), metadata: { generateName: "made-" } };
    const [first, second] = [await client.post(widgets, wish), await client.post(widgets, wish)];
    expect(first.code).toBe(201);
    expect(first.body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(second.body.metadata.name).not.toBe(first.body.metadata.name);
  });

  it("refuses objects without a name, and names, labels and annotations out of grammar, naming the field", async () => {
    const { client, widgets, widget } = bench();
    const noName = await client.post(widgets, { ...widget("x"), metadata: {} });
    expect(noName.code).toBe(422);
    expect(noName.body.details.causes[0]).toMatchObject({ field: "metadata.name", reason: "FieldValueRequired" });
    for (const [metadata, field] of [
      [{ name: "Upper_Case" }, "metadata.name"],
      [{ name: "a".repeat(254) }, "metadata.name"],
      [{ name: "ok", labels: { "bad key": "v" } }, "metadata.labels"],
      [{ name: "ok", labels: { key: "not a value!" } }, "metadata.labels"],
      [{ name: "ok", annotations: { "bad key": "v" } }, "metadata.annotations"],
    ] as const) {
      const { code, body } = await client.post(widgets, { ...widget("x"), metadata });
      expect(code, JSON.stringify(metadata).slice(0, 60)).toBe(422);
      expect(body).toMatchObject({ reason: "Invalid", details: { causes: [{ field, reason: "FieldValueInvalid" }] } });
    }
  });

  it("refuses a namespace that is not there, or another one than the path's", async () => {
    const { client, group, widgets, widget } = bench();
    expect((await client.post(`/apis/${group}/v1/namespaces/nowhere/widgets`, widget("x"))).code).toBe(404);
    expect((await client.post(widgets, widget("x", {}, { namespace: "default" }))).code).toBe(400);
  });

  it("refuses a body of another kind or version, or that is no object", async () => {
    const { client, widgets, widget } = bench();
    expect((await client.post(widgets, { ...widget("x"), kind: "Gadget" })).code).toBe(422);
    expect((await client.post(widgets, { ...widget("x"), apiVersion: "v1" })).code).toBe(400);
    expect((await client.post(widgets, "[1]")).code).toBe(400);
    expect((await client.post(widgets, "{")).body).toMatchObject({ reason: "BadRequest", code: 400 });
  });

  it("accepts YAML", async () => {
    const { client, widgets, group } = bench();
    const yaml = `apiVersion: ${group}/v1\nkind: Widget\nmetadata:\n  name: from-yaml\nspec:\n  size: 7\n`;
    const { code, body } = await client.post(widgets, yaml, { contentType: "application/yaml" });
    expect(code).toBe(201);
    expect(body.spec.size).toBe(7);
  });

  it("counts generation with the spec only", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("counted"));
    const labelled = await client.patch(`${widgets}/counted`, { metadata: { labels: { a: "b" } } });
    expect(labelled.body.metadata.generation).toBe(1);
    const resized = await client.patch(`${widgets}/counted`, { spec: { size: 2 } });
    expect(resized.body.metadata.generation).toBe(2);
    const status = await client.patch(`${widgets}/counted/status`, { status: { phase: "Busy" } });
    expect(status.body.metadata.generation).toBe(2);
    expect(Number(status.body.metadata.resourceVersion)).toBeGreaterThan(Number(resized.body.metadata.resourceVersion));
  });

  it("keeps spec and status apart", async () => {
    const { client, widgets, widget } = bench();
    const created = await client.post(widgets, { ...widget("apart"), status: { phase: "Dreaming" } });
    expect(created.body.status).toBeUndefined();
    const status = await client.put(`${widgets}/apart/status`, {
      ...created.body,
      spec: { size: 99 },
      status: { phase: "Ready" },
    });
    expect(status.code).toBe(200);
    expect(status.body).toMatchObject({ spec: { size: 1 }, status: { phase: "Ready" } });
    const spec = await client.put(`${widgets}/apart`, {
      ...status.body,
      spec: { size: 3 },
      status: { phase: "Ignored" },
    });
    expect(spec.body).toMatchObject({ spec: { size: 3 }, status: { phase: "Ready" } });
  });

  it("lets only one of two writers win who read the same version", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("raced"));
    const [one, two] = await Promise.all([
      client.put(`${widgets}/raced`, { ...body, spec: { size: 2 } }),
      client.put(`${widgets}/raced`, { ...body, spec: { size: 3 } }),
    ]);
    expect([one.code, two.code].sort()).toEqual([200, 409]);
    const lost = one.code === 409 ? one : two;
    expect(lost.body).toMatchObject({ reason: "Conflict", details: { name: "raced" } });
  });

  it("refuses an update of a custom object that names no version, and of another object's uid", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("versioned"));
    const without = await client.put(`${widgets}/versioned`, widget("versioned"));
    expect(without.code).toBe(422);
    expect(without.body.details.causes[0]?.field).toBe("metadata.resourceVersion");
    const foreign = { ...body, metadata: { ...body.metadata, uid: "00000000-0000-0000-0000-000000000000" } };
    expect((await client.put(`${widgets}/versioned`, foreign)).code).toBe(409);
  });

  it("keeps what belongs to the server through updates", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("kept"));
    const metadata = {
      ...body.metadata,
      creationTimestamp: "2001-01-01T00:00:00Z",
      generation: 77,
    };
    const updated = await client.put(`${widgets}/kept`, { ...body, metadata, spec: { size: 9 } });
    expect(updated.code).toBe(200);
    expect(updated.body.metadata).toMatchObject({ creationTimestamp: body.metadata.creationTimestamp, generation: 2 });
  });

  it("writes nothing when an update changes nothing", async () => {
    const { client, widgets, widget } = bench();
    const { body } = await client.post(widgets, widget("same"));
    const again = await client.put(`${widgets}/same`, body);
    expect(again.code).toBe(200);
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it("does nothing in a dry run but answers what it would do", async () => {
    const { client, widgets, widget } = bench();
    const created = await client.post(`${widgets}?dryRun=All`, widget("dry"));
    expect(created.code).toBe(201);
    expect(created.body.spec.colour).toBe("red");
    expect((await client.get(`${widgets}/dry`)).code).toBe(404);
    await client.post(widgets, widget("dry"));
    const patched = await client.patch(`${widgets}/dry?dryRun=All`, { spec: { size: 50 } });
    expect(patched.body.spec.size).toBe(50);
    expect((await client.delete(`${widgets}/dry?dryRun=All`)).code).toBe(200);
    expect((await client.get(`${widgets}/dry`)).body.spec.size).toBe(1);
    expect((await client.post(`${widgets}?dryRun=Some`, widget("x"))).code).toBe(422);
  });

  it("serves every version of a kind, and warns of the deprecated one", async () => {
    const { client, group, namespace, widgets, widget } = bench();
    await client.post(widgets, widget("versions"));
    const old = await client.get(`/apis/${group}/v1alpha1/namespaces/${namespace}/widgets/versions`);
    expect(old.body.apiVersion).toBe(`${group}/v1alpha1`);
    expect(old.warnings[0]).toContain("deprecated");
    const created = await client.post(`/apis/${group}/v1alpha1/namespaces/${namespace}/widgets`, {
      ...widget("older"),
      apiVersion: `${group}/v1alpha1`,
    });
    expect(created.code).toBe(201);
    expect((await client.get(`${widgets}/older`)).body.apiVersion).toBe(`${group}/v1`);
  });

  it("scales what has a scale", async () => {
    const { client, widgets, widget } = bench();
    await client.post(widgets, widget("scaled", { replicas: 2 }));
    const scale = await client.get(`${widgets}/scaled/scale`);
    expect(scale.body).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 2 },
      status: { replicas: 0 },
    });
    const put = await client.put(`${widgets}/scaled/scale`, { ...scale.body, spec: { replicas: 5 } });
    expect(put.body.spec.replicas).toBe(5);
    expect((await client.patch(`${widgets}/scaled/scale`, { spec: { replicas: 1 } })).body.spec.replicas).toBe(1);
    expect((await client.get(`${widgets}/scaled`)).body.spec.replicas).toBe(1);
  });

  it("keeps events once under two groups", async () => {
    const { client, namespace } = bench();
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "seen.1" },
      involvedObject: { kind: "Widget", name: "a", namespace },
      reason: "Started",
      message: "it started",
      type: "Normal",
      count: 2,
    };
    expect((await client.post(`/api/v1/namespaces/${namespace}/events`, event)).code).toBe(201);
    const newer = await client.get(`/apis/events.k8s.io/v1/namespaces/${namespace}/events/seen.1`);
    expect(newer.body).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      note: "it started",
      regarding: { kind: "Widget", name: "a" },
      deprecatedCount: 2,
    });
    const found = await client.get(
      `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3Da,involvedObject.kind%3DWidget`,
    );
    expect(found.body.items).toHaveLength(1);
    const none = await client.get(`/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3Db`);
    expect(none.body.items).toHaveLength(0);
  });

  it("turns a secret's stringData into data", async () => {
    const { client, namespace } = bench();
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { password: "hidden" } };
    const { body } = await client.post(`/api/v1/namespaces/${namespace}/secrets`, secret);
    expect(body).toMatchObject({ type: "Opaque", data: { password: Buffer.from("hidden").toString("base64") } });
    expect(body.stringData).toBeUndefined();
  });

  it("takes times of microseconds only with all six digits: Go's clients read no others", async () => {
    const { client, namespace } = bench();
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const lease = (name: string, renewTime: string) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name },
      spec: { renewTime },
    });
    expect((await client.post(leases, lease("six", "2026-01-01T00:00:00.123456Z"))).code).toBe(201);
    for (const time of ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z"]) {
      const { code, body } = await client.post(leases, lease("fewer", time));
      // Kubernetes' server refuses it where it reads the body.
      expect([400, 422]).toContain(code);
      expect(body.message).toContain(time);
    }
  });
});
