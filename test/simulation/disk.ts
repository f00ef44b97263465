/**
 * A node's disk: small files that are there after a crash once their writing has resolved; those that need not last are
 * whole, torn, of old or gone after a power cut. Each write is parked, so that a crash may come before it.
 */
import type { Random } from "#events/chance.ts";
import type { Disk, Lasting } from "#node-runtime/disk.ts";
import { Fault } from "#events/fault.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** What is on it; outlives runtimes. */
export class DiskContent {
  readonly files = new Map<string, string>();
  /** What the disk itself has of files that it was not asked to keep. */
  readonly #lasting = new Map<string, string | undefined>();
  /** It has been wiped at least once. */
  wiped = false;

  write(path: string, text: string, { lasting = true }: Lasting = {}): void {
    if (lasting) this.#lasting.delete(path);
    else if (!this.#lasting.has(path)) this.#lasting.set(path, this.files.get(path));
    this.files.set(path, text);
  }

  remove(path: string): void {
    this.files.delete(path);
    this.#lasting.delete(path);
  }

  powerCut(random: Random): void {
    for (const [path, old] of this.#lasting) {
      const chance = random();
      if (chance < 0.4) continue;
      const text = this.files.get(path) ?? "";
      const left = chance < 0.7 ? text.slice(0, Math.floor(random() * text.length)) : old;
      if (left === undefined) this.files.delete(path);
      else this.files.set(path, left);
    }
    this.#lasting.clear();
  }

  wipe(): void {
    this.files.clear();
    this.#lasting.clear();
    this.wiped = true;
  }
}

export interface DiskDoorOptions {
  readonly content: DiskContent;
  readonly node: string;
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
}

const LONGEST_WRITE_MILLISECONDS = 8;

export function diskDoor({ content, node, process, scheduler, weather }: DiskDoorOptions): Disk {
  const write = async (path: string, text: () => string, lasting?: Lasting): Promise<void> => {
    await scheduler.park(process, weather.between(0.1, LONGEST_WRITE_MILLISECONDS));
    if (weather.strikes("disk-full", 0.7, node)) throw new Fault("later", "DiskFull", "no space is left on the disk");
    content.write(path, text(), lasting);
  };
  return {
    read: async (path) => content.files.get(path),
    replace: (path, text, lasting) => write(path, () => text, lasting),
    append: (path, text, lasting) => write(path, () => (content.files.get(path) ?? "") + text, lasting),
    async names(directory) {
      const inside = [...content.files.keys()].filter((path) => path.startsWith(`${directory}/`));
      return [...new Set(inside.map((path) => path.slice(directory.length + 1).split("/")[0] ?? ""))];
    },
    async remove(path) {
      await scheduler.park(process, weather.between(0.1, LONGEST_WRITE_MILLISECONDS));
      for (const file of [...content.files.keys()]) {
        if (file === path || file.startsWith(`${path}/`)) content.remove(file);
      }
    },
  };
}
