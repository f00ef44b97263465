/**
 * What kind of disk image a file is, by its first bytes. A user brings the file, so what it refers to is looked at
 * before any tool opens it: a qcow2 header can name other files of the host as its backing or data file.
 */
import { open } from "node:fs/promises";
import { Fault } from "#events/fault.ts";
import { fileFault } from "#events/file-fault.ts";

export type DiskFormat = "qcow2" | "raw";

const QCOW2_MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
/** Bit 1: the image is known to be inconsistent. Bit 2: the data is in another file. */
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA = 1n << 2n;
/** Bytes; the largest disk that a guest gets from an image. */
const MAX_VIRTUAL_BYTES = 64n * 1024n ** 4n;

/** What QEMU would probe as something else and a guest must not bring. */
const OTHER_FORMATS: Readonly<Record<string, string>> = {
  "4b444d56": "vmdk",
  "636f6e6e": "vpc",
  "76686478": "vhdx",
  "51454400": "qed",
  "7f10dabe": "vdi",
};

/** @throws Fault refused DiskCorrupt, DiskNotSupported; later DiskFailed */
export async function diskFormat(path: string, what: string): Promise<DiskFormat> {
  const { header, length } = await readHeader(path, what);
  if (length === 0) throw corrupt(what, "is empty");
  const magic = header.readUInt32BE(0);
  if (magic === QCOW2_MAGIC) {
    checkQcow2(header, length, what);
    return "qcow2";
  }
  const other = OTHER_FORMATS[header.toString("hex", 0, 4)];
  if (other !== undefined) {
    throw new Fault("refused", "DiskNotSupported", `${what} is a ${other} image; it must be qcow2 or raw`);
  }
  return "raw";
}

async function readHeader(path: string, what: string): Promise<{ readonly header: Buffer; readonly length: number }> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      return { header: buffer, length: bytesRead };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileFault(error, path, `${what} can't be read`) ?? error;
  }
}

function checkQcow2(header: Buffer, length: number, what: string): void {
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw corrupt(what, `is qcow2 of version ${version}; it must be 2 or 3`);
  if (length < 72 || (version === 3 && length < HEADER_BYTES)) throw corrupt(what, "ends within its qcow2 header");
  if (header.readBigUInt64BE(8) !== 0n)
    throw new Fault("refused", "DiskNotSupported", `${what} has a backing file; an image must be whole`);
  const clusterBits = header.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) throw corrupt(what, `has clusters of 2^${clusterBits} bytes`);
  const size = header.readBigUInt64BE(24);
  if (size === 0n || size > MAX_VIRTUAL_BYTES) throw corrupt(what, `has a size of ${size} bytes`);
  if (header.readUInt32BE(32) !== 0) throw new Fault("refused", "DiskNotSupported", `${what} is encrypted`);
  const incompatible = version === 3 ? header.readBigUInt64BE(72) : 0n;
  if ((incompatible & CORRUPT) !== 0n) throw corrupt(what, "is marked as corrupt");
  if ((incompatible & EXTERNAL_DATA) !== 0n) {
    throw new Fault("refused", "DiskNotSupported", `${what} keeps its data in another file; an image must be whole`);
  }
}

function corrupt(what: string, why: string): Fault {
  return new Fault("refused", "DiskCorrupt", `${what} ${why}`);
}
