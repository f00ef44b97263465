/**
 * XDR (RFC 4506) as libvirt's protocol uses it: big-endian, four-byte units, every length bounded by the protocol's
 * own limits. `protocol.gen.ts` builds a codec for each struct of the protocol out of these.
 */

/** How one type is written and read. Reading never allocates more than what the packet holds. */
export interface Codec<T> {
  write(out: XdrWriter, value: T): void;
  read(from: XdrReader): T;
}

/** A value that does not fit its type (writing), or bytes that are no such value (reading). `path` names the field. */
export class XdrError extends Error {
  override readonly name = "XdrError";
  readonly path: string;
  readonly problem: string;
  constructor(problem: string, path = "") {
    super(path === "" ? problem : `${path}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
  within(field: string): XdrError {
    const separator = this.path === "" || this.path.startsWith("[") ? "" : ".";
    return new XdrError(this.problem, `${field}${separator}${this.path}`);
  }
}

const padding = (length: number): number => (4 - (length & 3)) & 3;

export class XdrWriter {
  #bytes = Buffer.allocUnsafe(256);
  #length = 0;

  /** Room for `count` more bytes; answers where they start. May replace the bytes: use them only afterwards. */
  #reserve(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
    }
    this.#length = end;
    return start;
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeInt32BE(value, at);
  }
  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value, at);
  }
  int64(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigInt64BE(value, at);
  }
  uint64(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }
  double(value: number): void {
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }
  /** The bytes and zeros up to the next unit. */
  raw(value: Uint8Array): void {
    const start = this.#reserve(value.length + padding(value.length));
    this.#bytes.set(value, start);
    this.#bytes.fill(0, start + value.length, this.#length);
  }
  result(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

export class XdrReader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }
  #take(count: number): number {
    if (count > this.left) throw new XdrError(`the packet ends here: ${count} bytes wanted, ${this.left} left`);
    const start = this.#at;
    this.#at += count;
    return start;
  }
  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }
  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }
  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }
  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }
  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }
  raw(length: number): Buffer {
    const start = this.#take(length + padding(length));
    return this.#bytes.subarray(start, start + length);
  }
}

function integer(least: number, most: number, signed: boolean): Codec<number> {
  return {
    write(out, value) {
      if (!Number.isInteger(value) || value < least || value > most) {
        throw new XdrError(`${String(value)} is no integer from ${least} to ${most}`);
      }
      if (signed) out.int32(value);
      else out.uint32(value);
    },
    read(from) {
      const value = signed ? from.int32() : from.uint32();
      if (value < least || value > most) throw new XdrError(`${value} is not from ${least} to ${most}`);
      return value;
    },
  };
}

export const int = integer(-0x8000_0000, 0x7fff_ffff, true);
export const unsignedInt = integer(0, 0xffff_ffff, false);
export const char = integer(-0x80, 0x7f, true);
export const unsignedChar = integer(0, 0xff, false);
export const unsignedShort = integer(0, 0xffff, false);

function wide(least: bigint, most: bigint, signed: boolean): Codec<bigint> {
  return {
    write(out, value) {
      if (typeof value !== "bigint" || value < least || value > most) {
        throw new XdrError(`${String(value)} is no bigint from ${least} to ${most}`);
      }
      if (signed) out.int64(value);
      else out.uint64(value);
    },
    read: (from) => (signed ? from.int64() : from.uint64()),
  };
}

export const hyper = wide(-(2n ** 63n), 2n ** 63n - 1n, true);
export const unsignedHyper = wide(0n, 2n ** 64n - 1n, false);

export const double: Codec<number> = {
  write: (out, value) => out.double(value),
  read: (from) => from.double(),
};

/** UTF-8, at most `most` bytes. */
export function string(most: number): Codec<string> {
  return {
    write(out, value) {
      if (typeof value !== "string") throw new XdrError("is no string");
      const bytes = Buffer.from(value, "utf8");
      if (bytes.length > most) throw new XdrError(`${bytes.length} bytes long, at most ${most} are allowed`);
      out.uint32(bytes.length);
      out.raw(bytes);
    },
    read: (from) => from.raw(bounded(from, most)).toString("utf8"),
  };
}

/** Bytes of any length up to `most`. Reading copies, so that a small value does not keep a large packet alive. */
export function bytes(most: number): Codec<Uint8Array> {
  return {
    write(out, value) {
      if (value.length > most) throw new XdrError(`${value.length} bytes long, at most ${most} are allowed`);
      out.uint32(value.length);
      out.raw(value);
    },
    read: (from) => Uint8Array.from(from.raw(bounded(from, most))),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Sixteen bytes on the wire, the usual lower-case text with dashes in ours. */
export const uuid: Codec<string> = {
  write(out, value) {
    if (!UUID.test(value)) throw new XdrError(`"${value}" is no UUID`);
    out.raw(Buffer.from(value.replaceAll("-", ""), "hex"));
  },
  read(from) {
    const hex = from.raw(16).toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  },
};

/** A C array of characters of fixed length: one four-byte unit a character; the text ends at the first zero. */
export function characters(length: number): Codec<string> {
  return {
    write(out, value) {
      const text = Buffer.from(value, "utf8");
      if (text.length >= length) throw new XdrError(`${text.length} bytes long, at most ${length - 1} are allowed`);
      for (let i = 0; i < length; i += 1) out.int32(text[i] ?? 0);
    },
    read(from) {
      const text = Buffer.alloc(length);
      for (let i = 0; i < length; i += 1) text[i] = from.int32() & 0xff;
      const end = text.indexOf(0);
      return text.toString("utf8", 0, end === -1 ? length : end);
    },
  };
}

function bounded(from: XdrReader, most: number): number {
  const length = from.uint32();
  if (length > most) throw new XdrError(`length ${length}, at most ${most} is allowed`);
  return length;
}

export function array<T>(of: Codec<T>, most: number): Codec<readonly T[]> {
  return {
    write(out, value) {
      if (value.length > most) throw new XdrError(`${value.length} items, at most ${most} are allowed`);
      out.uint32(value.length);
      value.forEach((item, index) => at(`[${index}]`, () => of.write(out, item)));
    },
    read(from) {
      const length = bounded(from, most);
      const items: T[] = [];
      // Grows by what is really there: a lying length meets the packet's end, not our memory's.
      for (let i = 0; i < length; i += 1) items.push(at(`[${i}]`, () => of.read(from)));
      return items;
    },
  };
}

export function optional<T>(of: Codec<T>): Codec<T | undefined> {
  return {
    write(out, value) {
      out.uint32(value === undefined ? 0 : 1);
      if (value !== undefined) of.write(out, value);
    },
    read(from) {
      const present = from.uint32();
      if (present > 1) throw new XdrError(`${present} is neither absent (0) nor present (1)`);
      return present === 1 ? of.read(from) : undefined;
    },
  };
}

/** Fields in the order in which they stand on the wire. */
export function struct<T>(fields: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const entries = Object.entries(fields) as [keyof T & string, Codec<T[keyof T]>][];
  return {
    write(out, value) {
      for (const [name, codec] of entries) at(name, () => codec.write(out, value[name]));
    },
    read(from) {
      const value = {} as { [K in keyof T & string]: T[keyof T] };
      for (const [name, codec] of entries) value[name] = at(name, () => codec.read(from));
      return value as T;
    },
  };
}

/** A tagged union: the tag is an int on the wire and selects the codec of `value`. */
export function union<T extends { readonly type: number; readonly value: unknown }>(arms: {
  readonly [K in T["type"]]: Codec<Extract<T, { readonly type: K }>["value"]>;
}): Codec<T> {
  const table = arms as Readonly<Record<number, Codec<unknown>>>;
  const arm = (type: number): Codec<unknown> => {
    const found = table[type];
    if (found === undefined) throw new XdrError(`type ${type} is none of ${Object.keys(table).join(", ")}`);
    return found;
  };
  return {
    write(out, { type, value }) {
      const codec = arm(type);
      out.int32(type);
      at("value", () => codec.write(out, value));
    },
    read(from) {
      const type = from.int32();
      const codec = arm(type);
      return { type, value: at("value", () => codec.read(from)) } as T;
    },
  };
}

function at<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof XdrError) throw error.within(field);
    throw error;
  }
}

export function encode<T>(codec: Codec<T>, value: T): Buffer {
  const out = new XdrWriter();
  codec.write(out, value);
  return out.result();
}

/** Reads the whole of `from`; what is left over is an error, since it would be read as something else by another. */
export function decode<T>(codec: Codec<T>, from: Buffer): T {
  const reader = new XdrReader(from);
  const value = codec.read(reader);
  if (reader.left > 0) throw new XdrError(`${reader.left} bytes more than the type has`);
  return value;
}
