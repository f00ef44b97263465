/** The disk in a claim that is a folder: found, made by the claim's size, or refused. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import { claimDisk, type ClaimDiskRequest } from "#node-runtime/volumes/claim-disk.ts";
import { orderFor } from "../domain/machine.ts";

const MIB = 1024 * 1024;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "claim-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fault = (kind: string, reason: string): Error => expect.objectContaining({ kind, reason }) as Error;
const disk = (order: Partial<MachineOrder> = {}, more: Partial<ClaimDiskRequest> = {}) =>
  claimDisk({
    order: orderFor({ domain: { devices: {} } }, order),
    volume: "data",
    readonly: false,
    directory,
    root: "",
    ...more,
  });
const path = (): string => join(directory, "disk.img");

describe("the disk in a claim", () => {
  it("is made as large as the claim, in whole blocks, without taking the room, and is found again as it is", async () => {
    const made = await disk({ diskBytes: { data: 1_000_000_001 } });
    expect(made).toMatchObject({ volume: "data", path: path(), format: "raw", readonly: false, block: false });
    expect(statSync(path()).size).toBe(999_997_440);
    expect(statSync(path()).blocks).toBeLessThan(8);
    writeFileSync(path(), "a guest was here", { flag: "r+" });
    expect(await disk({ diskBytes: { data: 4 * MIB } })).toEqual(made);
    expect(statSync(path()).size).toBe(999_997_440);
    expect(readdirSync(directory)).toEqual(["disk.img"]);
  });

  it("is what somebody has put there, whatever its size", async () => {
    writeFileSync(path(), Buffer.alloc(12_345, 1));
    await disk({ diskBytes: { data: 4 * MIB } });
    expect(statSync(path()).size).toBe(12_345);
  });

  it("is opened past the page cache where the file system can", async () => {
    const { cache } = await disk({ diskBytes: { data: MIB } });
    expect(["none", "writethrough"]).toContain(cache);
    let direct = true;
    try {
      execFileSync("dd", [`if=${path()}`, "iflag=direct", "bs=4096", "count=1", "of=/dev/null", "status=none"]);
    } catch {
      direct = false;
    }
    expect(cache).toBe(direct ? "none" : "writethrough");
  });

  it("is not made for a guest that may only read, nor for one that comes from another node", async () => {
    await expect(disk({}, { readonly: true })).rejects.toThrow(fault("refused", "DiskNotFound"));
    await expect(disk({ desired: "incoming", diskBytes: { data: MIB } })).rejects.toThrow(
      /has no disk\.img, though the node that the guest comes from has it there/,
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is no link to another guest's disk, no folder, no pipe, and is not empty", async () => {
    mkdirSync(join(directory, "other"));
    writeFileSync(join(directory, "other/disk.img"), "another's");
    chmodSync(join(directory, "other/disk.img"), 0o600);
    symlinkSync(join(directory, "other/disk.img"), path());
    const owner = { uid: 64055, gid: 107 };
    await expect(disk({}, { owner })).rejects.toThrow(/disk\.img of volume data is no plain file/);
    if (process.getuid?.() === 0) expect(statSync(join(directory, "other/disk.img")).uid).toBe(0);
    rmSync(path());
    mkdirSync(path());
    await expect(disk()).rejects.toThrow(fault("refused", "DiskNotSupported"));
    rmSync(path(), { recursive: true });
    execFileSync("mkfifo", [path()]);
    await expect(disk()).rejects.toThrow(fault("refused", "DiskNotSupported"));
    rmSync(path());
    writeFileSync(path(), "");
    await expect(disk()).rejects.toThrow(/is empty/);
  });

  it("appears whole when two guests of one claim start at once", async () => {
    const uids = Array.from({ length: 8 }, (_, at) => `uid-${at}`);
    await Promise.all(uids.map((uid) => disk({ uid, diskBytes: { data: 8 * MIB } })));
    expect(statSync(path()).size).toBe(8 * MIB);
    expect(readdirSync(directory)).toEqual(["disk.img"]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("the disk in a claim on a file system of its own (root)", () => {
  const mount = (size: string): void => {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory]);
  };
  afterEach(() => {
    execFileSync("umount", [directory]);
  });

  it("takes what there is where the claim asks for a little more, and waits where it asks for much more", async () => {
    mount("32M");
    await disk({ diskBytes: { data: 34 * MIB } });
    expect(statSync(path()).size).toBe(31 * MIB);
    rmSync(path());
    const refused: unknown = await disk({ diskBytes: { data: 64 * MIB } }).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(Fault);
    expect(refused).toMatchObject({
      kind: "later",
      reason: "VolumeTooSmall",
      message: "Volume data has room for 31 MiB, and its claim is for 64 MiB; at most 10 % less will do",
    });
    expect(readdirSync(directory)).toEqual([]);
    await disk();
    expect(statSync(path()).size).toBe(31 * MIB);
  });
});
