import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openLogFile } from "../../../cli/log-file.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "virtive-log-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const linesIn = async (path: string): Promise<string[]> =>
  (await readFile(path, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");

describe("the log file", () => {
  it("begins anew when it is full, keeps one before it, and cuts no line", async () => {
    const path = join(directory, "virtive.log");
    const log = openLogFile(path, "info", 4096);
    for (let nth = 0; nth < 500; nth += 1) {
      log.info({ nth }, "x".repeat(100));
      // One write each, as it is when lines come one at a time.
      await new Promise<void>((resolve, reject) => log.flush((error) => (error ? reject(error) : resolve())));
    }
    await vi.waitFor(async () => {
      const last = (await linesIn(path)).at(-1) ?? (await linesIn(`${path}.1`)).at(-1);
      expect(last).toContain('"nth":499');
    });
    expect((await readdir(directory)).sort()).toEqual(["virtive.log", "virtive.log.1"]);
    const kept = [...(await linesIn(`${path}.1`)), ...(await linesIn(path))].map(
      (line) => (JSON.parse(line) as { nth: number }).nth,
    );
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(80);
    expect(kept).toEqual(kept.map((_, index) => 500 - kept.length + index));
  });

  it("that was full before is put aside at the start", async () => {
    const path = join(directory, "virtive.log");
    await writeFile(path, "y".repeat(5000));
    openLogFile(path, "info", 4096).info({}, "fresh");
    await vi.waitFor(async () => expect((await linesIn(path)).join()).toContain("fresh"));
    expect(await readFile(`${path}.1`, "utf8")).toMatch(/^y{5000}$/);
  });

  it("that somebody has removed is written anew, and ends nothing", async () => {
    const path = join(directory, "virtive.log");
    const log = openLogFile(path, "info", 1024);
    log.info({}, "first");
    await vi.waitFor(async () => expect(await linesIn(path)).toHaveLength(1));
    await rm(path);
    log.info({}, "x".repeat(2048));
    await vi.waitFor(() => stat(path));
    log.info({}, "last");
    await vi.waitFor(async () => expect((await linesIn(path)).join()).toContain("last"));
  });

  it("that is no plain file is left where it is", async () => {
    const path = join(directory, "pipe");
    execFileSync("mkfifo", [path]);
    const reader = createReadStream(path, "utf8");
    const read: string[] = [];
    reader.on("data", (text) => read.push(String(text)));
    const log = openLogFile(path, "info", 1024);
    log.info({}, "x".repeat(2048));
    await vi.waitFor(() => expect(read.join("")).toMatch(/x{2048}/));
    log.info({}, "last");
    await vi.waitFor(() => expect(read.join("")).toContain("last"));
    expect(await readdir(directory)).toEqual(["pipe"]);
    reader.destroy();
  });
});
