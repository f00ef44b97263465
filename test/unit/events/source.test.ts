import { describe, expect, it } from "vitest";
import { ConfigMap, Node, Pod } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { catalogue } from "#events/catalogue.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { startSource, type Source, type SourceOptions } from "#events/source/source.ts";

const Machine: Kind = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachineInstance",
  plural: "virtualmachineinstances",
  namespaced: true,
};

interface Bench {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly published: CloudEvent[];
  readonly start: (options?: Partial<SourceOptions>) => Source;
}

function bench(): Bench {
  const clock = virtualClock();
  const cluster = memoryCluster({ clock, historyLength: 20 });
  const published: CloudEvent[] = [];
  return {
    clock,
    cluster,
    published,
    start: (options = {}) =>
      startSource({
        cluster,
        kinds: [ConfigMap],
        publish: async (event) => void published.push(event),
        deadlineOf: () => undefined,
        resyncSeconds: 0,
        clock,
        sourceName: "/test/source",
        random: () => 0.5,
        ...options,
      }),
  };
}

function configMap(name: string, value = "1"): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "ns", name }, data: { value } };
}

async function create(cluster: MemoryCluster, name: string): Promise<Stored<KubeObject>> {
  return (await cluster.create<KubeObject>(ConfigMap, configMap(name))).object;
}

async function change(cluster: MemoryCluster, before: Stored<KubeObject>, value: string): Promise<Stored<KubeObject>> {
  const after: KubeObject & { data: unknown } = { ...before, data: { value } };
  return cluster.patch<KubeObject>(ConfigMap, before, after, "object");
}

const told = (events: readonly CloudEvent[]): string[] =>
  events.map(({ type, extensions }) => `${type.split(".").at(-1)} ${extensions["name"] ?? extensions["partitionkey"]}`);

/** What the watches bring waits until it is let through. */
function held(cluster: MemoryCluster): { readonly cluster: MemoryCluster; release(): void } {
  let waiting: (() => void)[] | undefined = [];
  return {
    cluster: {
      ...cluster,
      watch: (kind, version, notice, signal) =>
        cluster.watch(
          kind,
          version,
          (one) => {
            if (waiting === undefined) notice(one);
            else waiting.push(() => notice(one));
          },
          signal,
        ),
    },
    release() {
      const all = waiting ?? [];
      waiting = undefined;
      for (const tell of all) tell();
    },
  };
}

describe("what this process writes", () => {
  it("is told with the write's answer, and once", async () => {
    const { cluster, clock, published, start } = bench();
    const slow = held(cluster);
    const { writer } = start({ cluster: slow.cluster });
    await clock.settle();
    const { object } = await writer.create<KubeObject>(ConfigMap, configMap("a"));
    await writer.patch<KubeObject>(ConfigMap, object, { ...object, data: { value: "2" } } as KubeObject, "object");
    await clock.settle();
    expect(told(published)).toEqual(["add a", "update a"]);
    slow.release();
    await clock.settle();
    expect(told(published)).toEqual(["add a", "update a"]);
  });

  it("is not told as there again when the watch brings the object that had the name before", async () => {
    const { cluster, clock, published, start } = bench();
    const before = await create(cluster, "a");
    const slow = held(cluster);
    const { writer, reader } = start({ cluster: slow.cluster });
    await clock.settle();
    const changed = await change(cluster, before, "2");
    await cluster.remove(ConfigMap, changed);
    const { object } = await writer.create<KubeObject>(ConfigMap, configMap("a", "3"));
    slow.release();
    await clock.settle();
    expect(told(published)).toEqual(["add a", "delete a", "add a"]);
    expect((await reader.get(ConfigMap, { namespace: "ns", name: "a" }))?.metadata.uid).toBe(object.metadata.uid);
  });

  it("is not told when its answer comes after the watch has told of the object's end", async () => {
    const { cluster, clock, published, start } = bench();
    const answer = Promise.withResolvers<void>();
    const { writer, reader } = start({
      cluster: {
        ...cluster,
        async create(kind, object) {
          const created = await cluster.create(kind, object);
          await answer.promise;
          return created;
        },
      },
    });
    await clock.settle();
    const creation = writer.create<KubeObject>(ConfigMap, configMap("a"));
    await clock.settle();
    const there = await reader.get(ConfigMap, { namespace: "ns", name: "a" });
    if (there === undefined) throw new Error("the watch has not told of it");
    await cluster.remove(ConfigMap, there);
    await clock.settle();
    answer.resolve();
    await creation;
    await clock.settle();
    expect(told(published)).toEqual(["add a", "delete a"]);
    expect(await reader.get(ConfigMap, { namespace: "ns", name: "a" })).toBeUndefined();
  });

  it("becomes no event while nobody listens", async () => {
    const { cluster, clock, published, start } = bench();
    let listens = false;
    const source = start({ isHeard: () => listens });
    await clock.settle();
    await create(cluster, "a");
    await clock.settle();
    expect(published).toEqual([]);
    listens = true;
    source.tellAll();
    await clock.settle();
    expect(told(published)).toEqual(["add a"]);
  });
});

