import { describe, expect, it } from "vitest";
import { createLanes } from "#events/broker/lanes.ts";

/** Lanes in which one piece runs at a time, and the order in which pieces ran. */
function bench() {
  const ran: string[] = [];
  const done = Promise.withResolvers<void>();
  const lanes = createLanes(
    1,
    () => done.resolve(),
    () => undefined,
  );
  const add = (key: string, name: string, urgent = false): void =>
    lanes.add(key, async () => void ran.push(name), urgent);
  return { lanes, add, ran, done: done.promise };
}

describe("lanes", () => {
  it("let urgent work go first, with what waits before it of the same key, in its order", async () => {
    const { add, ran, done } = bench();
    add("a", "a1");
    add("b", "b1");
    add("c", "c1");
    add("b", "b2", true);
    await done;
    expect(ran).toEqual(["b1", "b2", "a1", "c1"]);
  });

  it("give every fourth turn to others while urgent work goes on", async () => {
    const { add, ran, done } = bench();
    add("a", "a1");
    add("b", "b1");
    for (const key of ["u", "v", "w", "x", "y", "z"]) add(key, key, true);
    await done;
    expect(ran).toEqual(["u", "v", "w", "a1", "x", "y", "z", "b1"]);
  });

  it("hurry what waits once it has become urgent", async () => {
    const { lanes, add, ran, done } = bench();
    for (const key of ["a", "b", "c"]) add(key, key);
    lanes.hurry("c");
    lanes.hurry("nobody");
    await done;
    expect(ran).toEqual(["c", "a", "b"]);
  });

  it("run one piece of a key at a time, urgent or not", async () => {
    const running = new Map<string, number>();
    const done = Promise.withResolvers<void>();
    const lanes = createLanes(
      8,
      () => done.resolve(),
      () => undefined,
    );
    let most = 0;
    for (let index = 0; index < 60; index += 1) {
      const key = `k${index % 3}`;
      const run = async (): Promise<void> => {
        running.set(key, (running.get(key) ?? 0) + 1);
        most = Math.max(most, running.get(key) ?? 0);
        await Promise.resolve();
        running.set(key, (running.get(key) ?? 0) - 1);
      };
      lanes.add(key, run, index % 4 === 0);
    }
    await done.promise;
    expect(most).toBe(1);
    expect(lanes.waiting).toBe(0);
  });
});
