/**
 * Whether this machine's KVM works. A device node proves nothing, and neither does a virtual CPU that can be created:
 * some machines have both and then crawl or abort. So a boot sector is run that needs what guests need, and must be
 * through with it in time.
 */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import { seenByPrograms, wherePrograms } from "../programs.ts";
import { outputOf } from "./command.ts";
import { userCache } from "./layout.ts";
import { kernelBoot } from "./record.ts";

export type Accelerator = "kvm" | "tcg";

export interface AcceleratorAnswer {
  readonly accelerator: Accelerator;
  /** One sentence. */
  readonly because: string;
}

/** QEMU for guests of this machine's own architecture. */
export const EMULATOR = "/usr/bin/qemu-system-x86_64";

/** Set to kvm or tcg, it is the answer. */
const OVERRIDE = "VIRTIVE_ACCELERATOR";

/** A working KVM takes half a second, QEMU's own start and firmware included. */
const PROBE_MILLISECONDS = 5_000;

/**
 * 16-bit start; page tables at 0x1000; 64-bit mode; `lock cmpxchg16b` on 0x5000 (the instruction that a KVM which
 * emulates the guest's kernel fails at); fifty million turns of a loop (over at once when run, minutes when emulated
 * one by one); then SUCCESS to port 0xf4, which makes QEMU exit with (SUCCESS << 1) | 1. Anything wrong: 0x13 instead.
 *
 *   cli; segments = 0; sp = 0x7c00; zero 0x1000..0x6000
 *   [0x1000] = 0x2003; [0x2000] = 0x3003; [0x3000] = 0x83
 *   cr4 |= PAE; cr3 = 0x1000; EFER |= LME; lgdt; cr0 |= PE|PG; ljmp 8:long
 *   long: ds = es = ss = 16; rdi = 0x5000; rdx:rax = 0; rcx:rbx = 2:1
 *         lock cmpxchg16b [rdi]; jnz bad; cmp dword [rdi+8], 2; jne bad
 *         ecx = 50000000; loop: dec ecx; jnz loop
 *         out 0xf4, 0x2a
 *   bad:  out 0xf4, 0x13; hlt
 */
const PROGRAM =
  "fa31c08ed88ec08ed0bc007cfc66bf0010000066b9001400006631c06766f3ab66c70600100320000066c706002003300000" +
  "66c7060030830000000f20e00c200f22e066b8001000000f22d866b9800000c00f320d00010f30660f0116d07c0f20c0660d" +
  "010000800f22c066ea737c00000800b8100000008ed88ec08ed0bf0050000031c031d2bb01000000b902000000f0480fc70f" +
  "7513837f0802750db980f0fa02ffc975fcb02ae6f4b013e6f4f4ebfd660f1f440000000000000000000000000000009a2000" +
  "00000000009200001700b87c0000";
const SUCCESS = 0x2a;

export function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  sector.write(PROGRAM, "hex");
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

const Cached = z.strictObject({
  kernelBoot: z.string(),
  emulator: z.string(),
  accelerator: z.enum(["kvm", "tcg"]),
  because: z.string(),
});

/**
 * Asked once a boot of the machine and version of QEMU; the answer is kept in the user's cache.
 * @throws Fault refused when the override is neither kvm nor tcg, or QEMU is not installed
 */
export async function probeAccelerator(
  options: { readonly emulator?: string; readonly cacheDirectory?: string } = {},
): Promise<AcceleratorAnswer> {
  const override = process.env[OVERRIDE];
  if (override !== undefined && override !== "") {
    if (override !== "kvm" && override !== "tcg") {
      throw new Fault("refused", "InvalidAccelerator", `${OVERRIDE}="${override}": kvm and tcg are allowed`);
    }
    return { accelerator: override, because: `${OVERRIDE} says so` };
  }
  const emulator = options.emulator ?? EMULATOR;
  const file = join(options.cacheDirectory ?? userCache(), "accelerator.json");
  const [boot, identity] = await Promise.all([kernelBoot(), identityOf(emulator)]);
  const cached = await readCache(file);
  if (cached?.kernelBoot === boot && cached.emulator === identity) {
    return { accelerator: cached.accelerator, because: cached.because };
  }
  await mkdir(dirname(file), { recursive: true }).catch(() => {}); // the probe says what is wrong with it
  const answer = await probe(emulator, dirname(file));
  await writeCache(file, { kernelBoot: boot, emulator: identity, ...answer });
  return answer;
}

