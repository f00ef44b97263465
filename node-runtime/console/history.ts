/**
 * What a machine's console said last: a bounded window in memory, and in two files that take turns, so that it survives
 * the runtime's restart without ever growing beyond its bound.
 */
import { appendFile, mkdir, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

export interface History {
  add(chunk: Buffer): void;
  /** The newest bytes, at most `most`. */
  tail(most?: number): Buffer;
  /** Resolves when all that was added is in the file, as far as there is room. */
  flushed(): Promise<void>;
}

export interface HistoryOptions {
  readonly path: string;
  /** Bytes in memory, and in each of the two files. */
  readonly most: number;
  /** A disk that takes no more is no trouble of the guest's: told once. */
  readonly unwritten: (error: unknown) => void;
}

export async function openHistory(options: HistoryOptions): Promise<History> {
  const { path, most } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => {}); // the first write tells
  const older = await readFile(`${path}.1`).catch(() => Buffer.alloc(0));
  const newer = await readFile(path).catch(() => Buffer.alloc(0));
  const window = new Window(most);
  window.add(older);
  window.add(newer);

  let inFile = newer.length;
  let waiting: Buffer[] = [];
  let writing: Promise<void> | undefined;
  let told = false;

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const chunk = Buffer.concat(waiting);
      waiting = [];
      try {
        if (inFile > 0 && inFile + chunk.length > most) {
          await rename(path, `${path}.1`);
          inFile = 0;
        }
        const kept = chunk.subarray(Math.max(0, chunk.length - most));
        await appendFile(path, kept, { mode: 0o600 });
        inFile += kept.length;
        told = false;
      } catch (error) {
        if (!told) options.unwritten(error);
        told = true;
      }
    }
    writing = undefined;
  }

  return {
    add(chunk) {
      window.add(chunk);
      waiting.push(chunk);
      // While a write is under way the next ones gather: a slow disk gets fewer, larger writes of a bounded window.
      if (waiting.length > 1024) waiting = [Buffer.concat(waiting).subarray(-most)];
      writing ??= write();
    },
    tail: (bytes = most) => window.tail(bytes),
    async flushed() {
      while (writing !== undefined) await writing;
    },
  };
}

/** The newest bytes of a stream, in a ring. */
class Window {
  readonly #ring: Buffer;
  #end = 0;
  #length = 0;

  constructor(most: number) {
    this.#ring = Buffer.alloc(most);
  }

  add(chunk: Buffer): void {
    const size = this.#ring.length;
    const kept = chunk.subarray(Math.max(0, chunk.length - size));
    const first = Math.min(kept.length, size - this.#end);
    kept.copy(this.#ring, this.#end, 0, first);
    kept.copy(this.#ring, 0, first);
    this.#end = (this.#end + kept.length) % size;
    this.#length = Math.min(size, this.#length + kept.length);
  }

  tail(most: number): Buffer {
    const size = this.#ring.length;
    const length = Math.min(most, this.#length);
    const start = (this.#end - length + size) % size;
    if (start + length <= size) return Buffer.from(this.#ring.subarray(start, start + length));
    return Buffer.concat([this.#ring.subarray(start), this.#ring.subarray(0, start + length - size)]);
  }
}
