import { beforeEach, describe, expect, it } from "vitest";
import { ConfigMap, KubeEvent } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { whyNoSubdomain } from "#api/validate/text-forms.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { flowEvents, objectEvents } from "#events/catalogue.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { encode } from "#events/http.ts";
import { silentLog } from "#events/log.ts";
import { makeEvent } from "#events/make-event.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import type { Journal } from "#events/journal-entry.ts";
import { changed, nothing, type Decision, type Effect, type FunctionDefinition } from "#functions/define.ts";
import { createDispatcher, type Dispatcher } from "#functions/dispatcher.ts";
import { createHost, type HostAnswer, type HostRequest } from "#functions/http-host.ts";
import { order } from "#functions/machine-order.ts";
import { stillNodes, type StillNodes } from "../../laws/still-nodes.ts";
import { bareInstance, claim } from "./objects.ts";

let clock: VirtualClock;
let cluster: MemoryCluster;
let nodes: StillNodes;
let journal: Journal;
let published: CloudEvent[];
let wakes: unknown[];
let map: Stored<ConfigMap>;

beforeEach(async () => {
  clock = virtualClock();
  cluster = memoryCluster({ clock });
  nodes = stillNodes(true);
  journal = memoryJournal();
  published = [];
  wakes = [];
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "m", namespace: "default" },
    data: { a: "1" },
  };
  map = (await cluster.create(ConfigMap, object)).object;
});

function functionOf(decide: () => Decision, more: Partial<FunctionDefinition> = {}): FunctionDefinition {
  return {
    name: "test",
    purpose: "Tests.",
    on: [changed(ConfigMap)],
    reads: [],
    writes: [],
    read: async () => ({}),
    decide,
    ...more,
  };
}

function dispatcherOf(...functions: FunctionDefinition[]): Dispatcher {
  return createDispatcher({
    functions,
    reader: cluster,
    writer: cluster,
    nodes,
    journal,
    broker: {
      publish: async (event) => void published.push(event),
      addTrigger: () => undefined,
      wakeAt: (...wake) => void wakes.push(wake),
    },
    clock,
    log: silentLog,
  });
}

function event(): CloudEvent {
  const data = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" } };
  const extensions = { kind: "ConfigMap", name: "m" };
  return makeEvent({
    type: objectEvents.updated,
    source: "/test",
    key: "default/m",
    data,
    extensions,
    clock,
    id: "cause-1",
  });
}

function dispatch(definition: FunctionDefinition): ReturnType<Dispatcher["dispatch"]> {
  return dispatcherOf(definition).dispatch(definition, event(), "default/m");
}

function patch(data: Record<string, string>, before: Stored<ConfigMap> = map): Effect {
  const after: ConfigMap = { ...before, data: { ...before.data, ...data } };
  return { do: "patch", kind: ConfigMap, before, after, part: "object" };
}

const effects = (...list: Effect[]) => functionOf(() => ({ effects: list, because: "the test wants it" }));

