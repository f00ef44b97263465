import { afterEach, describe, expect, it } from "vitest";
import { conditionOf, type Condition } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { Fault } from "#events/fault.ts";
import { virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

/** The node's records have no room: it can't even take the order. */
describe("a node whose disk is full", () => {
  let world: World;
  afterEach(() => world.close());

  const told = async (): Promise<Condition | undefined> => conditionOf((await world.vm()) ?? {}, "Synchronized");
  const isRunning = async (): Promise<boolean> => (await world.vm())?.status?.printableStatus === "Running";

  it("is told on the VM while it lasts, in the node's words, and the start goes on by itself", async () => {
    world = await startWorld();
    world.node.refuse = new Fault("later", "DiskFull", "node1: 0 MiB of 16 MiB are free");
    await world.create(VirtualMachine, virtualMachine());
    await world.until("it shows", async () => (await told()) !== undefined);
    expect(await told()).toMatchObject({
      status: "False",
      reason: "DiskFull",
      message: "node1: 0 MiB of 16 MiB are free",
    });
    await world.clock.advance(1_000);
    const writes = world.writes.length;
    await world.clock.advance(60_000);
    // It is tried again all the while, and said once.
    const since = world.writes.slice(writes).filter(({ kind }) => kind === "VirtualMachineInstance");
    expect(since).toEqual([]);
    expect(world.why().some((why) => why.includes("later DiskFull"))).toBe(true);
    world.node.refuse = undefined;
    await world.until("it runs", isRunning);
    expect(await told()).toBeUndefined();
    expect([...world.node.starts.values()]).toEqual([1]);
  });

  it("is not told when the delay is of another kind: that passes before anyone can do something", async () => {
    world = await startWorld();
    world.node.refuse = new Fault("later", "RuntimeClosing", "the node runtime is going down");
    await world.create(VirtualMachine, virtualMachine());
    await world.until("it was tried", () => world.why().some((why) => why.includes("later RuntimeClosing")));
    await world.clock.advance(5_000);
    expect(await told()).toBeUndefined();
    world.node.refuse = undefined;
    await world.until("it runs", isRunning);
  });
});
