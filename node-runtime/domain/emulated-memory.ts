/**
 * The memory of a guest that QEMU emulates, so that no write to it is missed while it moves.
 *
 * QEMU keeps a record of the pages that have changed. Where memory is a whole number of 256 KiB it clears that record by
 * the 64 pages, and does not tell its emulator, which goes on writing to those pages without a word in the record (seen with
 * QEMU 7.2, which Debian 12 has; it has nothing to do with KVM). What is written then is not copied: after a move of some rounds guests
 * had other memory than before, and their kernels panicked. A page less or two, and the record is cleared page by page, and the
 * emulator is told. libvirt knows memory by the MiB only, so QEMU is told by options of its own. Pure.
 */
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { guestMemoryBytes } from "./compute.ts";
import { element, type Element } from "./element.ts";

const NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0";
const BLOCK_ID = "emulated.ram";
/** What QEMU rounds memory up to. */
const LESS_KIB = 8;
const MEBIBYTE = 1024 * 1024;

/** The last child of the domain; undefined where QEMU emulates nothing, or memory is made of huge pages. */
export function emulatedMemory(
  domain: VirtualMachineInstanceSpec["domain"],
  accelerator: "kvm" | "tcg",
): Element | undefined {
  if (accelerator === "kvm" || domain.memory?.hugepages !== undefined) return undefined;
  // As libvirt rounds it.
  const kibibytes = Math.ceil(guestMemoryBytes(domain) / MEBIBYTE) * 1024 - LESS_KIB;
  if (kibibytes <= 0) return undefined;
  const args = [
    "-object",
    `memory-backend-ram,id=${BLOCK_ID},size=${kibibytes}k`,
    "-machine",
    `memory-backend=${BLOCK_ID}`,
    "-m",
    `size=${kibibytes}k`,
  ];
  return element(
    "qemu:commandline",
    { "xmlns:qemu": NAMESPACE },
    args.map((value) => element("qemu:arg", { value })),
  );
}
