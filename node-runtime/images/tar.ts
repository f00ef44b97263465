/**
 * Reads tar archives as a stream of entries: ustar, pax and GNU long names. Nothing is written anywhere and nothing but
 * headers is held in memory; a header that claims to be large is refused.
 */
import { Fault } from "#events/fault.ts";

export interface TarEntry {
  /** As in the archive; may be anything, "../" included. */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "other";
  readonly size: number;
  /** The content, to be read before the next entry is asked for; what is not read is skipped. */
  readonly content: AsyncIterable<Buffer>;
}

const BLOCK = 512;
/** Bytes of a long name or of a pax header; paths have 4096 at most. */
const LONGEST_HEADER = 1024 * 1024;
const MOST_ENTRIES = 1_000_000;

/** @throws Fault refused ImageRefused when it is no tar archive */
export async function* tarEntries(source: AsyncIterable<Buffer>, what: string): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source, what);
  let longName: string | undefined;
  let pax: Readonly<Record<string, string>> = {};
  for (let count = 0; ; count += 1) {
    if (count > MOST_ENTRIES) throw refused(what, `has over ${MOST_ENTRIES} entries`);
    const header = await reader.take(BLOCK);
    // Archives end with blocks of zeros, or simply end.
    if (header === undefined || header.every((byte) => byte === 0)) return;
    if (!checksumHolds(header)) throw refused(what, "is no tar archive");
    const type = String.fromCharCode(header[156] ?? 0);
    const size = pax["size"] === undefined ? numberAt(header, 124, 12) : Number(pax["size"]);
    if (!Number.isSafeInteger(size) || size < 0) throw refused(what, "has an entry of no valid size");
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (type === "L" || type === "K" || type === "x" || type === "g") {
      if (size > LONGEST_HEADER) throw refused(what, `has a header of over ${LONGEST_HEADER} bytes`);
      const body = await reader.take(size);
      if (body === undefined) throw refused(what, "ends in the middle");
      if (type === "L") longName = textAt(body, 0, body.length);
      if (type === "x") pax = paxRecords(body);
      await reader.skip(padding);
      continue;
    }
    const prefix = header.toString("latin1", 257, 262) === "ustar" ? textAt(header, 345, 155) : "";
    const short = textAt(header, 0, 100);
    const name = pax["path"] ?? longName ?? (prefix === "" ? short : `${prefix}/${short}`);
    const body = reader.body(size);
    yield { name, type: typeOf(type), size, content: body.chunks };
    await body.skipRest();
    await reader.skip(padding);
    longName = undefined;
    pax = {};
  }
}

function typeOf(flag: string): TarEntry["type"] {
  switch (flag) {
    case "0":
    case "\0":
    case "7":
      return "file";
    case "5":
      return "directory";
    case "2":
      return "symlink";
    case "1":
      return "hardlink";
    default:
      return "other";
  }
}

function checksumHolds(header: Buffer): boolean {
  let sum = 0;
  for (let index = 0; index < BLOCK; index += 1) sum += index >= 148 && index < 156 ? 0x20 : (header[index] ?? 0);
  return sum === numberAt(header, 148, 8);
}

function textAt(buffer: Buffer, start: number, length: number): string {
  const end = buffer.indexOf(0, start);
  return buffer.toString("utf8", start, end < 0 || end > start + length ? start + length : end);
}

/** Octal, or for large numbers GNU's base 256. */
function numberAt(header: Buffer, start: number, length: number): number {
  const first = header[start] ?? 0;
  if ((first & 0x80) === 0) {
    const text = header
      .toString("latin1", start, start + length)
      .replace(/[\0 ]+$/, "")
      .trim();
    return /^[0-7]*$/.test(text) ? parseInt(text || "0", 8) : NaN;
  }
  let value = first & 0x7f;
  for (let index = start + 1; index < start + length; index += 1) value = value * 256 + (header[index] ?? 0);
  return value;
}

/** "30 path=some/name\n" and so on. */
function paxRecords(body: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString("latin1", at, space));
    if (space < 0 || !Number.isInteger(length) || length < 5) break;
    const record = body.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    records[record.slice(0, equals)] = record.slice(equals + 1);
    at += length;
  }
  return records;
}

function refused(what: string, why: string): Fault {
  return new Fault("refused", "ImageRefused", `${what} ${why}`);
}

class ByteReader {
  private readonly iterator: AsyncIterator<Buffer>;
  private readonly what: string;
  private rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>, what: string) {
    this.iterator = source[Symbol.asyncIterator]();
    this.what = what;
  }

  /** Up to `most` bytes as they come; undefined at the end. */
  private async some(most: number): Promise<Buffer | undefined> {
    while (this.rest.length === 0) {
      const next = await this.iterator.next();
      if (next.done === true) return undefined;
      this.rest = next.value;
    }
    const part = this.rest.subarray(0, most);
    this.rest = this.rest.subarray(part.length);
    return part;
  }

  /** Exactly so many bytes; undefined when the source ends before the first. */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const part = await this.some(missing);
      if (part === undefined) {
        if (parts.length === 0) return undefined;
        throw refused(this.what, "ends in the middle");
      }
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.body(length).chunks);
  }

  /** The next `length` bytes as they come, and a way past those that nobody reads. */
  body(length: number): { readonly chunks: AsyncIterable<Buffer>; skipRest(): Promise<void> } {
    let missing = length;
    const next = async (): Promise<Buffer | undefined> => {
      if (missing === 0) return undefined;
      const part = await this.some(missing);
      if (part === undefined) throw refused(this.what, "ends in the middle");
      missing -= part.length;
      return part;
    };
    return {
      chunks: (async function* () {
        for (let part = await next(); part !== undefined; part = await next()) yield part;
      })(),
      async skipRest() {
        while ((await next()) !== undefined);
      },
    };
  }
}
