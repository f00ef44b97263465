import { describe, expect, it } from "vitest";
import { Node } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { virtualClock, type Clock } from "#events/clock.ts";
import { heartbeatNews } from "#functions/attend.ts";
import { defaultConfig } from "#functions/config.ts";
import { createRollCall, deadlinesHeard } from "#functions/roll-call.ts";
import { heartbeat, node, START } from "./objects.ts";

describe("the roll call", () => {
  it("knows since when it listens, and of each node the last that was heard", async () => {
    const clock = virtualClock(START);
    const rollCall = createRollCall(clock);
    const since = clock.now();
    expect(rollCall.last("node1")).toBeUndefined();
    await clock.advance(2000);
    rollCall.heard(heartbeat("node1", { loadAverage: 1 }));
    await clock.advance(2000);
    rollCall.heard(heartbeat("node1", { loadAverage: 2 }));
    rollCall.heard(heartbeat("node2"));
    expect(rollCall.since).toEqual(since);
    expect(rollCall.last("node1")).toMatchObject({ at: new Date(since.getTime() + 4000), said: { loadAverage: 2 } });
  });

  it("keeps heartbeats that are no news too", async () => {
    const clock = virtualClock(START);
    const rollCall = createRollCall(clock);
    const settled: Stored<Node> = node("node1");
    const source = {
      reader: { get: async () => settled, list: async () => [] },
      synced: async () => undefined,
    } as unknown as Parameters<typeof heartbeatNews>[1];
    const isNews = heartbeatNews(defaultConfig, source, rollCall);
    await isNews(heartbeat("node1"));
    await clock.advance(2000);
    await isNews(heartbeat("node1"));
    expect(rollCall.last("node1")?.at).toEqual(clock.now());
  });

  it("moves a node's deadline on with every heartbeat, and counts from its own beginning at the earliest", async () => {
    const clock = virtualClock(START);
    const written = node("node1");
    const seconds = (deadline: Date | undefined) =>
      deadline === undefined ? undefined : (deadline.getTime() - START.getTime()) / 1000;
    expect(seconds(deadlinesHeard(() => undefined)(Node, written))).toBe(20);
    await clock.advance(100_000);
    const rollCall = createRollCall(clock);
    const deadlineOf = deadlinesHeard(() => rollCall);
    expect(seconds(deadlineOf(Node, written))).toBe(120);
    await clock.advance(7_000);
    rollCall.heard(heartbeat("node1"));
    expect(seconds(deadlineOf(Node, written))).toBe(127);
    const unheard: Stored<Node> = { ...written, status: {} };
    expect(deadlineOf(Node, unheard)).toBeUndefined();
  });

  it.each([
    ["while timers are not looked at", 60],
    ["while they are, but each is late", 2],
    ["when the wall clock is set forward", 3600],
    ["when the wall clock is set back", -3600],
  ])("counts as silence only what it could listen: %s", async (how, seconds) => {
    const clock = virtualClock(START);
    const set = { forward: 0 };
    const late = how.endsWith("late") ? seconds * 1000 : 0;
    const wall: Clock = {
      now: () => new Date(clock.now().getTime() + set.forward),
      schedule: (milliseconds, action) => clock.schedule(milliseconds + late, action),
    };
    const rollCall = createRollCall(wall);
    const left = () =>
      ((deadlinesHeard(() => rollCall)(Node, node("node1"))?.getTime() ?? 0) - wall.now().getTime()) / 1000;
    rollCall.heard(heartbeat("node1"));
    await clock.advance(10_000);
    expect(left()).toBe(late === 0 ? 10 : 12);
    // As after a suspension: its timers have not run yet.
    set.forward = late === 0 ? seconds * 1000 : 0;
    expect(Math.abs(left() - (late === 0 ? 10 : 12))).toBeLessThanOrEqual(5);
    await clock.advance(10_000);
    expect(Math.abs(left() - (late === 0 ? 0 : 4))).toBeLessThanOrEqual(5);
    rollCall.heard(heartbeat("node1"));
    expect(left()).toBe(20);
    rollCall.close();
    expect(clock.waiting).toBe(0);
  });
});
