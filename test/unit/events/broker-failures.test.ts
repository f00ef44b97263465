import { describe, expect, it } from "vitest";
import type { Answer } from "#events/broker-types.ts";
import { seededRandom } from "#events/chance.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { delivery, event } from "./sample.ts";
import { bench, ids, times, gated } from "./broker-bench.ts";

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
