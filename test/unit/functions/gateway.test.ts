import { afterEach, describe, expect, it } from "vitest";
import { VirtualMachine, type VirtualMachineSpec } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Kind } from "#api/object.ts";
import { silentLog } from "#events/log.ts";
import type { JournalEntry } from "#events/journal-entry.ts";
import type { Explanation } from "#functions/gateway/explain.ts";
import { createGateway, type Gateway } from "#functions/gateway/gateway.ts";
import { Fault } from "#events/fault.ts";
import type { GatewayParts } from "#functions/gateway/parts.ts";
import { virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let gateway: Gateway;
afterEach(() => world.close());

type Strategy = NonNullable<VirtualMachineSpec["runStrategy"]>;

async function open(more: Partial<GatewayParts> = {}): Promise<void> {
  world = await startWorld();
  serve(more);
}

function serve(more: Partial<GatewayParts> = {}): void {
  gateway = createGateway({
    reader: world.source.reader,
    present: world.cluster,
    writer: world.source.writer,
    nodes: { ...world.nodes, console: () => Promise.reject(new Fault("refused", "NoConsole", "none")) },
    journal: world.journal,
    clock: world.clock,
    log: silentLog,
    ...more,
  });
}

async function vm(spec: Partial<VirtualMachineSpec>, run = true): Promise<void> {
  await open();
  await world.create(VirtualMachine, virtualMachine(spec));
  if (run) await isRunning();
  else await world.clock.advance(500);
}

async function isRunning(): Promise<void> {
  await world.until("it runs", async () => (await world.vm())?.status?.printableStatus === "Running");
}

const ROOT = "/apis/subresources.kubevirt.io/v1/namespaces/default";

interface Answer {
  readonly code: number;
  readonly body: { readonly reason?: string; readonly message?: string } & Record<string, unknown>;
}

async function ask(method: string, path: string, body?: unknown, index = 0): Promise<Answer> {
  const app = gateway.apis[index]?.app;
  const init = {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
  // The answer may wait for the loop, which the virtual clock must drive.
  let done = false;
  const asked = Promise.resolve(app?.request(path, init)).finally(() => (done = true));
  while (!done) if (!(await world.clock.step())) break;
  const response = await asked;
  if (response === undefined) throw new Error("no app");
  const text = await response.text();
  return { code: response.status, body: (text === "" ? {} : JSON.parse(text)) as Answer["body"] };
}

const put = (verb: string, body?: unknown, resource = "virtualmachines") =>
  ask("PUT", `${ROOT}/${resource}/web/${verb}`, body);

describe("start", () => {
  it("lets a halted VM run always", async () => {
    await vm({ runStrategy: "Halted" }, false);
    expect(await put("start")).toEqual({ code: 202, body: {} });
    await isRunning();
    expect((await world.vm())?.spec.runStrategy).toBe("Always");
  });

  it("sets the field that the VM uses", async () => {
    await vm({ running: false }, false);
    expect((await put("start", {})).code).toBe(202);
    await isRunning();
    expect((await world.vm())?.spec.running).toBe(true);
  });

  it("starts a halted VM paused when asked to", async () => {
    await vm({ runStrategy: "Halted" }, false);
    expect((await put("start", { paused: true })).code).toBe(202);
    await world.until("it is paused", async () => (await world.vm())?.status?.printableStatus === "Paused");
    expect(world.node.orders.map(({ desired }) => desired)).toEqual(["paused"]);
  });

  it.each([
    [{ paused: true }, "Paused"],
    [{}, "Running"],
  ])("starts a halted VM as it is asked to, %j, after a paused start that got halfway", async (options, becomes) => {
    await vm({ runStrategy: "Halted" }, false);
    const { writer } = world.source;
    const away = new Fault("later", "APIServerUnreachable", "it does not answer");
    const patch: typeof writer.patch = (kind, before, after, part) =>
      part === "object" ? Promise.reject(away) : writer.patch(kind, before, after, part);
    serve({ writer: { ...writer, patch } });
    expect((await put("start", { paused: true })).code).toBe(503);
    serve();
    expect(await put("start", options)).toEqual({ code: 202, body: {} });
    await world.until("it has started", async () => (await world.vmi())?.status?.phase === "Running");
    await world.clock.advance(1000);
    expect((await world.vm())?.status).toMatchObject({ printableStatus: becomes });
    expect((await world.vm())?.status).not.toHaveProperty("stateChangeRequests");
  });

  it.each(["Manual", "RerunOnFailure"] as const)("starts a %s VM by a request", async (runStrategy) => {
    await vm({ runStrategy: "Manual" }, false);
    if (runStrategy === "RerunOnFailure") {
      await vm({ runStrategy });
      world.node.exit((await world.vmi())?.metadata.uid ?? "", "shutdown");
      await world.until("it is stopped", async () => (await world.vm())?.status?.printableStatus === "Stopped");
    }
    expect((await put("start")).code).toBe(202);
    await isRunning();
    expect((await world.vm())?.spec.runStrategy).toBe(runStrategy);
  });

  it("does nothing on a dry run", async () => {
    await vm({ runStrategy: "Halted" }, false);
    expect((await put("start", { dryRun: ["All"] })).code).toBe(202);
    expect((await world.vm())?.spec.runStrategy).toBe("Halted");
  });

  it("is refused while it runs", async () => {
    await vm({ runStrategy: "Always" });
    expect(await put("start")).toMatchObject({ code: 409, body: { reason: "Conflict", message: /running already/ } });
  });

  it.each([
    [404, "/virtualmachines/nobody/start", {}, /"nobody" not found/],
    [400, "/virtualmachines/web/start", "{", /not JSON/],
    [400, "/virtualmachines/web/start", { pausd: true }, /pausd/],
    [400, "/virtualmachines/web/start", { dryRun: ["Some"] }, /dryRun/],
    [413, "/virtualmachines/web/start", " ".repeat(70_000), /65536 bytes/],
    [404, "/virtualmachines/web/launch", {}, /Nothing is served/],
  ] as const)("answers %i to %s", async (code, path, body, message) => {
    await vm({ runStrategy: "Halted" }, false);
    const answer = await ask("PUT", `${ROOT}${path}`, body);
    expect(answer.code).toBe(code);
    expect(answer.body.message).toMatch(message);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code });
  });
});

