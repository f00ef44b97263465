/**
 * The demo guest: a Linux that boots in seconds even without KVM, for `npm run up` and for tests. It is made once from
 * Debian packages and kept under the user's cache by a hash of what it is made from.
 */
import { createHash } from "node:crypto";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
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

/** Builds it if needed (half a minute, and 30 MB of downloads); two callers at once build it once. */
export async function demoGuest(
  options: { readonly say?: (line: string) => void; readonly cache?: string } = {},
): Promise<DemoGuest> {
  const { say = () => undefined } = options;
  const cache = options.cache ?? join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "virtive", "guest");
  const directory = join(cache, await inputsHash());
  const guest = { layout: join(directory, "layout"), image: DEMO_IMAGE, directory };
  if (await exists(directory)) return guest;
  await mkdir(cache, { recursive: true });
  const release = await lock(`${directory}.lock`, () => exists(directory), say);
  if (release === undefined) return guest;
  const temporary = `${directory}.${process.pid}`;
  try {
    const start = Date.now();
    await removeLeftovers(cache, directory);
    say("making the demo guest; this happens once");
    await mkdir(temporary, { recursive: true });
    await buildGuest(temporary, say);
    await rename(temporary, directory);
    say(`the demo guest is made (${Math.round((Date.now() - start) / 1000)} s) and kept in ${directory}`);
    return guest;
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await release();
  }
}

/** What builds that were killed have left. The lock is ours, so none of them is going on. */
async function removeLeftovers(cache: string, directory: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (path.startsWith(`${directory}.`) && !path.endsWith(".lock")) await rm(path, { recursive: true, force: true });
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Takes the lock file, or waits for its holder. Answers how to release it, or undefined once `done` says that the work
 * is done. A lock whose holder has died is taken over.
 */
async function lock(
  path: string,
  done: () => Promise<boolean>,
  say: (line: string) => void,
): Promise<(() => Promise<void>) | undefined> {
  const end = Date.now() + BUILD_MINUTES * 60_000;
  for (let waited = false; Date.now() < end; waited = true) {
    if (await done()) return undefined;
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(path, "utf8").catch(() => ""));
    if (holder > 0 && !(await exists(`/proc/${holder}`))) {
      await rm(path, { force: true });
      continue;
    }
    if (!waited) say("waiting for another process that makes the demo guest");
    await sleep(200);
  }
  throw new Error(`The demo guest was not made within ${BUILD_MINUTES} minutes; if nothing makes it, remove ${path}`);
}
