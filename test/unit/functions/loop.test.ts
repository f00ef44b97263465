import { afterEach, describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import { conditionOf, type Stored } from "#api/object.ts";
import { VirtualMachine, type VirtualMachineSpec } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { bareInstance, virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
afterEach(() => world.close());

async function running(
  strategy: NonNullable<VirtualMachineSpec["runStrategy"]> = "Always",
): Promise<Stored<VirtualMachineInstance>> {
  world = await startWorld();
  await world.create(VirtualMachine, virtualMachine({ runStrategy: strategy }));
  await isRunning();
  return (await world.vmi()) as Stored<VirtualMachineInstance>;
}

async function isRunning(): Promise<void> {
  await world.until("the VM is Running", async () => (await world.vm())?.status?.printableStatus === "Running");
}

type Request = NonNullable<NonNullable<VirtualMachine["status"]>["stateChangeRequests"]>[number];

function request(...stateChangeRequests: readonly Request[]): Promise<void> {
  return world.edit(VirtualMachine, "web", "status", (vm) => ({
    ...vm,
    status: { ...vm.status, stateChangeRequests },
  }));
}

function strategy(runStrategy: NonNullable<VirtualMachineSpec["runStrategy"]>): Promise<void> {
  return world.edit(VirtualMachine, "web", "object", (vm) => ({ ...vm, spec: { ...vm.spec, runStrategy } }));
}

async function isGone(): Promise<void> {
  await world.until("the instance is gone", async () => (await world.vmi()) === undefined);
}

describe("a start", () => {
  it("takes a VM to Running with three writes to its instance and two to its status", async () => {
    const vmi = await running();
    await world.broker.idle();
    expect(vmi.status).toMatchObject({
      phase: "Running",
      nodeName: "node1",
      claim: { node: "node1", bootID: "boot-node1", epoch: 1 },
      interfaces: [{ ipAddress: "10.1.0.2" }],
    });
    expect(conditionOf(vmi, "Ready")?.status).toBe("True");
    const written = (kind: string) => world.writes.filter((write) => write.kind === kind && write.verb === "patch");
    expect(written("VirtualMachineInstance").map(({ object }) => (object as typeof vmi).status?.phase)).toEqual([
      "Scheduling",
      "Scheduled",
      "Running",
    ]);
    expect(written("VirtualMachine")).toHaveLength(2);
    expect((await world.vm())?.status).toMatchObject({ created: true, ready: true, runStrategy: "Always" });
    expect(world.node.starts.get(vmi.metadata.uid)).toBe(1);
    expect(world.node.orders).toHaveLength(1);
  });

  it("leaves no dead letter and no decision that failed", async () => {
    await running();
    await world.clock.advance(120_000);
    const entries = world.journal.read({ limit: 10_000 });
    expect(entries.filter((entry) => entry.entry === "dead-letter")).toEqual([]);
    const failed = entries.flatMap((entry) =>
      entry.entry === "decision" && !["done", "nothing", "gone"].includes(entry.decision.outcome)
        ? [entry.decision]
        : [],
    );
    expect(failed).toEqual([]);
  });

  it("starts a bare instance as well", async () => {
    world = await startWorld();
    await world.create(VirtualMachineInstance, bareInstance());
    await world.until("it runs", async () => (await world.vmi())?.status?.phase === "Running");
    await world.remove(VirtualMachineInstance, "web");
    await isGone();
    expect(await world.pods()).toEqual([]);
    expect(world.node.all()).toEqual([]);
  });

  it("says node by node why nothing fits, and goes on when a node can take it", async () => {
    world = await startWorld(["node1", "node2"]);
    await world.create(VirtualMachine, virtualMachine({}, { template: { nodeSelector: { zone: "b" } } }));
    await world.until(
      "it is unschedulable",
      async () => (await world.vm())?.status?.printableStatus === "ErrorUnschedulable",
    );
    expect(conditionOf((await world.vmi()) ?? {}, "PodScheduled")?.message).toMatch(
      /0 of 2 nodes.*node1:.*zone=b.*node2:/,
    );
    const { Node } = await import("#api/core.ts");
    const node = await world.cluster.get(Node, { name: "node2" });
    if (node === undefined) throw new Error("no node2");
    const labels = { ...node.metadata.labels, zone: "b" };
    await world.cluster.patch(Node, node, { ...node, metadata: { ...node.metadata, labels } }, "object");
    await isRunning();
    expect((await world.vmi())?.status?.nodeName).toBe("node2");
  });

  it("does not place more on a node than it has memory for, however many come at once", async () => {
    world = await startWorld();
    const names = Array.from({ length: 20 }, (_, index) => `vm${index}`);
    for (const name of names)
      await world.create(
        VirtualMachine,
        virtualMachine({}, { name, template: { domain: { devices: {}, memory: { guest: "1Gi" } } } }),
      );
    await world.clock.advance(10_000);
    const phases = await Promise.all(names.map(async (name) => (await world.vmi(name))?.status?.phase));
    // 8 GiB less 0.8 GiB for the host; 1 GiB + 150 MiB each.
    expect(phases.filter((phase) => phase === "Running")).toHaveLength(6);
    expect(phases.filter((phase) => phase === "Pending")).toHaveLength(14);
  });

  it("hands a node the pull secrets of a disk's and of the kernel's image", async () => {
    world = await startWorld();
    const { Secret } = await import("#api/core.ts");
    const config = Buffer.from('{"auths":{}}').toString("base64");
    await world.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pull", namespace: "default" },
      data: { ".dockerconfigjson": config },
    });
    const volumes = [{ name: "root", containerDisk: { image: "team/disk:1", imagePullSecret: "pull" } }];
    const container = { image: "team/kernel:1", kernelPath: "/vmlinuz", imagePullSecret: "pull" };
    const domain = { devices: {}, memory: { guest: "1Gi" }, firmware: { kernelBoot: { container } } };
    await world.create(VirtualMachine, virtualMachine({}, { template: { volumes, domain } }));
    await isRunning();
    expect(world.node.orders[0]?.files).toEqual({
      root: { ".dockerconfigjson": config },
      kernelBoot: { ".dockerconfigjson": config },
    });
  });

  it("waits for a Secret that its cloud-init names, and says so", async () => {
    world = await startWorld();
    const volumes = [{ name: "init", cloudInitNoCloud: { secretRef: { name: "user" } } }];
    await world.create(VirtualMachine, virtualMachine({}, { template: { volumes } }));
    await world.until("it says what is missing", async () => {
      return conditionOf((await world.vmi()) ?? {}, "Synchronized")?.message?.includes("Secret user") === true;
    });
    const { Secret } = await import("#api/core.ts");
    const data = { userdata: Buffer.from("#cloud-config").toString("base64") };
    await world.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "user", namespace: "default" },
      data,
    });
    await isRunning();
    expect(world.node.orders[0]?.files).toEqual({ init: { "user-data": data.userdata } });
    expect(conditionOf((await world.vmi()) ?? {}, "Synchronized")).toBeUndefined();
  });

  it("tells of an image that can't be had, and fails when the time to start is over", async () => {
    world = await startWorld();
    world.node.problem = { reason: "ImageNotFound", message: "no such image: demo" };
    await world.create(VirtualMachine, virtualMachine());
    await world.until("it shows", async () => (await world.vm())?.status?.printableStatus === "ErrImagePull");
    await world.until("it backs off", async () => (await world.vm())?.status?.printableStatus === "CrashLoopBackOff");
    expect((await world.vm())?.status?.startFailure?.consecutiveFailCount).toBe(1);
    expect(conditionOf((await world.vm()) ?? {}, "Failure")?.status).toBe("True");
    world.node.problem = undefined;
    await isRunning();
    expect(conditionOf((await world.vm()) ?? {}, "Failure")).toBeUndefined();
    await world.until("the run has lasted", async () => (await world.vm())?.status?.startFailure === undefined);
  });

  it("shows what a node refused", async () => {
    const { Fault } = await import("#events/fault.ts");
    world = await startWorld();
    world.node.refuse = new Fault("refused", "UnsupportedFirmware", "the node has no OVMF");
    await world.create(VirtualMachine, virtualMachine());
    await world.until(
      "it shows",
      async () => conditionOf((await world.vm()) ?? {}, "Synchronized")?.reason === "UnsupportedFirmware",
    );
    expect((await world.vmi())?.status?.phase).toBe("Scheduled");
  });

  it("claims the instance again on another boot of the node only by another instance", async () => {
    const first = await running();
    world.node.reboot("boot-2");
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi?.metadata.uid !== first.metadata.uid && vmi?.status?.phase === "Running";
    });
    expect((await world.vmi())?.status?.claim).toEqual({ node: "node1", bootID: "boot-2", epoch: 1 });
  });
});

