/** Where the sockets of moves are. Their paths have at most 107 bytes, so a machine is a short hash in them. */
import { createHash } from "node:crypto";
import { chmod, chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GuestUser } from "../host/configuration.ts";
import type { Wire } from "../hypervisor.ts";

export interface Wires {
  /** This node's QEMU connects here; a tunnel leads on to the target. */
  readonly departure: (uid: string) => Wire;
  /** This node's QEMU listens here. */
  readonly arrival: (uid: string) => Wire;
}

/** A folder in which QEMU may make its sockets: where it does not run as root, one that is its user's. */
export async function openWires(stateDirectory: string, owner: GuestUser | undefined): Promise<Wires> {
  if (owner === undefined) return wiresIn(stateDirectory);
  const directory = join(stateDirectory, "moves");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chown(directory, owner.uid, owner.gid);
  // May be passed and not read.
  await chmod(dirname(directory), 0o711);
  return wiresIn(directory);
}

/** Pure. */
export function wiresIn(stateDirectory: string): Wires {
  const wire = (letter: string) => (uid: string) => {
    const base = join(stateDirectory, `${letter}${createHash("sha256").update(uid).digest("hex").slice(0, 12)}`);
    return { memory: `${base}m`, disks: `${base}d` };
  };
  return { departure: wire("o"), arrival: wire("i") };
}
