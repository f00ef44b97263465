/** Gives a machine's disks to the user that QEMU runs as, where that is not root. */
import { chmod, chown, lstat, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileFault } from "#events/file-fault.ts";
import type { GuestUser } from "../host/configuration.ts";

/**
 * `directory`: the machine's own. All in its `volumes` becomes the user's, but for second names of files in the image
 * cache, which are everybody's to read. The folders above may be passed and not read. @throws Fault later
 */
export async function giveVolumes(directory: string, { uid, gid }: GuestUser): Promise<void> {
  const root = join(directory, "volumes");
  try {
    for (const above of [directory, dirname(directory), dirname(dirname(directory))]) await chmod(above, 0o711);
    await chown(root, uid, gid);
    for (const name of await readdir(root)) {
      const path = join(root, name);
      const { nlink, uid: owner } = await lstat(path);
      if (nlink === 1 && owner !== uid) await chown(path, uid, gid);
    }
  } catch (thrown) {
    throw fileFault(thrown, root) ?? thrown;
  }
}
