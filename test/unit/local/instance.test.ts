import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lock, openInstance, runningProcess, type Instance } from "#local/instance.ts";

let instance: Instance;
beforeEach(async () => {
  instance = await openInstance(await mkdtemp(join(tmpdir(), "virtive-instance-")));
});
afterEach(() => rm(instance.directory, { recursive: true, force: true }));

describe("the lock of an instance", () => {
  it("is had by one of many that start at the same moment", async () => {
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lock(instance)));
      const [held, ...more] = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      expect(more).toEqual([]);
      const reasons = tries.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
      for (const reason of reasons) expect(reason).toMatchObject({ kind: "refused", reason: "AlreadyRunning" });
      await held?.update({ url: "https://127.0.0.1:1", nodes: ["node-1"] });
      expect(await runningProcess(instance)).toMatchObject({ pid: process.pid, nodes: ["node-1"] });
      await held?.release();
      expect(await runningProcess(instance)).toBeUndefined();
    }
  });

  it("is had by another process at once when the one that was taking it is killed", async () => {
    const other = spawn("flock", ["--no-fork", instance.directory, "sh", "-c", "echo held; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(other.stdout, "data");
    let had = false;
    const mine = lock(instance).then(() => (had = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(had).toBe(false);
    other.kill("SIGKILL");
    await mine;
    expect(await runningProcess(instance)).toMatchObject({ pid: process.pid });
  });
});
