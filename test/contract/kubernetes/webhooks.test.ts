import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { until } from "./client.ts";
import { onEachServer } from "./suite.ts";
import { patch, startWebhook, type WebhookServer } from "./webhook-server.ts";

const registration = "/apis/admissionregistration.k8s.io/v1";
const mutating = `${registration}/mutatingwebhookconfigurations`;
const validating = `${registration}/validatingwebhookconfigurations`;

onEachServer("webhooks", (bench) => {
  let server: WebhookServer;
  const made: string[] = [];

  beforeAll(async () => {
    server = await startWebhook();
  });
  afterEach(async () => {
    for (const path of made.splice(0)) await bench().client.delete(path);
    server.asked.length = 0;
    // Servers learn of configurations that are gone a moment later.
    const { client, widgets, widget } = bench();
    await until(async () => {
      const before = server.asked.length;
      await client.post(`${widgets}?dryRun=All`, widget("probe", {}, { labels: { probe: "yes" } }));
      return server.asked.length === before;
    }, "the webhooks to be gone");
    server.asked.length = 0;
  });
  afterAll(() => server.close());

  const webhook = (at: string, more: object = {}) => ({
    name: `${at.slice(1)}.webhooks.example.com`,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    clientConfig: server.client(at),
    timeoutSeconds: 5,
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": bench().namespace } },
    rules: [
      {
        operations: ["CREATE", "UPDATE", "DELETE"],
        apiGroups: [bench().group],
        apiVersions: ["v1"],
        resources: ["widgets"],
      },
    ],
    ...more,
  });

  /** Registers webhooks, and waits until the server asks them. */
  async function register(path: string, name: string, ...webhooks: object[]): Promise<void> {
    const { client, widgets, widget } = bench();
    const kind = path === mutating ? "MutatingWebhookConfiguration" : "ValidatingWebhookConfiguration";
    const object = { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name }, webhooks };
    const { code, text } = await client.post(path, object);
    if (code !== 201) throw new Error(text);
    made.push(`${path}/${name}`);
    await until(async () => {
      const { code: answer } = await client.post(
        `${widgets}?dryRun=All`,
        widget("probe", {}, { labels: { probe: "yes", ask: "me" } }),
      );
      return server.asked.length > 0 || answer >= 400;
    }, "the webhooks to be asked");
    server.asked.length = 0;
  }
  const ownRequests = () => server.asked.filter(({ name }) => name !== "probe");

  it("asks who judges a write, with all that it needs to know", async () => {
    const { client, widgets, widget, group, namespace } = bench();
    server.answer("/ask", () => ({ allowed: true, warnings: ["mind the gap"] }));
    await register(validating, "asking", webhook("/ask"));
    const created = await client.post(widgets, widget("asked"));
    expect([created.code, created.warnings]).toEqual([201, ["mind the gap"]]);
    await client.patch(`${widgets}/asked`, { spec: { size: 2 } });
    await client.request("DELETE", `${widgets}/asked?dryRun=All`);
    await client.delete(`${widgets}/asked`);
    const [create, update, dry, gone] = ownRequests();
    expect(create).toMatchObject({
      operation: "CREATE",
      name: "asked",
      namespace,
      dryRun: false,
      kind: { group, version: "v1", kind: "Widget" },
      resource: { group, version: "v1", resource: "widgets" },
      userInfo: { groups: expect.arrayContaining(["system:masters"]) as unknown },
      object: { kind: "Widget", apiVersion: `${group}/v1`, spec: { size: 1, colour: "red" } },
      oldObject: null,
    });
    expect(update).toMatchObject({
      operation: "UPDATE",
      object: { spec: { size: 2 } },
      oldObject: { spec: { size: 1 } },
    });
    expect(dry).toMatchObject({ operation: "DELETE", dryRun: true });
    expect(gone).toMatchObject({ operation: "DELETE", dryRun: false, object: null, oldObject: { spec: { size: 2 } } });
  });

  it("refuses with the code, the reason and the words of the webhook", async () => {
    const { client, widgets, widget } = bench();
    server.answer("/deny", ({ name }) => {
      if (name === "plain") return { allowed: false };
      if (name === "words") return { allowed: false, status: { message: "too round" } };
      if (name === "code")
        return { allowed: false, status: { message: "later", code: 429, reason: "TooManyRequests" } };
      return { allowed: true };
    });
    await register(validating, "denying", webhook("/deny"));
    const refused = async (name: string) => {
      const { code, body } = await client.post(widgets, widget(name));
      return [code, body.reason, body.message];
    };
    const name = `admission webhook "deny.webhooks.example.com" denied the request`;
    expect(await refused("plain")).toEqual([400, undefined, `${name} without explanation`]);
    expect(await refused("words")).toEqual([400, undefined, `${name}: too round`]);
    expect(await refused("code")).toEqual([429, "TooManyRequests", `${name}: later`]);
    expect((await client.post(widgets, widget("fine"))).code).toBe(201);
  });

  it("mutates one after the other, and asks again whoever wishes when the object has changed", async () => {
    const { client, widgets, widget } = bench();
    const note = ({ object }: { object: Record<string, unknown> | null }) =>
      ((object?.["spec"] as Record<string, unknown> | undefined)?.["note"] as string | undefined) ?? "";
    const append = (letter: string) => (request: Parameters<typeof note>[0]) =>
      patch({ op: "add", path: "/spec/note", value: note(request) + letter });
    server.answer("/one", append("1"));
    server.answer("/two", append("2"));
    const again = webhook("/one", { reinvocationPolicy: "IfNeeded" });
    await register(mutating, "mutating-a", again, webhook("/two"));
    expect((await client.post(widgets, widget("noted"))).body.spec["note"]).toBe("121");
  });

  it("validates what a webhook has made of an object, and keeps who it is", async () => {
    const { client, widgets, widget } = bench();
    server.answer("/wrong", ({ name }) => {
      if (name === "size") return patch({ op: "replace", path: "/spec/size", value: 1000 });
      if (name === "broken") return patch({ op: "remove", path: "/spec/nothing/here" });
      return { allowed: true };
    });
    await register(mutating, "mutating-b", webhook("/wrong"));
    const invalid = await client.post(widgets, widget("size"));
    expect([invalid.code, invalid.body.details.causes[0]?.field]).toEqual([422, "spec.size"]);
    expect((await client.post(widgets, widget("broken"))).code).toBe(500);
  });

  it("goes on or fails, as it wishes, when a webhook can't be asked", async () => {
    const { client, widgets, widget } = bench();
    server.answer("/late", ({ name }) => (name === "probe" ? { allowed: true } : "late"));
    server.answer("/down", ({ name }) => (name === "probe" ? { allowed: true } : 503));
    await register(validating, "late", webhook("/late", { timeoutSeconds: 1, failurePolicy: "Ignore" }));
    expect((await client.post(widgets, widget("patient"))).code).toBe(201);
    await client.delete(made.splice(0)[0] ?? "");
    await register(validating, "down", webhook("/down"));
    const failed = await client.post(widgets, widget("impatient"));
    expect([failed.code, failed.body.reason]).toEqual([500, "InternalError"]);
    expect(failed.body.message).toContain('failed calling webhook "down.webhooks.example.com"');
  });

  it("asks only where rules, selectors and conditions say so", async () => {
    const { client, widgets, widget, group } = bench();
    await register(
      validating,
      "choosy",
      webhook("/labelled", { objectSelector: { matchLabels: { ask: "me" } } }),
      webhook("/condition", {
        matchConditions: [{ name: "large", expression: "has(object.spec) && object.spec.size > 50" }],
      }),
      webhook("/status", {
        rules: [{ operations: ["UPDATE"], apiGroups: [group], apiVersions: ["*"], resources: ["widgets/status"] }],
      }),
      webhook("/elsewhere", { namespaceSelector: { matchLabels: { there: "is-none" } } }),
      webhook("/cluster", {
        rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"], scope: "Cluster" }],
      }),
    );
    const at: string[] = [];
    for (const path of ["/labelled", "/condition", "/status", "/elsewhere", "/cluster"]) {
      server.answer(path, ({ name }) => {
        if (name !== "probe") at.push(`${path} ${name}`);
        return { allowed: true };
      });
    }
    await client.post(widgets, widget("small"));
    await client.post(widgets, widget("big", { size: 51 }));
    await client.post(widgets, widget("labelled", {}, { labels: { ask: "me" } }));
    await client.patch(`${widgets}/small/status`, { status: { phase: "New" } });
    expect(at.toSorted()).toEqual(["/condition big", "/labelled labelled", "/status small"]);
  });

  it("names what is wrong with a configuration, and fills in the rest", async () => {
    const { client } = bench();
    const create = (entry: object) =>
      client.post(`${validating}?dryRun=All`, {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "checked" },
        webhooks: [entry],
      });
    const fields = async (entry: object) => (await create(entry)).body.details.causes.map(({ field }) => field);
    const { body } = await create({ ...webhook("/x"), timeoutSeconds: undefined, namespaceSelector: undefined });
    expect((body["webhooks"] as object[])[0]).toMatchObject({
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      timeoutSeconds: 10,
      namespaceSelector: {},
      objectSelector: {},
      rules: [{ scope: "*" }],
    });
    expect(await fields(webhook("/x", { name: "short" }))).toEqual(["webhooks[0].name"]);
    expect(await fields(webhook("/x", { timeoutSeconds: 31 }))).toEqual(["webhooks[0].timeoutSeconds"]);
    expect(await fields(webhook("/x", { failurePolicy: "Maybe" }))).toEqual(["webhooks[0].failurePolicy"]);
    expect(await fields(webhook("/x", { clientConfig: { url: "http://127.0.0.1/" } }))).toEqual([
      "webhooks[0].clientConfig.url",
    ]);
    expect(await fields(webhook("/x", { matchConditions: [{ name: "c", expression: "object.(" }] }))).toEqual([
      "webhooks[0].matchConditions[0].expression",
    ]);
    expect(await fields(webhook("/x", { admissionReviewVersions: ["v9"] }))).toEqual([
      "webhooks[0].admissionReviewVersions",
    ]);
  });

  it("fails a webhook behind a Service that nobody answers for", async () => {
    const { client, widgets, widget } = bench();
    const service = { namespace: bench().namespace, name: "nobody", path: "/x" };
    await register(validating, "service", webhook("/svc", { clientConfig: { service }, timeoutSeconds: 1 }));
    const failed = await client.post(widgets, widget("unserved"));
    expect([failed.code, failed.body.message]).toEqual([
      500,
      expect.stringContaining('failed calling webhook "svc.webhooks.example.com"'),
    ]);
  });
});
