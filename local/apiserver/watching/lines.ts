/**
 * Lines of watches as bytes, each made once for all watches that show its object in the same form: with a hundred watches
 * of one kind, a change is encoded once and encrypted a hundred times.
 */
import type { StoredObject } from "../store/stored-object.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** Objects whose lines are kept. Watches are woken one after the other over the same changes: the latest are asked for again. */
const KEPT_OBJECTS = 64;

/** Characters of lines that are kept together; a line of more is made for each watch anew. */
const KEPT_CHARACTERS = 2 * 1024 * 1024;

/** One line, and framed as a chunk of HTTP/1.1, which watches from within this process have no use for. */
export class Line {
  /** Without the end of the line. */
  readonly text: string;
  #chunk: Buffer | undefined;
  #head = 0;

  constructor(text: string) {
    this.text = text;
  }

  get chunk(): Buffer {
    if (this.#chunk === undefined) {
      const head = `${(Buffer.byteLength(this.text) + 1).toString(16)}\r\n`;
      this.#chunk = Buffer.from(`${head}${this.text}\n\r\n`, "utf8");
      this.#head = head.length;
    }
    return this.#chunk;
  }

  /** The line alone, with its end. */
  get bytes(): Buffer {
    return this.chunk.subarray(this.#head, -2);
  }
}

export class Lines {
  readonly #kept = new Map<StoredObject, Map<string, Line>>();
  #characters = 0;

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
    this.#characters += line.text.length;
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= KEPT_OBJECTS && this.#characters <= KEPT_CHARACTERS) break;
      this.#kept.delete(oldest);
      for (const { text } of old.values()) this.#characters -= text.length;
    }
  }
}
