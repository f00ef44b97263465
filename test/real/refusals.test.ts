import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionOf } from "#api/object.ts";
import { writeLayout } from "../../scripts/guest/layout.ts";
import { ApiError } from "../../cli/client.ts";
import { eventually } from "./eventually.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "./local-process.ts";

const VMS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachines";

/** What a user gets for input that can't work: an error that names the place, and nothing else is disturbed by it. */
describe.skipIf(cannotBoot() !== undefined)("bad input", { timeout: 180_000 }, () => {
  let local: LocalProcess;
  /** Runs all the while: what is refused must not touch it. */
  let bystander: { readonly bootID: string };

  beforeAll(async () => {
    local = await LocalProcess.create();
    await writeLayout(join(local.instance.paths.layouts, "broken"), "test/broken:1", [
      { entries: [{ path: "disk/disk.qcow2", content: brokenQcow2(), mode: 0o644 }], gzip: false },
      { entries: [{ path: "boot/vmlinux", content: Buffer.from("this is no kernel"), mode: 0o644 }], gzip: false },
    ]);
    await local.must(["apply", "-f", "-"], demoVM(local, "bystander"));
    await local.phase("bystander", ["Running"]);
    bystander = await eventually("the bystander's page", () => local.counter("bystander"), 90_000);
  });
  afterAll(async () => {
    await local.close();
  });

  const apply = (name: string, change: (vm: Manifest) => void) =>
    local.kubectl(["apply", "-f", "-"], demoVM(local, name, change));
  const printable = (name: string, wanted: string) =>
    eventually(
      `${name} to be ${wanted}`,
      async () => {
        const vm = await local.vm(name);
        return vm.status?.printableStatus === wanted ? vm : undefined;
      },
      90_000,
    );

  it("an unknown field is named", async () => {
    const answer = await apply("unknown", (vm) => (vm.spec.template.spec.domain["memmory"] = { guest: "1Gi" }));
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain("spec.template.spec.domain.memmory");
  });

  it("a wrong type is named, with what is allowed", async () => {
    const answer = await apply("wrong", (vm) => (vm.spec.template.spec.domain["cpu"] = { cores: "two" }));
    expect(answer.code).toBe(1);
    expect(answer.stderr).toMatch(/spec\.template\.spec\.domain\.cpu\.cores/);
    expect(answer.stderr).toMatch(/must be a number/);
  });

  it("conflicting fields are refused with a Status that has a cause for each field", async () => {
    const body = JSON.parse(demoVM(local, "conflict", (vm) => (vm.spec.running = true))) as unknown;
    const error = await local.client.send("POST", VMS, body).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 422, reason: "Invalid" });
    expect((error as ApiError).causes.map((cause) => cause.field)).toContain("spec.running");
    const answer = await apply("conflict", (vm) => {
      vm.spec.template.spec.volumes = [];
      vm.spec.template.spec.networks = [];
    });
    expect(answer.code).toBe(1);
    expect(answer.stderr).toMatch(/disks\[0\]/);
    expect(answer.stderr).toMatch(/interfaces\[0\]/);
  });

  it("an object over 1 MiB is refused, and the limit named", async () => {
    const answer = await local.kubectl(
      ["create", "-f", "-"],
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "big" },
        data: { text: "x".repeat(1_200_000) },
      }),
    );
    expect(answer.code).toBe(1);
    expect(answer.stderr).toMatch(/1 ?MiB|1048576|1,048,576/);
  });

  it("a missing image is shown by the VM's status, and tried again", async () => {
    await apply("imageless", (vm) => {
      vm.spec.template.spec.domain.firmware.kernelBoot.container["image"] = "no-such/image:1";
    });
    const vm = await printable("imageless", "ErrImagePull");
    expect(vm.status?.ready).not.toBe(true);
    const explained = (await local.virtive(["explain", "imageless"])).stdout;
    expect(explained).toContain("no-such/image:1");
    await local.must(["delete", "vm", "imageless", "--timeout=60s"]);
  });

  it("a corrupt qcow2 ends the start with a reason that names it, with pauses between tries", async () => {
    await apply("corrupt", (vm) => {
      vm.spec.template.spec.domain.devices.disks.push({ name: "root", disk: { bus: "virtio" } });
      vm.spec.template.spec.volumes.push({ name: "root", containerDisk: { image: "test/broken:1" } });
    });
    await printable("corrupt", "CrashLoopBackOff");
    const explained = (await local.virtive(["explain", "corrupt"])).stdout;
    expect(explained).toContain("DiskCorrupt");
    await local.must(["delete", "vm", "corrupt", "--timeout=60s"]);
  });

  it("a guest that never boots, since its kernel is none, ends in a back-off that says why", async () => {
    await apply("kernelless", (vm) => {
      const { kernelBoot } = vm.spec.template.spec.domain.firmware;
      kernelBoot.container = { image: "test/broken:1", kernelPath: "/boot/vmlinux" };
    });
    const vm = await printable("kernelless", "CrashLoopBackOff");
    expect(vm.status?.startFailure?.consecutiveFailCount).toBeGreaterThan(0);
    const explained = (await local.virtive(["explain", "kernelless"])).stdout;
    expect(explained).toMatch(/StartFailed|QemuExited/);
    await local.must(["delete", "vm", "kernelless", "--timeout=60s"]);
  });

  it("a guest that panics while it boots is told from one that shut down", async () => {
    await apply("panicking", (vm) => {
      const userData = "#!/bin/sh\necho c > /proc/sysrq-trigger\n";
      vm.spec.template.spec.volumes = [{ name: "seed", cloudInitNoCloud: { userData } }];
    });
    await printable("panicking", "CrashLoopBackOff");
    expect((await local.virtive(["explain", "panicking"])).stdout).toContain("GuestPanicked");
    await local.must(["delete", "vm", "panicking", "--timeout=60s"]);
  });

  it("a console is refused for a VM that does not run, in a sentence", async () => {
    await local.must(
      ["apply", "-f", "-"],
      demoVM(local, "halted", (vm) => (vm.spec.runStrategy = "Halted")),
    );
    const answer = await local.virtive(["console", "halted"]);
    expect(answer.code).not.toBe(0);
    expect(answer.stderr).toMatch(/halted/);
    const pause = await local.virtive(["pause", "halted"]);
    expect(pause.code).not.toBe(0);
    await local.must(["delete", "vm", "halted", "--timeout=60s"]);
  });

  it("nothing of this disturbed the VM beside", async () => {
    expect((await local.counter("bystander")).bootID).toBe(bystander.bootID);
    expect(conditionOf(await local.vmi("bystander"), "Ready")?.status).toBe("True");
  });
});

/** Its header says qcow2; the tables that it points to lie outside the file. */
function brokenQcow2(): Buffer {
  const image = Buffer.alloc(4096);
  image.write("QFI\u00fb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20); // cluster bits
  image.writeBigUInt64BE(16n * 1024n * 1024n, 24); // size
  image.writeUInt32BE(1, 36); // L1 entries
  image.writeBigUInt64BE(1n << 40n, 40); // L1 table
  image.writeBigUInt64BE(1n << 41n, 48); // refcount table
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(104, 100); // header length
  return image;
}
