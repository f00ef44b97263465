import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigMap } from "#api/core.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import { virtualClock } from "#events/clock.ts";
import { silentLog } from "#events/log.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { startDeadlines } from "#events/source/deadlines.ts";
import { startSource } from "#events/source/source.ts";

const START = Date.parse("2026-01-01T00:00:00Z");

/** An object whose deadline is so many seconds after the start. */
function due(name: string, seconds: number | undefined, version = "1"): Stored<KubeObject> {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: "ns",
      name,
      uid: name,
      resourceVersion: version,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(seconds === undefined ? {} : { annotations: { due: String(seconds) } }),
    },
  };
}

function deadlineOf(_kind: unknown, object: KubeObject): Date | undefined {
  const seconds = object.metadata.annotations?.["due"];
  return seconds === undefined ? undefined : new Date(START + Number(seconds) * 1000);
}

function bench(given = deadlineOf) {
  const clock = virtualClock(new Date(START));
  const told: [string, number, number][] = [];
  const deadlines = startDeadlines({
    clock,
    deadlineOf: given,
    log: silentLog,
    due: (_kind, object, _deadline, repetition) => {
      told.push([object.metadata.name, (clock.now().getTime() - START) / 1000, repetition]);
    },
  });
  return { clock, told, deadlines };
}

describe("deadlines", () => {
  it("come in the order of time, each as it was set last", async () => {
    const changes = fc.array(fc.record({ index: fc.nat({ max: 9 }), seconds: fc.integer({ min: 1, max: 30 }) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(changes, async (made) => {
        const { clock, told, deadlines } = bench();
        const last = new Map<string, number>();
        made.forEach(({ index, seconds }, version) => {
          deadlines.changed(ConfigMap, due(`o${index}`, seconds, String(version)));
          last.set(`o${index}`, seconds);
        });
        await clock.advance(1_000_000);
        deadlines.close();
        const first = told.filter(([, , repetition]) => repetition === 0);
        expect(first.map(([, at]) => at)).toEqual([...last.values()].toSorted((a, b) => a - b));
        for (const [name, at] of first) expect(at).toBe(last.get(name));
      }),
      { numRuns: 30 },
    );
  });

  it("are told when they have come, and not when they have moved on by themselves", async () => {
    let seconds = 10;
    const { clock, told, deadlines } = bench(() => new Date(START + seconds * 1000));
    deadlines.changed(ConfigMap, due("heard", undefined));
    for (; seconds < 40; seconds += 5) await clock.advance(5_000);
    expect(told).toEqual([]);
    await clock.advance(30_000);
    expect(told).toEqual([
      ["heard", 40, 0],
      ["heard", 50, 1],
    ]);
    seconds = 100;
    await clock.advance(45_000);
    expect(told.slice(2)).toEqual([["heard", 100, 0]]);
    deadlines.close();
  });

  it("move and go with the object", async () => {
    const { clock, told, deadlines } = bench();
    deadlines.changed(ConfigMap, due("moved", 10));
    deadlines.changed(ConfigMap, due("lifted", 10));
    deadlines.changed(ConfigMap, due("deleted", 10));
    await clock.advance(5000);
    deadlines.changed(ConfigMap, due("moved", 20, "2"));
    deadlines.changed(ConfigMap, due("lifted", undefined, "2"));
    deadlines.gone(ConfigMap, due("deleted", 10));
    await clock.advance(19_000);
    expect(told).toEqual([["moved", 20, 0]]);
  });

  it("are told again, ever more rarely, while the object stays as it is", async () => {
    const { clock, told, deadlines } = bench();
    deadlines.changed(ConfigMap, due("stuck", 0));
    await clock.advance(75_000);
    expect(told).toEqual([
      ["stuck", 0, 0],
      ["stuck", 10, 1],
      ["stuck", 30, 2],
      ["stuck", 70, 3],
    ]);
    deadlines.changed(ConfigMap, due("stuck", undefined, "2"));
    await clock.advance(1_000_000);
    expect(told.length).toBe(4);
    expect(clock.waiting).toBe(0);
  });

  it("do not pile up when an object changes often", async () => {
    const { clock, told, deadlines } = bench();
    for (let round = 0; round < 5000; round += 1)
      deadlines.changed(ConfigMap, due("busy", 100 + round / 1000, String(round)));
    expect(clock.waiting).toBe(1);
    await clock.advance(105_000);
    expect(told).toEqual([["busy", 104.999, 0]]);
  });
});

describe("a source that was started again", () => {
  it("knows all deadlines, told as events about their objects", async () => {
    const clock = virtualClock(new Date(START));
    const cluster = memoryCluster({ clock });
    await cluster.create(ConfigMap, due("a", 30));
    const events: string[] = [];
    const start = () =>
      startSource({
        cluster,
        kinds: [ConfigMap],
        publish: async ({ type, extensions, id }) =>
          void events.push(`${type} ${extensions["partitionkey"]} ${id.split(".").slice(2).join(".")}`),
        deadlineOf,
        resyncSeconds: 0,
        clock,
        sourceName: "/test",
      });
    const first = start();
    await clock.advance(10_000);
    await first.close();
    const second = start();
    await clock.advance(25_000);
    await second.close();
    expect(events).toEqual([
      "dev.knative.apiserver.resource.add ns/a add",
      "dev.knative.apiserver.resource.add ns/a add",
      `dev.virtive.deadline.due ns/a deadline.${START + 30_000}.0`,
    ]);
  });
});
