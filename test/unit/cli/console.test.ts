import { describe, expect, it } from "vitest";
import { consoleClosings } from "#events/console-closing.ts";
import { endingOf } from "../../../cli/commands/console.ts";

describe("how a console ended", () => {
  it.each([
    ["ended", 6],
    ["taken", 7],
    ["slow", 1],
    ["leaving", 3],
    ["lost", 3],
  ] as const)("%s is exit code %i", (why, exit) => {
    const { code, text } = consoleClosings[why];
    expect(endingOf(code, text)).toEqual({ exit, said: text });
  });

  it("without a word is a broken connection", () => {
    expect(endingOf(1006, "")).toEqual({ exit: 3, said: "the connection broke" });
  });

  it("in a way that is not ours is told as it came", () => {
    expect(endingOf(1011, "boom")).toEqual({ exit: 1, said: "boom" });
    expect(endingOf(4321, "")).toEqual({ exit: 1, said: "it was closed with code 4321" });
  });
});
