import { describe, expect, it } from "vitest";
import { createBell } from "#control/bell.ts";
import { virtualClock } from "#events/clock.ts";

describe("a bell", () => {
  async function heard(ring: (bell: ReturnType<typeof createBell>, end: AbortController) => void): Promise<number> {
    const clock = virtualClock();
    const bell = createBell(clock);
    const end = new AbortController();
    const began = clock.now().getTime();
    let at = -1;
    ring(bell, end);
    void bell.heard(5_000, end.signal).then(() => (at = clock.now().getTime() - began));
    clock.schedule(1_000, () => ring(bell, end));
    await clock.advance(10_000);
    return at;
  }

  it("wakes who waits, also by a ring that came before", async () => {
    let times = 0;
    expect(await heard((bell) => (times++ === 1 ? bell.ring() : undefined))).toBe(1_000);
    expect(await heard((bell) => bell.ring())).toBe(0);
  });

  it("lets nobody wait for longer than the time, or past the end", async () => {
    expect(await heard(() => undefined)).toBe(5_000);
    let times = 0;
    expect(await heard((_bell, end) => (times++ === 1 ? end.abort() : undefined))).toBe(1_000);
  });

  it("is heard once", async () => {
    const clock = virtualClock();
    const bell = createBell(clock);
    const { signal } = new AbortController();
    bell.ring();
    await bell.heard(5_000, signal);
    let again = false;
    void bell.heard(5_000, signal).then(() => (again = true));
    await clock.advance(4_000);
    expect(again).toBe(false);
  });
});
