/**
 * Lines of watches as bytes, each made once for all watches that show its object in the same form: with a hundred watches
 * of one kind, a change is encoded once and encrypted a hundred times.
 */
import type { StoredObject } from "../store/stored-object.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** Objects whose lines are kept. Watches are woken one after the other over the same changes: the latest are asked for again. */
const KEPT_OBJECTS = 64;

/** Bytes of lines that are kept together; a line of more is made for each watch anew. */
const KEPT_BYTES = 2 * 1024 * 1024;

/** One line, framed as a chunk of HTTP/1.1. */
export class Line {
  readonly chunk: Buffer;
  readonly #head: number;

  /** @param text without the end of the line */
  constructor(text: string) {
    const head = `${(Buffer.byteLength(text) + 1).toString(16)}\r\n`;
    this.chunk = Buffer.from(`${head}${text}\n\r\n`, "utf8");
    this.#head = head.length;
  }

  /** The line alone, with its end. */
  get bytes(): Buffer {
    return this.chunk.subarray(this.#head, -2);
  }
}

export class Lines {
  readonly #kept = new Map<StoredObject, Map<string, Line>>();
  #bytes = 0;

  /**
   * @param form what makes the text of one object differ between watches
   * @param encode the object's JSON
   */
  lineOf(type: EventType, object: StoredObject, form: string, encode: (object: StoredObject) => string): Line {
    const key = `${type} ${form}`;
    const known = this.#kept.get(object)?.get(key);
    if (known !== undefined) return known;
    const line = new Line(`{"type":"${type}","object":${encode(object)}}`);
    this.#keep(object, key, line);
    return line;
  }

  #keep(object: StoredObject, key: string, line: Line): void {
    const lines = this.#kept.get(object) ?? new Map<string, Line>();
    lines.set(key, line);
    this.#kept.set(object, lines);
    this.#bytes += line.chunk.byteLength;
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= KEPT_OBJECTS && this.#bytes <= KEPT_BYTES) break;
      this.#kept.delete(oldest);
      for (const { chunk } of old.values()) this.#bytes -= chunk.byteLength;
    }
  }
}