describe("stop", () => {
  it.each(["Always", "Once"] as const)("halts a VM that runs %s", async (runStrategy) => {
    await vm({ runStrategy });
    expect((await put("stop")).code).toBe(202);
    await world.until("it is gone", async () => (await world.vmi()) === undefined);
    expect((await world.vm())?.spec.runStrategy).toBe("Halted");
  });

  it("keeps the strategy of a VM that is started by hand", async () => {
    await vm({ runStrategy: "Manual" }, false);
    await put("start");
    await isRunning();
    expect((await put("stop")).code).toBe(202);
    await world.until("it is gone", async () => (await world.vmi()) === undefined);
    expect((await world.vm())?.spec.runStrategy).toBe("Manual");
    expect(await put("stop")).toMatchObject({ code: 409, body: { message: /not running/ } });
  });

  it("with gracePeriod 0 ends a guest that does not listen", async () => {
    await vm({ runStrategy: "Always" });
    world.node.deaf = true;
    await put("stop");
    await world.clock.advance(1000);
    expect(await put("stop")).toMatchObject({ code: 409, body: { message: /shorter gracePeriod/ } });
    const before = world.clock.now().getTime();
    expect((await put("stop", { gracePeriod: 0 })).code).toBe(202);
    await world.until("it is gone", async () => (await world.vmi()) === undefined);
    expect(world.clock.now().getTime() - before).toBeLessThan(2000);
    expect(world.node.orders.map(({ desired }) => desired)).toEqual(["running", "stopped", "off"]);
  });

  it("of a halted VM is refused", async () => {
    await vm({ runStrategy: "Halted" }, false);
    expect(await put("stop")).toMatchObject({ code: 409 });
    expect((await put("stop", { gracePeriod: -1 })).body.message).toMatch(/gracePeriod/);
  });
});

