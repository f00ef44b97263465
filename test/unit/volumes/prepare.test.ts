import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import { silentLog } from "#events/log.ts";
import type { ImageStore } from "#node-runtime/images/image.ts";
import { openImageStore } from "#node-runtime/images/store.ts";
import { prepareVolumes, removeVolumes } from "#node-runtime/volumes/prepare.ts";
import type { PreparedVolumes } from "#node-runtime/domain/parts.ts";
import { orderFor } from "../domain/machine.ts";
import { imageOf, tarOf, writeLayout } from "../images/image-files.ts";
import { readIso } from "./read-iso.ts";

const hasQemuImg = spawnSync("qemu-img", ["--version"]).status === 0;

let directory: string;
let machine: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "volumes-"));
  machine = join(directory, "machines", "m-1");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const fault = (kind: string, reason: string): Error => expect.objectContaining({ kind, reason }) as Error;

/** A store with one image, `test/disk:1`, of these files. */
function storeWith(files: Readonly<Record<string, Buffer | string>>): ImageStore {
  const layer = tarOf(Object.entries(files).map(([name, content]) => ({ name, content })));
  const layout = writeLayout(join(directory, "layout"), "test/disk:1", imageOf([layer]));
  return openImageStore({ directory: join(directory, "cache"), localLayouts: [layout], log: silentLog });
}

function qcow2Of(bytes: number): Buffer {
  const path = join(directory, "made.qcow2");
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", path, String(bytes)]);
  execFileSync("qemu-io", ["-c", "write -P 7 0 1M", path]);
  return readFileSync(path);
}

function info(path: string): Record<string, unknown> {
  return JSON.parse(execFileSync("qemu-img", ["info", "--output=json", path]).toString()) as Record<string, unknown>;
}

const prepare = (spec: object, images: ImageStore, more: Partial<MachineOrder> = {}): Promise<PreparedVolumes> =>
  prepareVolumes({
    order: orderFor({ domain: { devices: {} }, ...spec }, more),
    directory: machine,
    images,
    log: silentLog,
  });

const fromImage = (path?: string): object => ({
  volumes: [{ name: "root", containerDisk: { image: "test/disk:1", ...(path === undefined ? {} : { path }) } }],
});

