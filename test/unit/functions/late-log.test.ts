import { describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { silentLog, type Log } from "#events/log.ts";
import { lateLog } from "#functions/late-log.ts";

describe("a log whose writer comes later", () => {
  it("writes all that was logged, in its order and once the writer is there", async () => {
    const clock = virtualClock();
    const lines: string[] = [];
    let opened = 0;
    const writer: Log = {
      ...silentLog,
      info: (_fields, message) => void lines.push(`info ${message}`),
      warn: (_fields, message) => void lines.push(`warn ${message}`),
    };
    const log = lateLog(async () => {
      opened += 1;
      return writer;
    }, clock);
    log.info({}, "one");
    log.warn({}, "two");
    await clock.advance(50);
    expect({ lines, opened }).toEqual({ lines: [], opened: 0 });
    log.info({}, "three");
    await clock.advance(100);
    log.warn({}, "four");
    expect({ lines, opened }).toEqual({ lines: ["info one", "warn two", "info three", "warn four"], opened: 1 });
  });
});
