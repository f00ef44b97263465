/** The three things that volumes need of qemu-img. */
import { readFile, stat, statfs, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Fault } from "#events/fault.ts";
import { runCommand, type Outcome } from "./command.ts";
import type { DiskFormat } from "./disk-format.ts";

const CREATE_SECONDS = 60;
const CHECK_SECONDS = 300;

/** Under so many free bytes, a tool that could not write is taken to have found no room. */
const NO_ROOM_BYTES = 32 * 1024 * 1024;

/** Files in the image cache never change: what this process has checked, by file, size and time of change. */
const checked = new Set<string>();

/**
 * Compares a qcow2 image's own books. Leaked clusters waste room and harm nobody.
 * @throws Fault refused DiskCorrupt; later VolumeFailed
 */
export async function checkQcow2(path: string, what: string, signal?: AbortSignal): Promise<void> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  const key = `${dev} ${ino} ${size} ${mtimeMs}`;
  if (checked.has(key)) return;
  const outcome = await runCommand("qemu-img", ["check", "-q", "-f", "qcow2", path], {
    seconds: CHECK_SECONDS,
    signal,
  });
  const { code } = outcome;
  if (code === 0 || code === 3) {
    checked.add(key);
    return;
  }
  // 1: it could not be checked to its end; 2: it is inconsistent. Anything else is not about the image.
  if (code === 1 || code === 2) {
    throw new Fault("refused", "DiskCorrupt", `${what} is a damaged qcow2 image: ${lastLine(outcome)}`);
  }
  throw await failed("qemu-img check", outcome, path);
}

/** An empty overlay of an image is a few hundred KiB, the same for each machine: starting qemu-img takes longer. */
const MOST_OVERLAY_BYTES = 1024 * 1024;
const MOST_OVERLAYS = 64;
const overlays = new Map<string, Buffer>();

/**
 * A thin qcow2 image that holds only what differs from `backing`, a file beside it. It names the backing file without its
 * folder, so that it can be made once and copied.
 */
export async function createOverlay(
  path: string,
  backing: { readonly path: string; readonly format: DiskFormat },
  signal?: AbortSignal,
): Promise<void> {
  const name = basename(backing.path);
  const { dev, ino, size, mtimeMs } = await stat(backing.path);
  const key = `${name} ${backing.format} ${dev} ${ino} ${size} ${mtimeMs}`;
  const known = overlays.get(key);
  if (known !== undefined) {
    await writeFile(path, known, { flag: "wx" });
    return;
  }
  await create(["-b", name, "-F", backing.format, path], path, signal);
  if ((await stat(path)).size > MOST_OVERLAY_BYTES) return;
  const [oldest] = overlays.keys();
  if (overlays.size >= MOST_OVERLAYS && oldest !== undefined) overlays.delete(oldest);
  overlays.set(key, await readFile(path));
}

export async function createEmpty(path: string, bytes: number, signal?: AbortSignal): Promise<void> {
  await create([path, String(bytes)], path, signal);
}

async function create(args: readonly string[], path: string, signal?: AbortSignal): Promise<void> {
  const outcome = await runCommand("qemu-img", ["create", "-q", "-f", "qcow2", ...args], {
    seconds: CREATE_SECONDS,
    signal,
  });
  if (outcome.code !== 0) throw await failed("qemu-img create", outcome, path);
}

async function failed(what: string, outcome: Outcome, path: string): Promise<Fault> {
  const { bavail, bsize } = await statfs(dirname(path));
  if (bavail * bsize < NO_ROOM_BYTES) {
    return new Fault("later", "DiskFull", `There is no room left on the disk of ${dirname(path)}`);
  }
  return new Fault("later", "VolumeFailed", `${what} failed (${outcome.code ?? "killed"}): ${lastLine(outcome)}`);
}

function lastLine({ stdout, stderr }: Outcome): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return (lines.at(-1) ?? "").slice(0, 500);
}
