import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { demoGuest } from "../../scripts/guest/guest.ts";

let cache: string;
beforeEach(async () => void (cache = await mkdtemp(join(tmpdir(), "virtive-guests-"))));
afterEach(() => rm(cache, { recursive: true, force: true }));

let builds = 0;
async function build(directory: string): Promise<void> {
  builds += 1;
  await writeFile(join(directory, "made"), "");
}

describe("the demo guest's cache", () => {
  it("makes a guest once, also for two who ask at once", async () => {
    builds = 0;
    const [one, other] = await Promise.all([demoGuest({ cache, build }), demoGuest({ cache, build })]);
    await demoGuest({ cache, build });
    expect(builds).toBe(1);
    expect(other).toEqual(one);
  });

  it("is not held up by a process that was killed while it made one", async () => {
    const killed = spawn(
      process.execPath,
      [
        "-e",
        `const d = new (require("node:sqlite").DatabaseSync)(process.argv[1]);
         d.exec("BEGIN EXCLUSIVE"); console.log("held"); setInterval(() => {}, 1000)`,
        join(cache, "lock"),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(killed.stdout, "data");
    const said: string[] = [];
    const guest = demoGuest({ cache, build, say: (line) => void said.push(line) });
    await expect.poll(() => said).toContain("waiting for another process that makes the demo guest");
    killed.kill("SIGKILL");
    await guest;
    expect(said.at(-1)).toMatch(/^the demo guest is made/);
  });

  it("forgets what killed builds left and guests that nobody asks for, and keeps others' that are in use", async () => {
    for (const name of ["0123456789abcdef", "fedcba9876543210", "fedcba9876543210.4711"])
      await mkdir(join(cache, name));
    const old = new Date(Date.now() - 3 * 86_400_000);
    await utimes(join(cache, "0123456789abcdef"), old, old);
    const { directory } = await demoGuest({ cache, build });
    const names = await readdir(cache);
    expect(names.sort()).toEqual(["fedcba9876543210", "lock", directory.slice(cache.length + 1)].sort());
  });
});
