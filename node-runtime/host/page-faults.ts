/** Whether QEMU may handle the page faults of its guests, which post-copy rests on. */
import { readFileSync } from "node:fs";

const SETTING = "/proc/sys/vm/unprivileged_userfaultfd";

/** `asRoot`: QEMU's processes are root's, who always may where the kernel can. Others may where the node's owner allows it. */
export function mayHandlePageFaults(asRoot: boolean): boolean {
  try {
    const setting = readFileSync(SETTING, "utf8").trim();
    return asRoot || setting === "1";
  } catch {
    return false; // a kernel that can't
  }
}
