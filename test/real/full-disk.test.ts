import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, rmdir, statfs, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionOf } from "#api/object.ts";
import { writeLayout } from "../../scripts/guest/layout.ts";
import { ApiError } from "../../cli/client.ts";
import { consolePath, seen } from "../../cli/commands/console.ts";
import { eventually } from "./eventually.ts";
import { cannotBoot, demoVM, LocalProcess } from "./local-process.ts";

const run = promisify(execFile);
const MIB = 1024 * 1024;
const CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

/**
 * Images, machines' disks, the node's records, the API server's database and the journal lie on one small disk, as they
 * do on a user's machine.
 */
describe.skipIf(cannotBoot() !== undefined)("a full disk", { timeout: 240_000 }, () => {
  let local: LocalProcess;
  let disk: string;
  /** Runs all the while. */
  let bystander: { readonly bootID: string };

  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), "vt-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", "size=128m", "tmpfs", disk]);
    local = await LocalProcess.create(1, async ({ paths }) => {
      for (const path of [paths.api, paths.journal, paths.images, paths.runtime("node-1")]) {
        const there = join(disk, path.split("/").at(-1) ?? "");
        await mkdir(there);
        await mkdir(dirname(path), { recursive: true });
        await symlink(there, path);
      }
    });
    await writeLayout(join(local.instance.paths.layouts, "large"), "test/large:1", [
      // Of noise: zeros would take no room.
      { entries: [{ path: "disk/disk.img", content: randomBytes(16 * MIB), mode: 0o644 }], gzip: false },
    ]);
    await local.must(["apply", "-f", "-"], demoVM(local, "bystander"));
    await local.phase("bystander", ["Running"]);
    bystander = await eventually("the bystander's page", () => local.counter("bystander"), 120_000);
  }, 240_000);
  afterAll(async () => {
    await rm(join(disk, "filler"), { force: true });
    await local?.close();
    await run("umount", [disk]);
    await rmdir(disk);
  }, 120_000);

  const free = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(disk);
    return bavail * bsize;
  };
  /** Takes room until only this much is left. */
  const fill = async (leave: number): Promise<void> => {
    const file = await open(join(disk, "filler"), "a");
    try {
      const chunk = Buffer.alloc(64 * 1024, 1);
      while ((await free()) > leave) await file.write(chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      await file.close();
    }
  };
  const isAsBefore = async (): Promise<void> => {
    const counter = await eventually("the bystander's page", () => local.counter("bystander"));
    expect(counter.bootID).toBe(bystander.bootID);
  };

  it("is told on the VM that has no room for its disk, with sizes and what to do", async () => {
    await fill(8 * MIB);
    await local.must(
      ["apply", "-f", "-"],
      demoVM(local, "crowded", (vm) => {
        vm.spec.template.spec.domain.devices.disks.push({ name: "large", disk: { bus: "virtio" } });
        vm.spec.template.spec.volumes.push({ name: "large", containerDisk: { image: "test/large:1" } });
      }),
    );
    const condition = await eventually("the VM's condition", async () =>
      conditionOf(await local.vm("crowded"), "Synchronized"),
    );
    expect(condition).toMatchObject({ status: "False", reason: "DiskFull" });
    expect(condition.message).toMatch(/no room left on the disk of .*: \d+ MiB of 128 MiB are free; make room there/);
    const explained = (await local.virtive(["explain", "crowded"])).stdout;
    expect(explained).toContain("DiskFull");
    expect(explained).toContain("Make room on the disk");
    await isAsBefore();
  });

  it("pauses a guest that writes what finds no room, says so, and lets it go on where it was once there is room", async () => {
    await rm(join(disk, "filler"), { force: true });
    await local.must(
      ["apply", "-f", "-"],
      demoVM(local, "writer", (vm) => {
        vm.spec.template.spec.domain.devices.disks.push({ name: "scratch", disk: { bus: "virtio" } });
        vm.spec.template.spec.volumes.push({ name: "scratch", emptyDisk: { capacity: "32Mi" } });
      }),
    );
    await local.phase("writer", ["Running"]);
    const before = await eventually("the writer's page", () => local.counter("writer"), 120_000);
    await fill(2 * MIB);
    const console = await local.client.websocket(consolePath("default", "writer", true));
    try {
      await seen(console, /writer:\S*# /, 60_000);
      // Of noise, and past the guest's cache: each block needs room.
      console.send(
        Buffer.from("dd if=/dev/urandom of=/dev/vdb bs=1M count=12 conv=fsync && echo all $((10+2)) written\n"),
      );
      const paused = await eventually("the writer to be paused", async () =>
        conditionOf(await local.vmi("writer"), "Paused"),
      );
      expect(paused).toMatchObject({ status: "True", reason: "PausedIOError" });
      // It is tried again now and then, and pauses again: what stands in the way is told all the while.
      const told = await eventually("the VM to tell why", async () =>
        conditionOf(await local.vm("writer"), "Synchronized"),
      );
      expect(told).toMatchObject({ status: "False", reason: "IOError" });
      expect((await local.virtive(["explain", "writer"])).stdout).toContain("make room there; the guest is paused");
      await isAsBefore();
      await rm(join(disk, "filler"));
      await seen(console, /all 12 written/, 120_000);
    } finally {
      console.close();
    }
    expect(conditionOf(await local.vmi("writer"), "Paused")).toBeUndefined();
    await eventually(
      "the trouble to be forgotten",
      async () => (conditionOf(await local.vmi("writer"), "Synchronized") === undefined ? true : undefined),
      120_000,
    );
    expect((await eventually("the writer's page again", () => local.counter("writer"))).bootID).toBe(before.bootID);
    await local.must(["delete", "vm", "writer", "--timeout=60s"]);
  });

  it("that has no room for the API's own writes either: they are refused as 507, to be tried again", async () => {
    await fill(0);
    let nth = 0;
    // SQLite has some room ahead of what it has asked the disk for.
    const error = await eventually("a write to be refused", async () => {
      const data = { text: "x".repeat(200_000) };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: `fill-${(nth += 1)}` }, data };
      return local.client.send("POST", CONFIG_MAPS, object).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    });
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 507, reason: "InsufficientStorage" });
    expect((error as ApiError).message).toMatch(/0 MiB of 128 MiB are free; make room there/);
    await expect(
      local.client.send("GET", `${CONFIG_MAPS}/fill-${nth}`),
      "what was refused is not there",
    ).rejects.toMatchObject({ code: 404 });
  });

  it("leaves everything readable and every guest running, whatever can't be written meanwhile", async () => {
    // Long enough for heartbeats, reports, the journal and retries to meet it.
    const end = Date.now() + 8_000;
    while (Date.now() < end) {
      await fill(0);
      expect(await local.must(["get", "vm"])).toMatch(/bystander[^\n]*\n.*crowded/);
      await isAsBefore();
    }
    expect((await local.virtive(["explain", "bystander"])).code).toBe(0);
    expect(await readFile(local.instance.paths.log, "utf8")).not.toContain("uncaught");
  });

  it("is over when there is room: the API writes, and the VM starts without anyone's doing", async () => {
    await rm(join(disk, "filler"));
    await local.must(["delete", "configmaps", "--all", "--timeout=30s"]);
    const vmi = await local.phase("crowded", ["Running"], undefined, 120_000);
    expect(conditionOf(vmi, "Synchronized")).toBeUndefined();
    await eventually("the VM to be Ready", async () =>
      (await local.vm("crowded")).status?.ready === true ? true : undefined,
    );
    expect(conditionOf(await local.vm("crowded"), "Synchronized")).toBeUndefined();
    await eventually("the bystander to be Ready", async () =>
      (await local.vm("bystander")).status?.ready === true ? true : undefined,
    );
    await isAsBefore();
  });
});
