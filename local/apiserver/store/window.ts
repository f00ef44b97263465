/**
 * The watch cache: the latest changes, in memory, in order of version. Watches read it at their own pace, so a slow one
 * costs nothing; when the window has moved past it, it gets 410 and lists again. Consistent lists at an older version
 * undo the changes since.
 */
import type { StoredObject } from "./stored-object.ts";

export interface Change {
  readonly version: number;
  readonly resource: string;
  readonly key: string;
  /** Undefined: created by this change. */
  readonly before: StoredObject | undefined;
  /** Undefined: removed by this change. */
  readonly after: StoredObject | undefined;
}

export interface WindowBounds {
  /** Changes that are kept. */
  readonly changes: number;
  /** Characters of JSON that the kept changes hold. */
  readonly characters: number;
}

function cost(change: Change): number {
  return (change.before?.text.length ?? 0) + 200;
}

export class Window {
  readonly #bounds: WindowBounds;
  readonly #all: Change[] = [];
  readonly #byResource = new Map<string, Change[]>();
  #characters = 0;
  #compacted: number;

  constructor(bounds: WindowBounds, compacted: number) {
    this.#bounds = bounds;
    this.#compacted = compacted;
  }

  /** Changes up to this version are forgotten. */
  get compacted(): number {
    return this.#compacted;
  }

  add(change: Change): void {
    this.#all.push(change);
    this.#characters += cost(change);
    const list = this.#byResource.get(change.resource);
    if (list === undefined) this.#byResource.set(change.resource, [change]);
    else list.push(change);
  }

  /**
   * Forgets what is over the bounds, with an eighth of slack so that it happens seldom.
   * @returns the version up to which history is forgotten now, or undefined when nothing was
   */
  trim(): number | undefined {
    const { changes, characters } = this.#bounds;
    const slack = 9 / 8;
    if (this.#all.length <= changes * slack && this.#characters <= characters * slack) return undefined;
    let drop = 0;
    // The newest change always stays: its version is where the count goes on after a restart.
    while (drop < this.#all.length - 1 && (this.#all.length - drop > changes || this.#characters > characters)) {
      const change = this.#all[drop];
      if (change === undefined) break;
      this.#characters -= cost(change);
      this.#compacted = change.version;
      drop++;
    }
    this.#all.splice(0, drop);
    for (const [resource, list] of this.#byResource) {
      const keep = indexAfter(list, this.#compacted);
      if (keep === list.length) this.#byResource.delete(resource);
      else if (keep > 0) list.splice(0, keep);
    }
    return this.#compacted;
  }

  /** Changes of a resource after a version, at most `limit`. The caller has checked that it is not compacted. */
  after(resource: string, version: number, limit: number): readonly Change[] {
    const list = this.#byResource.get(resource);
    if (list === undefined) return [];
    const from = indexAfter(list, version);
    return from === list.length ? [] : list.slice(from, from + limit);
  }
}

/** Index of the first change after the version. */
function indexAfter(list: readonly Change[], version: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.version ?? 0) <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}
