/** Files that are either wholly there or not at all, whenever the power goes. */
import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileFault } from "#events/file-fault.ts";

export interface WholeOptions {
  /** Permission bits; 0o644 unless said. */
  readonly mode?: number;
  /**
   * Whether it must be there after a power cut. False for what ends with this boot of the node anyway: whole it is
   * after kill -9 all the same, and nobody waits for the disk.
   */
  readonly lasting?: boolean;
}

/**
 * Makes the file by `write` under another name in the same folder, then gives it its own. What was there is replaced.
 * @throws Fault later DiskFull, DiskFailed
 */
export async function writeWhole(
  path: string,
  write: (temporary: string) => Promise<void>,
  { mode = 0o644, lasting = true }: WholeOptions = {},
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await write(temporary);
    const file = await open(temporary, "r");
    try {
      await file.chmod(mode);
      if (lasting) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (lasting) await syncDirectory(dirname(path));
  } catch (error) {
    // It tells how full the disk is: before what was half written is gone.
    const fault = fileFault(error, path, `${path} can't be written`);
    await rm(temporary, { force: true });
    throw fault ?? error;
  }
}

export async function writeWholeBytes(
  path: string,
  content: Buffer | string,
  options: WholeOptions = {},
): Promise<void> {
  await writeWhole(
    path,
    async (temporary) => {
      const file = await open(temporary, "wx", options.mode ?? 0o644);
      try {
        await file.writeFile(content);
      } finally {
        await file.close();
      }
    },
    options,
  );
}

/** A rename is on the disk once its folder is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

const HOLE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(HOLE_BYTES);

/** Writes chunks one after the other and leaves holes where there are only zeros: disk images are mostly empty. */
export function sparseWriter(file: FileHandle): { write(chunk: Buffer): Promise<void>; finish(): Promise<number> } {
  let at = 0;
  return {
    async write(chunk) {
      for (let from = 0; from < chunk.length; from += HOLE_BYTES) {
        const part = chunk.subarray(from, from + HOLE_BYTES);
        if (!part.equals(ZEROS.subarray(0, part.length))) {
          for (let done = 0; done < part.length;) {
            done += (await file.write(part, done, part.length - done, at + done)).bytesWritten;
          }
        }
        at += part.length;
      }
    },
    async finish() {
      await file.truncate(at);
      return at;
    },
  };
}

/** `sha256:<hex>` as a file's path under `directory`. The digest has been checked to be one. */
export function blobPath(directory: string, digest: string): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
}
