import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { podGroups } from "#node-runtime/anchor/cgroup.ts";

const UID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const UNDERSCORED = UID.replaceAll("-", "_");

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), "cgroup-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A group as the kernel shows it, as far as it is looked at. */
function group(path: string, files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(root, path), { recursive: true });
  for (const [name, text] of Object.entries({ "cgroup.procs": "", ...files })) {
    writeFileSync(join(root, path, name), text);
  }
}

const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("a pod's control groups, version 2", () => {
  beforeEach(() => group("", { "cgroup.controllers": "cpu memory" }));

  it.each([
    ["cgroupfs, Guaranteed", `kubepods/pod${UID}`],
    ["cgroupfs, BestEffort", `kubepods/besteffort/pod${UID}`],
    ["systemd, Guaranteed", `kubepods.slice/kubepods-pod${UNDERSCORED}.slice`],
    ["systemd, Burstable", `kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice`],
    ["kind", `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UNDERSCORED}.slice`],
  ])("are found by its uid: %s", async (_, path) => {
    group(`${path}/sandbox`, { "cgroup.procs": "100\n" });
    group(`${path}/container`, { "cgroup.procs": "101\n102\n" });
    group(`${path}/vm`, { "cgroup.procs": "200\n", "memory.events": "low 0\noom 3\noom_kill 2\n" });
    const found = await podGroups(root, UID);
    expect([...((await found?.processes()) ?? [])].sort()).toEqual([100, 101, 102]);
    expect(await found?.outOfMemoryKills()).toBe(2);
  });

  it("take a process into a group of its own, beside the containers'", async () => {
    group(`kubepods/pod${UID}/container`);
    const found = await podGroups(root, UID);
    expect(await found?.outOfMemoryKills()).toBe(0);
    await found?.adopt(4711);
    expect(read(`kubepods/pod${UID}/vm/cgroup.procs`)).toBe("4711");
  });

  it("are not made anew when the kubelet has removed them", async () => {
    group(`kubepods/pod${UID}`);
    const found = await podGroups(root, UID);
    rmSync(join(root, `kubepods/pod${UID}`), { recursive: true });
    await expect(found?.adopt(4711)).rejects.toMatchObject({ kind: "later", reason: "PodGroupFailed" });
  });

  it("are none for another pod, nor for what is no uid", async () => {
    group(`kubepods/pod${UID}`);
    expect(await podGroups(root, "1f8fad5b-d9cb-469f-a165-70867728950e")).toBeUndefined();
    expect(await podGroups(root, "")).toBeUndefined();
    expect(await podGroups(root, "../../etc")).toBeUndefined();
  });
});

describe("a pod's control groups, version 1", () => {
  beforeEach(() => ["cpu", "memory", "cpuset", "systemd"].forEach((hierarchy) => group(hierarchy)));

  it("take a process in every hierarchy that the pod is in", async () => {
    for (const hierarchy of ["cpu", "memory", "cpuset", "systemd"]) group(`${hierarchy}/kubepods/burstable/pod${UID}`);
    group("pids"); // the pod is not in it
    mkdirSync(join(root, "unified"));
    writeFileSync(join(root, "unified/cgroup.controllers"), "");
    const found = await podGroups(root, UID);
    await found?.adopt(4711);
    for (const hierarchy of ["cpu", "memory", "cpuset", "systemd"]) {
      expect(read(`${hierarchy}/kubepods/burstable/pod${UID}/vm/cgroup.procs`)).toBe("4711");
    }
  });

  it("tell of processes that were ended for want of memory", async () => {
    const memory = { "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n" };
    group(`memory/kubepods/burstable/pod${UID}/vm`, memory);
    expect(await (await podGroups(root, UID))?.outOfMemoryKills()).toBe(1);
  });
});
