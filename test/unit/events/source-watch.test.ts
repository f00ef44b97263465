import { describe, expect, it } from "vitest";
import { ConfigMap } from "#api/core.ts";
import type { KubeObject } from "#api/object.ts";
import { Fault } from "#events/fault.ts";
import { bench, configMap, create, change, told, held } from "./source-bench.ts";

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
