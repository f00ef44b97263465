/**
 * A node's disk: small files that are there after a crash once their writing has resolved. Each write is parked, so that
 * a crash may come before it; a test makes it forget what was not synced, as a runtime that does not sync would find it.
 */
import type { Disk } from "#node-runtime/disk.ts";
import { Fault } from "#events/fault.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** What is on it; outlives runtimes. */
export class DiskContent {
  files = new Map<string, string>();
  /** It has been wiped at least once. */
  wiped = false;

  wipe(): void {
    this.files.clear();
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
  const write = async (act: (files: Map<string, string>) => void): Promise<void> => {
    await scheduler.park(process, weather.between(0.1, LONGEST_WRITE_MILLISECONDS));
    if (weather.strikes("disk-full", 0.7, node)) throw new Fault("later", "DiskFull", "no space is left on the disk");
    act(content.files);
  };
  return {
    read: async (path) => content.files.get(path),
    replace: (path, text) => write((files) => void files.set(path, text)),
    append: (path, text) => write((files) => void files.set(path, (files.get(path) ?? "") + text)),
    async names(directory) {
      const inside = [...content.files.keys()].filter((path) => path.startsWith(`${directory}/`));
      return [...new Set(inside.map((path) => path.slice(directory.length + 1).split("/")[0] ?? ""))];
    },
    async remove(path) {
      await scheduler.park(process, weather.between(0.1, LONGEST_WRITE_MILLISECONDS));
      for (const file of [...content.files.keys()]) {
        if (file === path || file.startsWith(`${path}/`)) content.files.delete(file);
      }
    },
  };
}
