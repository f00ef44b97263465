/** The keys of one resource in order, so that lists are stable and a namespace is a range. */

export class SortedKeys {
  readonly #keys: string[] = [];

  /** Index of the first key that is not before `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(key: string): void {
    const at = this.#position(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  remove(key: string): void {
    const at = this.#position(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  /** Keys of one namespace, or all when it is undefined; only those after `after` when it is given. */
  range(namespace: string | undefined, after?: string): readonly string[] {
    const from = namespace === undefined ? 0 : this.#position(`${namespace}/`);
    // "0" follows "/" in code units: the first key behind the namespace's.
    const to = namespace === undefined ? this.#keys.length : this.#position(`${namespace}0`);
    const start = after === undefined ? from : Math.max(from, this.#position(`${after}\0`));
    return this.#keys.slice(start, Math.max(start, to));
  }

  get size(): number {
    return this.#keys.length;
  }
}