describe("restart", () => {
  it("ends the instance and starts another", async () => {
    await vm({ runStrategy: "Always" });
    const first = (await world.vmi())?.metadata.uid;
    expect((await put("restart")).code).toBe(202);
    expect(await put("restart")).toMatchObject({ code: 500, body: { reason: "InternalError", message: /under way/ } });
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi !== undefined && vmi.metadata.uid !== first && vmi.status?.phase === "Running";
    });
  });

  it("by force does not wait for the guest", async () => {
    await vm({ runStrategy: "Always" });
    world.node.deaf = true;
    const first = (await world.vmi())?.metadata.uid;
    const before = world.clock.now().getTime();
    expect((await put("restart", { gracePeriodSeconds: 0 })).code).toBe(202);
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi !== undefined && vmi.metadata.uid !== first && vmi.status?.phase === "Running";
    });
    expect(world.clock.now().getTime() - before).toBeLessThan(3000);
  });

  it.each([
    ["Halted", {}, 409, /takes no restart/],
    ["Once", {}, 409, /takes no restart/],
    ["Manual", {}, 409, /no instance/],
    ["Manual", { gracePeriodSeconds: 5 }, 400, /only 0/],
    ["Manual", { gracePeriodSeconds: -5 }, 400, /negative/],
  ] as const)("of a %s VM with %j answers %i", async (runStrategy: Strategy, body, code, message) => {
    await vm({ runStrategy }, false);
    expect(await put("restart", body)).toMatchObject({
      code,
      body: { message: expect.stringMatching(message) as unknown },
    });
  });
});

describe("pause and unpause", () => {
  it("answer once it is so", async () => {
    await vm({ runStrategy: "Always" });
    expect((await put("pause", undefined, "virtualmachineinstances")).code).toBe(200);
    expect((await world.vm())?.status?.printableStatus).toBe("Paused");
    expect((await put("pause", {}, "virtualmachineinstances")).code).toBe(409);
    expect((await put("unpause", undefined, "virtualmachineinstances")).code).toBe(200);
    await isRunning();
    expect((await put("unpause", {}, "virtualmachineinstances")).code).toBe(409);
  });

  it("say what they wait for when the node does not follow", async () => {
    await vm({ runStrategy: "Always" });
    world.node.refuse = new Fault("later", "Busy", "busy");
    const answer = await put("pause", undefined, "virtualmachineinstances");
    expect(answer).toMatchObject({
      code: 504,
      body: { reason: "Timeout", message: /node1 has not let the vCPUs halt within 10 s/ },
    });
  });

  it("are refused where they could do harm or nothing", async () => {
    await vm({
      template: { spec: { ...virtualMachine().spec.template.spec, livenessProbe: { tcpSocket: { port: 80 } } } },
    });
    expect((await put("pause", undefined, "virtualmachineinstances")).code).toBe(403);
    await put("stop");
    await world.until("it is gone", async () => (await world.vmi()) === undefined);
    expect((await put("pause", undefined, "virtualmachineinstances")).code).toBe(404);
  });
});

describe("a replica whose watch has ended", () => {
  /** Answers for ever as the cache does now. */
  async function stopsWatching(): Promise<void> {
    const there = [await world.vm(), await world.vmi()];
    const reader = { ...world.source.reader, get: async (kind: Kind) => there.find((one) => one?.kind === kind.kind) };
    serve({ reader: reader as GatewayParts["reader"] });
  }
  const instance = (verb: string) => put(verb, undefined, "virtualmachineinstances");

  it("refuses nobody for what was", async () => {
    await vm({ runStrategy: "Always" });
    await instance("pause");
    await stopsWatching();
    expect((await instance("unpause")).code).toBe(200);
    await isRunning();
    expect((await instance("pause")).code).toBe(200);
    await instance("unpause");
    await stopsWatching();
    expect((await put("stop")).code).toBe(202);
    await world.until("it is gone", async () => (await world.vmi()) === undefined);
    expect((await put("start")).code).toBe(202);
    await isRunning();
  });

  it("sees that what it waits for has come", async () => {
    await vm({ runStrategy: "Always" });
    await stopsWatching();
    const began = world.clock.now().getTime();
    expect((await instance("pause")).code).toBe(200);
    expect((await world.vm())?.status?.printableStatus).toBe("Paused");
    expect(world.clock.now().getTime() - began).toBeLessThan(2_000);
  });
});

