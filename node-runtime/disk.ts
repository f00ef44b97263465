/**
 * Durable small files: what was written is there after a power cut, or the old content is. The only place where the
 * runtime's state meets the file system.
 */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Fault } from "#events/fault.ts";
import { diskFailed, errnoOf, fileFault, isMissing } from "#events/file-fault.ts";

export interface Disk {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /**
   * Replaces the file; on disk when it resolves. With `lasting: "whole"` a power cut may bring the old text back, but no
   * half of one: for what says nothing in the node's next boot. With `lasting: false` it is only what the death of this
   * process asks for: for what ends with the node's boot. @throws Fault later, reason DiskFull or DiskFailed
   */
  replace(path: string, text: string, options?: { readonly lasting?: boolean | "whole" }): Promise<void>;
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
      if (isMissing(thrown)) return undefined;
      throw diskFault(thrown, path, `${path} can't be read`);
    }
  },
  async replace(path, text, { lasting = true } = {}) {
    const temporary = `${path}.new`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      if (lasting !== false) await writeSynced(temporary, "w", text);
      else await writeFile(temporary, text, { mode: 0o600 });
      await rename(temporary, path);
      if (lasting === true) await syncDirectory(dirname(path));
    } catch (thrown) {
      // It tells how full the disk is: before what was half written is gone.
      const fault = diskFault(thrown, path, `${path} can't be written`);
      await rm(temporary, { force: true }).catch(() => {}); // the fault tells more
      throw fault;
    }
  },
  async append(path, text) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeSynced(path, "a", text);
      await syncDirectory(dirname(path));
    } catch (thrown) {
      throw diskFault(thrown, path, `${path} can't be written`);
    }
  },
  async names(directory) {
    try {
      return await readdir(directory);
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw diskFault(thrown, directory, `${directory} can't be read`);
    }
  },
  async remove(path) {
    try {
      await rm(path, { recursive: true, force: true });
    } catch (thrown) {
      throw diskFault(thrown, path, `${path} can't be removed`);
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

/** Whatever it is, it is this disk's. */
function diskFault(thrown: unknown, path: string, what: string): Fault {
  return fileFault(thrown, path, what) ?? diskFailed(what, errnoOf(thrown) ?? "unknown error", thrown);
}