describe("the dispatcher", () => {
  it("answers 204 and journals what was decided and why", async () => {
    expect(await dispatch(effects(patch({ b: "2" })))).toEqual({ status: 204 });
    expect(journal.latestDecisions("default/m")).toEqual([
      {
        function: "test",
        key: "default/m",
        because: "the test wants it",
        effects: ["patch ConfigMap"],
        outcome: "done",
        cause: "cause-1",
        time: clock.now().toISOString(),
        milliseconds: expect.any(Number) as number,
      },
    ]);
  });

  it("journals decisions to do nothing, and what is gone", async () => {
    await dispatch(functionOf(() => nothing("all is well")));
    await dispatch(functionOf(() => nothing("never"), { read: async () => undefined }));
    expect(journal.latestDecisions("default/m").map(({ outcome }) => outcome)).toEqual(["gone", "nothing"]);
  });

  it("makes one write of several patches of one object", async () => {
    const writes: string[] = [];
    cluster.onWrite(({ verb }) => writes.push(verb));
    await dispatch(effects(patch({ b: "2" }), patch({ c: "3" })));
    expect(writes).toEqual(["patch"]);
    expect((await cluster.get(ConfigMap, { namespace: "default", name: "m" }))?.data).toEqual({
      a: "1",
      b: "2",
      c: "3",
    });
  });

  it("orders with the version that the decision's own patch made", async () => {
    const { object: vmi } = await cluster.create(VirtualMachineInstance, bareInstance());
    const after = { ...vmi, metadata: { ...vmi.metadata, labels: { a: "b" } } };
    const before = vmi.metadata.resourceVersion;
    await dispatch(
      effects(
        { do: "patch", kind: VirtualMachineInstance, before: vmi, after, part: "object" },
        order({ vmi, claim, desired: "running" }),
      ),
    );
    const now = await cluster.get(VirtualMachineInstance, { namespace: "default", name: "web" });
    expect(now?.metadata.resourceVersion).not.toBe(before);
    expect(nodes.machinesHere.get(vmi.metadata.uid)?.version).toBe(now?.metadata.resourceVersion);
  });

  it("patches the status of an object whose other part it has just patched", async () => {
    const { object: vmi } = await cluster.create(VirtualMachineInstance, bareInstance());
    const labelled = { ...vmi, metadata: { ...vmi.metadata, labels: { a: "b" } } };
    const running = { ...vmi, status: { phase: "Running" as const } };
    const kind = VirtualMachineInstance;
    const answer = await dispatch(
      effects(
        { do: "patch", kind, before: vmi, after: labelled, part: "object" },
        { do: "patch", kind, before: vmi, after: running, part: "status" },
      ),
    );
    expect(answer).toEqual({ status: 204 });
    const now = await cluster.get(kind, { namespace: "default", name: "web" });
    expect(now).toMatchObject({ metadata: { labels: { a: "b" } }, status: { phase: "Running" } });
  });

  it("takes a name for granted that has its own owner, and refuses another's", async () => {
    const owned = (uid: string) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "child",
        namespace: "default",
        ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid, controller: true }],
      },
    });
    const create = (uid: string) => effects({ do: "create", kind: ConfigMap, object: owned(uid) });
    expect(await dispatch(create("one"))).toEqual({ status: 204 });
    expect(await dispatch(create("one"))).toEqual({ status: 204 });
    expect(await dispatch(create("two"))).toMatchObject({ status: 422, detail: /NameTaken/ });
  });

  const faults = [
    ["stale", 409],
    ["later", 503],
    ["refused", 422],
    ["bug", 422],
  ] as const;
  it.each(faults)("answers a fault that is %s with %i and no body", async (kind, status) => {
    const broken = functionOf(() => nothing(""), {
      read: () => Promise.reject(new Fault(kind, "Test", "so it is", { retryAfterSeconds: 7 })),
    });
    const answer = await dispatch(broken);
    expect(answer).toMatchObject({ status, detail: "Test: so it is" });
    if (kind === "later") expect(answer).toMatchObject({ retryAfterSeconds: 7 });
    expect(journal.latestDecisions("default/m")[0]?.outcome).toBe(`${kind} Test`);
  });

  it("takes whatever a function throws for a bug", async () => {
    const answer = await dispatch(
      functionOf(() => {
        throw new TypeError("x is undefined");
      }),
    );
    expect(answer).toMatchObject({ status: 422 });
  });

  it("performs nothing after an effect that failed", async () => {
    const moved = await cluster.patch(ConfigMap, map, { ...map, data: { a: "other" } }, "object");
    expect(moved.metadata.resourceVersion).not.toBe(map.metadata.resourceVersion);
    const child = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late", namespace: "default" } };
    expect(await dispatch(effects(patch({ b: "2" }), { do: "create", kind: ConfigMap, object: child }))).toMatchObject({
      status: 409,
    });
    expect(await cluster.get(ConfigMap, { namespace: "default", name: "late" })).toBeUndefined();
  });

  it("lets a function say what a refusal means", async () => {
    const taken: Effect = {
      do: "create",
      kind: ConfigMap,
      object: {
        ...map,
        metadata: {
          name: "m",
          namespace: "default",
          ownerReferences: [{ apiVersion: "v1", kind: "X", name: "x", uid: "u", controller: true }],
        },
      },
    };
    const said = functionOf(() => ({ effects: [taken], because: "it tries" }), {
      refused: (_facts, fault) => ({ effects: [patch({ why: fault.reason })], because: "it says why" }),
    });
    expect(await dispatch(said)).toEqual({ status: 204 });
    expect((await cluster.get(ConfigMap, { namespace: "default", name: "m" }))?.data?.["why"]).toBe("NameTaken");
  });

  it("emits after state has changed, with the same id when it is delivered again", async () => {
    const emit: Effect = {
      do: "emit",
      type: flowEvents.differs,
      key: "default/m",
      data: { node: "n", uid: "u", why: "w" },
      extensions: { node: "n", uid: "u" },
    };
    const both = functionOf(() => ({ effects: [emit], because: "it tells" }));
    await dispatch(both);
    await clock.advance(1000);
    await dispatch(both);
    expect(published.map(({ id }) => id)).toEqual([published[0]?.id, published[0]?.id]);
    expect(published[0]?.extensions).toMatchObject({ partitionkey: "default/m", causationid: "cause-1" });
  });

  it("writes a Kubernetes Event once for what it says twice, a moment after it", async () => {
    const record: Effect = { do: "record", about: map, type: "Warning", reason: "Tested", message: "it was tested" };
    await dispatch(effects(record));
    await dispatch(effects(record));
    expect(await cluster.list(KubeEvent)).toEqual([]);
    await clock.advance(1000);
    const [one, ...others] = await cluster.list(KubeEvent);
    expect(others).toEqual([]);
    expect(one).toMatchObject({
      reason: "Tested",
      involvedObject: { kind: "ConfigMap", name: "m" },
      reportingComponent: "virtive-test",
    });
  });

  it("names a Kubernetes Event about an object of a long name so that it is a name, wherever that is cut", async () => {
    for (const end of [".", "-", "-.", "b"]) {
      const name = `${"a".repeat(200 - end.length)}${end}c`;
      const about = { ...map, metadata: { ...map.metadata, name } };
      await dispatch(effects({ do: "record", about, type: "Warning", reason: "Tested", message: end }));
    }
    await clock.advance(1000);
    const names = (await cluster.list(KubeEvent)).map(({ metadata }) => metadata.name);
    expect(names.length).toBe(4);
    expect(names.filter((name) => whyNoSubdomain(name) !== undefined)).toEqual([]);
  });

  it("looks again when the decision says so", async () => {
    const at = new Date("2026-02-01T00:00:00Z");
    await dispatch(functionOf(() => nothing("wait", at)));
    expect(wakes).toEqual([["test", "default/m", at]]);
  });

  it.each([
    [true, 1],
    [false, 3],
  ])("runs a function that shares something (%j) once at a time, also after a failure", async (shares, expected) => {
    let running = 0;
    let most = 0;
    const ahead = new Set<string>();
    const shared = functionOf(() => nothing("done"), {
      oneAtATime: () => shares,
      async read(_looks, key) {
        // Whether it takes a turn is asked of a look ahead.
        if (shares && !ahead.has(key)) return ahead.add(key);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        throw new Fault("later", "Busy", "busy");
      },
    });
    const dispatcher = dispatcherOf(shared);
    await Promise.all(["a", "b", "c"].map((key) => dispatcher.dispatch(shared, event(), key)));
    expect(most).toBe(expected);
  });

  it.each([
    [true, 2],
    [false, 1],
  ])("reads anew in a turn that is taken (%j), and else decides on what it has read", async (shares, expected) => {
    let reads = 0;
    const decided: unknown[] = [];
    const counting = functionOf(() => nothing("done"), {
      oneAtATime: () => shares,
      read: async () => (reads += 1),
      decide(facts) {
        decided.push(facts);
        return nothing("done");
      },
    });
    await dispatcherOf(counting).dispatch(counting, event(), "a");
    expect([reads, decided]).toEqual([expected, [expected]]);
  });

  it("makes one trigger of several wakes, each with its own keys", async () => {
    const two = functionOf(() => nothing("done"), {
      on: [changed(ConfigMap), changed(VirtualMachineInstance, { keys: async () => ["default/x", "default/y"] })],
    });
    const [trigger, ...others] = dispatcherOf(two).triggers;
    expect(others).toEqual([]);
    expect(await trigger?.keys?.(event())).toEqual(["default/m"]);
    const other = { ...event(), extensions: { ...event().extensions, kind: "VirtualMachineInstance" } };
    expect(await trigger?.keys?.(other)).toEqual(["default/x", "default/y"]);
  });
});

