import { describe, expect, it } from "vitest";
import type { Answer } from "#events/broker-types.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { nodeEvents } from "#events/catalogue.ts";
import { createKeyTurns } from "#functions/key-turns.ts";

const event = (type: string, id = "1"): CloudEvent => ({
  specversion: "1.0",
  id,
  source: "/test",
  type,
  extensions: {},
});
const DONE: Answer = { status: 204 };

/** Work that is held until it is let go, and what of it has begun. */
function held(): { begun: string[]; work: (name: string) => () => Promise<Answer>; release: () => void } {
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    begun,
    work: (name) => () =>
      new Promise((resolve) => {
        begun.push(name);
        waiting.push(() => resolve(DONE));
      }),
    release: () => waiting.shift()?.(),
  };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns by key", () => {
  it("run one at a time a key over all functions, and different keys side by side", async () => {
    const turns = createKeyTurns(10);
    const { begun, work, release } = held();
    const first = turns.run("run", event("a"), "ns/one", work("run one"));
    const second = turns.run("boot", event("a"), "ns/one", work("boot one"));
    const other = turns.run("run", event("a"), "ns/two", work("run two"));
    await settled();
    expect(begun).toEqual(["run one", "run two"]);
    release();
    await first;
    await settled();
    expect(begun).toEqual(["run one", "run two", "boot one"]);
    release();
    release();
    expect(await Promise.all([second, other])).toEqual([DONE, DONE]);
    expect(turns.waiting).toBe(0);
  });

  it("make one run of deliveries that wait for the same turn, but not of one that runs", async () => {
    const turns = createKeyTurns(10);
    const { begun, work, release } = held();
    const running = turns.run("run", event("a"), "ns/one", work("first"));
    await settled();
    const waiting = [2, 3, 4].map((n) => turns.run("run", event("a"), "ns/one", work(`n${n}`)));
    release();
    await running;
    await settled();
    expect(begun).toEqual(["first", "n2"]);
    release();
    expect(await Promise.all(waiting)).toEqual([DONE, DONE, DONE]);
  });

  it("look at each heartbeat, since it is state", async () => {
    const turns = createKeyTurns(10);
    const { begun, work, release } = held();
    const beats = ["1", "2", "3"].map((id) =>
      turns.run("attend", event(nodeEvents.heartbeat.type, id), "/node", work(id)),
    );
    for (const beat of beats) {
      await settled();
      release();
      await beat;
    }
    expect(begun).toEqual(["1", "2", "3"]);
  });

  it("go on after a run that failed", async () => {
    const turns = createKeyTurns(10);
    const failed = turns.run("run", event("a"), "ns/one", () => Promise.reject(new Error("no")));
    const next = turns.run("boot", event("a"), "ns/one", async () => DONE);
    await expect(failed).rejects.toThrow("no");
    expect(await next).toEqual(DONE);
  });

  it("answer 503 to more than may wait", async () => {
    const turns = createKeyTurns(1);
    const { work, release } = held();
    const running = turns.run("run", event("a"), "ns/one", work("one"));
    await settled();
    const waiting = turns.run("boot", event("a"), "ns/one", work("two"));
    expect(await turns.run("stop", event("a"), "ns/one", work("three"))).toMatchObject({ status: 503 });
    release();
    await running;
    await settled();
    release();
    await waiting;
  });
});
