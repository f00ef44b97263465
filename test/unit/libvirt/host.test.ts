import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { probeAccelerator } from "#node-runtime/host/accelerator.ts";
import { layoutOf, namespaceName } from "#node-runtime/host/layout.ts";
import { knownProcess, processAt } from "#node-runtime/host/process.ts";
import { startReaped } from "#node-runtime/host/reaper.ts";
import { readRecord, writeRecord } from "#node-runtime/host/record.ts";

describe("a node's layout", () => {
  const options = { name: "node1", stateDirectory: "/var/lib/virtive/nodes/node1", instance: "/var/lib/virtive" };

  it("names the network namespace after instance and node, in 15 characters", () => {
    const name = namespaceName("/var/lib/virtive", "node1");
    expect(name).toMatch(/^vt[0-9a-f]{5}-node1$/);
    expect(namespaceName("/home/me/.virtive", "node1")).not.toBe(name);
    const long = namespaceName("/var/lib/virtive", "worker-with-a-long-name-1");
    expect(long).toHaveLength(15);
    expect(namespaceName("/var/lib/virtive", "worker-with-a-long-name-2")).not.toBe(long);
  });

  it("refuses a state directory whose socket the kernel could not take, with the limit", () => {
    const wrong = () => layoutOf({ ...options, stateDirectory: `/${"x".repeat(100)}` });
    expect(wrong).toThrow("the kernel allows 107: use a shorter state directory");
  });

  it.each([
    [{ name: "Node_1" }, 'node name "Node_1": 1 to 63 of a-z, 0-9, "-" and "." are allowed'],
    [{ stateDirectory: "var/x" }, 'state directory "var/x": an absolute path'],
    [{ stateDirectory: "/var/with blank" }, "an absolute path of letters, digits and _ / . @ + - is wanted"],
  ])("refuses %o", (change, message) => {
    expect(() => layoutOf({ ...options, ...change })).toThrow(message);
  });
});

describe("a process", () => {
  it("is known by pid and start time, and gone when it has ended", async () => {
    const child = spawn("sleep", ["60"]);
    await once(child, "spawn");
    const found = processAt(child.pid ?? 0);
    expect(found?.alive()).toBe(true);
    const another = knownProcess(child.pid ?? 0, (found?.startTime ?? 0) - 1);
    expect(another.alive()).toBe(false);
    child.kill("SIGKILL");
    await vi.waitUntil(() => found?.alive() === false);
  });

  it("is none at pids that no process of ours can have", () => {
    for (const pid of [0, 1, -5, Number.NaN, 2 ** 30]) expect(processAt(pid)).toBeUndefined();
  });
});

describe.skipIf(!existsSync("/usr/bin/perl"))("what is started under a reaper", () => {
  const parentOf = (pid: number): number =>
    Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

  it("leaves its orphans to the reaper, which buries them and ends after the last", async () => {
    const directory = await mkdtemp(join(tmpdir(), "virtive-reaper-"));
    try {
      const note = join(directory, "orphan");
      const daemon = await startReaped(["sh", "-c", `(sleep 60 & echo $! > ${note}); exec sleep 60`], (argv) => [
        ...argv,
      ]);
      await vi.waitUntil(() => existsSync(note) && readFileSync(note, "utf8").endsWith("\n"));
      const orphan = processAt(Number(readFileSync(note, "utf8")));
      const reaper = processAt(parentOf(daemon?.pid ?? 0));
      await vi.waitUntil(() => parentOf(orphan?.pid ?? 0) === reaper?.pid);
      process.kill(daemon?.pid ?? 0, "SIGKILL");
      await vi.waitUntil(() => !existsSync(`/proc/${daemon?.pid}`));
      expect(reaper?.alive()).toBe(true);
      process.kill(orphan?.pid ?? 0, "SIGKILL");
      await vi.waitUntil(() => !existsSync(`/proc/${orphan?.pid}`));
      await vi.waitUntil(() => reaper?.alive() === false);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("is nothing when it cannot be run", async () => {
    const gone = await startReaped(["/nowhere/daemon"], (argv) => [...argv]);
    await vi.waitUntil(() => gone?.alive() !== true);
  });
});

describe("a node's record", () => {
  it("is read as it was written; what is no record is none", async () => {
    const directory = await mkdtemp(join(tmpdir(), "virtive-record-"));
    try {
      const path = join(directory, "host.json");
      expect(await readRecord(path)).toBeUndefined();
      const record = {
        kernelBoot: "74d763a9-987d-43bc-b9ca-eb5660ab40d8",
        bootID: "fd13bc77-d185-460c-9706-a43b43e4959c",
        hostUUID: "e18a544b-c1c5-4a0f-8cbd-32d3b13f3c75",
        keeper: { pid: 1234, startTime: 5678 },
      };
      await writeRecord(path, record);
      expect(await readRecord(path)).toEqual(record);
      await writeFile(path, (await readFile(path, "utf8")).slice(0, 40));
      expect(await readRecord(path)).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("the accelerator", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is what the environment says, when it says something that there is", async () => {
    vi.stubEnv("VIRTIVE_ACCELERATOR", "kvm");
    expect(await probeAccelerator()).toEqual({ accelerator: "kvm", because: "VIRTIVE_ACCELERATOR says so" });
    vi.stubEnv("VIRTIVE_ACCELERATOR", "hvf");
    await expect(probeAccelerator()).rejects.toMatchObject({
      kind: "refused",
      message: 'VIRTIVE_ACCELERATOR="hvf": kvm and tcg are allowed',
    });
  });

  it("cannot be asked of a QEMU that is not there", async () => {
    vi.stubEnv("VIRTIVE_ACCELERATOR", "");
    await expect(probeAccelerator({ emulator: "/nowhere/qemu" })).rejects.toMatchObject({ reason: "ProgramMissing" });
  });
});