/** Changes with every other QEMU that is installed, without running it. */
async function identityOf(emulator: string): Promise<string> {
  try {
    const { size, mtimeMs, ctimeMs } = await stat(seenByPrograms(emulator));
    return `${emulator} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch (error) {
    throw new Fault("refused", "ProgramMissing", `${emulator} is not there: install qemu-system-x86`, { cause: error });
  }
}

/** `directory`: for what the probe needs; programs must see it too. */
async function probe(emulator: string, directory: string): Promise<AcceleratorAnswer> {
  if (process.arch !== "x64") {
    return { accelerator: "tcg", because: `there is no proof of KVM for ${process.arch} machines yet` };
  }
  try {
    await access(seenByPrograms("/dev/kvm"));
  } catch {
    return { accelerator: "tcg", because: "there is no /dev/kvm" };
  }
  const tried = await runBootSector(emulator, ["-accel", "kvm", "-cpu", "host"], directory);
  return tried.passed
    ? { accelerator: "kvm", because: `a test guest ran under KVM in ${tried.milliseconds} ms` }
    : { accelerator: "tcg", because: `/dev/kvm is there, but a test guest did not run under KVM: ${tried.how}` };
}

export interface Tried {
  readonly passed: boolean;
  readonly how: string;
  readonly milliseconds: number;
}

/** Boots it in a machine of 16 MiB without any device but a disk drive. */
export async function runBootSector(
  emulator: string,
  accelerator: readonly string[],
  parent = tmpdir(),
): Promise<Tried> {
  // QEMU may abort and leave a core file: that is its directory then.
  const directory = await mkdtemp(join(parent, "virtive-probe-"));
  const start = performance.now();
  try {
    const image = join(directory, "sector");
    await writeFile(image, bootSector());
    const machine = ["-machine", "pc", "-m", "16", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"];
    const exitPort = ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"];
    const disk = ["-drive", `file=${image},format=raw,if=floppy,readonly=on`];
    const args = [...accelerator, ...machine, ...exitPort, ...disk];
    const how = await ending(emulator, args, directory);
    const milliseconds = Math.round(performance.now() - start);
    return { passed: how.code === ((SUCCESS << 1) | 1), how: how.words, milliseconds };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function ending(
  emulator: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code?: number; readonly words: string }> {
  return new Promise((resolve) => {
    const limits = { cwd, timeout: PROBE_MILLISECONDS, killSignal: "SIGKILL", maxBuffer: 64 * 1024 } as const;
    const [program = "", ...words] = wherePrograms([emulator, ...args]);
    execFile(program, words, limits, (error, _output, complaint) => {
      const said = complaint.trim().split("\n")[0] ?? "";
      if (error === null) resolve({ code: 0, words: "it ended without a result" });
      else if (typeof error.code === "number")
        resolve({ code: error.code, words: `QEMU ended with ${error.code} (${said})` });
      else if (error.killed === true) resolve({ words: `it was not through after ${PROBE_MILLISECONDS} ms` });
      else resolve({ words: `QEMU ended by ${error.signal ?? String(error.code)} (${said})` });
    });
  });
}

async function readCache(file: string): Promise<z.infer<typeof Cached> | undefined> {
  try {
    return Cached.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return undefined;
  }
}

async function writeCache(file: string, cached: z.infer<typeof Cached>): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  try {
    await writeFile(fresh, JSON.stringify(cached));
    await rename(fresh, file);
  } catch {
    // The next start asks again; that is all.
  }
}

/** What QEMU calls itself, such as 7.2.22. */
export async function emulatorVersion(emulator = EMULATOR): Promise<string> {
  const output = await outputOf([emulator, "--version"]);
  return /version (\d[\w.]*)/.exec(output)?.[1] ?? "unknown";
}
