/** Where the sockets of moves are. Their paths have at most 107 bytes, so a machine is a short hash in them. Pure. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Wire } from "../hypervisor.ts";

export function wiresIn(stateDirectory: string): {
  /** This node's QEMU connects here; a tunnel leads on to the target. */
  readonly departure: (uid: string) => Wire;
  /** This node's QEMU listens here. */
  readonly arrival: (uid: string) => Wire;
} {
  const wire = (letter: string) => (uid: string) => {
    const base = join(stateDirectory, `${letter}${createHash("sha256").update(uid).digest("hex").slice(0, 12)}`);
    return { memory: `${base}m`, disks: `${base}d` };
  };
  return { departure: wire("o"), arrival: wire("i") };
}