describe("the HTTP host", () => {
  async function post(definition: FunctionDefinition): Promise<HostAnswer> {
    const host = createHost({
      functions: [definition],
      reader: cluster,
      dispatcher: dispatcherOf(definition),
      log: silentLog,
    });
    return host(posted(`/functions/${definition.name}`, event()));
  }

  function posted(path: string, sent: CloudEvent | string): HostRequest {
    const { headers, body } = typeof sent === "string" ? { headers: {}, body: sent } : encode(sent, "binary");
    return { method: "POST", path, headers, body: async () => Buffer.from(body) };
  }

  it("does what the event asks for and answers 204 without a body", async () => {
    expect(await post(effects(patch({ b: "2" })))).toEqual({ status: 204 });
    expect((await cluster.get(ConfigMap, { namespace: "default", name: "m" }))?.data?.["b"]).toBe("2");
  });

  it("answers 503 with Retry-After when it may work later", async () => {
    const busy = functionOf(() => nothing(""), {
      read: () => Promise.reject(new Fault("later", "Busy", "busy", { retryAfterSeconds: 3 })),
    });
    expect(await post(busy)).toMatchObject({ status: 503, retryAfterSeconds: 3 });
  });

  it("says little when something is wrong: Knative's channel breaks on a long answer", async () => {
    const broken = functionOf(() => nothing(""), {
      read: () => Promise.reject(new Fault("bug", "Broken", "ü".repeat(2000))),
    });
    const answer = await post(broken);
    expect(answer.status).toBe(422);
    const { byteLength } = Buffer.from("detail" in answer ? answer.detail : "");
    expect(byteLength).toBeGreaterThan(300);
    expect(byteLength).toBeLessThan(400);
  });

  it("refuses what is no event, for good", async () => {
    const host = createHost({ functions: [effects()], reader: cluster, dispatcher: dispatcherOf(), log: silentLog });
    expect(await host(posted("/functions/test", "hello"))).toMatchObject({ status: 400 });
    expect(await host(posted("/functions/unknown", event()))).toMatchObject({ status: 400 });
    expect(await host({ ...posted("/readyz", ""), method: "GET" })).toEqual({ status: 204 });
  });

  it("logs what was given up, with why", async () => {
    const lines: object[] = [];
    const log = { ...silentLog, error: (fields: object) => lines.push(fields) };
    const host = createHost({ functions: [], reader: cluster, dispatcher: dispatcherOf(), log });
    const said = Buffer.from("NoSuchImage: it is gone").toString("base64");
    const extensions = {
      ...event().extensions,
      knativeerrordest: "http://run",
      knativeerrorcode: "422",
      knativeerrordata: said,
    };
    expect(await host(posted("/dead-letters", { ...event(), extensions }))).toEqual({ status: 204 });
    expect(lines).toEqual([
      expect.objectContaining({ destination: "http://run", code: "422", said: "NoSuchImage: it is gone" }),
    ]);
    expect(await host(posted("/dead-letters", "hello"))).toMatchObject({ status: 400 });
  });
});
