/**
 * Tar, written as a stream: owner root, time 0, sorted, so that the same files make the same bytes. Names of any length
 * (pax headers), files from memory or from disk.
 */
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { once } from "node:events";

export interface TarEntry {
  /** Without a leading slash; a directory's too without one at its end. */
  readonly path: string;
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  readonly content:
    | Buffer
    | { readonly file: string; readonly bytes: number }
    | { readonly directory: true }
    | { readonly link: string };
}

const BLOCK = 512;
const SHORT = 100;

/** @param out is written to, and not ended */
export async function writeTar(entries: readonly TarEntry[], out: Writable): Promise<void> {
  const write = async (data: Buffer): Promise<void> => {
    if (!out.write(data)) await once(out, "drain");
  };
  const byName = [...entries].sort((one, other) => (one.path < other.path ? -1 : 1));
  for (const entry of byName) {
    await write(headers(entry));
    const { content } = entry;
    if (Buffer.isBuffer(content)) await write(content);
    else if ("file" in content) {
      let bytes = 0;
      for await (const chunk of createReadStream(content.file) as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        await write(chunk);
      }
      if (bytes !== content.bytes) throw new Error(`${content.file} changed while it was read`);
    }
    await write(Buffer.alloc(padding(sizeOf(entry))));
  }
  await write(Buffer.alloc(2 * BLOCK));
}

function sizeOf({ content }: TarEntry): number {
  if (Buffer.isBuffer(content)) return content.length;
  return "file" in content ? content.bytes : 0;
}

function padding(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK;
}

function headers(entry: TarEntry): Buffer {
  const { content } = entry;
  const link = !Buffer.isBuffer(content) && "link" in content ? content.link : undefined;
  const isDirectory = !Buffer.isBuffer(content) && "directory" in content;
  const path = isDirectory ? `${entry.path}/` : entry.path;
  const long: Record<string, string> = {};
  if (Buffer.byteLength(path) > SHORT) long["path"] = path;
  if (link !== undefined && Buffer.byteLength(link) > SHORT) long["linkpath"] = link;
  const type = link !== undefined ? "2" : isDirectory ? "5" : "0";
  const own = header({ path, mode: entry.mode, size: sizeOf(entry), type, link });
  return Object.keys(long).length === 0 ? own : Buffer.concat([paxOf(long), own]);
}

/** What does not fit the header, before it: "LENGTH name=value\n", the length counting itself. */
function paxOf(values: Readonly<Record<string, string>>): Buffer {
  const records = Object.entries(values).map(([name, value]) => {
    const rest = Buffer.byteLength(` ${name}=${value}\n`);
    const digits = [1, 2, 3, 4, 5].find((count) => String(rest + count).length === count) ?? 5;
    return `${rest + digits} ${name}=${value}\n`;
  });
  const data = Buffer.from(records.join(""));
  const first = header({ path: "pax", mode: 0o644, size: data.length, type: "x", link: undefined });
  return Buffer.concat([first, data, Buffer.alloc(padding(data.length))]);
}

interface Fields {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly type: string;
  readonly link: string | undefined;
}

function header({ path, mode, size, type, link }: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  // What is cut off here stands in the pax header.
  Buffer.from(path).copy(block, 0, 0, SHORT);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  Buffer.from(link ?? "").copy(block, 157, 0, SHORT);
  block.write("ustar\x0000", 257, "latin1");
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}

/** Everything under a folder; `keep` says what, by its path below it. Hard links become files of their own. */
export async function entriesUnder(
  folder: string,
  at = "",
  keep: (path: string) => boolean = () => true,
): Promise<readonly TarEntry[]> {
  const below = async (inner: string): Promise<readonly TarEntry[]> => {
    const names = await readdir(join(folder, inner));
    const lists = await Promise.all(
      names.map(async (name): Promise<readonly TarEntry[]> => {
        const path = inner === "" ? name : `${inner}/${name}`;
        if (!keep(path)) return [];
        const file = join(folder, path);
        const found = await lstat(file);
        const place = at === "" ? path : `${at}/${path}`;
        const mode = found.mode & 0o7777;
        if (found.isSymbolicLink()) return [{ path: place, mode: 0o777, content: { link: await readlink(file) } }];
        if (found.isDirectory()) {
          return [{ path: place, mode, content: { directory: true } }, ...(await below(path))];
        }
        return found.isFile() ? [{ path: place, mode, content: { file, bytes: found.size } }] : [];
      }),
    );
    return lists.flat();
  };
  return below("");
}
