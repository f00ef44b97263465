/**
 * A whole guest in one sector, for tests of the hypervisor: up in a fraction of a second, and it does what one is told
 * to do on its serial console. It says "guest ready" when it has booted. Then it echoes what it reads, but for
 *
 *   o  powers itself off                     r  resets itself
 *   p  says that it panicked (pvpanic)       f  writes x for ever, until it reads anything
 *   d  echoes it, and from then on writes to 512 KiB of its memory instead of sleeping; it says "!" and hangs when what
 *      it reads there is not what it has written
 *
 * It heeds the ACPI power button as an operating system would. Between two timer ticks it sleeps.
 */
import { writeFile } from "node:fs/promises";
import { element, render } from "#node-runtime/domain/element.ts";
import { emulatedMemory } from "#node-runtime/domain/emulated-memory.ts";

/**
 *   cli; segments = 0; sp = 0x7c00
 *   out 0x602, 0x100 (PM1_EN: power button); print "guest ready\r\n"
 *   tick:  sti; hlt
 *   again: PM1_STS (0x600) bit 8: goto off; no byte at COM1 (0x3fd bit 0): goto tick
 *          al = in 0x3f8; o: off, p: panic, r: reboot, f: flood, d: dirty; echo al; goto again
 *   off:    out 0x604, 0x2000 (S5); hang        panic: out 0x505, 1; hang
 *   reboot: out 0x64, 0xfe; hang                flood: echo 'x' until a byte has come; goto again
 *   dirty:  byte at 0x500 += 1, echo al. Instead of hlt, tick then: 0x10000 to 0x8ffff must hold the word at 0x502 all over,
 *           but for the first time; it += 1, and is written there all over
 */
const PROGRAM =
  "fa31c08ed88ec08ed0bc007cfca20005ba0206b80001efbee27cac84c07405e8af00ebf6803e0005007564fbf4ba0006edf6" +
  "c4017525bafd03eca80174e6baf803ec3c6f74153c70741b3c72741f3c6674213c647430e87800ebd2ba0406b80020eff4eb" +
  "fdba0505b001eeebf5b0fee664ebefb078e85900bafd03eca80174f3baf803eceba7fe060005e84400eb9ea1020585c07416" +
  "bb00108ec331ffb90080f3af752680c71080ff9072edff060205a10205bb00108ec331ffb90080f3ab80c71080ff9072efe9" +
  "63ffb021e80200eb9188c4bafd03eca82074fb88e0baf803eec367756573742072656164790d0a";

/** Text that the guest echoes as it is: it has none of the letters that it obeys. */
export const ECHOED = "what a guest says twice";

export async function writeTinyGuest(path: string): Promise<void> {
  const sector = Buffer.alloc(512);
  sector.write(PROGRAM, "hex");
  sector.writeUInt16LE(0xaa55, 510);
  await writeFile(path, sector);
}

const MEMORY_MIB = 16;

export function tinyGuestXml(options: {
  readonly name: string;
  readonly uuid: string;
  /** Of the file that `writeTinyGuest` wrote. */
  readonly path: string;
}): string {
  const memory = emulatedMemory({ memory: { guest: `${MEMORY_MIB}Mi` }, devices: {} }, "tcg") ?? element("none");
  return `<domain type='qemu'>
  <name>${options.name}</name>
  <uuid>${options.uuid}</uuid>
  <memory unit='MiB'>${MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='fd'/></os>
  <features><acpi/><tcg><tb-cache unit='MiB'>8</tb-cache></tcg></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='floppy'>
      <driver name='qemu' type='raw'/><source file='${options.path}'/><target dev='fda' bus='fdc'/><readonly/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/>
    <panic model='isa'/>
  </devices>${render(memory).trim()}
</domain>`;
}
