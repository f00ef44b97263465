/**
 * Makes the demo guest: Debian's cloud kernel and busybox, as files, as a bootable disk and as an image.
 *
 *   packages ─► vmlinuz ─► vmlinux (ELF)          ┐
 *           └─► modules + busybox + root/ ─► initrd ├─► disk.qcow2 (FAT, syslinux)
 *                                                   └─► layout/ (image virtive/demo-guest:1)
 */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cpio, type Entry } from "./archive.ts";
import { kernelPackage, openApt, placeOf } from "./debian.ts";
import { collectModules, elfOfKernel, type Module } from "./kernel.ts";
import { writeLayout } from "./layout.ts";
import { run } from "./run.ts";

export const DEMO_IMAGE = "virtive/demo-guest:1";

/** Debian's kernel for virtual machines; a metapackage. */
const KERNEL = "linux-image-cloud-amd64";

/** What a guest of this kernel needs on libvirt's machines; the rest is built in. */
const MODULES = [
  "virtio_pci",
  "virtio_blk",
  "virtio_net",
  "virtio_console",
  "virtio_scsi",
  "sd_mod",
  "sr_mod",
  "isofs",
  "nls_ascii",
  "nls_cp437",
  "vfat",
  "button",
  "evdev",
  "virtio_rng",
  "virtio_balloon",
  "virtio_mem",
  "pvpanic_mmio",
];

/** What the kernel needs to be told to start quickly and with little memory under QEMU's emulation. */
export const KERNEL_ARGUMENTS = "console=ttyS0 quiet tsc=unstable swiotlb=noforce";

const MIB = 1024 * 1024;

/** Fills the directory: vmlinuz, vmlinux, initrd.gz, disk.qcow2, layout/, about.json. */
export async function buildGuest(directory: string, say: (line: string) => void): Promise<void> {
  if (process.arch !== "x64") throw new Error(`The demo guest is for x86-64, and this machine is ${process.arch}`);
  const work = join(directory, "work");
  const tree = join(work, "tree");
  await mkdir(tree, { recursive: true });
  const apt = await openApt(work, KERNEL, say);
  const kernel = await kernelPackage(apt, KERNEL);
  say(`downloading ${kernel} (27 MB), busybox-static, syslinux, mtools, dosfstools`);
  await apt.unpack(kernel, tree);
  for (const name of ["busybox-static", "syslinux", "mtools", "dosfstools"]) await apt.unpack(name, tree);

  say("unpacking the kernel");
  const vmlinuz = await readFile(await onlyKernel(tree));
  const vmlinux = elfOfKernel(vmlinuz);
  say("packing the initial file system");
  const busybox = await readFile(await placeOf(tree, "bin/busybox"));
  const initrd = gzipSync(cpio(await rootEntries(busybox, await collectModules(tree, MODULES))), { level: 9 });
  await writeFile(join(directory, "vmlinuz"), vmlinuz);
  await writeFile(join(directory, "vmlinux"), vmlinux);
  await writeFile(join(directory, "initrd.gz"), initrd);

  say("making a bootable disk");
  await makeDisk({ directory, work, tree, sizeBytes: vmlinuz.length + initrd.length + 4 * MIB });
  say(`making the image ${DEMO_IMAGE}`);
  const disk = await readFile(join(directory, "disk.qcow2"));
  const folder = { mode: 0o755, content: { directory: true } } as const;
  await writeLayout(join(directory, "layout"), DEMO_IMAGE, [
    {
      gzip: true,
      entries: [
        { path: "boot", ...folder },
        { path: "boot/vmlinux", mode: 0o644, content: vmlinux },
        { path: "boot/vmlinuz", mode: 0o644, content: vmlinuz },
        { path: "boot/initrd.gz", mode: 0o644, content: initrd },
      ],
    },
    {
      gzip: false,
      entries: [
        { path: "disk", ...folder },
        { path: "disk/disk.qcow2", mode: 0o644, content: disk },
      ],
    },
  ]);
  await writeFile(join(directory, "about.json"), `${JSON.stringify({ image: DEMO_IMAGE, kernel }, null, 2)}\n`);
  await rm(work, { recursive: true });
}

