import { describe, expect, it } from "vitest";
import { logLevel } from "#events/log-level.ts";

describe("the log's level", () => {
  it.each([
    [undefined, "info"],
    ["", "info"],
    ["debug", "debug"],
    ["silent", "silent"],
  ])("%j is %s", (given, level) => {
    expect(logLevel({ VIRTIVE_LOG: given })).toBe(level);
  });

  it.each(["verbose", "DEBUG", "30", "constructor"])("%j is refused by its name, with what is allowed", (given) => {
    expect(() => logLevel({ VIRTIVE_LOG: given })).toThrow(
      `VIRTIVE_LOG is ${JSON.stringify(given)}; it must be one of trace, debug, info, warn, error, fatal, silent`,
    );
  });
});
