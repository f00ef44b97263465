/** A node's small files in memory: thousands of modelled nodes' fsyncs would measure the disk. */
import { dirname } from "node:path";
import type { Disk } from "#node-runtime/disk.ts";

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, string>();
  /** Directory → names in it. */
  readonly #names = new Map<string, Set<string>>();

  async read(path: string): Promise<string | undefined> {
    return this.#files.get(path);
  }

  async replace(path: string, text: string): Promise<void> {
    this.#files.set(path, text);
    for (let at = path; at !== dirname(at); at = dirname(at)) {
      const names = this.#names.get(dirname(at)) ?? new Set();
      this.#names.set(dirname(at), names.add(at.slice(dirname(at).length + 1)));
    }
  }

  async append(path: string, text: string): Promise<void> {
    await this.replace(path, (this.#files.get(path) ?? "") + text);
  }

  async names(directory: string): Promise<readonly string[]> {
    return [...(this.#names.get(directory) ?? [])];
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path);
    for (const name of this.#names.get(path) ?? []) await this.remove(`${path}/${name}`);
    this.#names.delete(path);
    this.#names.get(dirname(path))?.delete(path.slice(dirname(path).length + 1));
  }
}
