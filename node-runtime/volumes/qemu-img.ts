/** The three things that volumes need of qemu-img. */
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Fault } from "#events/fault.ts";
import { diskFailed, diskFull, fileFault, freeBytes } from "#events/file-fault.ts";
import { runCommand, type Outcome } from "./command.ts";
import type { DiskFormat } from "./disk-format.ts";

const CREATE_SECONDS = 60;
const CHECK_SECONDS = 300;

/** Under so many free bytes, a tool that could not write is taken to have found no room. */
const NO_ROOM_BYTES = 32 * 1024 * 1024;

/** Files in the image cache never change: what this process has checked, by file, size and time of change. */
const checked = new Set<string>();

/** What a check ends with. Leaked clusters waste room and harm nobody. */
const CHECKED = { sound: 0, notDone: 1, damaged: 2, leaks: 3 } as const;

/**
 * A check that was not done says why in words only: the C library's, whose language we set. None of these can be the
 * image's doing. An I/O error can: then the file itself is read.
 */
const NOT_THE_IMAGE: Readonly<Record<string, string>> = {
  "Cannot allocate memory": "ENOMEM",
  "Device or resource busy": "EBUSY",
  "No space left on device": "ENOSPC",
  "No such file or directory": "ENOENT",
  "Operation not permitted": "EPERM",
  "Permission denied": "EACCES",
  "Read-only file system": "EROFS",
  "Resource temporarily unavailable": "EAGAIN",
  "Too many open files": "EMFILE",
  "Too many open files in system": "ENFILE",
};

/**
 * Compares a qcow2 image's own books.
 * @throws Fault refused DiskCorrupt; later VolumeFailed, DiskFailed, DiskFull
 */
export async function checkQcow2(path: string, what: string, signal?: AbortSignal): Promise<void> {
  const { dev, ino, size, mtimeMs } = await stat(path);
  const key = `${dev} ${ino} ${size} ${mtimeMs}`;
  if (checked.has(key)) return;
  const outcome = await runCommand("qemu-img", ["check", "-q", "-f", "qcow2", path], {
    seconds: CHECK_SECONDS,
    signal,
  });
  switch (outcome.code) {
    case CHECKED.sound:
    case CHECKED.leaks:
      checked.add(key);
      return;
    case CHECKED.damaged:
      throw damaged(what, outcome);
    case CHECKED.notDone:
      throw (await whyNotDone(path, what, outcome, signal)) ?? damaged(what, outcome);
    default:
      throw failed("qemu-img check", outcome, path);
  }
}

function damaged(what: string, outcome: Outcome): Fault {
  return new Fault("refused", "DiskCorrupt", `${what} is a damaged qcow2 image: ${lastLine(outcome)}`);
}

/** The node's trouble that kept an image from being checked; undefined when only the image is left to blame. */
async function whyNotDone(
  path: string,
  what: string,
  outcome: Outcome,
  signal?: AbortSignal,
): Promise<Fault | undefined> {
  const said = lastLine(outcome).split(": ").at(-1) ?? "";
  const errno = NOT_THE_IMAGE[said];
  if (errno === "ENOSPC") return diskFull(path);
  if (errno !== undefined) return diskFailed(`${what} can't be checked`, errno);
  try {
    await readThrough(path, signal);
    return undefined;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return fileFault(error, path, `${what} can't be read`) ?? diskFailed(`${what} can't be read`, String(error), error);
  }
}

const READ_BYTES = 1024 * 1024;

/** Every byte once: a disk that fails does it here too. */
async function readThrough(path: string, signal?: AbortSignal): Promise<void> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let bytesRead: number;
    do {
      signal?.throwIfAborted();
      ({ bytesRead } = await file.read(buffer, 0, READ_BYTES));
    } while (bytesRead > 0);
  } finally {
    await file.close();
  }
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
  if (outcome.code !== 0) throw failed("qemu-img create", outcome, path);
}

function failed(what: string, outcome: Outcome, path: string): Fault {
  if (freeBytes(path) < NO_ROOM_BYTES) return diskFull(path);
  return new Fault("later", "VolumeFailed", `${what} failed (${outcome.code ?? "killed"}): ${lastLine(outcome)}`);
}

function lastLine({ stdout, stderr }: Outcome): string {
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  return (lines.at(-1) ?? "").slice(0, 500);
}
