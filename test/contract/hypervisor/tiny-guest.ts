/**
 * A whole guest in one sector, for tests of the hypervisor: up in a fraction of a second, and it does what one is told
 * to do on its serial console. It says "guest ready" when it has booted. Then it echoes what it reads, but for
 *
 *   o  powers itself off                     r  resets itself
 *   p  says that it panicked (pvpanic)       f  writes x for ever, until it reads anything
 *
 * It heeds the ACPI power button as an operating system would. Between two timer ticks it sleeps.
 */
import { writeFile } from "node:fs/promises";

/**
 *   cli; segments = 0; sp = 0x7c00
 *   out 0x602, 0x100 (PM1_EN: power button); print "guest ready\r\n"
 *   tick:  sti; hlt
 *   again: PM1_STS (0x600) bit 8: goto off; no byte at COM1 (0x3fd bit 0): goto tick
 *          al = in 0x3f8; o: off, p: panic, r: reboot, f: flood; echo al; goto again
 *   off:    out 0x604, 0x2000 (S5); hang        panic: out 0x505, 1; hang
 *   reboot: out 0x64, 0xfe; hang                flood: echo 'x' until a byte has come; goto again
 */
const PROGRAM =
  "fa31c08ed88ec08ed0bc007cfcba0206b80001efbe897cac84c07405e85900ebf6fbf4ba0006edf6c4017521bafd03eca801" +
  "74edbaf803ec3c6f74113c7074173c72741b3c66741de82d00ebd6ba0406b80020eff4ebfdba0505b001eeebf5b0fee664eb" +
  "efb078e80e00bafd03eca80174f3baf803ecebab88c4bafd03eca82074fb88e0baf803eec367756573742072656164790d0a";

/** Text that the guest echoes as it is: it has none of the letters that it obeys. */
export const ECHOED = "what a guest says twice";

export async function writeTinyGuest(path: string): Promise<void> {
  const sector = Buffer.alloc(512);
  sector.write(PROGRAM, "hex");
  sector.writeUInt16LE(0xaa55, 510);
  await writeFile(path, sector);
}

export function tinyGuestXml(options: {
  readonly name: string;
  readonly uuid: string;
  /** Of the file that `writeTinyGuest` wrote. */
  readonly path: string;
}): string {
  return `<domain type='qemu'>
  <name>${options.name}</name>
  <uuid>${options.uuid}</uuid>
  <memory unit='MiB'>16</memory>
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
  </devices>
</domain>`;
}
