/**
 * Durable small files: what was written is there after a power cut, or the old content is; unless the writer asks for
 * less. The only place where the runtime's state meets the file system.
 */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Fault } from "#events/fault.ts";
import { diskFailed, errnoOf, fileFault, isMissing } from "#events/file-fault.ts";

export interface Lasting {
  /** Whether it is there after a power cut too. Default true. */
  readonly lasting?: boolean;
}

export interface Disk {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /**
   * Replaces the file; on disk when it resolves. With `lasting: false` it outlives this process only: a power cut may
   * bring the old text back, or leave a half of one or nothing. That is for what ends with the node's boot.
   * @throws Fault later, reason DiskFull or DiskFailed
   */
  replace(path: string, text: string, options?: Lasting): Promise<void>;
  /** Appends to the file, as `replace` does. @throws Fault later, reason DiskFull or DiskFailed */
  append(path: string, text: string, options?: Lasting): Promise<void>;
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
      if (lasting) {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeSynced(temporary, "w", text);
        await rename(temporary, path);
        await syncDirectory(dirname(path));
        return;
      }
      // Nothing of it waits for the disk: five times to a thread and back would take longer than all the work.
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, path);
    } catch (thrown) {
      // It tells how full the disk is: before what was half written is gone.
      const fault = diskFault(thrown, path, `${path} can't be written`);
      await rm(temporary, { force: true }).catch(() => {}); // the fault tells more
      throw fault;
    }
  },
  async append(path, text, { lasting = true } = {}) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await (lasting ? writeSynced(path, "a", text) : writeFile(path, text, { flag: "a", mode: 0o600 }));
      if (lasting) await syncDirectory(dirname(path));
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