describe("the source", () => {
  it("tells nobody of a change that is no news, and knows it all the same", async () => {
    const { cluster, clock, published, start } = bench();
    const valueOf = (object: KubeObject | undefined) =>
      (object as ReturnType<typeof configMap> | undefined)?.data["value"];
    const before = await create(cluster, "old");
    const { reader } = start({ isNews: (_kind, _before, after) => valueOf(after) !== "same" });
    await clock.settle();
    const same = await change(cluster, before, "same");
    await clock.settle();
    expect(told(published)).toEqual(["add old"]);
    expect(valueOf(await reader.get(ConfigMap, { namespace: "ns", name: "old" }))).toBe("same");
    await change(cluster, same, "2");
    await clock.settle();
    expect(told(published)).toEqual(["add old", "update old"]);
  });

  it("tells what exists, what changes and what goes", async () => {
    const { cluster, clock, published, start } = bench();
    const before = await create(cluster, "old");
    start();
    await clock.settle();
    const created = await create(cluster, "new");
    await clock.settle();
    const changed = await change(cluster, before, "2");
    await clock.settle();
    await cluster.remove(ConfigMap, created);
    await clock.settle();
    expect(told(published)).toEqual(["add old", "add new", "update old", "delete new"]);
    expect(published[2]?.data).toEqual(changed);
  });

  it("writes Knative's attributes and ours", async () => {
    const { cluster, clock, published, start } = bench();
    await cluster.create<KubeObject>(Machine, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { namespace: "ns", name: "a", managedFields: [{ manager: "kubectl" }] },
      spec: {},
    } as KubeObject);
    const [created] = await cluster.list(Machine);
    if (created === undefined) throw new Error("nothing was created");
    await cluster.patch(Machine, created, { ...created, status: { phase: "Running" } } as KubeObject, "status");
    start({ kinds: [Machine] });
    await clock.settle();
    expect(published).toEqual([
      {
        specversion: "1.0",
        id: "00000000-0000-4000-8000-000000000001.2.add",
        source: "/test/source",
        type: "dev.knative.apiserver.resource.add",
        subject: "/apis/kubevirt.io/v1/namespaces/ns/virtualmachineinstances/a",
        time: "2026-01-01T00:00:00.000Z",
        datacontenttype: "application/json",
        data: {
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachineInstance",
          metadata: {
            namespace: "ns",
            name: "a",
            uid: "00000000-0000-4000-8000-000000000001",
            creationTimestamp: "2026-01-01T00:00:00Z",
            generation: 1,
            resourceVersion: "2",
          },
          spec: {},
          status: { phase: "Running" },
        },
        extensions: {
          kind: "VirtualMachineInstance",
          apiversion: "kubevirt.io/v1",
          name: "a",
          namespace: "ns",
          uid: "00000000-0000-4000-8000-000000000001",
          resourceversion: "2",
          generation: "1",
          phase: "Running",
          partitionkey: "ns/a",
        },
      },
    ]);
  });

  it("uses only attributes of the catalogue", async () => {
    const { cluster, clock, published, start } = bench();
    await cluster.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n1" }, spec: {} });
    start({ kinds: [Node], resyncSeconds: 60, deadlineOf: () => new Date(0) });
    await clock.advance(1);
    expect(new Set(published.map(({ type }) => type)).size).toBe(3);
    for (const { type, extensions, subject } of published) {
      const known = catalogue.find((entry) => entry.type === type);
      expect(Object.keys(extensions).filter((name) => known?.extensions.includes(name) !== true)).toEqual([]);
      if (subject !== undefined) expect(subject).toBe("/apis/v1/namespaces//nodes/n1");
    }
  });

  it("names the machine that controls an object as its partition", async () => {
    const { cluster, clock, published, start } = bench();
    const owner = (apiVersion: string, controller: boolean) => ({
      apiVersion,
      kind: "VirtualMachineInstance",
      name: "vm",
      uid: "u",
      controller,
    });
    for (const [name, reference] of [
      ["owned", owner("kubevirt.io/v1", true)],
      ["watched", owner("kubevirt.io/v1", false)],
      ["foreign", owner("example.dev/v1", true)],
    ] as const) {
      await cluster.create(Pod, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace: "ns", name, ownerReferences: [reference] },
        spec: { containers: [] },
      });
    }
    start({ kinds: [Pod] });
    await clock.settle();
    expect(published.map(({ extensions }) => extensions["partitionkey"])).toEqual([
      "ns/vm",
      "ns/watched",
      "ns/foreign",
    ]);
  });

  it("publishes nothing before all kinds are known", async () => {
    const { cluster, clock, published, start } = bench();
    await create(cluster, "a");
    const held = Promise.withResolvers<void>();
    const source = start({
      kinds: [ConfigMap, Pod],
      cluster: {
        ...cluster,
        async snapshot(kind, signal) {
          if (kind.kind === "Pod") await held.promise;
          return cluster.snapshot(kind, signal);
        },
      },
    });
    let synced = false;
    void source.synced().then(() => (synced = true));
    await clock.settle();
    expect([synced, published.length]).toEqual([false, 0]);
    held.resolve();
    await clock.settle();
    expect([synced, told(published)]).toEqual([true, ["add a"]]);
  });
});

