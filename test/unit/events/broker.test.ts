import { describe, expect, it } from "vitest";
import { createBroker, type BrokerOptions, type LocalBroker, type TriggerSpec } from "#events/broker/broker.ts";
import type { Answer } from "#events/broker-types.ts";
import { seededRandom } from "#events/chance.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { Journal } from "#events/journal-entry.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { flowEvents, nodeEvents, objectEvents } from "#events/catalogue.ts";
import { delivery, event } from "./sample.ts";

interface Bench {
  readonly broker: LocalBroker;
  readonly clock: VirtualClock;
  readonly journal: Journal;
  /** Adds a trigger whose subscriber answers these in turn, then 204; tells what it was given and when. */
  readonly subscribe: (spec: Partial<TriggerSpec> & { readonly answers?: readonly (Answer | Fault)[] }) => Delivered[];
}

interface Delivered {
  readonly event: CloudEvent;
  readonly key: string;
  readonly seconds: number;
}

function bench(options: Partial<BrokerOptions> = {}): Bench {
  const clock = virtualClock();
  const start = clock.now().getTime();
  const journal = memoryJournal();
  const broker = createBroker({ journal, clock, random: () => 0.5, log: silentLog, ...options });
  return {
    broker,
    clock,
    journal,
    subscribe({ answers = [], ...spec }) {
      const delivered: Delivered[] = [];
      const left = [...answers];
      broker.addTrigger({
        name: "t",
        filters: [],
        delivery: delivery(),
        async subscriber(given, key) {
          delivered.push({ event: given, key, seconds: (clock.now().getTime() - start) / 1000 });
          const answer = left.shift() ?? { status: 204 };
          if (answer instanceof Fault) throw answer;
          return answer;
        },
        ...spec,
      });
      return delivered;
    },
  };
}

const ids = (delivered: readonly Delivered[]): string[] => delivered.map((each) => each.event.id);
const times = (delivered: readonly Delivered[]): number[] => delivered.map((each) => each.seconds);

/** A subscriber that answers when it is told to. */
function gated(): {
  readonly subscriber: TriggerSpec["subscriber"];
  readonly started: string[];
  open(answer?: Answer): void;
} {
  const started: string[] = [];
  const waiting: ((answer: Answer) => void)[] = [];
  return {
    started,
    subscriber: (given, key) => {
      started.push(`${given.id} ${key}`);
      return new Promise((resolve) => waiting.push(resolve));
    },
    open(answer = { status: 204 }) {
      waiting.shift()?.(answer);
    },
  };
}

