/**
 * The guest's disk in a claim that is a folder: the file `disk.img` there, found or made. Whoever else has the claim may
 * have put anything in its place, so it is opened without following links, and only a plain file will do.
 */
import { constants, type Stats } from "node:fs";
import { link, lstat, open, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, fileFault, isMissing } from "#events/file-fault.ts";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { DomainDisk } from "../domain/parts.ts";
import type { GuestUser } from "../host/configuration.ts";

/** As KubeVirt's tools and importers have it. */
const DISK_FILE = "disk.img";
/** A disk may be smaller than its claim by so much, as file systems take something for themselves. KubeVirt's default. */
const LESS_PERCENT = 10;
/** Bytes that are left free beside a disk which takes what there is. KubeVirt's default. */
const RESERVE_BYTES = 131_072;
/** The largest block that storage is written in past the page cache; a disk is whole ones of them. */
const BLOCK_BYTES = 4096;
const MIB = 1024 * 1024;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_DIRECT, O_NOFOLLOW } = constants;

export interface ClaimDiskRequest {
  readonly order: MachineOrder;
  readonly volume: string;
  readonly readonly: boolean;
  /** Of the claim, as QEMU sees it. */
  readonly directory: string;
  /** Under which we see what QEMU sees; "" when that is the same. */
  readonly root: string;
  /** Whose the disk becomes; root's when unset. */
  readonly owner?: GuestUser | undefined;
}

/** @throws Fault refused DiskNotFound, DiskNotSupported; later VolumeTooSmall, DiskFull, DiskFailed */
export async function claimDisk(request: ClaimDiskRequest): Promise<DomainDisk> {
  const { directory, root, volume, readonly, owner } = request;
  const path = join(directory, DISK_FILE);
  const seen = root + path;
  try {
    if ((await lookAt(seen)) === undefined) await make(request, seen);
    const { direct } = await open_(seen, request, async (file) => {
      const { size } = await file.stat();
      if (size === 0) throw unfit(volume, "is empty");
      if (!readonly && owner !== undefined) await file.chown(owner.uid, owner.gid).catch(unlessItMayNot);
    });
    return { volume, path, format: "raw", readonly, block: false, cache: direct ? "none" : "writethrough" };
  } catch (thrown) {
    throw fileFault(thrown, path) ?? thrown;
  }
}

/** Does the work with the disk open, and says whether it can be opened past the page cache. */
async function open_(
  seen: string,
  { volume, readonly }: ClaimDiskRequest,
  work: (file: FileHandle) => Promise<void>,
): Promise<{ readonly direct: boolean }> {
  const access = (readonly ? O_RDONLY : O_RDWR) | O_NOFOLLOW;
  // What is no plain file may wait for somebody when it is opened.
  if ((await lookAt(seen))?.isFile() !== true) throw unfit(volume, "is no plain file");
  const file = await open(seen, access);
  try {
    if (!(await file.stat()).isFile()) throw unfit(volume, "is no plain file");
    await work(file);
  } finally {
    await file.close();
  }
  try {
    await (await open(seen, access | O_DIRECT)).close();
    return { direct: true };
  } catch (thrown) {
    if (errnoOf(thrown) === "EINVAL") return { direct: false };
    throw thrown;
  }
}

/** It appears whole: another machine of the claim may look for it at this moment. */
async function make(request: ClaimDiskRequest, seen: string): Promise<void> {
  const { order, volume, readonly, owner } = request;
  if (readonly) throw missing(volume, "and the guest may only read it");
  // The guest's disk is where it is now; another one would be found empty.
  if (order.desired === "incoming") throw missing(volume, "though the node that the guest comes from has it there");
  const bytes = await sizeFor(request);
  const temporary = `${seen}.${order.uid}`;
  await rm(temporary, { force: true });
  const file = await open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o660);
  try {
    await file.truncate(bytes);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid).catch(unlessItMayNot);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(temporary, seen).catch((thrown: unknown) => {
    if (errnoOf(thrown) === "EEXIST") return undefined; // the other machine's
    if (errnoOf(thrown) === "EPERM" || errnoOf(thrown) === "ENOTSUP") return rename(temporary, seen);
    throw thrown;
  });
  await rm(temporary, { force: true });
}

/** As large as the claim, or as what there is when that is a little less. */
async function sizeFor({ order, volume, directory, root }: ClaimDiskRequest): Promise<number> {
  const { bavail, bsize } = await statfs(root + directory);
  const available = wholeMiB(bavail * bsize - RESERVE_BYTES);
  const wanted = order.diskBytes?.[volume] ?? available;
  if (wanted <= available) return Math.floor(wanted / BLOCK_BYTES) * BLOCK_BYTES;
  if (available > 0 && available >= wanted * (1 - LESS_PERCENT / 100)) return available;
  const message = `Volume ${volume} has room for ${available / MIB} MiB, and its claim is for ${Math.ceil(wanted / MIB)} MiB; at most ${LESS_PERCENT} % less will do`;
  throw new Fault("later", "VolumeTooSmall", message);
}

function wholeMiB(bytes: number): number {
  return Math.max(0, Math.floor(bytes / MIB) * MIB);
}

function missing(volume: string, why: string): Fault {
  return new Fault("refused", "DiskNotFound", `Volume ${volume} has no ${DISK_FILE}, ${why}`);
}

function unfit(volume: string, why: string): Fault {
  return new Fault("refused", "DiskNotSupported", `${DISK_FILE} of volume ${volume} ${why}`);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

/** Some file systems know no owners, or let nobody change them; then it is for the storage to let QEMU in. */
function unlessItMayNot(thrown: unknown): void {
  const errno = errnoOf(thrown);
  if (errno !== "EPERM" && errno !== "EROFS" && errno !== "ENOTSUP") throw thrown;
}
