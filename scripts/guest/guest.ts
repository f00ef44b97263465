/**
 * The demo guest: a Linux that boots in seconds even without KVM, for `npm run up` and for tests. It is made once from
 * Debian packages and kept under the user's cache by a hash of what it is made from.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory, produce } from "../kubernetes/cache.ts";
import { buildGuest, DEMO_IMAGE } from "./build.ts";

export interface DemoGuest {
  /** OCI image layout for an image store's `localLayouts`. */
  readonly layout: string;
  /** Name of the image in it. */
  readonly image: string;
  /** vmlinuz, vmlinux, initrd.gz, disk.qcow2. */
  readonly directory: string;
}

/** A guest that was not asked for in so long goes when another one is made. */
const KEEP_DAYS = 2;

/** Builds it if needed (half a minute, and 30 MB of downloads); two callers at once build it once. */
export async function demoGuest(
  options: { readonly say?: (line: string) => void; readonly cache?: string; readonly build?: typeof buildGuest } = {},
): Promise<DemoGuest> {
  const { say = () => undefined, build = buildGuest, cache = cacheDirectory("guest") } = options;
  const make = async (directory: string): Promise<void> => {
    const start = Date.now();
    say("making the demo guest; this happens once");
    await build(directory, say);
    say(`the demo guest is made (${Math.round((Date.now() - start) / 1000)} s) and kept in ${cache}`);
  };
  const directory = await produce(
    {
      name: "guest",
      title: "the demo guest",
      files: await sources(),
      words: await release(),
      make,
      cache,
      keepDays: KEEP_DAYS,
    },
    say,
  );
  return { layout: join(directory, "layout"), image: DEMO_IMAGE, directory };
}

/** The files of this folder that go into the guest. */
async function sources(): Promise<string[]> {
  const entries = await readdir(import.meta.dirname, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".yaml"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of Debian, whose packages it is made of. */
async function release(): Promise<string[]> {
  return [await readFile("/etc/os-release", "utf8").catch(() => process.platform)];
}
