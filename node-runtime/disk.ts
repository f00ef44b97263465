/**
 * Durable small files: what was written is there after a power cut, or the old content is. The only place where the
 * runtime's state meets the file system.
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault } from "#events/fault.ts";

export interface Disk {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** Replaces the file; on disk when it resolves. @throws Fault later, reason DiskFull or DiskFailed */
  replace(path: string, text: string): Promise<void>;
  /** Appends to the file; on disk when it resolves. @throws Fault later, reason DiskFull or DiskFailed */
  append(path: string, text: string): Promise<void>;
  /** Names in a directory; none when it is not there. */
  names(directory: string): Promise<readonly string[]>;
  /** Removes a file or a whole directory; not there: nothing to do. */
  remove(path: string): Promise<void>;
}

export const realDisk: Disk = {
  async read(path) {
    try {
      return await readFile(path, "utf8");
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return undefined;
      throw diskFault(thrown, `${path} can't be read`);
    }
  },
  async replace(path, text) {
    const temporary = `${path}.new`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeSynced(temporary, "w", text);
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    } catch (thrown) {
      await rm(temporary, { force: true }).catch(() => {}); // the fault below tells more
      throw diskFault(thrown, `${path} can't be written`);
    }
  },
  async append(path, text) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeSynced(path, "a", text);
      await syncDirectory(dirname(path));
    } catch (thrown) {
      throw diskFault(thrown, `${path} can't be written`);
    }
  },
  async names(directory) {
    try {
      return await readdir(directory);
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return [];
      throw diskFault(thrown, `${directory} can't be read`);
    }
  },
  async remove(path) {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (thrown) {
      throw diskFault(thrown, `${path} can't be removed`);
    }
  },
};

async function writeSynced(path: string, flag: "w" | "a", text: string): Promise<void> {
  const file = await open(path, flag, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is durable only once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS"]);

export function diskFault(thrown: unknown, what: string): Fault {
  const code = codeOf(thrown) ?? "unknown error";
  const reason = NO_ROOM.has(code) ? "DiskFull" : "DiskFailed";
  return new Fault("later", reason, `${what}: ${code}`, { retryAfterSeconds: 5, cause: thrown });
}
