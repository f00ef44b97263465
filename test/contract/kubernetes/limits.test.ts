/** What is too much, too long or out of grammar is refused as Kubernetes refuses it, and the server stays up. */
import { afterEach, describe, expect, it } from "vitest";
import type { Answer } from "./client.ts";
import { onEachServer } from "./suite.ts";

const MIB = 1024 * 1024;

onEachServer("limits", (bench) => {
  const named = (metadata: object): Record<string, unknown> => {
    const object = bench().widget("named");
    return { ...object, metadata: { name: "named", ...metadata } };
  };
  const create = (object: unknown): Promise<Answer> => bench().client.post(bench().widgets, object);
  const configMap = (name: string, data: object) =>
    bench().client.post(`/api/v1/namespaces/${bench().namespace}/configmaps`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name },
      ...data,
    });

  afterEach(async () => {
    expect((await bench().client.get("/readyz")).text).toBe("ok");
  });

  describe("sizes", () => {
    it("takes an object of 1 MiB and refuses one over 1.5 MiB", async () => {
      const { client, widgets, widget } = bench();
      const large = await create(widget("one-mebibyte", { free: { text: "x".repeat(MIB) } }));
      expect(large.code).toBe(201);
      const huge = await create(widget("too-large", { free: { text: "x".repeat(1.6 * MIB) } }));
      // What the real server's store refuses, it passes on as an error of its own.
      expect([413, 500]).toContain(huge.code);
      expect(huge.body).toMatchObject({ kind: "Status", status: "Failure" });
      expect((await client.get(`${widgets}/too-large`)).code).toBe(404);
      const grown = await client.patch(`${widgets}/one-mebibyte`, { spec: { free: { more: "x".repeat(0.6 * MIB) } } });
      expect([413, 500]).toContain(grown.code);
      expect((await client.get(`${widgets}/one-mebibyte`)).body).toEqual(large.body);
    });

    it("refuses a request over 3 MiB", async () => {
      const { code, body } = await create(bench().widget("huge", { free: { text: "x".repeat(3.1 * MIB) } }));
      expect(code).toBe(413);
      expect(body).toMatchObject({ kind: "Status", reason: "RequestEntityTooLarge" });
    });

    it("refuses ConfigMaps and Secrets of more than 1 MiB", async () => {
      expect((await configMap("full", { data: { text: "x".repeat(MIB) } })).code).toBe(201);
      const text = await configMap("text", { data: { text: "x".repeat(MIB + 1) } });
      expect(text.code).toBe(422);
      expect(text.body.details.causes[0]?.reason).toBe("FieldValueTooLong");
      expect(text.body.message).toContain("1048576");
      const both = await configMap("both", {
        data: { text: "x".repeat(MIB / 2) },
        binaryData: { bytes: Buffer.alloc(MIB / 2 + 1).toString("base64") },
      });
      expect(both.code).toBe(422);
      const secret = await bench().client.post(`/api/v1/namespaces/${bench().namespace}/secrets`, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "secret" },
        data: { bytes: Buffer.alloc(MIB + 1).toString("base64") },
      });
      expect(secret.code).toBe(422);
      expect(secret.body.details.causes[0]).toMatchObject({ reason: "FieldValueTooLong", field: "data" });
    });

    it("refuses annotations of more than 256 KiB together", async () => {
      const annotations = { a: "x".repeat(128 * 1024), b: "x".repeat(128 * 1024) };
      const { code, body } = await create(named({ annotations }));
      expect(code).toBe(422);
      expect(body.details.causes[0]).toMatchObject({ reason: "FieldValueTooLong", field: "metadata.annotations" });
    });

    it("refuses a JSON patch of more than 10,000 operations, and copies that double", async () => {
      const { client, widgets, widget } = bench();
      await create(widget("patched", { free: { a: "x".repeat(1000) } }));
      const add = { op: "add", path: "/spec/free/b", value: 1 };
      const many = await client.patch(
        `${widgets}/patched`,
        Array.from({ length: 10_001 }, () => add),
        "json",
      );
      expect(many.code).toBe(413);
      const doubling = Array.from({ length: 40 }, (_, index) => ({
        op: "copy",
        from: "/spec/free",
        path: `/spec/free/c${index}`,
      }));
      const { code, body } = await client.patch(`${widgets}/patched`, doubling, "json");
      expect([413, 422]).toContain(code);
      expect(body.kind).toBe("Status");
    });

    it("refuses YAML whose aliases multiply", async () => {
      const levels = Array.from({ length: 12 }, (_, level) =>
        level === 0
          ? "  l0: &l0 [x, x]"
          : `  l${level}: &l${level} [${Array(10)
              .fill(`*l${level - 1}`)
              .join(", ")}]`,
      );
      const text = [
        `apiVersion: ${bench().group}/v1`,
        "kind: Widget",
        "metadata: {name: bomb}",
        "spec:",
        "  size: 1",
        "  free:",
        ...levels.map((line) => `  ${line}`),
      ].join("\n");
      const { code, body } = await bench().client.request("POST", bench().widgets, {
        body: text,
        contentType: "application/yaml",
      });
      expect([400, 413]).toContain(code);
      expect(body.kind).toBe("Status");
    });
  });

  describe("grammar", () => {
    const long = "x".repeat(64);
    it.each([
      ["capitals in a name", { name: "Named" }, "metadata.name"],
      ["an underscore in a name", { name: "a_b" }, "metadata.name"],
      ["a name that ends with a dot", { name: "a." }, "metadata.name"],
      ["a name of 254 characters", { name: "a".repeat(254) }, "metadata.name"],
      ["a generateName of 300 characters", { name: undefined, generateName: "a".repeat(300) }, "metadata.generateName"],
      ["a generateName with a space", { name: undefined, generateName: "a b-" }, "metadata.generateName"],
      ["a label key with a space", { labels: { "a b": "c" } }, "metadata.labels"],
      ["a label key of 64 characters", { labels: { [long]: "c" } }, "metadata.labels"],
      ["a label prefix that is no DNS name", { labels: { "A_b/c": "d" } }, "metadata.labels"],
      ["a label key of two slashes", { labels: { "a/b/c": "d" } }, "metadata.labels"],
      ["a label value of 64 characters", { labels: { a: long } }, "metadata.labels"],
      ["a label value with a slash", { labels: { a: "b/c" } }, "metadata.labels"],
      ["an annotation key with a colon", { annotations: { "a:b": "c" } }, "metadata.annotations"],
      ["a finalizer with a space", { finalizers: ["a b"] }, "metadata.finalizers"],
    ])("refuses %s", async (_what, metadata, field) => {
      const { code, body } = await create(named(metadata));
      expect(code, body.message).toBe(422);
      expect(body).toMatchObject({ kind: "Status", reason: "Invalid" });
      expect(body.details.causes.map((cause) => cause.field)).toContainEqual(expect.stringContaining(field));
    });

    it.each([
      ["a name of 253 characters", { name: Array(4).fill("a".repeat(62)).join(".") + ".a" }],
      ["an annotation key with capitals", { name: "capitals", annotations: { "Example.com/A": "any thing ☃" } }],
      ["an empty label value", { name: "empty-label", labels: { "example.com/a": "" } }],
    ])("takes %s", async (_what, metadata) => {
      const { code, body } = await create(named(metadata));
      expect(code, body.message).toBe(201);
    });

    it("refuses labels and annotations that are no texts", async () => {
      for (const metadata of [
        { labels: { a: 1 } },
        { annotations: { a: {} } },
        { labels: ["a"] },
        { finalizers: "a" },
      ]) {
        const { code, body } = await create(named(metadata));
        expect([400, 422], JSON.stringify(metadata)).toContain(code);
        expect(body.kind).toBe("Status");
      }
    });
  });

  describe("bodies", () => {
    const text = (free: string) =>
      JSON.stringify(bench().widget("text", { free: {} })).replace('"free":{}', `"free":{"a":${free}}`);
    it.each([
      ["no body", ""],
      ["null", "null"],
      ["a list", "[]"],
      ["a number", "7"],
      ["half an object", '{"apiVersion":'],
      ["something after the object", "{} {}"],
      ["no JSON", "\u0000\u0001"],
    ])("refuses %s", async (_what, body) => {
      const answer = await bench().client.request("POST", bench().widgets, { body });
      expect(answer.code).toBe(400);
      expect(answer.body).toMatchObject({ kind: "Status", reason: "BadRequest" });
    });

    it("refuses nesting of 20,000 levels", async () => {
      const { code, body } = await create(text(`${"[".repeat(20_000)}${"]".repeat(20_000)}`));
      expect(code).toBe(400);
      expect(body.kind).toBe("Status");
    });

    it("refuses a number beyond all bounds", async () => {
      const { code, body } = await create(text("1e400"));
      expect(code).toBe(400);
      expect(body.kind).toBe("Status");
    });

    it("never stores a whole number as another one", async () => {
      const { client, widgets } = bench();
      const { code, body } = await create(text("9007199254740993"));
      // Kubernetes keeps 64 bits; the embedded server says that it can't.
      if (code === 201) {
        expect((await client.get(`${widgets}/text`)).text).toContain("9007199254740993");
        await client.delete(`${widgets}/text`);
      } else {
        expect(code).toBe(400);
        expect(body.message).toContain("9007199254740993");
      }
    });

    it("takes bytes that are no UTF-8 for the replacement character", async () => {
      const { client, widgets } = bench();
      const bytes = Buffer.from(text('"?"').replace('"text"', '"bytes"').replace('"?"', '"_"'), "utf8");
      bytes[bytes.indexOf("_")] = 0xff;
      const { code } = await client.request("POST", widgets, { body: bytes });
      expect([201, 400]).toContain(code);
      if (code === 201) expect((await client.get(`${widgets}/bytes`)).body.spec["free"]).toEqual({ a: "\ufffd" });
    });

    it("tells of keys that are written twice, or refuses them, as the client wishes", async () => {
      const { client, widgets } = bench();
      const body = JSON.stringify(bench().widget("twice")).replace('"size":1', '"size":1,"size":2');
      const strict = await client.request("POST", `${widgets}?fieldValidation=Strict&dryRun=All`, { body });
      expect(strict.code).toBe(400);
      expect(strict.body.message).toContain("spec.size");
      const warned = await client.request("POST", `${widgets}?fieldValidation=Warn&dryRun=All`, { body });
      expect(warned.code).toBe(201);
      expect(warned.warnings.join()).toContain("spec.size");
      const silent = await client.request("POST", `${widgets}?fieldValidation=Ignore&dryRun=All`, { body });
      expect([silent.code, silent.warnings]).toEqual([201, []]);
      expect(silent.body.spec.size).toBe(2);
    });
  });

  describe("queries", () => {
    it.each([
      ["labelSelector=a=b=c", 400],
      ["labelSelector=a%20in%20(b", 400],
      ["labelSelector=a%20in%20b", 400],
      ["labelSelector=%21%21a", 400],
      [`labelSelector=a=${"x".repeat(64)}`, 400],
      ["labelSelector=-a", 400],
      ["fieldSelector=metadata.nothing=a", 400],
      ["fieldSelector=metadata.name", 400],
      ["limit=many", 400],
      ["limit=-1", 200],
      ["limit=0", 200],
      ["continue=nonsense", 400],
      ["continue=e30", 400],
      [`continue=${Buffer.from('{"v":-1,"k":"a"}').toString("base64url")}`, 400],
      ["resourceVersion=abc", 400],
      ["resourceVersion=-1", 400],
      ["resourceVersionMatch=Exact", 422],
      ["resourceVersion=1&resourceVersionMatch=Nearly", 422],
      ["resourceVersion=0&resourceVersionMatch=Exact", 422],
      ["timeoutSeconds=soon", 400],
    ])("answers a list with %s with %i", async (query, expected) => {
      const { code, body } = await bench().client.get(`${bench().widgets}?${query}`);
      expect(code, body.message).toBe(expected);
      expect(body.kind).toBe(expected === 200 ? "WidgetList" : "Status");
    });

    it("refuses a continued list that names a version", async () => {
      const { client, widgets, widget } = bench();
      for (const name of ["page-a", "page-b"]) await create(widget(name));
      const first = await client.get(`${widgets}?limit=1`);
      const { continue: token, resourceVersion } = first.body.metadata;
      const next = `${widgets}?limit=1&continue=${String(token)}`;
      expect((await client.get(next)).code).toBe(200);
      expect((await client.get(`${next}&resourceVersion=${resourceVersion}`)).code).toBe(400);
    });

    it.each([
      ["dryRun=Some", 422],
      ["fieldValidation=Loose", 422],
      [`fieldManager=${"x".repeat(129)}`, 422],
      ["fieldManager=%00", 422],
    ])("answers a create with %s with %i", async (query, expected) => {
      const { code, body } = await bench().client.post(`${bench().widgets}?${query}`, bench().widget("asked"));
      expect(code).toBe(expected);
      expect(body.kind).toBe("Status");
    });

    it("takes long selectors and refuses a path beyond all measure", async () => {
      const { client, widgets } = bench();
      const values = Array.from({ length: 1000 }, (_, index) => `value-${index}`).join(",");
      const long = await client.get(`${widgets}?labelSelector=${encodeURIComponent(`a in (${values})`)}`);
      expect(long.code).toBe(200);
      const { code } = await client.get(`${widgets}?labelSelector=${"x".repeat(2 * MIB)}`);
      expect(code).toBe(431);
    });
  });
});
