import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkQcow2 } from "#node-runtime/volumes/qemu-img.ts";

/** A qemu-img that ends as it is told stands first on the PATH. */
describe.skipIf(process.platform !== "linux")("a check of an image", () => {
  let directory: string;
  let image: string;
  const path = process.env["PATH"];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "qemu-img-"));
    process.env["PATH"] = `${directory}:${path ?? ""}`;
  });
  afterAll(() => {
    process.env["PATH"] = path;
    rmSync(directory, { recursive: true, force: true });
  });
  let nth = 0;
  beforeEach(() => {
    // Another file each time: what was found sound is not checked again.
    image = join(directory, `image-${(nth += 1)}.qcow2`);
    writeFileSync(image, `content ${nth}`);
  });
  afterEach(() => rmSync(image, { force: true }));

  function qemuImg(code: number | "killed", said = ""): void {
    const end = code === "killed" ? "kill -KILL $$" : `exit ${code}`;
    const program = join(directory, "qemu-img");
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' '${said}' >&2\n${end}\n`);
    chmodSync(program, 0o755);
  }
  const check = (of = image): Promise<void> => checkQcow2(of, "The disk");

  it("finds it sound, also with leaked clusters", async () => {
    qemuImg(0);
    await check();
    qemuImg(3, "3 leaked clusters were found on the image.");
    await check(writeAnother());
  });

  it("refuses what is inconsistent by its own books", async () => {
    qemuImg(2, "2 errors were found on the image.");
    await expect(check()).rejects.toMatchObject({
      kind: "refused",
      reason: "DiskCorrupt",
      message: "The disk is a damaged qcow2 image: 2 errors were found on the image.",
    });
  });

  it.each([
    ["Permission denied", "DiskFailed", "EACCES"],
    ["Cannot allocate memory", "DiskFailed", "ENOMEM"],
    ["Too many open files", "DiskFailed", "EMFILE"],
    ["Resource temporarily unavailable", "DiskFailed", "EAGAIN"],
    ["No space left on device", "DiskFull", "MiB"],
  ])("that could not be done for the node's trouble (%s) is done again later", async (said, reason, told) => {
    qemuImg(1, `qemu-img: Could not open 'x': Could not open 'x': ${said}`);
    const message = expect.stringContaining(told) as string;
    await expect(check()).rejects.toMatchObject({ kind: "later", reason, message });
    qemuImg(0);
    await check();
  });

  it("that could not be done since the image makes no sense refuses it: every byte of it can be read", async () => {
    for (const said of ["Unsupported cluster size: 2^0", "Could not read L1 table: Input/output error"]) {
      qemuImg(1, `qemu-img: Could not open 'x': ${said}`);
      await expect(check(), said).rejects.toMatchObject({ kind: "refused", reason: "DiskCorrupt" });
    }
  });

  it("that met an I/O error which we meet too blames the disk, not the image", async () => {
    qemuImg(1, "qemu-img: Could not open 'x': Could not read snapshots: Input/output error");
    // Its first bytes can't be read: nothing is mapped there.
    await expect(check("/proc/self/mem")).rejects.toMatchObject({
      kind: "later",
      reason: "DiskFailed",
      message: "The disk can't be read: EIO",
    });
  });

  it("whose tool was killed says nothing about the image", async () => {
    qemuImg("killed");
    await expect(check()).rejects.toMatchObject({ kind: "later", reason: "VolumeFailed" });
  });

  function writeAnother(): string {
    const another = `${image}.another`;
    writeFileSync(another, "another");
    return another;
  }
});
