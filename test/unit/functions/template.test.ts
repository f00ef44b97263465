import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { conditionOf, type Condition, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

/** A running VM whose template a user changes. */
describe("a changed template", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
    await world.create(VirtualMachine, virtualMachine());
    await isRunning();
  });
  afterEach(() => world.close());

  const isRunning = (): Promise<void> =>
    world.until("the VM is Running", async () => (await world.vm())?.status?.printableStatus === "Running");
  const edit = (change: (vm: Stored<VirtualMachine>) => VirtualMachine): Promise<void> =>
    world.edit(VirtualMachine, "web", "object", change);
  const withMemory = (guest: string): Promise<void> =>
    edit(({ spec, ...vm }) => {
      const { domain } = spec.template.spec;
      const changed = { ...spec.template.spec, domain: { ...domain, memory: { guest } } };
      return { ...vm, spec: { ...spec, template: { ...spec.template, spec: changed } } };
    });
  const told = async (): Promise<Condition | undefined> => conditionOf((await world.vm()) ?? {}, "RestartRequired");
  /** When `run` has seen the newest generation. */
  const isSeen = (): Promise<void> =>
    world.until("it is seen", async () => {
      const vm = await world.vm();
      return vm?.status?.desiredGeneration === vm?.metadata.generation;
    });

  it("asks for a restart, which it gets with the next instance and not before", async () => {
    const first = await world.vmi();
    expect(await told()).toBeUndefined();
    await withMemory("1Gi");
    await isSeen();
    expect(await told()).toMatchObject({ status: "True", reason: "TemplateChanged" });
    expect(await world.vmi()).toMatchObject({
      metadata: { uid: first?.metadata.uid },
      spec: { domain: { memory: { guest: "512Mi" } } },
    });
    await world.remove(VirtualMachineInstance, "web");
    await world.until("another runs", async () => {
      const vmi = await world.vmi();
      return vmi?.metadata.uid !== first?.metadata.uid && vmi?.status?.phase === "Running";
    });
    await isRunning();
    expect((await world.vmi())?.spec.domain.memory?.guest).toBe("1Gi");
    expect(await told()).toBeUndefined();
  });

  it("that is changed back asks for nothing", async () => {
    await withMemory("1Gi");
    await isSeen();
    expect(await told()).toBeDefined();
    await withMemory("512Mi");
    await isSeen();
    expect(await told()).toBeUndefined();
  });

  it("is none when only labels change, or the spec beside it", async () => {
    await edit((vm) => ({
      ...vm,
      spec: { ...vm.spec, template: { ...vm.spec.template, metadata: { labels: { tier: "b" } } } },
    }));
    await isSeen();
    expect(await told()).toBeUndefined();
    await edit((vm) => ({ ...vm, spec: { ...vm.spec, runStrategy: "RerunOnFailure" } }));
    await isSeen();
    expect(await told()).toBeUndefined();
  });

  it("asks for nothing once the instance is gone", async () => {
    await withMemory("1Gi");
    await isSeen();
    await edit((vm) => ({ ...vm, spec: { ...vm.spec, runStrategy: "Halted" } }));
    await world.until("it is stopped", async () => (await world.vm())?.status?.printableStatus === "Stopped");
    expect(await told()).toBeUndefined();
  });

  it("costs the VM's status one write, and its instance none", async () => {
    await world.broker.idle();
    const before = world.writes.length;
    await withMemory("1Gi");
    await world.clock.advance(5000);
    const since = world.writes.slice(before).filter(({ kind }) => kind.startsWith("VirtualMachine"));
    expect(since.map(({ kind, part }) => `${kind} ${part}`)).toEqual([
      "VirtualMachine object",
      "VirtualMachine status",
    ]);
  });
});