describe("when watching fails, the source", () => {
  it("resumes from the last version and repeats nothing", async () => {
    const { cluster, clock, published, start } = bench();
    const first = await create(cluster, "a");
    start();
    await clock.settle();
    cluster.disconnect(new Fault("later", "APIServerUnreachable", "gone"));
    await change(cluster, first, "2");
    await clock.advance(1000);
    expect(told(published)).toEqual(["add a", "update a"]);
  });

  it("finds by a new list what was created, changed and deleted meanwhile, when the version has expired", async () => {
    const { cluster, clock, published, start } = bench();
    const [changing, going, renewed] = [
      await create(cluster, "changing"),
      await create(cluster, "going"),
      await create(cluster, "renewed"),
    ];
    await create(cluster, "staying");
    start();
    await clock.settle();
    published.length = 0;
    cluster.disconnect();
    await change(cluster, changing, "2");
    await cluster.remove(ConfigMap, going);
    await cluster.remove(ConfigMap, renewed);
    await create(cluster, "renewed");
    await create(cluster, "coming");
    cluster.compact();
    await clock.advance(5000);
    expect(told(published).toSorted()).toEqual(
      ["add coming", "add renewed", "delete going", "delete renewed", "update changing"].toSorted(),
    );
    expect(told(published).indexOf("delete renewed")).toBeLessThan(told(published).indexOf("add renewed"));
  });

  it("tries again ever more rarely until it works again", async () => {
    const { cluster, clock, published, start } = bench();
    let attempts = 0;
    cluster.refuse(new Fault("later", "APIServerUnreachable", "down"));
    start({
      cluster: {
        ...cluster,
        async snapshot(kind, signal) {
          attempts += 1;
          return cluster.snapshot(kind, signal);
        },
      },
    });
    await clock.advance(600_000);
    expect(attempts).toBeGreaterThan(5);
    expect(attempts).toBeLessThan(160);
    cluster.refuse(undefined);
    await create(cluster, "a");
    await clock.advance(40_000);
    expect(told(published)).toEqual(["add a"]);
  });

  it("does not ask a server in a tight loop that ends each watch at once", async () => {
    const { cluster, clock, start } = bench();
    let watches = 0;
    start({
      cluster: {
        ...cluster,
        async watch() {
          watches += 1;
        },
      },
    });
    await clock.advance(60_000);
    expect(watches).toBeGreaterThan(3);
    expect(watches).toBeLessThan(20);
  });
});