describe("reset and softreboot", () => {
  it("are done once, on the node", async () => {
    await vm({ runStrategy: "Always" });
    expect((await put("reset", undefined, "virtualmachineinstances")).code).toBe(200);
    expect((await put("softreboot", undefined, "virtualmachineinstances")).code).toBe(200);
    const uid = (await world.vmi())?.metadata.uid;
    expect(world.nodes.actions).toEqual([`reset ${uid}`, `softreboot ${uid}`]);
  });

  it("softreboot needs somebody in the guest who hears of it", async () => {
    await vm({ runStrategy: "Always" });
    await world.edit(VirtualMachineInstance, "web", "object", (vmi) => ({
      ...vmi,
      spec: { ...vmi.spec, domain: { ...vmi.spec.domain, features: { acpi: { enabled: false } } } },
    }));
    await world.clock.advance(100);
    expect(await put("softreboot", undefined, "virtualmachineinstances")).toMatchObject({
      code: 409,
      body: { message: /neither/ },
    });
  });
});

describe("explain", () => {
  const EXPLAIN = "/apis/subresources.virtive.dev/v1/namespaces/default/virtualmachines/web/explain";

  it("says what a VM waits for, until when, and what may help", async () => {
    await open();
    await world.create(VirtualMachine, virtualMachine({}, { template: { nodeSelector: { zone: "b" } } }));
    await world.clock.advance(3000);
    const { body } = await ask("GET", EXPLAIN, undefined, 2);
    const explanation = body as unknown as Explanation;
    expect(explanation).toMatchObject({
      status: "ErrorUnschedulable",
      virtualMachine: { runStrategy: "Always", ready: false },
      instance: { phase: "Pending", deleting: false },
      waitsFor: { function: "schedule", what: /node1: its labels do not have zone=b/ },
    });
    expect(explanation.waitsFor?.until).toBeDefined();
    expect(explanation.hints[0]).toMatch(/nodeSelector/);
    expect(explanation.decisions[0]?.because).toBeTruthy();
  });

  it("tells what was done, however often it was looked at since", async () => {
    await vm({ runStrategy: "Always" });
    for (let minute = 0; minute < 30; minute += 1) await world.clock.advance(60_000);
    const { decisions } = (await ask("GET", EXPLAIN, undefined, 2)).body as unknown as Explanation;
    const acted = decisions.filter(({ effects }) => effects.length > 0).map((one) => one.function);
    expect(acted).toEqual(expect.arrayContaining(["schedule", "boot", "observe", "run"]));
    const idle = decisions.filter(({ outcome }) => outcome === "nothing");
    expect(new Set(idle.map((one) => one.function)).size).toBe(idle.length);
    expect(idle.length).toBeGreaterThan(0);
  });

  it("shows the machine as its node knows it", async () => {
    await vm({ runStrategy: "Always" });
    const { body } = await ask("GET", EXPLAIN, undefined, 2);
    expect(body).toMatchObject({
      status: "Running",
      machine: { state: "running" },
      instance: { node: "node1", address: "10.1.0.2" },
    });
    expect((body as unknown as Explanation).waitsFor).toBeUndefined();
    world.node.up = false;
    expect((await ask("GET", EXPLAIN, undefined, 2)).body).toMatchObject({
      machine: { unknown: "node1 does not answer" },
    });
  });

  it("knows nobody of another name", async () => {
    await open();
    expect((await ask("GET", EXPLAIN, undefined, 2)).code).toBe(404);
  });
});

