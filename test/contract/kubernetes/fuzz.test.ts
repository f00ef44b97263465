/** Requests drawn at random: whatever comes, the answer is a `Status` or what was asked for, and no fault of the server's. Embedded server only. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Answer, Client } from "./client.ts";
import { startEmbedded, type EmbeddedServer } from "./servers.ts";
import { widget, widgetDefinition } from "./widget.ts";

const RUNS = 300;
const SEED = Number(process.env["VIRTIVE_SEED"] ?? "4711");
const parameters = { numRuns: RUNS, seed: SEED };

/** Texts that parsers stumble over, and any others. */
const awkward = fc.oneof(
  fc.constantFrom(
    "",
    "..",
    "%00",
    "%2f",
    "__proto__",
    "constructor",
    "-1",
    "1e9",
    "NaN",
    "null",
    "a=b",
    "a in (",
    "\u2028",
  ),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const segment = awkward.map((text) => encodeURIComponent(text.isWellFormed() ? text : "broken"));
const known = fc.constantFrom(
  "api",
  "apis",
  "v1",
  "namespaces",
  "default",
  "widgets",
  "status",
  "scale",
  "pods",
  "openapi",
  "v3",
);
const path = fc.array(fc.oneof(known, segment), { maxLength: 8 }).map((parts) => `/${parts.join("/")}`);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        "labelSelector",
        "fieldSelector",
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "propagationPolicy",
        "gracePeriodSeconds",
        "timeoutSeconds",
        "force",
        "pretty",
      ),
      segment,
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&"));
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
const contentType = fc.constantFrom(
  "application/json",
  "application/yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
);

/** Nothing is deleted or replaced that other tests and the server itself stand on. */
function isHarmless(verb: string, target: string): boolean {
  return verb === "GET" || verb === "HEAD" || verb === "OPTIONS" || target.includes("/widgets");
}

const GROUP = "fuzz.example.com";
const widgets = `/apis/${GROUP}/v1/namespaces/default/widgets`;
const made = (name: string, spec: object = {}, metadata: object = {}) => widget(GROUP, name, spec, metadata);
const troubles: unknown[] = [];
let server: EmbeddedServer;
let client: Client;

beforeAll(async () => {
  server = await startEmbedded({ log: { error: (details) => troubles.push(details) } });
  ({ client } = server);
  await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition(GROUP));
});

afterAll(() => server.stop());

afterEach(async () => {
  expect(troubles).toEqual([]);
  expect((await client.get("/readyz")).text).toBe("ok");
});

function judge({ code, text, body }: Answer, what: string): void {
  // 504: a version that is not there yet.
  if (code >= 500) expect(code, `${what}: ${text}`).toBe(504);
  if (code >= 400 && text !== "") expect(body, what).toMatchObject({ kind: "Status", status: "Failure", code });
}

it(`answers any path, query and body (seed ${SEED})`, { timeout: 300_000 }, async () => {
  const body = fc.oneof(
    fc.json({ maxDepth: 6 }),
    awkward,
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  );
  const request = fc.tuple(method, path, query, contentType, body);
  await fc.assert(
    fc.asyncProperty(request, async ([verb, target, asked, type, content]) => {
      fc.pre(isHarmless(verb, target));
      const hasBody = verb !== "GET" && verb !== "HEAD" && verb !== "OPTIONS";
      const at = `${target}?${asked}`;
      const answer = await client.request(verb, at, hasBody ? { body: content, contentType: type } : {});
      judge(answer, `${verb} ${at}`);
    }),
    parameters,
  );
});

it(`answers any object of a kind that it serves (seed ${SEED})`, { timeout: 300_000 }, async () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const object = fc.record(
    {
      name: fc.oneof(fc.constant("fuzzed"), awkward),
      metadata: fc.dictionary(
        fc.constantFrom("labels", "annotations", "finalizers", "ownerReferences", "generateName", "managedFields"),
        value,
      ),
      spec: fc.dictionary(
        fc.constantFrom("size", "colour", "tags", "parts", "limits", "free", "note", "replicas"),
        value,
      ),
      status: value,
    },
    { requiredKeys: ["metadata", "spec"] },
  );
  await fc.assert(
    fc.asyncProperty(object, contentType, async ({ name = "fuzzed", metadata, spec, status }, type) => {
      const { finalizers: _held, ...rest } = metadata;
      const whole = { ...made(name, spec, rest), status };
      judge(await client.post(`${widgets}?dryRun=All`, whole), "create");
      judge(await client.request("POST", widgets, { body: { ...made("fuzzed", spec, rest), status } }), "create");
      judge(
        await client.request("PATCH", `${widgets}/fuzzed?fieldManager=fuzz`, { body: whole, contentType: type }),
        `patch, ${type}`,
      );
      judge(
        await client.put(`${widgets}/fuzzed/status`, { ...whole, metadata: { ...rest, name: "fuzzed" } }),
        "update of the status",
      );
      judge(await client.delete(`${widgets}/fuzzed`), "delete");
    }),
    parameters,
  );
});

it(`answers any list of patch operations (seed ${SEED})`, { timeout: 300_000 }, async () => {
  const pointer = fc.oneof(
    fc.constantFrom(
      "/spec/free",
      "/spec/free/a",
      "/spec/tags/-",
      "/metadata/labels/a",
      "/metadata/name",
      "",
      "/__proto__/x",
      "/spec/tags/9",
    ),
    awkward,
  );
  const operation = fc.record(
    {
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "other"),
      path: pointer,
      from: pointer,
      value: fc.jsonValue({ maxDepth: 3 }),
    },
    { requiredKeys: ["op"] },
  );
  await client.post(widgets, made("patched", { free: { a: 1 }, tags: ["x"] }));
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 6 }), async (operations) => {
      judge(await client.patch(`${widgets}/patched?dryRun=All`, operations, "json"), JSON.stringify(operations));
    }),
    parameters,
  );
});
