import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { demoGuest } from "../../../scripts/guest/guest.ts";
import { placeOf, produce, type Product } from "../../../scripts/kubernetes/cache.ts";

let cache: string;
let builds = 0;
let input: string;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "virtive-cache-"));
  input = join(cache, "input");
  await writeFile(input, "one");
  builds = 0;
});
afterEach(() => rm(cache, { recursive: true, force: true }));

async function build(directory: string): Promise<void> {
  builds += 1;
  await writeFile(join(directory, "made"), "");
}

function product(more: Partial<Product> = {}): Product {
  return { name: "thing", files: [input], words: ["1"], make: build, cache, ...more };
}

const say = (): void => undefined;

it("makes a product once, also for two who want it at once, and anew for other inputs", async () => {
  const [one, other] = await Promise.all([produce(product(), say), produce(product(), say)]);
  expect(await produce(product(), say)).toBe(one);
  expect(builds).toBe(1);
  expect(other).toBe(one);
  expect(await produce(product({ words: ["2"] }), say)).not.toBe(one);
  await writeFile(input, "two");
  expect(await produce(product(), say)).not.toBe(one);
  expect(builds).toBe(3);
});

it("leaves nothing of a build that fails, and builds again", async () => {
  const make = async (directory: string): Promise<void> => {
    await writeFile(join(directory, "half"), "");
    throw new Error("no room");
  };
  await expect(produce(product({ make }), say)).rejects.toThrow("no room");
  const place = await produce(product(), say);
  expect(await readdir(place)).toEqual(["made"]);
  expect((await readdir(cache)).filter((name) => name.endsWith(".making"))).toEqual([]);
});

it("is not held up by a process that was killed while it made one", async () => {
  const place = await placeOf(product());
  await mkdir(`${place}.making`);
  const killed = spawn(
    process.execPath,
    [
      "-e",
      `const d = new (require("node:sqlite").DatabaseSync)(process.argv[1]);
       d.exec("BEGIN EXCLUSIVE"); console.log("held"); setInterval(() => {}, 1000)`,
      `${place}.lock`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(killed.stdout, "data");
  const said: string[] = [];
  const made = produce(product({ title: "the thing" }), (line) => void said.push(line));
  await expect.poll(() => said).toEqual(["waiting for another process that makes the thing"]);
  killed.kill("SIGKILL");
  expect(await readdir(await made)).toEqual(["made"]);
});

it("forgets what killed builds left and what nobody asks for, and keeps others' that are in use", async () => {
  const [old, used, left] = [
    "thing-0123456789abcdef",
    "thing-fedcba9876543210",
    "thing-0000000000000000.making",
  ] as const;
  for (const name of [old, used, left, "other-0123456789abcdef"]) await mkdir(join(cache, name));
  const past = new Date(Date.now() - 3 * 86_400_000);
  for (const name of [old, "other-0123456789abcdef"]) await utimes(join(cache, name), past, past);
  const place = await produce(product({ keepDays: 2 }), say);
  const names = (await readdir(cache)).filter((name) => !name.endsWith(".lock"));
  expect(names.sort()).toEqual(["input", "other-0123456789abcdef", used, basename(place)].sort());
});

it("the demo guest is such a product, made of its folder's files and Debian's release", async () => {
  const said: string[] = [];
  const guest = await demoGuest({ cache, build, say: (line) => void said.push(line) });
  expect(guest.layout).toBe(join(guest.directory, "layout"));
  expect(await readFile(join(guest.directory, "made"), "utf8")).toBe("");
  expect(await demoGuest({ cache, build })).toEqual(guest);
  expect(builds).toBe(1);
  expect(said.at(-1)).toMatch(/^the demo guest is made \(\d+ s\) and kept in /);
});
