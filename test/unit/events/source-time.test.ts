import { describe, expect, it } from "vitest";
import { ConfigMap, Pod } from "#api/core.ts";
import { Fault } from "#events/fault.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { bench, create, change, told } from "./source-bench.ts";

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
    expect(told(published)).toEqual(["add waits", "add waits", "add waits", "add waits"]);
    expect(new Set(published.map(({ id }) => id)).size).toBe(4);
    published.length = 0;
    await change(cluster, waiting, "2");
    await clock.advance(20_000);
    expect(told(published)).toEqual(["update waits", "add waits"]);
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
