/** What becomes of a move when its target's node boots anew. */
import { beforeEach, describe, expect, it } from "vitest";
import { flowEvents } from "#events/catalogue.ts";
import { makeEvent } from "#events/make-event.ts";
import { virtualClock } from "#events/clock.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { MachineStatus, MoveStatus } from "#events/machine.ts";
import type { Effect, Looks } from "#functions/define.ts";
import type { Instance } from "#functions/instance.ts";
import { move } from "#functions/migrate/move.ts";
import { claim, claimedInstance, machineStatus, node, START } from "./objects.ts";

const MIGRATION = "m1";
const KEY = "default/web";
const to = { node: "node2", bootID: "boot-there", epoch: 2, migration: MIGRATION, pod: "target-pod" };

let asked: string[];
let source: MachineStatus;
/** What the target's node says of it. */
let there: MachineStatus | undefined;
let migration: VirtualMachineInstanceMigration | undefined;

beforeEach(() => {
  asked = [];
  there = undefined;
  migration = undefined;
});

function moving(phase: MoveStatus["phase"], more: Partial<MachineStatus> = {}): MachineStatus {
  const state = more.state ?? "paused";
  return machineStatus(state, { claim, move: { migration: MIGRATION, role: "source", phase }, ...more });
}

function instance(): Instance {
  const vmi = claimedInstance("Running");
  return {
    ...vmi,
    status: {
      ...vmi.status,
      claim: { ...claim, offered: 2, migratingTo: to },
      migrationState: { targetNodeAddress: "https://node2:1" },
    },
  };
}

/** The target's node has booted anew and knows of no machine. */
const looks: Looks = {
  event: makeEvent({
    clock: virtualClock(START),
    source: "/test",
    type: flowEvents.differs,
    key: KEY,
    data: { node: "node2", uid: "u", why: "test" },
  }),
  cluster: {
    get: async (kind: { readonly kind: string }) => {
      asked.push(kind.kind);
      if (kind.kind === "VirtualMachineInstance") return instance();
      return kind.kind === "Node" ? node("node2", { heard: "True", bootID: "boot-next" }) : undefined;
    },
    list: async (kind: { readonly kind: string }) =>
      kind.kind === "VirtualMachineInstanceMigration" && migration !== undefined ? [migration] : [],
  } as unknown as Looks["cluster"],
  nodes: {
    machine: async (name: string) => {
      asked.push(name);
      await Promise.resolve();
      return name === "node1" ? source : there;
    },
  } as unknown as Looks["nodes"],
};

async function decided(): Promise<readonly Effect[]> {
  const facts = await move.read(looks, KEY);
  if (facts === undefined) throw new Error("nothing was read");
  return move.decide(facts, START).effects;
}

describe("a move whose target was asked and has booted anew", () => {
  it("ends what the source has left before the claim passes", async () => {
    source = moving("switching");
    const [first, ...others] = await decided();
    expect(first).toMatchObject({
      do: "order",
      order: { claim: { node: "node1", epoch: 1 }, desired: "off", settled: { migration: MIGRATION, at: "target" } },
    });
    expect(others).toEqual([]);
    source = moving("switching", { desired: "off" });
    expect(await decided()).toEqual([]);
  });

  it("passes the claim to the boot that is over once the source has ended it", async () => {
    source = moving("switching", { desired: "off", state: "stopped" });
    const patch = (await decided()).find(
      (effect) => effect.do === "patch" && effect.kind.kind === "VirtualMachineInstance",
    );
    expect(patch).toMatchObject({ after: { status: { claim: { node: "node2", bootID: "boot-there", epoch: 2 } } } });
  });

  it("fails, with the claim passed on, when the guest ended at the target in post-copy", async () => {
    source = moving("switching", {
      move: { migration: MIGRATION, role: "source", phase: "switching", mode: "PostCopy" },
    });
    const exit = { kind: "crashed", reason: "PostCopyFailed", message: "cut short" } as const;
    there = machineStatus("stopped", {
      claim: { node: to.node, bootID: to.bootID, epoch: to.epoch },
      move: { migration: MIGRATION, role: "target", phase: "arrived" },
      exit,
    });
    const effects = await decided();
    const patch = effects.find((effect) => effect.do === "patch");
    const failureReason = expect.stringMatching(/^PostCopyFailed: .*cut short/) as string;
    expect(patch).toMatchObject({
      after: { status: { nodeName: "node2", claim: { epoch: 2 }, migrationState: { failed: true, failureReason } } },
    });
    const order = expect.objectContaining({ desired: "off" }) as object;
    expect(effects).toContainEqual(expect.objectContaining({ do: "order", order }));
  });

  it("says how its memory goes over, once", async () => {
    const going = { migration: MIGRATION, role: "source", phase: "copying", mode: "Paused" } as const;
    source = moving("copying", { state: "running", move: going });
    there = machineStatus("starting", {
      claim: { node: to.node, bootID: to.bootID, epoch: to.epoch },
      desired: "incoming",
      move: { migration: MIGRATION, role: "target", phase: "receiving" },
    });
    migration = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { ...claimedInstance("Running").metadata, name: "m", uid: MIGRATION },
      spec: { vmiName: "web" },
      status: { phase: "Running" },
    };
    const [patch, record] = await decided();
    expect(patch).toMatchObject({ do: "patch", after: { status: { migrationState: { mode: "Paused" } } } });
    expect(record).toMatchObject({ do: "record", reason: "MigrationMode" });
  });

  it("asks the source last: what it has asked of the target before is seen", async () => {
    source = moving("switching");
    await decided();
    const order = asked.filter((one) => one === "Node" || one.startsWith("node"));
    expect(order).toEqual(["Node", "node2", "node1"]);
  });
});

describe("a move whose target has booted anew before it was asked", () => {
  it("is over once the source says that the guest stays", async () => {
    source = moving("copying", { state: "running" });
    expect(await decided()).toMatchObject([{ do: "order", order: { desired: "running", settled: { at: "source" } } }]);
    source = moving("stayed", { state: "running" });
    const patch = (await decided()).find(
      (effect) => effect.do === "patch" && effect.kind.kind === "VirtualMachineInstance",
    );
    expect(patch).toHaveProperty("after.status.claim", { ...claim, offered: 2 });
  });
});