describe("a stop", () => {
  it("shuts the guest down, then leaves nothing", async () => {
    await running();
    await world.remove(VirtualMachine, "web");
    await world.until("the VM is gone", async () => (await world.vm()) === undefined);
    expect(await world.vmi()).toBeUndefined();
    expect(await world.pods()).toEqual([]);
    expect(world.node.all()).toEqual([]);
    const phases = world.writes.flatMap(({ kind, object }) =>
      kind === "VirtualMachineInstance" ? [(object as VirtualMachineInstance).status?.phase] : [],
    );
    expect(phases).toContain("Succeeded");
    expect(world.node.orders.map((order) => order.desired)).toEqual(["running", "stopped"]);
  });

  it("ends a guest that does not shut down when its grace is over", async () => {
    await running();
    world.node.deaf = true;
    const asked = world.clock.now().getTime();
    await world.remove(VirtualMachine, "web");
    await world.until("the VM is gone", async () => (await world.vm()) === undefined);
    const seconds = (world.clock.now().getTime() - asked) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(29);
    expect(seconds).toBeLessThan(33);
    expect(world.node.orders.map((order) => order.desired)).toEqual(["running", "stopped", "off"]);
  });

  it("stops a VM that is halted, and starts it when it is to run again", async () => {
    const first = await running();
    await strategy("Halted");
    await isGone();
    await world.until("it says so", async () => (await world.vm())?.status?.printableStatus === "Stopped");
    expect(conditionOf((await world.vm()) ?? {}, "Ready")?.reason).toBe("VMINotExists");
    await strategy("Always");
    await isRunning();
    expect((await world.vmi())?.metadata.uid).not.toBe(first.metadata.uid);
  });

  it("stops the guest of an anchor pod that is deleted", async () => {
    const first = await running();
    const [anchor] = await world.pods();
    await world.remove(Pod, anchor?.metadata.name ?? "");
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi !== undefined && vmi.metadata.uid !== first.metadata.uid && vmi.status?.phase === "Running";
    });
    expect(world.node.orders.map((order) => order.desired)).toEqual(["running", "stopped", "running"]);
  });

  it("ends an instance that is deleted before any node had it", async () => {
    world = await startWorld();
    await world.create(VirtualMachineInstance, bareInstance({ nodeSelector: { zone: "none" } }));
    await world.clock.advance(1000);
    await world.remove(VirtualMachineInstance, "web");
    await isGone();
    expect(world.node.orders).toEqual([]);
  });
});

