/**
 * What an error of the file system means to who waits for a file: its disk is full, or its disk fails. Either may pass,
 * so neither is the end of a start. The one place that reads errno.
 */
import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { Fault } from "./fault.ts";

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);
/** The node's trouble, whatever was to be read or written. */
const FAILED: ReadonlySet<string> = new Set([
  "EACCES",
  "EBUSY",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "EPERM",
  "EROFS",
  "ESTALE",
]);

const RETRY_AFTER_SECONDS = 5;
const MIB = 1024 * 1024;

export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

export function isMissing(thrown: unknown): boolean {
  return errnoOf(thrown) === "ENOENT";
}

/** Undefined where the error says nothing about the disk. `what` begins a sentence, such as "/a/b can't be written". */
export function fileFault(thrown: unknown, path: string, what = `${path} can't be used`): Fault | undefined {
  const errno = errnoOf(thrown);
  if (errno === undefined) return undefined;
  if (FULL.has(errno)) return diskFull(path, thrown);
  return FAILED.has(errno) ? diskFailed(what, errno, thrown) : undefined;
}

export function diskFailed(what: string, why: string, cause?: unknown): Fault {
  return new Fault("later", "DiskFailed", `${what}: ${why}`, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** Says how large the disk is and how much of it is free at this moment, and what helps. */
export function diskFull(path: string, cause?: unknown): Fault {
  const directory = nearestDirectory(path);
  const message = `There is no room left on the disk of ${directory}: ${extentOf(directory)}`;
  const remedy = "make room there, or give it a larger disk, and it goes on by itself";
  return new Fault("later", "DiskFull", `${message}; ${remedy}`, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
}

/** Bytes that are free on the file system of a path. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(nearestDirectory(path));
  return bavail * bsize;
}

function extentOf(directory: string): string {
  const { bavail, blocks, bsize, files, ffree } = statfsSync(directory);
  if (files > 0 && ffree === 0) return `all of its ${files} inodes are in use`;
  return `${Math.floor((bavail * bsize) / MIB)} MiB of ${Math.ceil((blocks * bsize) / MIB)} MiB are free`;
}

/** What is to be written may not be there yet, nor the folder that it is to be in. */
function nearestDirectory(path: string): string {
  let directory = dirname(path);
  while (!existsSync(directory) && directory !== dirname(directory)) directory = dirname(directory);
  return directory;
}
