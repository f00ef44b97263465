/**
 * What takes minutes to make and depends on its inputs alone: kept outside the work tree under the hash of those inputs,
 * so that every clone and every checkout of the same inputs shares it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";

export interface Product {
  /** Names the folder of its products. */
  readonly name: string;
  readonly files: readonly string[];
  /** What else it depends on, such as the compiler's version. */
  readonly words: readonly string[];
  /** Fills an empty directory. */
  make(directory: string): Promise<void>;
}

function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "virtive", "kubernetes");
}

async function keyOf({ files, words }: Product): Promise<string> {
  const hash = createHash("sha256");
  for (const word of words) hash.update(`${word}\0`);
  for (const file of files) hash.update(await readFile(file)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where the product would be, whether or not it is there. */
export async function placeOf(product: Product): Promise<string> {
  return join(cacheDirectory(), `${product.name}-${await keyOf(product)}`);
}

/** The directory of the finished product, made now if it is not there. Two that want it at once make it once. */
export async function produce(product: Product, say: (line: string) => void): Promise<string> {
  const place = await placeOf(product);
  if (await exists(place)) return place;
  await mkdir(cacheDirectory(), { recursive: true });
  const release = await lock(`${place}.lock`, () => say(`waiting for another process that makes ${product.name}`));
  try {
    if (await exists(place)) return place;
    const work = await mkdtemp(join(cacheDirectory(), ".making-"));
    try {
      await product.make(work);
      await rename(work, place);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return place;
  } finally {
    release();
  }
}

/**
 * Takes the lock on a file, waiting for whoever holds it. It is held by a child that ends with this process, however this
 * process ends, so a lock never outlives its holder.
 */
export async function lock(file: string, onWait: () => void = () => undefined): Promise<() => void> {
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting = setTimeout(onWait, 500);
  try {
    const ended = once(holder, "exit").then(([code]) => {
      throw new Fault("later", "LockFailed", `flock ${file} ended with ${code}`);
    });
    await Promise.race([once(holder.stdout, "data"), ended]);
    ended.catch(() => undefined); // its later end is ours
  } finally {
    clearTimeout(waiting);
  }
  return () => holder.stdin.end();
}