async function onlyKernel(tree: string): Promise<string> {
  const kernels = (await readdir(join(tree, "boot"))).filter((file) => file.startsWith("vmlinuz-"));
  const [kernel] = kernels;
  if (kernel === undefined || kernels.length > 1) throw new Error("The kernel package has not exactly one kernel");
  return join(tree, "boot", kernel);
}

async function rootEntries(busybox: Buffer, modules: readonly Module[]): Promise<Entry[]> {
  const root = join(import.meta.dirname, "root");
  const folders = "bin sbin dev proc sys etc lib lib/modules www mnt run tmp usr usr/sbin usr/bin var root".split(" ");
  const entries = new Map<string, Entry>();
  const add = (entry: Entry): void => void entries.set(entry.path, entry);
  for (const path of folders) add({ path, mode: 0o755, content: { directory: true } });
  for (const path of (await readdir(root, { recursive: true })).sort()) {
    const about = await stat(join(root, path));
    if (about.isDirectory()) add({ path, mode: 0o755, content: { directory: true } });
    else add({ path, mode: about.mode & 0o111 ? 0o755 : 0o644, content: await readFile(join(root, path)) });
  }
  add({ path: "bin/busybox", mode: 0o755, content: busybox });
  add({ path: "bin/sh", mode: 0o777, content: { link: "busybox" } });
  add({ path: "sbin/init", mode: 0o777, content: { link: "../bin/busybox" } });
  add({ path: "sbin/getty", mode: 0o777, content: { link: "../bin/busybox" } });
  add({ path: "etc/passwd", mode: 0o644, content: Buffer.from("root::0:0:root:/root:/bin/sh\n") });
  add({ path: "etc/group", mode: 0o644, content: Buffer.from("root:x:0:\n") });
  for (const { file, content } of modules) add({ path: `lib/modules/${file}`, mode: 0o644, content });
  const order = modules.map(({ file }) => `${file}\n`).join("");
  add({ path: "lib/modules/order", mode: 0o644, content: Buffer.from(order) });
  return [...entries.values()];
}

/** A FAT file system without a partition table, which SeaBIOS starts by syslinux. */
async function makeDisk(made: {
  readonly directory: string;
  readonly work: string;
  readonly tree: string;
  readonly sizeBytes: number;
}): Promise<void> {
  const { directory, work, tree } = made;
  const raw = join(work, "disk.raw");
  const config = join(work, "syslinux.cfg");
  // syslinux calls the mtools by name.
  const folders = ["usr/bin", "usr/sbin", "sbin", "bin"].map((folder) => join(tree, folder));
  const env = { ...process.env, PATH: [...folders, process.env["PATH"] ?? ""].join(":"), MTOOLS_SKIP_CHECK: "1" };
  await writeFile(raw, Buffer.alloc(Math.ceil(made.sizeBytes / MIB) * MIB));
  const lines = [
    "SERIAL 0 115200",
    "DEFAULT demo",
    "PROMPT 0",
    "TIMEOUT 1",
    "LABEL demo",
    "  KERNEL vmlinuz",
    "  INITRD initrd.gz",
    `  APPEND ${KERNEL_ARGUMENTS}`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  await run("mkdosfs", ["-n", "DEMO", raw], { env });
  for (const [from, to] of [
    [join(directory, "vmlinuz"), "::vmlinuz"],
    [join(directory, "initrd.gz"), "::initrd.gz"],
    [config, "::syslinux.cfg"],
  ] as const) {
    await run("mcopy", ["-i", raw, from, to], { env });
  }
  await run("syslinux", ["-i", raw], { env });
  await run("qemu-img", ["convert", "-c", "-O", "qcow2", raw, join(directory, "disk.qcow2")]);
}
