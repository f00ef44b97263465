/** Keeps an image cache within its limit: what was used longest ago goes first. */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import type { Log } from "#events/log.ts";

/** What is younger may be in use by a machine that is being prepared right now. */
const YOUNG_MINUTES = 10;

interface Kept {
  readonly path: string;
  readonly bytes: number;
  readonly usedAt: number;
  /** Machines have links to it: removing ours would free nothing. */
  readonly linked: boolean;
}

/** Answers the bytes that are left. */
export async function pruneCache(directory: string, mostBytes: number, log: Log): Promise<number> {
  const kept = [...(await contents(directory, "blobs")), ...(await contents(directory, "files"))];
  let total = kept.reduce((sum, item) => sum + item.bytes, 0);
  const youngest = Date.now() - YOUNG_MINUTES * 60_000;
  for (const item of kept.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= mostBytes) break;
    if (item.linked || item.usedAt > youngest) continue;
    await rm(item.path, { force: true });
    await rm(`${item.path}.json`, { force: true });
    total -= item.bytes;
    log.info({ path: item.path, bytes: item.bytes }, "removed from the image cache");
  }
  return total;
}

async function contents(directory: string, part: string): Promise<Kept[]> {
  const root = join(directory, part);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const kept = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".json"))
    .map(async (entry): Promise<Kept[]> => {
      const path = join(entry.parentPath, entry.name);
      const about = await stat(path).catch(() => undefined);
      if (about === undefined) return [];
      const used = await stat(`${path}.json`).catch(() => about);
      return [
        { path, bytes: about.blocks * 512, usedAt: Math.max(about.mtimeMs, used.mtimeMs), linked: about.nlink > 1 },
      ];
    });
  return (await Promise.all(kept)).flat();
}