describe.skipIf(!hasQemuImg)("a machine's volumes (with qemu-img)", () => {
  it("are thin overlays over an image's disk, qcow2 or raw", async () => {
    const images = storeWith({ "disk/root.qcow2": qcow2Of(4 << 20), "raw/root.img": Buffer.alloc(1 << 20, 1) });
    const { disks } = await prepare(
      {
        volumes: [
          { name: "root", containerDisk: { image: "test/disk:1" } },
          { name: "other", containerDisk: { image: "test/disk:1", path: "/raw/root.img" } },
        ],
      },
      images,
    );
    expect(disks).toEqual([
      { volume: "root", path: join(machine, "volumes/root.qcow2"), format: "qcow2", readonly: false, block: false },
      { volume: "other", path: join(machine, "volumes/other.qcow2"), format: "qcow2", readonly: false, block: false },
    ]);
    expect(info(disks[0]?.path ?? "")).toMatchObject({
      "virtual-size": 4 << 20,
      // Beside the overlay, by its name alone.
      "backing-filename": "root.base",
      "full-backing-filename": join(machine, "volumes/root.base"),
      "backing-filename-format": "qcow2",
    });
    expect(info(disks[1]?.path ?? "")).toMatchObject({ "virtual-size": 1 << 20, "backing-filename-format": "raw" });
  });

  it("are the same for a second machine of the image, which no qemu-img has to make", async () => {
    const images = storeWith({ "disk/root.qcow2": qcow2Of(4 << 20) });
    const first = await prepare(fromImage(), images);
    const content = readFileSync(first.disks[0]?.path ?? "");
    await removeVolumes(machine);
    const second = await prepare(fromImage(), images);
    expect(readFileSync(second.disks[0]?.path ?? "").equals(content)).toBe(true);
    expect(info(second.disks[0]?.path ?? "")).toMatchObject({ "virtual-size": 4 << 20 });
  });

  it("survive the cache: what the guest stands on is the machine's own", async () => {
    const images = storeWith({ "disk/root.img": Buffer.alloc(1 << 20, 1) });
    const { disks } = await prepare(fromImage(), images);
    rmSync(join(directory, "cache"), { recursive: true });
    expect(info(disks[0]?.path ?? "")).toMatchObject({ "virtual-size": 1 << 20 });
  });

  it("are found again as they are by a runtime that comes back, image or no image", async () => {
    const images = storeWith({ "disk/root.img": Buffer.alloc(1 << 20, 1) });
    const spec = {
      volumes: [...(fromImage() as { volumes: object[] }).volumes, { name: "e", emptyDisk: { capacity: "2M" } }],
    };
    const first = await prepare(spec, images);
    const [root, empty] = first.disks;
    for (const disk of [root, empty]) execFileSync("qemu-io", ["-c", "write -P 9 0 64k", disk?.path ?? ""]);
    const gone = openImageStore({ directory: join(directory, "none"), localLayouts: [], log: silentLog });
    const before = first.disks.map((disk) => readFileSync(disk.path));
    expect(await prepare(spec, gone)).toEqual(first);
    expect(first.disks.map((disk, index) => before[index]?.equals(readFileSync(disk.path)))).toEqual([true, true]);
  });

  it("are the image's disk itself where the guest may only read", async () => {
    const images = storeWith({ "disk/install.iso": Buffer.alloc(4096, 1) });
    const { disks } = await prepare(
      { ...fromImage(), domain: { devices: { disks: [{ name: "root", cdrom: { bus: "sata" } }] } } },
      images,
    );
    expect(disks).toEqual([
      { volume: "root", path: join(machine, "volumes/root.base"), format: "raw", readonly: true, block: false },
    ]);
  });

  it("have an empty disk of the capacity that was asked for, in whole sectors", async () => {
    const { disks } = await prepare({ volumes: [{ name: "e", emptyDisk: { capacity: "1000001" } }] }, storeWith({}));
    expect(info(disks[0]?.path ?? "")).toMatchObject({ "format": "qcow2", "virtual-size": 1_000_448 });
  });

  it("refuse a damaged qcow2, and leave nothing of it in the machine's directory", async () => {
    const damaged = qcow2Of(4 << 20);
    // The first entry of the first mapping table points beyond the file.
    const table = Number(damaged.readBigUInt64BE(40));
    damaged.writeBigUInt64BE(0x8000_0000_7fff_0000n, table);
    await expect(prepare(fromImage(), storeWith({ "disk/root.qcow2": damaged }))).rejects.toThrow(
      fault("refused", "DiskCorrupt"),
    );
    expect(readdirSync(join(machine, "volumes"))).toEqual([]);
  });

  it("refuse a qcow2 that names a file of the host", async () => {
    const sly = qcow2Of(4 << 20);
    const name = "/etc/shadow";
    sly.writeBigUInt64BE(400n, 8);
    sly.writeUInt32BE(name.length, 16);
    sly.write(name, 400);
    await expect(prepare(fromImage(), storeWith({ "disk/root.qcow2": sly }))).rejects.toThrow(
      fault("refused", "DiskNotSupported"),
    );
  });

  it("may be taken up again after a part could not be had yet", async () => {
    const images = storeWith({ "disk/root.img": Buffer.alloc(4096, 1) });
    let isThere = false;
    const flaky: ImageStore = {
      ...images,
      pull: (...args) => {
        if (isThere) return images.pull(...args);
        isThere = true;
        return Promise.reject(new Fault("later", "ImagePullFailed", "not yet"));
      },
    };
    await expect(prepare(fromImage(), flaky)).rejects.toThrow(fault("later", "ImagePullFailed"));
    expect((await prepare(fromImage(), flaky)).disks).toHaveLength(1);
  });

  it("are gone once removed, and removing them twice is harmless", async () => {
    await prepare(fromImage(), storeWith({ "disk/root.img": Buffer.alloc(4096, 1) }));
    writeFileSync(join(machine, "kept"), "");
    await removeVolumes(machine);
    await removeVolumes(machine);
    expect(readdirSync(machine)).toEqual(["kept"]);
  });
});