describe("the reader", () => {
  it("is never older than the event that is told", async () => {
    const { cluster, clock, start } = bench();
    const seen: [string | undefined, string | undefined][] = [];
    const source: Source = start({
      async publish(event) {
        const object = await source.reader.get(ConfigMap, { namespace: "ns", name: "a" });
        seen.push([event.extensions["resourceversion"], object?.metadata.resourceVersion]);
      },
    });
    let object = await create(cluster, "a");
    for (let round = 0; round < 5; round += 1) {
      await clock.settle();
      object = await change(cluster, object, String(round));
    }
    await clock.settle();
    expect(seen.length).toBe(6);
    for (const [event, read] of seen) expect(Number(read)).toBeGreaterThanOrEqual(Number(event));
  });

  it("lists by namespace and labels", async () => {
    const { cluster, clock, start } = bench();
    for (const [namespace, name, app] of [
      ["one", "a", "x"],
      ["one", "b", "y"],
      ["two", "c", "x"],
    ] as const) {
      await cluster.create(ConfigMap, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace, name, labels: { app } },
      });
    }
    const { reader } = start();
    await clock.settle();
    const names = async (query: Parameters<typeof reader.list>[1]): Promise<string[]> =>
      (await reader.list(ConfigMap, query)).map(({ metadata }) => metadata.name);
    expect(await names({})).toEqual(["a", "b", "c"]);
    expect(await names({ namespace: "one" })).toEqual(["a", "b"]);
    expect(await names({ labels: { app: "x" } })).toEqual(["a", "c"]);
    expect(await names({ namespace: "one", labels: { app: "x" } })).toEqual(["a"]);
  });

  it("asks the cluster for kinds that are not watched", async () => {
    const { cluster, clock, start } = bench();
    const { reader } = start({ kinds: [] });
    await create(cluster, "a");
    await clock.settle();
    expect((await reader.get(ConfigMap, { namespace: "ns", name: "a" }))?.metadata.name).toBe("a");
  });

  it("reads what was written through the source before the watch tells it", async () => {
    const { cluster, clock, published, start } = bench();
    const source = start();
    await clock.settle();
    // The watch is silent from here on.
    cluster.disconnect();
    const { object } = await source.writer.create<KubeObject>(ConfigMap, configMap("a"));
    await source.writer.patch<KubeObject>(ConfigMap, object, { ...object, ...{ data: { value: "2" } } }, "object");
    expect(await source.reader.get(ConfigMap, { namespace: "ns", name: "a" })).toMatchObject({ data: { value: "2" } });
    await clock.advance(1000);
    expect(told(published)).toEqual(["add a", "update a"]);
  });

  it("does not bring back what was deleted when an own write is answered late", async () => {
    const { cluster, clock, start } = bench();
    const object = await create(cluster, "a");
    const answer = Promise.withResolvers<void>();
    const source = start({
      cluster: {
        ...cluster,
        async patch(kind, before, after, part) {
          const written = await cluster.patch(kind, before, after, part);
          await answer.promise;
          return written;
        },
      },
    });
    await clock.settle();
    const writing = source.writer.patch<KubeObject>(
      ConfigMap,
      object,
      { ...object, ...{ data: { value: "2" } } },
      "object",
    );
    await cluster.remove(ConfigMap, object);
    await clock.settle();
    answer.resolve();
    await writing;
    expect(await source.reader.get(ConfigMap, { namespace: "ns", name: "a" })).toBeUndefined();
  });

  it("forgets an own write that nobody told of and that is gone by the next list", async () => {
    const { cluster, clock, start } = bench();
    const source = start();
    await clock.settle();
    cluster.disconnect();
    const { object } = await source.writer.create<KubeObject>(ConfigMap, configMap("a"));
    await cluster.remove(ConfigMap, object);
    cluster.compact();
    await clock.advance(5000);
    expect(await source.reader.list(ConfigMap)).toEqual([]);
  });
});

describe("publishing", () => {
  it("goes on in order when the broker says later", async () => {
    const { cluster, clock, published, start } = bench();
    let refusals = 3;
    start({
      async publish(event) {
        if (refusals > 0) {
          refusals -= 1;
          throw new Fault("later", "BrokerFull", "full", { retryAfterSeconds: 1 });
        }
        published.push(event);
      },
    });
    await create(cluster, "a");
    await create(cluster, "b");
    await clock.advance(2500);
    expect(published).toEqual([]);
    await clock.advance(1000);
    expect(told(published)).toEqual(["add a", "add b"]);
  });

  it("keeps only the newest update of an object when very much waits", async () => {
    const { cluster, clock, published, start } = bench();
    const held = Promise.withResolvers<void>();
    const source = start({
      async publish(event) {
        await held.promise;
        published.push(event);
      },
    });
    let object = await create(cluster, "a");
    for (let round = 0; round < 3000; round += 1) {
      object = await change(cluster, object, String(round));
      if (round % 10 === 0) await clock.settle();
    }
    held.resolve();
    await source.idle();
    expect(published.length).toBeLessThan(1100);
    expect(published.at(-1)?.extensions["resourceversion"]).toBe(object.metadata.resourceVersion);
  });
});

