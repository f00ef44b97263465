import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openInstance, runningProcess, type Instance } from "#local/instance.ts";
import { Client } from "../../cli/client.ts";
import { consolePath, seen } from "../../cli/commands/console.ts";
import { eventually } from "./eventually.ts";
import { leftovers } from "./leftovers.ts";
import { cannotBoot, runCli } from "./local-process.ts";

const cli = join(import.meta.dirname, "../../cli/main.ts");

/** The first thing that a new user does, and the second, and how it ends. */
describe.skipIf(cannotBoot() !== undefined)("up, up again, down", { timeout: 180_000 }, () => {
  let instance: Instance;
  const virtive = (...args: string[]) => runCli(["--state", instance.directory, ...args]);
  const bootID = async (): Promise<string> => {
    const client = await Client.open(instance.paths.kubeconfig);
    const socket = await client.websocket(consolePath("default", "demo", true));
    try {
      socket.send(Buffer.from("\ncat /proc/sys/kernel/random/boot_id; echo answered $((6*7))\n"));
      const text = await seen(socket, /[0-9a-f]{8}-[0-9a-f-]{27}\s+answered 42/, 30_000);
      return /([0-9a-f]{8}-[0-9a-f-]{27})\s+answered 42/.exec(text)?.[1] ?? "";
    } finally {
      socket.close();
    }
  };

  /** A console whose standard input stays open. */
  const openConsole = (): { readonly speaks: Promise<unknown>; readonly code: Promise<unknown> } => {
    const child = spawn(process.execPath, [cli, "--state", instance.directory, "console", "demo"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    return { speaks: once(child.stdout, "data"), code: once(child, "exit").then(([code]: unknown[]) => code) };
  };

  beforeAll(async () => {
    instance = await openInstance(await mkdtemp(join(tmpdir(), "vt-")));
  });
  afterAll(async () => {
    await virtive("down", "--grace", "0");
    await rm(instance.directory, { recursive: true, force: true });
  });

  it("says that nothing runs before it is started", async () => {
    const status = await virtive("status");
    expect(status).toMatchObject({ code: 3 });
    expect(status.stdout).toContain("stopped");
    expect((await virtive("get")).code).toBe(3);
  });

  it("boots the demo VM, shows its lifecycle and its console until the prompt, and says what to type next", async () => {
    const up = await virtive("up", "--detach", "--port", "0");
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toMatch(/schedule +node-1 is the only node/);
    expect(up.stdout).toMatch(/report +started +default\/demo on node-1/);
    expect(up.stdout).toMatch(/hello from cloud-init/);
    expect(up.stdout).toMatch(/demo:\S*# /);
    expect(up.stdout).toContain(`export KUBECONFIG=${instance.paths.kubeconfig}`);
  });

  it("has a console that answers, and commands whose output scripts can read", async () => {
    expect(await bootID()).toMatch(/^[0-9a-f-]{36}$/);
    const status = JSON.parse((await virtive("status", "-o", "json")).stdout) as { virtualMachines: unknown };
    expect(status.virtualMachines).toEqual([{ namespace: "default", name: "demo", status: "Running" }]);
    const vm = JSON.parse((await virtive("get", "demo", "-o", "json")).stdout) as { kind: string };
    expect(vm.kind).toBe("VirtualMachine");
    const events = (await virtive("events", "--vm", "demo", "--all", "--no-follow", "-o", "json")).stdout.trim();
    expect(events.split("\n").map((line) => (JSON.parse(line) as { entry: string }).entry)).toContain("decision");
    expect((await virtive("get", "vm", "nobody")).code).toBe(4);
    expect((await virtive("get", "--output", "xml")).code).toBe(2);
  });

  it("adopts the guest at the second up, after a kill -9", async () => {
    const before = await bootID();
    const running = await runningProcess(instance);
    expect(running).toBeDefined();
    process.kill(running?.pid ?? 0, "SIGKILL");
    await eventually("the process to be gone", async () =>
      (await runningProcess(instance)) === undefined ? true : undefined,
    );
    const up = await virtive("up", "--detach", "--port", "0");
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toContain("vm default/demo is there already");
    expect(await bootID()).toBe(before);
  });

  it("tells a script how its console ended", async () => {
    expect((await runCli(["--state", instance.directory, "console", "demo"], "\n")).code).toBe(0);
    const first = openConsole();
    await first.speaks;
    await bootID(); // another client
    expect(await first.code).toBe(7);
    const second = openConsole();
    await second.speaks;
    const stopped = await virtive("stop", "demo", "--force", "-o", "json");
    expect(stopped).toMatchObject({ code: 0 });
    expect(JSON.parse(stopped.stdout)).toMatchObject({ name: "demo", verb: "stop", done: true, status: "Stopped" });
    expect(await second.code).toBe(6);
    expect((await virtive("start", "demo")).stdout).toMatch(/^demo: started \(/);
  });

  it("leaves nothing on the machine after down, and keeps the objects", async () => {
    expect(await virtive("down", "--grace", "5")).toMatchObject({ code: 0 });
    expect(await leftovers(instance)).toEqual([]);
    expect((await virtive("status")).code).toBe(3);
  });
});
