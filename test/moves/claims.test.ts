/** Guests whose disks are claims, on two nodes of the local shape: they start once the claim is there, move with it, and share it. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionOf } from "#api/object.ts";
import { eventually } from "../real/eventually.ts";
import { diskPage, FIRST_NUMBER, SECTOR, wordPath } from "./parts/disk-page.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "../real/local-process.ts";

const CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
const MIB = 1024 * 1024;

/** Disks from vdb on are these claims; the last one is a container disk. */
function withClaims(image: string, claims: readonly string[], disk: object = {}): (vm: Manifest) => void {
  return ({ spec: { template } }) => {
    template.spec.volumes = [{ name: "seed", cloudInitNoCloud: { userData: diskPage("vdb") } }];
    for (const claimName of claims) {
      template.spec.domain.devices.disks.push({ name: claimName, disk: { bus: "virtio" }, ...disk });
      template.spec.volumes.push({ name: claimName, persistentVolumeClaim: { claimName } });
    }
    template.spec.domain.devices.disks.push({ name: "local", disk: { bus: "virtio" } });
    template.spec.volumes.push({ name: "local", containerDisk: { image } });
  };
}

describe.skipIf(cannotBoot() !== undefined)("guests with claims", { timeout: 300_000 }, () => {
  let local: LocalProcess;

  const start = (name: string, claims: readonly string[], disk?: object): Promise<string> =>
    local.must(["apply", "-f", "-"], demoVM(local, name, withClaims(local.image, claims, disk)));
  const up = (name: string) => eventually(`${name}'s page`, () => local.counter(name), 120_000);
  /** What the guest reads, once it has written the text there if there is one. */
  const word = (name: string, device: string, at: number, text = ""): Promise<string> =>
    eventually(
      `${name}'s disk ${device}`,
      async () =>
        // An empty answer is one, too.
        `${(await local.page(name, `/${wordPath(device, at, text)}`)).trim().slice(0, SECTOR)}.`,
    ).then((answer) => answer.slice(0, -1));
  const conditionIn = async (name: string, type: string) => conditionOf(await local.vmi(name), type);

  function claim(name: string, accessMode: string, size = "8Mi", volumeMode = "Filesystem"): Promise<string> {
    const spec = { accessModes: [accessMode], volumeMode, resources: { requests: { storage: size } } };
    const object = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name }, spec };
    return local.must(["apply", "-f", "-"], JSON.stringify(object));
  }

  beforeAll(async () => {
    local = await LocalProcess.create(2);
  }, 300_000);
  afterAll(async () => {
    await local?.close();
  });

  it("wait for a claim that is missing, say so, and start by themselves once it is there", async () => {
    await start("mover", ["shared"]);
    const waiting = await eventually("it to say what it waits for", async () => {
      const condition = conditionOf(await local.vm("mover"), "PodScheduled");
      return condition?.reason === "VolumeSourceMissing" ? condition : undefined;
    });
    expect(waiting).toMatchObject({
      status: "False",
      message: "Can't start: volume shared: PersistentVolumeClaim shared does not exist.",
    });
    expect((await local.vm("mover")).status?.printableStatus).toBe("ErrorPvcNotFound");
    await claim("shared", "ReadWriteMany");
    await local.phase("mover", ["Running"], undefined, 120_000);
    await up("mover");
    const { status } = await local.vmi("mover");
    expect(status?.volumeStatus?.find(({ name }) => name === "shared")).toMatchObject({
      target: "vdb",
      persistentVolumeClaimInfo: { claimName: "shared", accessModes: ["ReadWriteMany"], volumeMode: "Filesystem" },
    });
    expect((await stat(join(local.instance.paths.claims, "default/shared/disk.img"))).size).toBe(8 * MIB);
    expect(await local.must(["get", "pvc", "shared"])).toMatch(/shared +Bound +\S+ +8Mi +\S+/);
  });

  it("go to the other node and back: the claim is there, the container disk is copied, nothing written is lost", async () => {
    expect(await conditionIn("mover", "LiveMigratable")).toMatchObject({ status: "True" });
    const before = await up("mover");
    for (const [round, text] of ["first", "second"].entries()) {
      for (const device of ["vdb", "vdc"]) expect(await word("mover", device, round, text)).toBe(text);
      const { code, stderr } = await local.virtive(["migrate", "mover"]);
      expect(code, stderr).toBe(0);
      await up("mover");
    }
    for (const device of ["vdb", "vdc"]) {
      expect(await word("mover", device, 0)).toBe("first");
      expect(await word("mover", device, 1)).toBe("second");
    }
    const after = await up("mover");
    expect(after.bootID).toBe(before.bootID);
    expect(after.count).toBeGreaterThan(before.count);
    expect((await local.vmi("mover")).status).toMatchObject({
      claim: { epoch: 3 },
      migrationMethod: "BlockMigration",
      migrationState: { completed: true },
    });
    // What the guest wrote while it moved is all in the claim's file, whichever node wrote it.
    const written = Number((await local.page("mover", "/written")).trim());
    const disk = await readFile(join(local.instance.paths.claims, "default/shared/disk.img"));
    const numbers = Array.from({ length: written }, (_, at) =>
      disk.toString("latin1", (at + FIRST_NUMBER) * SECTOR, (at + FIRST_NUMBER + 1) * SECTOR).trim(),
    );
    console.error(`${written} numbers were written by the guest while it moved twice`);
    expect(written).toBeGreaterThan(10);
    expect(numbers).toEqual(Array.from({ length: written }, (_, at) => String(at)));
  });

  it("may not be started twice with one disk, unless both may share it", async () => {
    await start("thief", ["shared"]);
    const held = await eventually("it to say why it does not start", async () => {
      const { conditions } = (await local.vm("thief")).status ?? {};
      return conditions?.find(({ type }) => type === "Failure");
    });
    expect(held.reason).toBe("StartFailed");
    expect(held.message).toMatch(/Failed to get "write" lock[^]*claims\/default\/shared\/disk\.img/);
    await local.must(["delete", "vm", "thief", "mover", "--timeout=60s"]);

    await start("one", ["shared"], { shareable: true });
    await start("two", ["shared"], { shareable: true });
    await Promise.all(["one", "two"].map(up));
    expect(await word("one", "vdb", 2, "told")).toBe("told");
    expect(await word("two", "vdb", 2)).toBe("told");
    expect(await word("two", "vdb", 0)).toBe("first");
  });

  it("stay where they are with a claim for one node, which says so; its disk may be a block device's", async () => {
    await claim("single", "ReadWriteOnce", "4Mi", "Block");
    await start("rooted", ["single"]);
    await up("rooted");
    const why =
      "Volume single: claim single can't be used by two nodes at once: it is ReadWriteOnce, and must be ReadWriteMany.";
    expect(await conditionIn("rooted", "LiveMigratable")).toMatchObject({
      status: "False",
      reason: "DisksNotLiveMigratable",
      message: why,
    });
    const { code, stderr } = await local.virtive(["migrate", "rooted"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(why);
    expect(await word("rooted", "vdb", 1, "kept")).toBe("kept");
  });

  it("find what they wrote when they are started anew, and hold their claim until they are gone", async () => {
    await local.must(["delete", "pvc", "single", "--wait=false"]);
    expect((await local.client.send<{ metadata: object }>("GET", `${CLAIMS}/single`)).metadata).toMatchObject({
      finalizers: ["kubernetes.io/pvc-protection"],
    });
    expect(await word("rooted", "vdb", 1)).toBe("kept");
    await local.must(["delete", "vm", "rooted", "--timeout=60s"]);
    await local.must(["wait", "pvc", "single", "--for=delete", "--timeout=30s"]);
    await expect(stat(join(local.instance.paths.claims, "default/single"))).rejects.toThrow("ENOENT");

    const { uid } = (await local.vmi("one")).metadata;
    expect((await local.virtive(["restart", "one"])).code).toBe(0);
    await local.phase("one", ["Running"], uid, 120_000);
    await up("one");
    expect(await word("one", "vdb", 2)).toBe("told");
    expect(await word("one", "vdc", 0)).not.toBe("first");
  });
});
