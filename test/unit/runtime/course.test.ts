/** What is done about guests whose memory changes faster than it is copied, as a table over their rounds. */
import { describe, expect, it } from "vitest";
import type { MoveFigures, MoveParameters } from "#events/machine.ts";
import { begun, done, seen, turnOf, type Course, type Turn } from "#node-runtime/migration/course.ts";

const MEBIBYTE = 1024 * 1024;

function figures(changes: Partial<MoveFigures>): MoveFigures {
  return {
    elapsedMilliseconds: 0,
    totalBytes: 128 * MEBIBYTE,
    processedBytes: 0,
    remainingBytes: 0,
    memoryTotalBytes: 128 * MEBIBYTE,
    diskTotalBytes: 0,
    dirtyBytesPerSecond: 20 * MEBIBYTE,
    bytesPerSecond: 10 * MEBIBYTE,
    iterations: 0,
    throttlePercent: 0,
    ...changes,
  };
}

interface Round {
  readonly begins: number;
  readonly throttle?: number;
  readonly flows?: number;
}

/** A round a second, of so many MiB at its beginning; answers the turns that were not "nothing", with their second. */
function live(limits: MoveParameters, rounds: (second: number, course: Course) => Round, seconds: number) {
  const turns: (Turn & { readonly second: number })[] = [];
  let course = begun(limits, 0, limits.postCopy);
  for (let second = 1; second <= seconds; second += 1) {
    const { begins, throttle = 0, flows = 10 } = rounds(second, course);
    const now = second * 1000;
    const at = { remainingBytes: begins * MEBIBYTE, iterations: second, throttlePercent: throttle };
    course = seen(course, figures({ ...at, bytesPerSecond: flows * MEBIBYTE }), now);
    const turn = turnOf(course, limits, now);
    expect(turn.because).not.toBe("");
    if (turn.do !== "nothing") turns.push({ ...turn, second });
    if (turn.do === "abort") break;
    course = done(course, turn, now);
  }
  return { turns, course, told: turns.map((turn) => (turn.do === "allow-downtime" ? turn.milliseconds : turn.do)) };
}

const shrinking = (second: number): Round => ({ begins: 128 * 0.8 ** second });
const level = (): Round => ({ begins: 10 });

describe("the course of a move", () => {
  it("is left alone while rounds get smaller", () => {
    expect(live({ maxDowntimeMilliseconds: 900, progressTimeoutSeconds: 10 }, shrinking, 60).turns).toEqual([]);
  });

  it("is allowed more downtime by steps, once rounds have not got smaller for three, each after a pause", () => {
    const { turns } = live({ maxDowntimeMilliseconds: 900, progressTimeoutSeconds: 150 }, level, 60);
    expect(turns).toMatchObject([
      { second: 5, milliseconds: 450 },
      { second: 10, milliseconds: 600 },
      { second: 15, milliseconds: 750 },
      { second: 20, milliseconds: 900 },
    ]);
    expect(turns[0]?.because).toContain("20.0 MiB change and 10.0 MiB get through a second");
  });

  it("takes the steps that are asked for", () => {
    const downtimeSteps = { initialMilliseconds: 100, steps: 2, cooldownSeconds: 1, startAfterIteration: 10 };
    const { turns } = live({ maxDowntimeMilliseconds: 500, downtimeSteps }, level, 60);
    expect(turns).toMatchObject([
      { second: 11, milliseconds: 300 },
      { second: 12, milliseconds: 500 },
    ]);
  });

  it.each([
    ["begins with 300 ms where more is allowed", { maxDowntimeMilliseconds: 2000 }, 300],
    ["never begins with more than is allowed", { maxDowntimeMilliseconds: 100 }, 100],
    ["begins with 300 ms where nothing is said", {}, 300],
  ])("%s", (_what, limits, downtime) => {
    expect(begun(limits, 0).downtimeMilliseconds).toBe(downtime);
  });

  it("is called off early, with both rates and what would help, when nothing is left to try", () => {
    const { turns } = live({ progressTimeoutSeconds: 60, bandwidthBytesPerSecond: 1 }, level, 100);
    expect(turns).toMatchObject([{ do: "abort", reason: "CannotConverge", second: 31 }]);
    expect(turns[0]?.because).toMatch(/20\.0 MiB change and 10\.0 MiB get through a second/);
    expect(turns[0]?.because).toMatch(
      /allowAutoConverge, allowPostCopy or allowWorkloadDisruption, .*maxDowntimeMs, .*bandwidthPerM/,
    );
  });

  it("waits for QEMU to slow the guest down, as far as it can", () => {
    const limits = { progressTimeoutSeconds: 60, autoConverge: true };
    const slowed = (most: number) => (second: number) => ({ begins: 10, throttle: Math.min(most, 20 + 10 * second) });
    expect(live(limits, slowed(98), 59).turns).toEqual([]);
    expect(live(limits, slowed(99), 59).turns).toMatchObject([{ do: "abort", reason: "CannotConverge" }]);
  });

  it.each([
    ["cannot converge", { progressTimeoutSeconds: 60 }, 31],
    ["takes too long", { completionTimeoutSeconds: 20 }, 21],
    ["makes no progress", { progressTimeoutSeconds: 10, autoConverge: true }, 12],
  ])("is halted rather than called off where that is allowed: it %s", (_what, limits, second) => {
    const { turns, course } = live({ ...limits, mayHalt: true }, level, second + 4);
    expect(turns).toMatchObject([{ do: "halt", second }]);
    expect(course.mode).toBe("Paused");
  });

  it("is switched to post-copy, once, rather than halted where that is allowed", () => {
    const { told, course } = live({ completionTimeoutSeconds: 20, mayHalt: true, postCopy: true }, level, 400);
    expect(told).toEqual(["post-copy"]);
    expect(course.mode).toBe("PostCopy");
  });

  it("is called off, halted or not, when nothing gets through", () => {
    const limits = { progressTimeoutSeconds: 10, mayHalt: true };
    const cut = (second: number): Round => ({ begins: 10, flows: second < 3 ? 10 : 0 });
    expect(live(limits, cut, 30).turns).toMatchObject([{ do: "abort", reason: "NoProgress", second: 12 }]);
    const later = (_second: number, { mode }: Course): Round => ({ begins: 10, flows: mode === "Paused" ? 0 : 10 });
    expect(live(limits, later, 40).told).toEqual(["halt", "abort"]);
  });

  it("is in progress while rounds begin with less, however little was left at the end of one", () => {
    const course = seen(begun({}, 0), figures({ iterations: 1, remainingBytes: 100 }), 1_000);
    const low = seen(course, figures({ iterations: 1, remainingBytes: 1 }), 2_000);
    const next = seen(low, figures({ iterations: 2, remainingBytes: 50 }), 40_000);
    expect(turnOf(next, { progressTimeoutSeconds: 30 }, 60_000).do).toBe("nothing");
    expect(turnOf(next, { progressTimeoutSeconds: 30 }, 71_000)).toMatchObject({ reason: "NoProgress" });
  });

  it("is given up after its time, which does not count any more once it is halted", () => {
    expect(live({ completionTimeoutSeconds: 20 }, shrinking, 60).turns).toMatchObject([
      { do: "abort", reason: "TookTooLong", second: 21 },
    ]);
    const halted = live({ completionTimeoutSeconds: 20, mayHalt: true }, shrinking, 60);
    expect(halted.told).toEqual(["halt"]);
  });

  it("decides the same of the same", () => {
    const course = seen(begun({}, 0), figures({ iterations: 5 }), 1);
    expect(turnOf(course, {}, 2)).toEqual(turnOf(course, {}, 2));
  });
});
