import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runProgram } from "#node-runtime/programs.ts";

const quick = { timeoutMilliseconds: 10_000 };

describe("a program", () => {
  it("gets its arguments and its input as they are", async () => {
    const odd = ["a b", "it's", '"$HOME"', "`id`", "\\n", "*", "", "ü\u{1F600}", "-n", "$(exit 3)", "a\nb"];
    const script = 'for word; do printf "%s|" "$word"; done; cat';
    const ended = await runProgram("sh", ["-c", script, "sh", ...odd], { ...quick, input: "line $1\n  'two'\n\\end" });
    expect(ended).toEqual({
      code: 0,
      output: `${odd.join("|")}|line $1\n  'two'\n\\end\n`,
      complaint: "",
      missing: false,
    });
  });

  it("reads nothing when it is given nothing", async () => {
    expect(await runProgram("cat", [], quick)).toMatchObject({ code: 0, output: "" });
  });

  it("that fails tells its code and its complaint", async () => {
    const ended = await runProgram("sh", ["-c", "echo said; echo oh no >&2; exit 7"], quick);
    expect(ended).toEqual({ code: 7, output: "said\n", complaint: "oh no\n", missing: false });
  });

  it("that is not there is said to be missing", async () => {
    expect(await runProgram("virtive-no-such-program", [], quick)).toMatchObject({ code: 127, missing: true });
  });

  it("is not mistaken in a text without a last line's end, or as long as a pipe", async () => {
    expect((await runProgram("printf", ["%s", "no end"], quick)).output).toBe("no end");
    const long = "0123456789abcdef\n".repeat(20_000);
    expect((await runProgram("cat", [], { ...quick, input: long })).output).toBe(long);
  });

  it("says no more than it may", async () => {
    const ended = await runProgram("sh", ["-c", "yes | head -c 300000; yes no | head -c 9000 >&2"], {
      ...quick,
      mostOutput: 1000,
    });
    expect(ended.output).toHaveLength(1000);
    expect(ended.complaint).toHaveLength(4096);
  });

  it("runs beside others, and as many as one likes", async () => {
    const all = await Promise.all(Array.from({ length: 40 }, (_, index) => runProgram("echo", [String(index)], quick)));
    expect(all.map(({ output }) => Number(output))).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });

  it("that takes too long is killed with what it has started, and the next one runs", async () => {
    const ended = await runProgram("sh", ["-c", "sleep 600 & echo $!; wait"], { timeoutMilliseconds: 300 });
    expect(ended.code).toBeUndefined();
    const pid = Number(ended.output);
    expect(pid).toBeGreaterThan(1);
    await expect.poll(() => lives(pid)).toBe(false);
    expect((await runProgram("echo", ["again"], quick)).output).toBe("again\n");
  });

  it("that nobody wants any more is killed, and says why", async () => {
    const abort = new AbortController();
    const ended = runProgram("sleep", ["600"], { timeoutMilliseconds: 60_000, signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
  });

  it("whose shell is killed by others has failed for now", async () => {
    const killsItsShell = runProgram("sh", ["-c", "kill -9 $PPID"], quick);
    await expect(killsItsShell).rejects.toMatchObject({ kind: "later", reason: "ProgramFailed" });
  });
});

/** A process that has ended and that nobody has asked for has no command line any more. */
function lives(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}
