import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { flowEvents, nodeEvents, objectEvents } from "#events/catalogue.ts";
import { delivery, event } from "./sample.ts";
import { bench, ids, times, gated } from "./broker-bench.ts";

describe("what nodes say, and that one says nothing any more", () => {
  it.each([
    ["a heartbeat", { type: nodeEvents.heartbeat.type }],
    ["the time by which one should have come", { type: flowEvents.deadline.type, extensions: { kind: "Node" } }],
  ])("goes before what is told of objects, and is taken while the queue is full of that: %s", async (_what, said) => {
    const { broker, subscribe, clock } = bench({ parallel: 1, mostWaiting: 2, patienceMilliseconds: 10 });
    const gate = gated();
    subscribe({ subscriber: gate.subscriber });
    const changed = (id: string) => event({ id, key: id, type: objectEvents.updated.type });
    for (const id of ["a", "b", "c"]) {
      await broker.publish(changed(id));
      await clock.settle();
    }
    const refused = expect(broker.publish(changed("d"))).rejects.toMatchObject({ reason: "BrokerFull" });
    await clock.advance(20);
    await refused;
    await broker.publish(event({ id: "beat", key: "/node1", ...said }));
    for (let round = 0; round < 4; round += 1) {
      gate.open();
      await clock.settle();
    }
    expect(gate.started).toEqual(["a a", "beat /node1", "b b", "c c"]);
    await broker.close();
  });
});

describe("delivery", () => {
  it("goes to each trigger whose filters match, with the key", async () => {
    const { broker, subscribe } = bench();
    const all = subscribe({ name: "all" });
    const some = subscribe({ name: "some", filters: [{ exact: { type: "wanted" } }] });
    await broker.publish(event({ id: "1", type: "wanted", key: "ns/a" }));
    await broker.publish(event({ id: "2", type: "other", key: "ns/b" }));
    await broker.idle();
    expect(all.map(({ event: { id }, key }) => `${id} ${key}`)).toEqual(["1 ns/a", "2 ns/b"]);
    expect(ids(some)).toEqual(["1"]);
  });

  it("goes to a trigger that came or went after events like it", async () => {
    const { broker, clock, subscribe } = bench();
    const first = subscribe({ name: "first", filters: [{ exact: { type: "a" } }] });
    const send = async (id: string, parts: Parameters<typeof event>[0]): Promise<void> => {
      await broker.publish(event({ id, key: id, type: "a", ...parts }));
      await clock.settle();
    };
    await send("1", {});
    const second = subscribe({ name: "second", filters: [{ exact: { type: "a", subject: "s" } }] });
    await send("2", {});
    await send("3", { subject: "s" });
    broker.removeTrigger("first");
    await send("4", { subject: "s" });
    expect([ids(first), ids(second)]).toEqual([
      ["1", "2", "3"],
      ["3", "4"],
    ]);
  });

  it("does not take two attributes for others that read the same side by side", async () => {
    const { broker, clock, subscribe } = bench();
    const told = subscribe({ filters: [{ exact: { source: "/a", subject: "b c" } }] });
    await broker.publish(event({ id: "1", source: "/a b", subject: "c" }));
    await broker.publish(event({ id: "2", source: "/a", subject: "b c" }));
    await clock.settle();
    expect(ids(told)).toEqual(["2"]);
  });

  it("shows the time of arrival and no hop count", async () => {
    const { broker, subscribe } = bench();
    const delivered = subscribe({});
    await broker.publish(event({ extensions: { knativebrokerttl: "7" } }));
    await broker.idle();
    expect(delivered[0]?.event.extensions).toEqual({ knativearrivaltime: "2026-01-01T00:00:00.000Z" });
  });

  it("runs one at a time a key, over all triggers, and keys side by side", async () => {
    const { broker, clock } = bench();
    const gate = gated();
    for (const name of ["one", "two"]) broker.addTrigger({ name, filters: [], subscriber: gate.subscriber });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await broker.publish(event({ id: "2", key: "ns/b" }));
    await clock.settle();
    expect(gate.started).toEqual(["1 ns/a", "2 ns/b"]);
    gate.open();
    await clock.settle();
    expect(gate.started).toEqual(["1 ns/a", "2 ns/b", "1 ns/a"]);
  });

  it("does not let a busy key hold up others when workers are few", async () => {
    const { broker, clock } = bench({ parallel: 1 });
    const gate = gated();
    for (const name of ["one", "two", "three"]) broker.addTrigger({ name, filters: [], subscriber: gate.subscriber });
    await broker.publish(event({ id: "1", key: "busy" }));
    await broker.publish(event({ id: "2", key: "other" }));
    for (let turn = 0; turn < 6; turn += 1) {
      await clock.settle();
      gate.open();
    }
    await clock.settle();
    expect(gate.started.map((each) => each.split(" ")[1])).toEqual(["busy", "other", "busy", "other", "busy", "other"]);
  });

  it("takes the keys that a trigger names, each once", async () => {
    const { broker, subscribe } = bench();
    const delivered = subscribe({ keys: async () => ["ns/a", "ns/b", "ns/a"] });
    await broker.publish(event());
    await broker.idle();
    expect(delivered.map(({ key }) => key)).toEqual(["ns/a", "ns/b"]);
  });

  it("tries again to find out keys", async () => {
    const { broker, clock, subscribe } = bench();
    let asked = 0;
    const delivered = subscribe({
      keys() {
        asked += 1;
        if (asked < 3) throw new Fault("later", "NotYet", "not yet");
        return ["ns/a"];
      },
    });
    await broker.publish(event());
    await clock.advance(1000);
    expect(delivered.map(({ key, seconds }) => [key, seconds])).toEqual([["ns/a", 0.3]]);
  });
});