describe("a guest that ends by itself", () => {
  const cases = [
    ["Always", "shutdown", "runs again"],
    ["Always", "crashed", "runs again"],
    ["RerunOnFailure", "shutdown", "stays Succeeded"],
    ["RerunOnFailure", "crashed", "runs again"],
    ["Once", "shutdown", "stays Succeeded"],
    ["Once", "crashed", "stays Failed"],
    ["Manual", "shutdown", "stays Succeeded"],
    ["Manual", "crashed", "stays Failed"],
  ] as const;
  it.each(cases)("with %s after %s %s", async (runStrategy, exit, then) => {
    world = await startWorld();
    await world.create(VirtualMachine, virtualMachine({ runStrategy }));
    if (runStrategy === "Manual") {
      await world.clock.advance(100);
      await request({ action: "Start" });
    }
    await isRunning();
    const uid = (await world.vmi())?.metadata.uid ?? "";
    world.node.exit(uid, exit);
    await world.clock.advance(60_000);
    const vmi = await world.vmi();
    if (then === "runs again") {
      expect(vmi?.metadata.uid).not.toBe(uid);
      expect(vmi?.status?.phase).toBe("Running");
    } else {
      expect(vmi?.metadata.uid).toBe(uid);
      expect(`stays ${vmi?.status?.phase}`).toBe(then);
      expect((await world.vm())?.status?.printableStatus).toBe("Stopped");
      expect(await world.pods()).toEqual([]);
      expect(world.node.all()).toEqual([]);
    }
    expect((await world.vm())?.status?.stateChangeRequests).toBeUndefined();
  });

  it("is started less and less often when it fails soon after each start", async () => {
    await running();
    for (let failures = 1; failures <= 3; failures += 1) {
      await isRunning();
      world.node.exit((await world.vmi())?.metadata.uid ?? "", "crashed");
      await world.until("it backs off", async () => (await world.vm())?.status?.printableStatus === "CrashLoopBackOff");
      expect((await world.vm())?.status?.startFailure?.consecutiveFailCount).toBe(failures);
    }
  });

  it("is started less and less often when it never comes up", async () => {
    world = await startWorld();
    const starts: number[] = [];
    world.cluster.onWrite(({ kind, verb, object }) => {
      if (kind !== "VirtualMachineInstance" || verb !== "create") return;
      starts.push(world.clock.now().getTime());
      world.clock.schedule(300, () => {
        if (world.node.machine(object.metadata.uid) !== undefined) world.node.exit(object.metadata.uid, "failed");
      });
    });
    world.node.problem = { reason: "DiskCorrupt", message: "the disk is corrupt" };
    await world.create(VirtualMachine, virtualMachine());
    await world.until("it was started six times", () => starts.length >= 6);
    const waits = starts.slice(1).map((start, index) => (start - (starts[index] ?? 0)) / 1000);
    expect(waits[0]).toBeGreaterThanOrEqual(10);
    expect(waits[0]).toBeLessThan(17);
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThan(Math.min(10 * (index + 1) ** 2, 300) - 1);
    expect(waits.at(-1)).toBeLessThanOrEqual(302);
  });
});