describe("cloudevents", () => {
  const EVENTS = "/apis/subresources.virtive.dev/v1/cloudevents";

  async function entries(query: string): Promise<JournalEntry[]> {
    const response = await gateway.apis[2]?.app.request(`${EVENTS}?${query}`);
    const text = (await response?.text()) ?? "";
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as JournalEntry);
  }

  it("gives the journal as lines, by key and type, from a cursor on", async () => {
    await vm({ runStrategy: "Always" });
    const all = await entries("");
    expect(all.length).toBeGreaterThan(20);
    const started = await entries("type=dev.virtive.machine.started&key=default/web");
    expect(started).toHaveLength(1);
    const cursor = started[0]?.cursor ?? 0;
    expect((await entries(`after=${cursor}`)).every((entry) => entry.cursor > cursor)).toBe(true);
    expect((await entries("entry=decision&type=boot")).every((entry) => entry.entry === "decision")).toBe(true);
  });

  it("follows until the reader leaves", async () => {
    await open();
    const response = await gateway.apis[2]?.app.request(`${EVENTS}?follow=1&type=dev.virtive.machine.started`);
    const reader = response?.body?.getReader();
    await world.create(VirtualMachine, virtualMachine());
    const reading = reader?.read();
    await isRunning();
    const line = new TextDecoder().decode((await reading)?.value as Uint8Array | undefined);
    expect(JSON.parse(line)).toMatchObject({ entry: "event", event: { type: "dev.virtive.machine.started" } });
    await reader?.cancel();
  });

  it("takes a reader who leaves for no failure of the journal", async () => {
    const warned: string[] = [];
    await open({ log: { ...silentLog, warn: (_fields, message) => void warned.push(message) } });
    const leaving = new AbortController();
    const { signal } = leaving;
    const response = await gateway.apis[2]?.app.request(`${EVENTS}?follow=1&after=999999`, { signal });
    const reader = response?.body?.getReader();
    void reader?.read();
    await world.clock.settle();
    const left = reader?.cancel();
    leaving.abort();
    await left;
    await world.clock.settle();
    expect(warned).toEqual([]);
  });

  it("names the types there are to who asks for another", async () => {
    await open();
    const { code, body } = await ask("GET", `${EVENTS}?type=dev.virtive.machine.strated`, undefined, 2);
    expect(code).toBe(400);
    expect(body["message"]).toMatch(
      /type: there is no "dev\.virtive\.machine\.strated"; there are .*dev\.virtive\.machine\.started/,
    );
  });

  it.each(["after=x", "follow=maybe", "color=red"])("refuses the query %s", async (query) => {
    await open();
    expect((await ask("GET", `${EVENTS}?${query}`, undefined, 2)).code).toBe(400);
  });
});

describe("the groups", () => {
  it("say what they serve, in both versions", async () => {
    await open();
    for (const [index, version] of ["v1", "v1alpha3"].entries()) {
      const { body } = await ask("GET", `/apis/subresources.kubevirt.io/${version}`, undefined, index);
      expect(body).toMatchObject({ kind: "APIResourceList", groupVersion: `subresources.kubevirt.io/${version}` });
      expect(JSON.stringify(body)).toContain("virtualmachineinstances/console");
    }
  });

  it("tell a version that virtctl can compare, and that they are healthy", async () => {
    await open();
    expect((await ask("GET", "/apis/subresources.kubevirt.io/v1/version")).body["gitVersion"]).toMatch(/^v1\.9\.\d+$/);
    expect((await ask("GET", "/apis/subresources.kubevirt.io/v1/healthz")).code).toBe(200);
  });

  it("expand a VM without an instance type to itself", async () => {
    await vm({ runStrategy: "Halted" }, false);
    const { code, body } = await ask("GET", `${ROOT}/virtualmachines/web/expand-spec`);
    expect(code).toBe(200);
    expect(body["spec"]).toEqual((await world.vm())?.spec);
    const posted = virtualMachine({ instancetype: { name: "small" } });
    expect((await ask("PUT", `${ROOT}/expand-vm-spec`, posted)).code).toBe(501);
    const annotated = (bytes: number) => {
      const { spec } = virtualMachine();
      const metadata = { annotations: { note: "x".repeat(bytes) } };
      return virtualMachine({ template: { ...spec.template, metadata } });
    };
    const large = annotated(2_900_000);
    expect(await ask("PUT", `${ROOT}/expand-vm-spec`, large)).toMatchObject({ code: 200, body: { spec: large.spec } });
    expect((await ask("PUT", `${ROOT}/expand-vm-spec`, annotated(3_150_000))).code).toBe(413);
  });

  it("ask whether the user may, where nobody in front has asked", async () => {
    const asked: unknown[] = [];
    await open({
      authorize: async (attributes) => {
        asked.push(attributes);
        return false;
      },
    });
    const response = await gateway.apis[0]?.app.request(`${ROOT}/virtualmachines/web/start`, {
      method: "PUT",
      headers: { "X-Remote-User": "jane", "X-Remote-Group": "devs" },
    });
    expect(response?.status).toBe(403);
    expect(asked).toEqual([
      {
        user: { name: "jane", groups: ["devs"] },
        verb: "update",
        group: "subresources.kubevirt.io",
        resource: "virtualmachines",
        subresource: "start",
        namespace: "default",
        name: "web",
      },
    ]);
  });
});
