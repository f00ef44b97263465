/**
 * The demo guest: a Linux that boots in seconds even without KVM, for `npm run up` and for tests. It is made once from
 * Debian packages and kept under the user's cache by a hash of what it is made from.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { buildGuest, DEMO_IMAGE } from "./build.ts";

export interface DemoGuest {
  /** OCI image layout for an image store's `localLayouts`. */
  readonly layout: string;
  /** Name of the image in it. */
  readonly image: string;
  /** vmlinuz, vmlinux, initrd.gz, disk.qcow2. */
  readonly directory: string;
}

const BUILD_MINUTES = 10;
/** A guest that was not asked for in so long goes when another one is made. */
const KEEP_DAYS = 2;
const LOCK = "lock";
const SQLITE_BUSY = 5;

/** Builds it if needed (half a minute, and 30 MB of downloads); two callers at once build it once. */
export async function demoGuest(
  options: { readonly say?: (line: string) => void; readonly cache?: string; readonly build?: typeof buildGuest } = {},
): Promise<DemoGuest> {
  const { say = () => undefined, build = buildGuest } = options;
  const cache = options.cache ?? join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "virtive", "guest");
  const directory = join(cache, await inputsHash());
  const guest = { layout: join(directory, "layout"), image: DEMO_IMAGE, directory };
  if (await use(directory)) return guest;
  await mkdir(cache, { recursive: true });
  const release = await lock(join(cache, LOCK), () => use(directory), say);
  if (release === undefined) return guest;
  const temporary = `${directory}.${process.pid}`;
  try {
    const start = Date.now();
    await removeOld(cache, directory, start);
    say("making the demo guest; this happens once");
    await mkdir(temporary, { recursive: true });
    await build(temporary, say);
    await rename(temporary, directory);
    say(`the demo guest is made (${Math.round((Date.now() - start) / 1000)} s) and kept in ${directory}`);
    return guest;
  } finally {
    await rm(temporary, { recursive: true, force: true });
    release();
  }
}

/**
 * What builds that were killed have left, and guests that nobody asked for lately: made from other sources, as another
 * clone has them or an older version had. The lock is ours, so no build is going on.
 */
async function removeOld(cache: string, current: string, now: number): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (path === current || path === join(cache, LOCK)) continue;
    const unfinished = name.includes(".");
    const used = (await stat(path)).mtimeMs;
    if (unfinished || now - used > KEEP_DAYS * 86_400_000) await rm(path, { recursive: true, force: true });
  }
}

/** Over the files of this folder that go into the guest, and the Debian release. */
async function inputsHash(): Promise<string> {
  const hash = createHash("sha256");
  const files = (await readdir(import.meta.dirname, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".yaml"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const content = await readFile(file);
    hash.update(`${file.slice(import.meta.dirname.length)}\0${content.length}\0`).update(content);
  }
  hash.update(await readFile("/etc/os-release").catch(() => Buffer.from(process.platform)));
  return hash.digest("hex").slice(0, 16);
}

/** True when it is there; notes that it was asked for. */
async function use(directory: string): Promise<boolean> {
  const now = new Date();
  return utimes(directory, now, now).then(
    () => true,
    () => false,
  );
}

/**
 * Takes the lock, or waits for its holder. Answers how to release it, or undefined once `done` says that the work is done.
 * The kernel holds the lock (SQLite's, on an empty file), and lets go of it when the holder dies, in whatever way.
 */
async function lock(
  path: string,
  done: () => Promise<boolean>,
  say: (line: string) => void,
): Promise<(() => void) | undefined> {
  const database = new DatabaseSync(path, { timeout: 0 });
  const end = Date.now() + BUILD_MINUTES * 60_000;
  for (let waited = false; Date.now() < end && !(await done()); waited = true) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return () => database.close();
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    }
    if (!waited) say("waiting for another process that makes the demo guest");
    await sleep(200);
  }
  database.close();
  if (await done()) return undefined;
  throw new Error(`The demo guest was not made within ${BUILD_MINUTES} minutes by another process that holds ${path}`);
}
