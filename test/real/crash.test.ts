import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { cannotBoot, demoVM, eventually, LocalProcess, processesWith, qemuOf } from "./local-process.ts";

/** kill -9 of the process, and of libvirtd, at the points where it hurts. After `up` again everything converges. */
describe.skipIf(cannotBoot() !== undefined)("kill -9", { timeout: 180_000 }, () => {
  let local: LocalProcess;
  /** Without a grace the guest is ended at once: only the test of stopping needs to see it shut down. */
  const apply = (name: string, graceSeconds = 0): Promise<string> =>
    local.must(
      ["apply", "-f", "-"],
      demoVM(local, name, (vm) => (vm.spec.template.spec["terminationGracePeriodSeconds"] = graceSeconds)),
    );
  const uuidOf = (vmi: VirtualMachineInstance): string => vmi.spec.domain.firmware?.uuid ?? vmi.metadata.uid ?? "";
  const remove = async (name: string): Promise<void> => {
    await local.must(["delete", "vm", name, "--timeout=90s"]);
    await eventually(`${name} to be gone`, async () =>
      (await local.must(["get", "vm,vmi,pods", "-o", "name"])).includes(name) ? undefined : true,
    );
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

  it.each(["Scheduling", "Scheduled"] as const)("while %s: the VM boots, once", async (phase) => {
    const name = phase.toLowerCase();
    await apply(name);
    // The phase may have passed by the time it is looked at: then this run proves the later point instead.
    await local.phase(name, [phase, "Scheduled", "Running"]);
    await local.kill9();
    await local.start();
    await converges(name);
    await remove(name);
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
  });

  it("of libvirtd: the VM is unknown, never stopped, and adopted when libvirtd is back", async () => {
    await apply("orphan");
    const vmi = await converges("orphan");
    const before = await local.counter("orphan");
    const seen = new Set<string>();
    const aborted = new AbortController();
    const watching = (async () => {
      const path = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances?watch=true";
      for await (const line of local.client.lines(path, aborted.signal)) {
        const notice = JSON.parse(line) as { object: VirtualMachineInstance };
        if (notice.object.metadata.name === "orphan") seen.add(notice.object.status?.phase ?? "");
      }
    })().catch(() => undefined);
    const daemons = await libvirtdsOf(local);
    expect(daemons).toHaveLength(1);
    for (const pid of daemons) process.kill(pid, "SIGKILL");
    await eventually("the phase Unknown", async () => (seen.has("Unknown") ? true : undefined), 30_000);
    await local.phase("orphan", ["Running"]);
    aborted.abort();
    await watching;
    expect([...seen].filter((phase) => phase === "Failed" || phase === "Succeeded")).toEqual([]);
    const after = await local.counter("orphan");
    expect(after.bootID).toBe(before.bootID);
    expect((await local.vmi("orphan")).metadata.uid).toBe(vmi.metadata.uid);
    await remove("orphan");
  });
});

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