describe("what waits for the same key", () => {
  it("becomes one: the newest", async () => {
    const { broker, clock } = bench();
    const gate = gated();
    broker.addTrigger({ name: "t", filters: [], subscriber: gate.subscriber });
    for (const id of ["1", "2", "3", "4"]) {
      await broker.publish(event({ id, key: "ns/a" }));
      await clock.settle();
    }
    gate.open();
    await clock.settle();
    gate.open();
    await broker.idle();
    expect(gate.started).toEqual(["1 ns/a", "4 ns/a"]);
    expect(broker.metrics().triggers["t"]).toMatchObject({ delivered: 2, coalesced: 2 });
  });

  it("stays the one that says more", async () => {
    const { broker, clock } = bench();
    const gate = gated();
    broker.addTrigger({ name: "t", filters: [], subscriber: gate.subscriber });
    await broker.publish(event({ id: "running", key: "/n" }));
    await clock.settle();
    await broker.publish(event({ id: "heartbeat", type: nodeEvents.heartbeat.type, key: "/n" }));
    await broker.publish(event({ id: "changed", type: objectEvents.updated.type, key: "/n" }));
    await broker.publish(event({ id: "due", type: flowEvents.deadline.type, key: "/n" }));
    gate.open();
    await clock.settle();
    gate.open();
    await broker.idle();
    expect(gate.started).toEqual(["running /n", "heartbeat /n"]);
  });
});

describe("a wake", () => {
  it("comes at its time to its trigger and key alone", async () => {
    const { broker, clock, subscribe } = bench();
    const woken = subscribe({ name: "woken", filters: [{ exact: { type: "never" } }] });
    const other = subscribe({ name: "other", filters: [{ exact: { type: "never" } }] });
    broker.wakeAt("woken", "ns/a", new Date(clock.now().getTime() + 30_000));
    await clock.advance(29_999);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken[0]).toMatchObject({
      key: "ns/a",
      event: { type: "dev.virtive.wake.due", data: { trigger: "woken", key: "ns/a" } },
    });
    expect(other).toEqual([]);
  });

  it("at the earliest of several wishes", async () => {
    const { broker, clock, subscribe } = bench();
    const woken = subscribe({ name: "woken", filters: [{ exact: { type: "never" } }] });
    for (const seconds of [30, 10, 20]) {
      broker.wakeAt("woken", "ns/a", new Date(clock.now().getTime() + seconds * 1000));
    }
    await clock.advance(60_000);
    expect(times(woken)).toEqual([10]);
  });

  it("in the past comes at once", async () => {
    const { broker, clock, subscribe } = bench();
    const woken = subscribe({ name: "woken", filters: [{ exact: { type: "never" } }] });
    broker.wakeAt("woken", "ns/a", new Date(0));
    await clock.advance(1);
    expect(woken.length).toBe(1);
  });
});

