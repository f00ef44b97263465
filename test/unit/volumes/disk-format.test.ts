import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskFormat } from "#node-runtime/volumes/disk-format.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "format-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A header of qcow2 version 3 for a disk of 1 GiB. */
function qcow2(change: (header: Buffer) => void = () => undefined): Buffer {
  const header = Buffer.alloc(512);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(3, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(1n << 30n, 24);
  change(header);
  return header;
}

const formatOf = (content: Buffer): Promise<string> => {
  const path = join(directory, "disk");
  writeFileSync(path, content);
  return diskFormat(path, "The disk");
};

describe("a disk that a user brings", () => {
  it("is qcow2 or raw by its first bytes", async () => {
    expect(await formatOf(qcow2())).toBe("qcow2");
    expect(await formatOf(Buffer.alloc(512))).toBe("raw");
    expect(await formatOf(Buffer.from("x"))).toBe("raw");
  });

  it.each<[string, Buffer, string]>([
    ["is empty", Buffer.alloc(0), "DiskCorrupt"],
    ["ends in its header", qcow2().subarray(0, 60), "DiskCorrupt"],
    ["is of an unknown version", qcow2((h) => h.writeUInt32BE(9, 4)), "DiskCorrupt"],
    ["has impossible clusters", qcow2((h) => h.writeUInt32BE(40, 20)), "DiskCorrupt"],
    ["has an impossible size", qcow2((h) => h.writeBigUInt64BE(1n << 60n, 24)), "DiskCorrupt"],
    ["is marked as corrupt", qcow2((h) => h.writeBigUInt64BE(2n, 72)), "DiskCorrupt"],
    ["names a backing file, perhaps one of the host", qcow2((h) => h.writeBigUInt64BE(200n, 8)), "DiskNotSupported"],
    ["keeps its data in another file", qcow2((h) => h.writeBigUInt64BE(4n, 72)), "DiskNotSupported"],
    ["is encrypted", qcow2((h) => h.writeUInt32BE(2, 32)), "DiskNotSupported"],
    ["is a VMDK", Buffer.concat([Buffer.from("KDMV"), Buffer.alloc(508)]), "DiskNotSupported"],
  ])("is refused when it %s", async (_, content, reason) => {
    await expect(formatOf(content)).rejects.toThrow(expect.objectContaining({ kind: "refused", reason }) as Error);
  });
});