describe("what nodes say", () => {
  it("goes before what is told of objects, and is taken while the queue is full of that", async () => {
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
    await broker.publish(event({ id: "beat", key: "/node1", type: nodeEvents.heartbeat.type }));
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

describe("failure", () => {
  it.each([409, 429, 500, 503] as const)("with %s is tried again with a pause that doubles", async (status) => {
    const { broker, clock, subscribe } = bench();
    const failure: Answer = { status, detail: "no" };
    const delivered = subscribe({ answers: [failure, failure, failure] });
    await broker.publish(event());
    await clock.advance(10_000);
    expect(times(delivered)).toEqual([0, 0.1, 0.3, 0.7]);
    expect(broker.metrics().triggers["t"]).toMatchObject({ delivered: 1, retried: 3, deadLettered: 0 });
  });

  it("is tried again in even steps where the trigger says linear", async () => {
    const { broker, clock, subscribe } = bench();
    const failure: Answer = { status: 500, detail: "no" };
    const delivered = subscribe({
      answers: [failure, failure, failure],
      delivery: delivery({ backoffPolicy: "linear" }),
    });
    await broker.publish(event());
    await clock.advance(10_000);
    expect(times(delivered).map((seconds) => Math.round(seconds * 10) / 10)).toEqual([0, 0.1, 0.3, 0.6]);
  });

  it("waits as long as Retry-After asks", async () => {
    const { broker, clock, subscribe } = bench();
    const delivered = subscribe({ answers: [{ status: 503, detail: "busy", retryAfterSeconds: 20 }] });
    await broker.publish(event());
    await clock.advance(60_000);
    expect(times(delivered)).toEqual([0, 20]);
  });

  it("is spread over time by chance", async () => {
    const { broker, clock, subscribe } = bench({ random: seededRandom(3) });
    const answers = Array.from({ length: 20 }, (): Answer => ({ status: 500, detail: "no" }));
    const delivered = subscribe({ answers, delivery: delivery({ backoffDelayMilliseconds: 1000 }) });
    for (let index = 0; index < 20; index += 1) await broker.publish(event({ key: `ns/${index}` }));
    await clock.advance(5000);
    const pauses = times(delivered).slice(20);
    expect(new Set(pauses).size).toBeGreaterThan(10);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0.8);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1.2);
  });

  it("does not hold up other triggers of the key", async () => {
    const { broker, clock, subscribe } = bench();
    subscribe({ name: "failing", answers: [{ status: 503, detail: "no", retryAfterSeconds: 60 }] });
    const other = subscribe({ name: "other" });
    await broker.publish(event({ key: "ns/a" }));
    await clock.advance(10);
    expect(ids(other)).toEqual(["1"]);
  });

  it("of a thrown fault follows the fault's kind", async () => {
    const { broker, clock, subscribe } = bench();
    const delivered = subscribe({
      answers: [new Fault("stale", "Conflict", "changed"), new Fault("later", "Down", "down")],
    });
    const broken = subscribe({ name: "broken", answers: [new Fault("bug", "Oops", "oops")] });
    await broker.publish(event());
    await clock.advance(10_000);
    expect(delivered.length).toBe(3);
    expect(broken.length).toBe(1);
    expect(broker.metrics().triggers["broken"]).toMatchObject({ deadLettered: 1 });
  });

  it("is cut short by news about the key", async () => {
    const { broker, clock, subscribe } = bench();
    const delivered = subscribe({ answers: [{ status: 503, detail: "no", retryAfterSeconds: 60 }] });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await clock.advance(5000);
    await broker.publish(event({ id: "2", key: "ns/a" }));
    await clock.advance(0);
    expect(delivered.map(({ event: { id }, seconds }) => [id, seconds])).toEqual([
      ["1", 0],
      ["2", 5],
    ]);
    await clock.advance(120_000);
    expect(delivered.length).toBe(2);
  });

  it("leaves news all of its retries", async () => {
    const { broker, clock, subscribe } = bench();
    const answers = Array.from({ length: 6 }, (): Answer => ({ status: 500, detail: "no" }));
    const delivered = subscribe({ answers, delivery: delivery({ retry: 3, backoffDelayMilliseconds: 1000 }) });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await clock.advance(3500);
    await broker.publish(event({ id: "2", key: "ns/a" }));
    await clock.advance(60_000);
    expect(ids(delivered)).toEqual(["1", "1", "1", "2", "2", "2", "2"]);
    expect(broker.metrics().triggers["t"]).toMatchObject({ delivered: 1, deadLettered: 0 });
  });

  it("by too many requests is not cut short", async () => {
    const { broker, clock, subscribe } = bench();
    const delivered = subscribe({ answers: [{ status: 429, detail: "slow down", retryAfterSeconds: 60 }] });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await clock.advance(5000);
    await broker.publish(event({ id: "2", key: "ns/a" }));
    await clock.advance(60_000);
    expect(delivered.map(({ event: { id }, seconds }) => [id, seconds])).toEqual([
      ["1", 0],
      ["2", 60],
    ]);
  });

  it("while something happened meanwhile is followed by that at once", async () => {
    const { broker, clock } = bench();
    const gate = gated();
    broker.addTrigger({ name: "t", filters: [], subscriber: gate.subscriber });
    await broker.publish(event({ id: "1", key: "ns/a" }));
    await clock.settle();
    await broker.publish(event({ id: "2", key: "ns/a" }));
    gate.open({ status: 500, detail: "no" });
    await clock.settle();
    expect(gate.started).toEqual(["1 ns/a", "2 ns/a"]);
  });
});

describe("an answer that does not come", () => {
  it("ends the attempt, tells the subscriber to stop, and is tried again", async () => {
    const { broker, clock } = bench();
    const signals: AbortSignal[] = [];
    let attempts = 0;
    broker.addTrigger({
      name: "slow",
      filters: [],
      delivery: delivery(),
      subscriber(_event, _key, signal) {
        attempts += 1;
        signals.push(signal);
        if (attempts > 1) return Promise.resolve({ status: 204 });
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped"))));
      },
    });
    await broker.publish(event());
    await clock.advance(999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(200);
    expect(signals[0]?.aborted).toBe(true);
    expect(attempts).toBe(2);
    expect(broker.metrics().triggers["slow"]).toMatchObject({ timedOut: 1, delivered: 1 });
  });

  it("keeps its key to itself for a while, and then no longer", async () => {
    const { broker, clock, subscribe } = bench();
    broker.addTrigger({
      name: "deaf",
      filters: [],
      delivery: delivery({ retry: 0 }),
      subscriber: () => new Promise(() => undefined),
    });
    const other = subscribe({ name: "other" });
    await broker.publish(event({ key: "ns/a" }));
    await clock.advance(5900);
    expect(other.length).toBe(0);
    await clock.advance(200);
    expect(other.length).toBe(1);
  });
});

describe("a delivery that is given up", () => {
  it.each<[string, readonly Answer[], number]>([
    ["when the answer says never", [{ status: 422, detail: "poison" }], 1],
    ["when the retries are used up", Array.from({ length: 4 }, () => ({ status: 500, detail: "poison" }) as const), 4],
  ])("%s is journaled and told with Knative's attributes", async (_, answers, attempts) => {
    const { broker, clock, journal, subscribe } = bench();
    subscribe({ name: "failing", answers });
    const letters: CloudEvent[] = [];
    broker.addDeadLetterTrigger({
      name: "letters",
      filters: [],
      subscriber: async (letter) => {
        letters.push(letter);
        return { status: 202 };
      },
    });
    await broker.publish(event({ key: "ns/a", data: { a: 1 } }));
    await clock.advance(60_000);
    expect(letters.length).toBe(1);
    expect(letters[0]).toMatchObject({
      id: "1",
      data: { a: 1 },
      extensions: {
        knativeerrordest: "/triggers/failing",
        knativeerrorcode: String(answers[0]?.status),
        knativeerrordata: Buffer.from("poison").toString("base64"),
      },
    });
    const [entry] = journal.read({ entry: "dead-letter", limit: 10 });
    expect(entry).toMatchObject({ deadLetter: { trigger: "failing", key: "ns/a", attempts, detail: "poison" } });
  });

  it("can be delivered again", async () => {
    const { broker, clock, journal, subscribe } = bench();
    const delivered = subscribe({ answers: [{ status: 422, detail: "poison" }] });
    await broker.publish(event({ key: "ns/a" }));
    await clock.settle();
    const [entry] = journal.read({ entry: "dead-letter", limit: 1 });
    if (entry?.entry !== "dead-letter") throw new Error("no dead letter");
    expect(broker.redeliver(entry.deadLetter)).toBe(true);
    await broker.idle();
    expect(delivered.map(({ key }) => key)).toEqual(["ns/a", "ns/a"]);
    expect(broker.redeliver({ ...entry.deadLetter, trigger: "gone" })).toBe(false);
  });

  it("to dead letters' own trigger goes nowhere else", async () => {
    const { broker, clock, journal, subscribe } = bench();
    subscribe({ answers: [{ status: 422, detail: "poison" }] });
    broker.addDeadLetterTrigger({
      name: "letters",
      filters: [],
      subscriber: async () => ({ status: 422, detail: "no" }),
    });
    await broker.publish(event());
    await clock.advance(60_000);
    expect(journal.read({ entry: "dead-letter", limit: 10 }).length).toBe(1);
  });
});

describe("a reply", () => {
  it("is an event for all triggers", async () => {
    const { broker, subscribe } = bench();
    const answers: Answer[] = [{ status: 200, reply: event({ id: "2", type: "answer" }) }];
    subscribe({ name: "asked", filters: [{ exact: { type: "question" } }], answers });
    const answered = subscribe({ name: "answered", filters: [{ exact: { type: "answer" } }] });
    await broker.publish(event({ id: "1", type: "question" }));
    await broker.idle();
    expect(ids(answered)).toEqual(["2"]);
  });

  it("to itself ends after 255 hops", async () => {
    const { broker } = bench();
    let hops = 0;
    broker.addTrigger({
      name: "echo",
      filters: [],
      subscriber: async (given) => {
        hops += 1;
        return { status: 200, reply: { ...given, id: String(hops) } };
      },
    });
    await broker.publish(event({ key: "ns/a" }));
    await broker.idle();
    expect(hops).toBe(255);
    expect(broker.metrics().triggers["echo"]).toMatchObject({ delivered: 255, deadLettered: 0 });
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