describe("bounds", () => {
  it("make a publisher wait while too much waits, and then tell it later", async () => {
    const { broker, clock } = bench({ mostWaiting: 2, parallel: 1, patienceMilliseconds: 500 });
    const gate = gated();
    broker.addTrigger({
      name: "t",
      filters: [],
      delivery: delivery({ timeoutMilliseconds: 60_000 }),
      subscriber: gate.subscriber,
    });
    for (const key of ["a", "b", "c"]) {
      await broker.publish(event({ id: key, key }));
      await clock.settle();
    }
    const outcomes: string[] = [];
    void broker.publish(event({ id: "d", key: "d" })).then(() => outcomes.push("taken"));
    await clock.advance(100);
    expect(outcomes).toEqual([]);
    gate.open();
    await clock.advance(50);
    expect(outcomes).toEqual(["taken"]);
    const refused = broker.publish(event({ id: "e", key: "e" })).catch((thrown: unknown) => thrown);
    await clock.advance(600);
    expect(await refused).toMatchObject({ kind: "later", reason: "BrokerFull", retryAfterSeconds: 1 });
  });

  it("let publishers in as room comes, in the order in which they came", async () => {
    const { broker, clock } = bench({ mostWaiting: 1, parallel: 1, patienceMilliseconds: 500 });
    const turns: (() => void)[] = [];
    const seen: string[] = [];
    broker.addTrigger({
      name: "slow",
      filters: [],
      async subscriber({ id }) {
        seen.push(id);
        await new Promise<void>((resolve) => turns.push(resolve));
        return { status: 204 };
      },
    });
    await broker.publish(event({ id: "1", key: "1" }));
    await clock.settle();
    const published = ["2", "3", "4"].map((id) => broker.publish(event({ id, key: id })));
    for (let turn = 0; turn < 4; turn += 1) {
      await clock.settle();
      turns.shift()?.();
    }
    await Promise.all(published);
    await broker.idle();
    expect(seen).toEqual(["1", "2", "3", "4"]);
  });

  it("let nobody in before those that wait already", async () => {
    const { broker, clock } = bench({ mostWaiting: 1, parallel: 1, patienceMilliseconds: 500 });
    const seen: string[] = [];
    broker.addTrigger({
      name: "slow",
      filters: [],
      async subscriber({ id }) {
        seen.push(id);
        await new Promise<void>((resolve) => void clock.schedule(10, resolve));
        return { status: 204 };
      },
    });
    const restless = async (name: string): Promise<void> => {
      for (let turn = 0; turn < 100; turn += 1) await broker.publish(event({ id: name, key: `${name}${turn}` }));
    };
    const done = Promise.all(["a", "b", "c"].map(restless));
    await clock.advance(10_000);
    await done;
    const turns = Array.from({ length: 100 }, (_, turn) =>
      seen
        .slice(3 * turn, 3 * turn + 3)
        .sort()
        .join(""),
    );
    expect(turns).toEqual(turns.map(() => "abc"));
    expect(seen.length).toBe(300);
  });

  it("let a reply in while its like waits outside", async () => {
    const { broker, clock, subscribe } = bench({ mostWaiting: 1, parallel: 1, patienceMilliseconds: 500 });
    const replies = subscribe({ name: "replies", filters: [{ exact: { type: "reply" } }] });
    broker.addTrigger({
      name: "asks",
      filters: [{ exact: { type: "ask" } }],
      async subscriber({ id }) {
        await new Promise<void>((resolve) => void clock.schedule(10, resolve));
        return { status: 200, reply: event({ id: `re ${id}`, type: "reply" }) };
      },
    });
    const published = ["1", "2", "3"].map((id) => broker.publish(event({ id, type: "ask", key: id })));
    await clock.advance(1000);
    await Promise.all(published);
    expect(times(replies)).toEqual([0.02, 0.02, 0.03]);
    expect(broker.metrics().triggers["asks"]).toMatchObject({ delivered: 3, retried: 0 });
  });

  it("let one in for a delivery that is dropped while it waits for its next attempt", async () => {
    const { broker, clock, subscribe } = bench({ mostWaiting: 1, patienceMilliseconds: 500 });
    subscribe({ name: "fails", filters: [{ exact: { type: "a" } }], answers: [new Fault("later", "Busy", "not now")] });
    const others = subscribe({ name: "others", filters: [{ exact: { type: "b" } }] });
    await broker.publish(event({ id: "1", type: "a" }));
    await clock.settle();
    const outside = broker.publish(event({ id: "2", type: "b" }));
    await clock.settle();
    expect(ids(others)).toEqual([]);
    broker.removeTrigger("fails");
    await outside;
    await clock.settle();
    expect(ids(others)).toEqual(["2"]);
  });

  it("refuse a trigger whose name is taken, whose filters or whose delivery are wrong", () => {
    const { broker, subscribe } = bench();
    subscribe({ name: "t" });
    expect(() => subscribe({ name: "t" })).toThrow(/"t" already/);
    expect(() => subscribe({ name: "u", filters: [{ exact: {} }] })).toThrow(/trigger u: filters\[0\]\.exact/);
    expect(() => subscribe({ name: "v", delivery: delivery({ retry: -1 }) })).toThrow(/trigger v: delivery\.retry/);
    expect(Object.keys(broker.metrics().triggers)).toEqual(["t"]);
  });
});

describe("the end", () => {
  it("lets what runs end and starts nothing new", async () => {
    const { broker, clock } = bench();
    const gate = gated();
    broker.addTrigger({ name: "t", filters: [], subscriber: gate.subscriber });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await clock.settle();
    await broker.publish(event({ id: "2", key: "ns/a" }));
    let closed = false;
    const closing = broker.close().then(() => (closed = true));
    await clock.settle();
    expect(closed).toBe(false);
    gate.open();
    await closing;
    expect(gate.started).toEqual(["1 ns/a"]);
    await expect(broker.publish(event())).rejects.toMatchObject({ kind: "later", reason: "BrokerClosed" });
    await broker.idle();
  });

  it("drops what waits for a trigger that is taken away", async () => {
    const { broker, clock, subscribe } = bench();
    const delivered = subscribe({ answers: [{ status: 500, detail: "no" }] });
    await broker.publish(event());
    await clock.settle();
    broker.removeTrigger("t");
    await clock.advance(60_000);
    expect(delivered.length).toBe(1);
    expect(clock.waiting).toBe(0);
  });
});
