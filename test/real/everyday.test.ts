import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consolePath, seen } from "../../cli/commands/console.ts";
import { eventually } from "./eventually.ts";
import { everythingOf, nothingBut, qemuOf } from "./leftovers.ts";
import { cannotBoot, demoVM, LocalProcess } from "./local-process.ts";

/** The demo guest's shell. */
const PROMPT = /day:\S*# /;

/** A user's day with one VM, by kubectl, on the console and over the network. The steps build on each other. */
describe.skipIf(cannotBoot() !== undefined)("a VM from apply to delete", { timeout: 180_000 }, () => {
  let local: LocalProcess;
  /** What the instance has on the machine without any VM. */
  let before: readonly string[];
  const domain = async (): Promise<string> => {
    const uid = (await local.vmi("day")).metadata.uid;
    if (uid === undefined) throw new Error("no uid");
    return (await local.vmi("day")).spec.domain.firmware?.uuid ?? uid;
  };

  beforeAll(async () => {
    local = await LocalProcess.create();
    before = await everythingOf(local);
  });
  afterAll(async () => {
    await local.close();
  });

  it("becomes Ready, as kubectl wait sees it", async () => {
    await local.must(["apply", "-f", "-"], demoVM(local, "day"));
    await local.must(["wait", "--for=condition=Ready", "vm/day", "--timeout=120s"]);
    const table = await local.must(["get", "vm", "day"]);
    expect(table).toMatch(/^NAME +AGE +STATUS +READY/);
    expect(table).toMatch(/day +\S+ +Running +True/);
    expect((await local.vmi("day")).status?.phase).toBe("Running");
  });

  it("shows on the console what its cloud-init data wrote, and answers there", async () => {
    const socket = await local.client.websocket(consolePath("default", "day", true));
    try {
      await seen(socket, /hello from day/, 90_000);
      await seen(socket, PROMPT, 60_000);
      socket.send(Buffer.from("echo $((6*7))\n"));
      await seen(socket, /\b42\b/, 20_000);
    } finally {
      socket.close();
    }
  });

  it("serves a page from inside the guest at its reported address", async () => {
    const counter = await eventually("the guest's page", () => local.counter("day"));
    expect(counter.count).toBeGreaterThan(0);
  });

  it("stands still while paused, and goes on", async () => {
    const before = await local.counter("day");
    const paused = await local.virtive(["pause", "day"]);
    expect(paused.stdout).toContain("day: paused");
    const pausedAt = Date.now();
    await local.must(["wait", "--for=condition=Paused", "vmi/day", "--timeout=20s"]);
    expect(await local.must(["get", "vm", "day"])).toMatch(/day +\S+ +Paused/);
    // Nothing answers: the vCPUs do not run.
    await expect(local.page("day", "/counter")).rejects.toThrow();
    // The page's own time-out has passed by now: long enough for a counter that still ran to show it.
    const pausedSeconds = (Date.now() - pausedAt) / 1000;
    expect(pausedSeconds).toBeGreaterThan(2);
    const resumed = await local.virtive(["unpause", "day"]);
    expect(resumed.stdout).toContain("day: unpaused");
    const first = await eventually("the page after unpausing", () => local.counter("day"), 60_000, 10);
    expect(first.bootID).toBe(before.bootID);
    expect(first.count).toBeGreaterThanOrEqual(before.count);
    // It counts ten a second while it runs; the command lines around the pause take a second or so.
    const ran = (Date.now() - pausedAt) / 1000 - pausedSeconds;
    expect(first.count - before.count).toBeLessThan(10 * (ran + pausedSeconds));
    const second = await eventually("a higher count", async () => {
      const now = await local.counter("day");
      return now.count > first.count ? now : undefined;
    });
    expect(second.bootID).toBe(first.bootID);
  });

  it("restarts as another boot, in one place only", async () => {
    const before = await local.counter("day");
    const old = (await local.vmi("day")).metadata.uid;
    const restarted = await local.virtive(["restart", "day", "--timeout", "150"]);
    expect(restarted).toMatchObject({ code: 0 });
    await local.phase("day", ["Running"], old);
    const after = await eventually("the new boot's page", () => local.counter("day"), 90_000);
    expect(after.bootID).not.toBe(before.bootID);
    expect(await qemuOf(await domain())).toHaveLength(1);
  });

  it("explains itself", async () => {
    const answer = await local.virtive(["explain", "day"]);
    expect(answer.code).toBe(0);
    expect(answer.stdout).toMatch(/Running/);
    expect(answer.stdout).toMatch(/schedule/);
    const json = JSON.parse((await local.virtive(["explain", "day", "-o", "json"])).stdout) as Record<string, unknown>;
    expect(json).toHaveProperty("decisions");
  });

  it("leaves nothing behind when it is deleted", async () => {
    const uuid = await domain();
    await local.must(["delete", "vm", "day", "--timeout=60s"]);
    await eventually("the VMI and its pod to go", async () => {
      const left = await local.must(["get", "vm,vmi,pods", "-o", "name"]);
      return left.trim() === "" ? true : undefined;
    });
    expect(await qemuOf(uuid)).toEqual([]);
    await nothingBut(before, local);
  });
});
