/** What is inside a kernel package: the ELF file that QEMU starts directly, and modules with what they depend on. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { placeOf } from "./debian.ts";
import { run } from "./run.ts";

/**
 * The uncompressed kernel of a bzImage. Under TCG a guest is about a second faster with it, since no guest code has to
 * unpack it. Layout of the boot sector: Linux' Documentation/arch/x86/boot.rst.
 */
export function elfOfKernel(image: Buffer): Buffer {
  if (image.toString("latin1", 0x202, 0x206) !== "HdrS") throw new Error("The kernel is no x86 boot image");
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c));
  const elf = decompress(payload);
  if (elf.readUInt32BE(0) !== 0x7f454c46) throw new Error("The kernel's payload is no ELF file");
  return elf;
}

function decompress(payload: Buffer): Buffer {
  // The last four bytes of the payload are its unpacked size, put there by the kernel's build.
  const size = payload.readUInt32LE(payload.length - 4);
  const magic = payload.readUInt32BE(0);
  if (magic === 0x02214c18) return lz4(payload.subarray(4, payload.length - 4), size);
  if (magic === 0x28b52ffd) return zstdDecompressSync(payload.subarray(0, payload.length - 4));
  if (magic >>> 16 === 0x1f8b) return gunzipSync(payload.subarray(0, payload.length - 4));
  throw new Error(`The kernel is packed in a way that is not known here (magic ${magic.toString(16)})`);
}

/** LZ4's legacy frame: blocks of up to 8 MiB, each with its packed size before it. */
function lz4(packed: Buffer, size: number): Buffer {
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  let end = 0;
  while (at + 4 <= packed.length && end < size) {
    const length = packed.readUInt32LE(at);
    end = lz4Block(packed.subarray(at + 4, at + 4 + length), out, end);
    at += 4 + length;
  }
  if (end !== size) throw new Error(`The kernel unpacks to ${end} bytes instead of ${size}`);
  return out;
}

function lz4Block(block: Buffer, out: Buffer, start: number): number {
  let from = 0;
  let to = start;
  const more = (length: number): number => {
    if (length < 15) return length;
    let total = length;
    for (;;) {
      const byte = block[from++] ?? 0;
      total += byte;
      if (byte !== 255) return total;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = more(token >> 4);
    block.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    if (from >= block.length) break;
    const distance = block.readUInt16LE(from);
    from += 2;
    const length = more(token & 15) + 4;
    if (distance === 0 || distance > to) throw new Error("The kernel's LZ4 data is damaged");
    // A match may reach into what it writes itself: then it repeats.
    if (distance >= length) out.copy(out, to, to - distance, to - distance + length);
    else for (let index = 0; index < length; index += 1) out[to + index] = out[to + index - distance] ?? 0;
    to += length;
  }
  return to;
}

export interface Module {
  /** virtio_blk.ko */
  readonly file: string;
  readonly content: Buffer;
}

/** The modules and what they depend on, in the order in which they load. Names that the kernel has built in are left out. */
export async function collectModules(tree: string, names: readonly string[]): Promise<Module[]> {
  const modules = await placeOf(tree, "lib/modules");
  const [version] = await readdir(modules);
  if (version === undefined) throw new Error("The kernel package has no modules");
  const paths = new Map<string, string>();
  for (const path of await readdir(join(modules, version), { recursive: true })) {
    const name = /([^/]+)\.ko(\.xz|\.zst|\.gz)?$/.exec(path)?.[1];
    if (name !== undefined) paths.set(canonical(name), join(modules, version, path));
  }
  const ordered = new Map<string, Module>();
  const add = async (name: string, needed: boolean): Promise<void> => {
    const key = canonical(name);
    const path = paths.get(key);
    if (ordered.has(key) || (path === undefined && !needed)) return;
    if (path === undefined) throw new Error(`The kernel package has no module ${name}`);
    const content = await readModule(path);
    for (const dependency of dependenciesOf(content)) await add(dependency, true);
    ordered.set(key, { file: basename(path).replace(/\.(xz|zst|gz)$/, ""), content });
  };
  for (const name of names) await add(name, false);
  return [...ordered.values()];
}

function canonical(name: string): string {
  return name.replaceAll("-", "_");
}

async function readModule(path: string): Promise<Buffer> {
  const packed = await readFile(path);
  if (path.endsWith(".zst")) return zstdDecompressSync(packed);
  if (path.endsWith(".gz")) return gunzipSync(packed);
  if (!path.endsWith(".xz")) return packed;
  await run("xz", ["-dk", path]);
  return readFile(path.replace(/\.xz$/, ""));
}

/** From the module's .modinfo section: `depends=a,b`. */
function dependenciesOf(module: Buffer): string[] {
  const start = module.indexOf("\0depends=");
  if (start < 0) return [];
  const end = module.indexOf(0, start + 1);
  return module
    .toString("latin1", start + "\0depends=".length, end)
    .split(",")
    .filter((name) => name !== "");
}
