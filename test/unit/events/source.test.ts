import { describe, expect, it } from "vitest";
import { ConfigMap, Node, Pod } from "#api/core.ts";
import type { KubeObject } from "#api/object.ts";
import { catalogue } from "#events/catalogue.ts";
import { Fault } from "#events/fault.ts";
import type { Source } from "#events/source/source.ts";
import { Machine, bench, configMap, create, change, told } from "./source-bench.ts";

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