describe("a machine's volumes", () => {
  it("have kernel and initrd for direct boot, as links into the cache, and the arguments only with a kernel", async () => {
    const images = storeWith({ "boot/vmlinux": "kernel", "boot/initrd": "initrd" });
    const boot = (container: object): object => ({
      domain: {
        devices: {},
        firmware: { kernelBoot: { kernelArgs: "quiet", container: { image: "test/disk:1", ...container } } },
      },
    });
    const both = await prepare(boot({ kernelPath: "/boot/vmlinux", initrdPath: "boot/initrd" }), images);
    expect(both.boot).toEqual({
      kernel: join(machine, "volumes/kernel"),
      initrd: join(machine, "volumes/initrd"),
      commandLine: "quiet",
    });
    expect(readFileSync(both.boot?.kernel ?? "", "utf8")).toBe("kernel");
    expect(statSync(both.boot?.kernel ?? "").nlink).toBe(2);
    machine = join(directory, "machines", "m-2");
    const initrdOnly = await prepare(boot({ initrdPath: "boot/initrd" }), images);
    expect(initrdOnly.boot).toEqual({ initrd: join(machine, "volumes/initrd") });
  });

  it("have disks for cloud-init, Secrets and ConfigMaps that only the runtime may read on the node", async () => {
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    const { disks } = await prepare(
      {
        volumes: [
          { name: "seed", cloudInitNoCloud: { userData: "#!/bin/sh\n" } },
          { name: "drive", cloudInitConfigDrive: { userDataBase64: encode("#cloud-config\n") } },
          { name: "keys", secret: { secretName: "s", volumeLabel: "keys" } },
          { name: "settings", configMap: { name: "c" } },
        ],
      },
      storeWith({}),
      {
        files: { keys: { "TLS.key": encode("k"), "other_file": encode("o") }, settings: { "app.conf": encode("a=1") } },
      },
    );
    const [seed, drive, keys, settings] = disks.map((disk) => readIso(readFileSync(disk.path), "joliet"));
    expect(seed).toMatchObject({ label: "cidata", files: { "user-data": "#!/bin/sh\n" } });
    expect(drive).toMatchObject({ label: "config-2", files: { "openstack/latest/user_data": "#cloud-config\n" } });
    expect(keys).toEqual({ label: "keys", files: { "TLS.key": "k", "other_file": "o" } });
    expect(settings?.files).toEqual({ "app.conf": "a=1" });
    expect(disks.every((disk) => disk.readonly && disk.format === "raw")).toBe(true);
    expect(disks.map((disk) => statSync(disk.path).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
  });

  it.each<[string, object, string]>([
    [
      "a kind that is not supported yet",
      { name: "v", persistentVolumeClaim: { claimName: "c" } },
      "VolumeNotSupported",
    ],
    ["a path of the host", { name: "v", hostDisk: { path: "/etc", type: "Disk" } }, "VolumeNotSupported"],
    ["no kind", { name: "v" }, "VolumeNotSupported"],
    ["a name that is a path", { name: "../../x", emptyDisk: { capacity: "1M" } }, "VolumeNotSupported"],
    ["a capacity that is none", { name: "v", emptyDisk: { capacity: "much" } }, "InvalidQuantity"],
    ["an empty capacity", { name: "v", emptyDisk: { capacity: 0 } }, "VolumeNotSupported"],
    ["a path that the image lacks", { name: "v", containerDisk: { image: "test/disk:1", path: "/x" } }, "DiskNotFound"],
    ["a path out of the image", { name: "v", containerDisk: { image: "test/disk:1", path: "../x" } }, "DiskNotFound"],
  ])("are refused for %s", async (_, volume, reason) => {
    await expect(prepare({ volumes: [volume] }, storeWith({ "disk/a": "a" }))).rejects.toThrow(
      fault("refused", reason),
    );
    expect(existsSync(join(directory, "x"))).toBe(false);
  });

  it("tell what can never work rather than what may work later", async () => {
    const images = storeWith({ "disk/a": "a" });
    const busy: ImageStore = {
      ...images,
      pull: (name, options) =>
        name.startsWith("busy")
          ? Promise.reject(new Fault("later", "ImagePullFailed", "busy"))
          : images.pull(name, options),
    };
    const volumes = [
      { name: "a", containerDisk: { image: "busy/x:1" } },
      { name: "b", containerDisk: { image: "test/disk:1", path: "/disk/none" } },
    ];
    await expect(prepare({ volumes }, busy)).rejects.toThrow(fault("refused", "DiskNotFound"));
  });

  it("wait for an image that is missing: it may be pushed yet", async () => {
    const volumes = [{ name: "v", containerDisk: { image: "test/none:1" } }];
    await expect(prepare({ volumes }, storeWith({}))).rejects.toThrow(fault("later", "ImageNotFound"));
  });
});
