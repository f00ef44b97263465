import { describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { createHostWakes } from "#functions/host-wakes.ts";

function told(refusals = 0) {
  const clock = virtualClock();
  const events: CloudEvent[] = [];
  let left = refusals;
  const wakes = createHostWakes({
    clock,
    log: silentLog,
    async publish(event) {
      left -= 1;
      if (left >= 0) throw new Fault("later", "Away", "nobody takes it");
      events.push(event);
    },
  });
  const inSeconds = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000);
  return { clock, events, wakes, inSeconds };
}

describe("wishes to look again on a function host", () => {
  it("are told to the broker when they are due, for the function that has them", async () => {
    const { clock, events, wakes, inSeconds } = told();
    wakes.at("schedule", "ns/one", inSeconds(5));
    wakes.at("schedule", "ns/one", inSeconds(9));
    await clock.advance(4_000);
    expect(events).toEqual([]);
    await clock.advance(2_000);
    expect(events).toMatchObject([
      { type: "dev.virtive.wake.due", extensions: { trigger: "schedule", partitionkey: "ns/one" } },
    ]);
  });

  it("are told until somebody takes them", async () => {
    const { clock, events, wakes, inSeconds } = told(3);
    wakes.at("stop", "ns/one", inSeconds(1));
    await clock.advance(30_000);
    expect(events).toHaveLength(1);
  });

  it("are handed over at the end, at once", async () => {
    const { events, wakes, inSeconds } = told();
    wakes.at("evacuate", "ns/one", inSeconds(600));
    wakes.at("stop", "ns/two", inSeconds(600));
    await wakes.handOver(AbortSignal.timeout(5_000));
    expect(events.map(({ extensions }) => extensions["trigger"])).toEqual(["evacuate", "stop"]);
  });

  it("are let go of when there is no more time", async () => {
    const { clock, events, wakes, inSeconds } = told(Infinity);
    wakes.at("stop", "ns/two", inSeconds(600));
    const time = new AbortController();
    const over = wakes.handOver(time.signal);
    await clock.advance(10_000);
    time.abort();
    await clock.advance(10_000);
    await over;
    expect(events).toEqual([]);
  });
});
