/**
 * What takes long to make and depends on its inputs alone: kept outside the work tree under the hash of those inputs, so
 * that every clone and every checkout of the same inputs shares it. Made once, also for two who want it at once.
 */
import { createHash } from "node:crypto";
import { access, mkdir, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "#events/fault.ts";

export interface Product {
  /** Begins the names of its directories. */
  readonly name: string;
  /** What it is to people; default: its name. */
  readonly title?: string;
  readonly files: readonly string[];
  /** What else it depends on, such as the compiler's version. */
  readonly words: readonly string[];
  /** Fills an empty directory. */
  make(directory: string): Promise<void>;
  /** The directory in which products are kept; default: that of clusters. */
  readonly cache?: string;
  /** Products of this name that nobody asked for in so many days go when another one is made; default: never. */
  readonly keepDays?: number;
}

const SQLITE_BUSY = 5;
const POLL_MILLISECONDS = 50;
/** Building Kubernetes takes half an hour on a busy machine. */
const WAIT_MILLISECONDS = 3_600_000;
/** When waiting for somebody else is worth a line. */
const PATIENCE_MILLISECONDS = 500;

/** Where products of a kind are kept: ${XDG_CACHE_HOME:-~/.cache}/virtive/KIND. */
export function cacheDirectory(kind: string): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "virtive", kind);
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
  return join(product.cache ?? cacheDirectory("kubernetes"), `${product.name}-${await keyOf(product)}`);
}

/** The directory of the finished product, made now if it is not there. */
export async function produce(product: Product, say: (line: string) => void): Promise<string> {
  const place = await placeOf(product);
  if (await use(place)) return place;
  await mkdir(dirname(place), { recursive: true });
  const release = await lock(lockOf(place), () =>
    say(`waiting for another process that makes ${product.title ?? product.name}`),
  );
  const work = workOf(place);
  try {
    if (await use(place)) return place;
    if (product.keepDays !== undefined) await removeOld(product, place, product.keepDays);
    // A build that was killed may have left it.
    await rm(work, { recursive: true, force: true });
    await mkdir(work);
    await product.make(work);
    await rename(work, place);
    return place;
  } finally {
    await rm(work, { recursive: true, force: true });
    release();
  }
}

const lockOf = (place: string): string => `${place}.lock`;
const workOf = (place: string): string => `${place}.making`;

/** True when it is there; notes that it was asked for. */
async function use(place: string): Promise<boolean> {
  const now = new Date();
  return utimes(place, now, now).then(
    () => true,
    () => false,
  );
}

/** Of other inputs, as another clone has them or an older version had: what killed builds have left, and what nobody asks for. */
async function removeOld({ name }: Product, place: string, keepDays: number): Promise<void> {
  const names = await readdir(dirname(place));
  const others = new Set(names.flatMap((one) => /^(.+-[0-9a-f]{16})(?:\.making)?$/.exec(one)?.[1] ?? []));
  for (const other of others) {
    if (!other.startsWith(`${name}-`) || other === basename(place)) continue;
    const path = join(dirname(place), other);
    const release = lockNow(lockOf(path));
    // Somebody makes it right now.
    if (release === undefined) continue;
    try {
      await rm(workOf(path), { recursive: true, force: true });
      const used = await stat(path).catch(() => undefined);
      if (used !== undefined && Date.now() - used.mtimeMs > keepDays * 86_400_000)
        await rm(path, { recursive: true, force: true });
    } finally {
      release();
    }
  }
}

/**
 * Takes the lock on a file, waiting for whoever holds it. The kernel holds it (SQLite's, on an empty file), and lets go of it when its holder
 * dies, in whatever way.
 * @returns what releases it
 * @throws Fault later when somebody holds it for an hour
 */
export async function lock(file: string, onWait: () => void = () => undefined): Promise<() => void> {
  const start = Date.now();
  for (let told = false; ;) {
    const release = lockNow(file);
    if (release !== undefined) return release;
    const waited = Date.now() - start;
    if (waited > WAIT_MILLISECONDS)
      throw new Fault("later", "LockHeld", `another process holds ${file} for over an hour`);
    if (!told && waited > PATIENCE_MILLISECONDS) {
      told = true;
      onWait();
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** Undefined when somebody holds it. */
function lockNow(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return () => database.close();
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