describe("requests", () => {
  it("restart ends one instance and starts another", async () => {
    const first = await running();
    const { uid } = first.metadata;
    await request({ action: "Stop", uid }, { action: "Start" });
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi !== undefined && vmi.metadata.uid !== uid && vmi.status?.phase === "Running";
    });
    await world.clock.advance(5000);
    expect((await world.vm())?.status?.stateChangeRequests).toBeUndefined();
    expect(world.node.orders.map((order) => order.desired)).toEqual(["running", "stopped", "running"]);
  });

  it("a stopped RerunOnFailure stays stopped until it is started", async () => {
    const { uid } = (await running("RerunOnFailure")).metadata;
    await request({ action: "Stop", uid });
    await isGone();
    await world.clock.advance(60_000);
    expect(await world.vmi()).toBeUndefined();
    expect((await world.vm())?.status?.stateChangeRequests).toBeUndefined();
    await request({ action: "Start", data: { paused: "true" } });
    await world.until("it is paused", async () => (await world.vm())?.status?.printableStatus === "Paused");
    expect(world.node.orders.at(-1)?.desired).toBe("paused");
  });

  it("pausing halts the vCPUs, unpausing runs them", async () => {
    await running();
    const intend = (value: string) =>
      world.edit(VirtualMachineInstance, "web", "object", (vmi) => ({
        ...vmi,
        metadata: { ...vmi.metadata, annotations: { ...vmi.metadata.annotations, "virtive.dev/paused": value } },
      }));
    await intend("true");
    await world.until("it is paused", async () => (await world.vm())?.status?.printableStatus === "Paused");
    expect(conditionOf((await world.vmi()) ?? {}, "Ready")?.status).toBe("False");
    await intend("false");
    await isRunning();
    expect(conditionOf((await world.vmi()) ?? {}, "Paused")).toBeUndefined();
  });
});

describe("a node", () => {
  it("that goes silent leaves its instances unknown, and nothing is started elsewhere", async () => {
    world = await startWorld(["node1", "node2"]);
    await world.create(VirtualMachine, virtualMachine());
    await isRunning();
    const vmi = await world.vmi();
    const home = world.nodes.node(vmi?.status?.nodeName ?? "");
    home.up = false;
    await world.until("it is unknown", async () => (await world.vmi())?.status?.phase === "Unknown");
    await world.clock.advance(3_600_000);
    expect((await world.vmi())?.metadata.uid).toBe(vmi?.metadata.uid);
    expect((await world.vmi())?.status?.phase).toBe("Unknown");
    expect(world.nodes.node("node1").starts.size + world.nodes.node("node2").starts.size).toBe(1);
    home.up = true;
    await isRunning();
    expect(home.starts.get(vmi?.metadata.uid ?? "")).toBe(1);
  });

  it("that lost an order gets it again", async () => {
    world = await startWorld();
    world.node.problem = { reason: "Slow", message: "still preparing" };
    await world.create(VirtualMachine, virtualMachine());
    await world.until("it has the order", () => world.node.orders.length === 1);
    world.node.lose((await world.vmi())?.metadata.uid ?? "");
    world.node.problem = undefined;
    await isRunning();
    expect(world.node.orders).toHaveLength(2);
  });

  it("that lost a machine which ran is told to have it off, and only then another is started", async () => {
    const { uid } = (await running()).metadata;
    world.node.lose(uid);
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi !== undefined && vmi.metadata.uid !== uid && vmi.status?.phase === "Running";
    });
    expect(world.node.orders.map((order) => [order.uid === uid, order.desired])).toEqual([
      [true, "running"],
      [true, "off"],
      [false, "running"],
    ]);
  });

  it("that runs what nobody claims is told to end it, and forgets it", async () => {
    await running();
    const [order] = world.node.orders;
    if (order === undefined) throw new Error("no order");
    await world.nodes.order({ ...order, uid: "stray", name: "stray" });
    await world.until("the stray is gone", () => world.node.machine("stray") === undefined);
    expect(world.node.all()).toHaveLength(1);
  });
});
