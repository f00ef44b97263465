import { describe, expect, it } from "vitest";
import { backoff, seededRandom } from "#events/chance.ts";
import { systemClock, virtualClock, wait } from "#events/clock.ts";

describe("the virtual clock", () => {
  it("runs what becomes due in order of time, then of scheduling", async () => {
    const clock = virtualClock();
    const ran: string[] = [];
    clock.schedule(20, () => ran.push("late"));
    clock.schedule(10, () => ran.push("first"));
    clock.schedule(10, () => ran.push("second"));
    await clock.advance(15);
    expect(ran).toEqual(["first", "second"]);
    await clock.advance(5);
    expect(ran).toEqual(["first", "second", "late"]);
  });

  it("shows an action the time at which it is due", async () => {
    const clock = virtualClock(new Date("2026-05-01T00:00:00Z"));
    const times: string[] = [];
    clock.schedule(1500, () => times.push(clock.now().toISOString()));
    await clock.advance(60_000);
    expect(times).toEqual(["2026-05-01T00:00:01.500Z"]);
    expect(clock.now().toISOString()).toBe("2026-05-01T00:01:00.000Z");
  });

  it("runs what actions schedule within the time that passes", async () => {
    const clock = virtualClock();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    await clock.advance(100);
    expect(ticks).toBe(10);
    expect(clock.waiting).toBe(1);
  });

  it("does not run what was called off", async () => {
    const clock = virtualClock();
    let ran = false;
    clock.schedule(10, () => (ran = true))();
    await clock.advance(20);
    expect(ran).toBe(false);
  });

  it("steps from action to action", async () => {
    const clock = virtualClock();
    const ran: number[] = [];
    clock.schedule(1000, () => ran.push(1));
    clock.schedule(5000, () => ran.push(2));
    expect(await clock.step()).toBe(true);
    expect(ran).toEqual([1]);
    expect(await clock.step()).toBe(true);
    expect(await clock.step()).toBe(false);
    expect(ran).toEqual([1, 2]);
  });

  it("ends a wait early when its signal aborts", async () => {
    const clock = virtualClock();
    const ending = new AbortController();
    const waiting = wait(clock, 1_000_000, ending.signal);
    ending.abort();
    await waiting;
    expect(clock.waiting).toBe(0);
  });
});

describe("the system clock", () => {
  it("calls back, and not after it was called off", async () => {
    const called: string[] = [];
    systemClock.schedule(1, () => called.push("no"))();
    await new Promise<void>((resolve) => {
      const keepAlive = setInterval(() => undefined, 1000);
      systemClock.schedule(5, () => {
        clearInterval(keepAlive);
        called.push("yes");
        resolve();
      });
    });
    expect(called).toEqual(["yes"]);
  });

  it("takes waits that are longer than a timer of Node holds", () => {
    const cancel = systemClock.schedule(2 ** 40, () => {
      throw new Error("called at once");
    });
    cancel();
    expect(systemClock.now()).toBeInstanceOf(Date);
  });
});

describe("chance", () => {
  it("repeats itself for a seed, and stays within 0 and 1", () => {
    const [one, other] = [seededRandom(7), seededRandom(7)];
    const first = Array.from({ length: 50 }, one);
    expect(Array.from({ length: 50 }, other)).toEqual(first);
    expect(first.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(first).size).toBe(50);
  });

  it("makes backoff double up to its bound, spread by a fifth", () => {
    expect(backoff(0, 100, 1000, () => 0.5)).toBeCloseTo(100);
    expect(backoff(2, 100, 1000, () => 0.5)).toBeCloseTo(400);
    expect(backoff(60, 100, 1000, () => 0)).toBeCloseTo(800);
    expect(backoff(60, 100, 1000, () => 1)).toBeCloseTo(1200);
  });
});