describe("the resync", () => {
  it("tells what exists again, evenly over the time and not all at once", async () => {
    const { cluster, clock, published, start } = bench();
    for (let index = 0; index < 10; index += 1) await create(cluster, `c${index}`);
    const source = start({ retellSeconds: 100 });
    await clock.advance(1000);
    published.length = 0;
    await clock.advance(100_000);
    const counts: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      await clock.advance(10_000);
      counts.push(published.length);
    }
    const [first = 0, last = 0] = [counts[0], counts.at(-1)];
    expect(last - first).toBe(9);
    expect(new Set(published.map(({ subject }) => subject)).size).toBe(10);
    await source.close();
  });

  it("is due once all is known and then at its interval", async () => {
    const { clock, published, start } = bench();
    const source = start({ resyncSeconds: 60 });
    await clock.advance(180_000);
    expect(told(published)).toEqual(Array.from({ length: 4 }, () => "due /resync"));
    expect(new Set(published.map(({ id }) => id)).size).toBe(4);
    await source.close();
    await clock.advance(180_000);
    expect(published.length).toBe(4);
    expect(clock.waiting).toBe(0);
  });
});

describe("every object", () => {
  const TEN_MINUTES = 600_000;

  it("is told again as changed every ten minutes, in its present state and as an event of its own", async () => {
    const { clock, cluster, published, start } = bench();
    const [kept, gone] = [await create(cluster, "kept"), await create(cluster, "gone")];
    const source = start();
    await clock.advance(TEN_MINUTES - 1000);
    expect(told(published)).toEqual(["add kept", "add gone"]);
    await change(cluster, kept, "2");
    await cluster.remove(ConfigMap, gone);
    await clock.settle();
    published.length = 0;
    await clock.advance(1000);
    expect(told(published)).toEqual(["update kept"]);
    expect(published[0]?.data).toMatchObject({ data: { value: "2" } });
    await clock.advance(2 * TEN_MINUTES);
    expect(told(published)).toEqual(["update kept", "update kept", "update kept"]);
    expect(new Set(published.map(({ id }) => id)).size).toBe(3);
    await source.close();
    expect(clock.waiting).toBe(0);
  });

  it("is told again after as many seconds as are asked for, and never when that is none", async () => {
    const [often, never] = [bench(), bench()];
    for (const { cluster } of [often, never]) await create(cluster, "one");
    const sources = [often.start({ retellSeconds: 7 }), never.start({ retellSeconds: 0 })];
    await Promise.all([often, never].map(({ clock }) => clock.advance(20_000)));
    expect(told(often.published)).toEqual(["add one", "update one", "update one"]);
    await never.clock.advance(10 * TEN_MINUTES);
    expect(told(never.published)).toEqual(["add one"]);
    await Promise.all(sources.map((source) => source.close()));
  });

  it("is not told again before all kinds are known, nor once the source is closed", async () => {
    const { clock, cluster, published, start } = bench();
    await create(cluster, "one");
    let answers = false;
    const slow: MemoryCluster = {
      ...cluster,
      snapshot: (kind, signal) =>
        kind === ConfigMap || answers
          ? cluster.snapshot(kind, signal)
          : Promise.reject(new Fault("later", "Slow", "not yet")),
    };
    const source = start({ cluster: slow, kinds: [ConfigMap, Pod] });
    await clock.advance(3 * TEN_MINUTES);
    expect(published).toEqual([]);
    answers = true;
    await source.close();
    await clock.advance(3 * TEN_MINUTES);
    expect(published).toEqual([]);
  });
});

describe("where a broker may lose events", () => {
  it("what waits unchanged is told again, ever more rarely, and nothing else", async () => {
    const { clock, cluster, published, start } = bench();
    await create(cluster, "rests");
    const waiting = await create(cluster, "waits");
    const source = start({
      retellSeconds: 0,
      retellWaiting: {
        seconds: 10,
        waits: (_kind, { metadata }, peek) =>
          metadata.name === "waits" && peek(ConfigMap, { namespace: "ns", name: "rests" }) !== undefined,
      },
    });
    await clock.settle();
    published.length = 0;
    await clock.advance(9_000);
    expect(published).toEqual([]);
    await clock.advance(92_000);
    // After 1, 2, 4 and 8 rounds.
    expect(told(published)).toEqual(["update waits", "update waits", "update waits", "update waits"]);
    expect(new Set(published.map(({ id }) => id)).size).toBe(4);
    published.length = 0;
    await change(cluster, waiting, "2");
    await clock.advance(20_000);
    expect(told(published)).toEqual(["update waits", "update waits"]);
    await source.close();
  });

  it("events go side by side, so that one that is not taken holds up no others", async () => {
    const { clock, cluster, published, start } = bench();
    for (const name of ["stuck", "one", "two"]) await create(cluster, name);
    const source = start({
      parallel: 2,
      retellSeconds: 0,
      publish: async (event) => {
        if (event.extensions["name"] === "stuck") throw new Fault("later", "Full", "not now");
        published.push(event);
      },
    });
    await clock.settle();
    expect(told(published)).toEqual(["add one", "add two"]);
    await source.close();
  });
});
