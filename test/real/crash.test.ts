import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { conditionOf } from "#api/object.ts";
import { writeLayout } from "../../scripts/guest/layout.ts";
import { eventually } from "./eventually.ts";
import { everythingOf, nothingBut, processesWith, qemuOf } from "./leftovers.ts";
import { cannotBoot, demoVM, LocalProcess, type Manifest } from "./local-process.ts";

/** kill -9 of the process, and of libvirtd, at the points where it hurts. After `up` again everything converges. */
describe.skipIf(cannotBoot() !== undefined)("kill -9", { timeout: 180_000 }, () => {
  let local: LocalProcess;
  /** What the instance has on the machine without any VM. */
  let before: readonly string[];
  /** Without a grace the guest is ended at once: only the test of stopping needs to see it shut down. */
  const apply = (name: string, graceSeconds = 0, change: (vm: Manifest) => void = () => undefined): Promise<string> =>
    local.must(
      ["apply", "-f", "-"],
      demoVM(local, name, (vm) => {
        vm.spec.template.spec["terminationGracePeriodSeconds"] = graceSeconds;
        change(vm);
      }),
    );
  const waitsIn = (name: string, phase: string, reason: string): Promise<true> =>
    eventually(`${name} to wait in ${phase} with ${reason}`, async () => {
      const vmi = await local.vmi(name);
      return vmi.status?.phase === phase && conditionOf(vmi, "Synchronized")?.reason === reason ? true : undefined;
    });
  const uuidOf = (vmi: VirtualMachineInstance): string => vmi.spec.domain.firmware?.uuid ?? vmi.metadata.uid ?? "";
  const remove = async (name: string): Promise<void> => {
    await local.must(["delete", "vm", name, "--timeout=90s"]);
    await eventually(`${name} to be gone`, async () =>
      (await local.must(["get", "vm,vmi,pods", "-o", "name"])).includes(name) ? undefined : true,
    );
    await nothingBut(before, local);
  };
  /** The guest boots, once, and its page answers. */
  const converges = async (name: string): Promise<VirtualMachineInstance> => {
    const vmi = await local.phase(name, ["Running"], undefined, 120_000);
    await eventually(`${name}'s page`, () => local.counter(name), 90_000);
    expect(await qemuOf(uuidOf(vmi))).toHaveLength(1);
    return vmi;
  };

  beforeAll(async () => {
    local = await LocalProcess.create();
    before = await everythingOf(local);
  });
  afterAll(async () => {
    await local.close();
  });

  it("right after create: the VM boots once the process is back", async () => {
    await apply("created");
    await local.kill9();
    await local.start();
    await converges("created");
    await remove("created");
  });

  it("while Scheduling, which lasts since a Secret is missing: the VM boots, once", async () => {
    await apply("scheduling", 0, (vm) => {
      vm.spec.template.spec.volumes = [{ name: "seed", cloudInitNoCloud: { secretRef: { name: "seed" } } }];
    });
    await waitsIn("scheduling", "Scheduling", "VolumeSourceMissing");
    await local.kill9();
    await local.start();
    await waitsIn("scheduling", "Scheduling", "VolumeSourceMissing");
    const stringData = { userdata: "#!/bin/sh\n" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "seed" }, stringData };
    await local.must(["create", "-f", "-"], JSON.stringify(secret));
    await converges("scheduling");
    await remove("scheduling");
  });

  it("while Scheduled, which lasts since an image is missing: the VM boots, once", async () => {
    await apply("scheduled", 0, (vm) => {
      vm.spec.template.spec.domain.devices.disks.push({ name: "late", disk: { bus: "virtio" } });
      vm.spec.template.spec.volumes.push({ name: "late", containerDisk: { image: "test/late:1" } });
    });
    await waitsIn("scheduled", "Scheduled", "ErrImagePull");
    await local.kill9();
    await local.start();
    expect((await local.vmi("scheduled")).status?.phase).toBe("Scheduled");
    await writeLayout(join(local.instance.paths.layouts, "late"), "test/late:1", [
      { entries: [{ path: "disk/disk.img", content: Buffer.alloc(65_536, 1), mode: 0o644 }], gzip: false },
    ]);
    await converges("scheduled");
    await remove("scheduled");
  });

  it("while the guest boots: it goes on booting, the same QEMU", async () => {
    await apply("booting");
    const vmi = await local.phase("booting", ["Running"]);
    const before = await qemuOf(uuidOf(vmi));
    await local.kill9();
    expect(await qemuOf(uuidOf(vmi))).toEqual(before);
    await local.start();
    await converges("booting");
    expect(await qemuOf(uuidOf(vmi))).toEqual(before);
    await remove("booting");
  });

  it("while it runs: the guest is adopted with its boot id and its memory, and stops in order later", async () => {
    await apply("running", 15);
    const vmi = await converges("running");
    const before = await local.counter("running");
    const qemu = await qemuOf(uuidOf(vmi));
    await local.kill9();
    await local.start();
    const after = await eventually("the page after the restart", async () => {
      const counter = await local.counter("running");
      return counter.count > before.count ? counter : undefined;
    });
    expect(after.bootID).toBe(before.bootID);
    expect(await qemuOf(uuidOf(vmi))).toEqual(qemu);
    expect((await local.vmi("running")).metadata.uid).toBe(vmi.metadata.uid);
    // The adopted guest obeys: pause reaches it.
    expect((await local.virtive(["pause", "running"])).code).toBe(0);
    expect((await local.virtive(["unpause", "running"])).code).toBe(0);
    await remove("running");
    expect(await qemuOf(uuidOf(vmi))).toEqual([]);
  });

  it("while stopping: it is down afterwards, and nothing of it is left", async () => {
    await apply("stopping", 15);
    const vmi = await converges("stopping");
    await local.must(["delete", "vm", "stopping", "--wait=false"]);
    await eventually("the deletion to reach the VMI", async () =>
      (await local.vmi("stopping")).metadata.deletionTimestamp === undefined ? undefined : true,
    );
    await local.kill9();
    await local.start();
    await eventually("vm, vmi and pod to go", async () =>
      (await local.must(["get", "vm,vmi,pods", "-o", "name"])).trim() === "" ? true : undefined,
    );
    expect(await qemuOf(uuidOf(vmi))).toEqual([]);
    await nothingBut(before, local);
  });

  it("of libvirtd: the VM is unknown, never stopped, and adopted when libvirtd is back", async () => {
    await apply("orphan");
    const vmi = await converges("orphan");
    const before = await local.counter("orphan");
    const aborted = new AbortController();
    /** Every word of the status that a watcher hears, in order, without repetitions in a row. */
    const hear = (plural: string, word: (object: Told) => string | undefined): readonly string[] => {
      const heard: string[] = [];
      void (async () => {
        const path = `/apis/kubevirt.io/v1/namespaces/default/${plural}?watch=true`;
        for await (const line of local.client.lines(path, aborted.signal)) {
          const { object } = JSON.parse(line) as { object: Told };
          const now = object.metadata.name === "orphan" ? word(object) : undefined;
          if (now !== undefined && heard.at(-1) !== now) heard.push(now);
        }
      })().catch(() => undefined); // ended below
      return heard;
    };
    const phases = hear("virtualmachineinstances", (vmi) => vmi.status?.phase);
    const words = hear("virtualmachines", (vm) => vm.status?.printableStatus);
    await eventually("both watches to begin", async () => (phases.length + words.length === 2 ? true : undefined));
    const daemons = await libvirtdsOf(local);
    expect(daemons).toHaveLength(1);
    for (const pid of daemons) process.kill(pid, "SIGKILL");
    await eventually("the VM to be Running again", async () => (words.length >= 3 ? true : undefined));
    aborted.abort();
    // Nothing else was ever told: not Stopped, not Failed, not Starting.
    expect(phases).toEqual(["Running", "Unknown", "Running"]);
    expect(words).toEqual(["Running", "Unknown", "Running"]);
    const after = await local.counter("orphan");
    expect(after.bootID).toBe(before.bootID);
    expect((await local.vmi("orphan")).metadata.uid).toBe(vmi.metadata.uid);
    await remove("orphan");
  });
});

/** What both kinds tell of themselves. */
interface Told {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string; readonly printableStatus?: string };
}

/** The instance's own libvirtd: told from the system's, and from other instances', by the state directory it sees. */
async function libvirtdsOf(local: LocalProcess): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid } of await processesWith("libvirtd")) {
    const mounts = await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "");
    const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
    if (name === "libvirtd" && mounts.includes(local.instance.directory)) found.push(pid);
  }
  return found;
}
