/** A guest that goes from one runtime to another, and what becomes of it when something is lost on the way. */
import { beforeEach, describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { Peers } from "#node-runtime/migration/peers.ts";
import { BOOT_ID, order } from "./orders.ts";
import { Rig } from "./rig.ts";

const { uid } = order();
const MIGRATION = "11111111-1111-4111-8111-111111111111";
const to = { node: "node2", bootID: BOOT_ID, epoch: 2 } as const;

let source: Rig;
let target: Rig;
/** What the next questions of the source meet. */
let lost: ("request" | "answer")[];
let version: number;

const peers: Peers = {
  prepare: (at, request) => target.machines.prepareArrival(at.uid, request),
  async finish(at, request) {
    const what = lost.shift();
    if (what === "request") throw new Fault("later", "PeerUnreachable", "lost on the way");
    const answer = await target.machines.finishArrival(at.uid, request);
    if (what === "answer") throw new Fault("later", "PeerUnreachable", "the answer is lost");
    return answer;
  },
  tunnel: async (at) => ({
    wire: { memory: `node2/${at.uid}`, disks: `node2/${at.uid}/disks` },
    close: async () => undefined,
  }),
};

function moved(changes: Partial<MachineOrder> = {}): Partial<MachineOrder> {
  version += 1;
  return { version: String(version), ...changes };
}

const move = { migration: MIGRATION, to, url: "https://node2.test", parameters: {} };

async function expectAtTarget(): Promise<void> {
  await target.order(
    moved({ desired: "incoming", claim: { ...to }, receive: { migration: MIGRATION, from: "node1" } }),
  );
  await until(target, () => target.status(uid).move?.phase === "ready");
}

async function until(rig: Rig, holds: () => boolean): Promise<void> {
  await rig.clock.settle();
  await rig.until(holds);
}

function running(): readonly string[] {
  return [source, target].filter((rig) => rig.hypervisor.truth(uid) === "running").map((rig) => rig.node);
}

beforeEach(async () => {
  const together = { clock: virtualClock(), wires: new Map(), peers };
  lost = [];
  version = 100;
  source = await Rig.start({}, 1, { ...together, node: "node1" });
  target = await Rig.start({}, 2, { ...together, node: "node2" });
  await source.running(moved());
});

describe("a guest that moves", () => {
  it("runs there, is gone here, and both ends say so", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).state === "stopped");
    expect(running()).toEqual(["node2"]);
    expect(source.status(uid)).toMatchObject({ exit: { kind: "moved" }, move: { role: "source", phase: "moved" } });
    expect(target.status(uid)).toMatchObject({ state: "running", move: { role: "target", phase: "arrived" } });
    expect(source.reports(uid)).toContain("moving");
    expect(target.reports(uid)).toEqual(["preparing", "ready", "arrived"]);
    expect(source.volumes.present.has(uid)).toBe(false);
  });

  it("stays where it is when nobody expects it there", async () => {
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).move?.phase === "stayed");
    expect(source.status(uid)).toMatchObject({ state: "running", move: { reason: "UnknownMachine" } });
    expect(running()).toEqual(["node1"]);
  });

  it("stays when the move is called off while it is copied, and goes nowhere later", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).move?.phase === "receiving");
    await source.order(moved());
    await until(source, () => source.status(uid).move?.phase === "stayed");
    expect(source.status(uid).move).toMatchObject({ reason: "CalledOff" });
    await source.clock.advance(60_000);
    expect(running()).toEqual(["node1"]);
  });

  it.each(["request", "answer"] as const)(
    "arrives although the %s that lets it run is lost, three times",
    async (what) => {
      await expectAtTarget();
      lost = [what, what, what];
      await source.order(moved({ move }));
      await until(source, () => source.status(uid).state === "stopped");
      expect(running()).toEqual(["node2"]);
      expect(source.status(uid).exit?.kind).toBe("moved");
    },
  );

  it("runs at neither end while nobody knows, and here again once the target says that it never will there", async () => {
    await expectAtTarget();
    lost = Array.from({ length: 1000 }, () => "request" as const);
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).move?.phase === "switching");
    await source.clock.advance(120_000);
    expect(running()).toEqual([]);
    await target.order(moved({ desired: "off", claim: { ...to }, receive: { migration: MIGRATION, from: "node1" } }));
    await until(target, () => target.status(uid).state === "stopped");
    expect(target.status(uid).move).toMatchObject({ phase: "refused" });
    expect(running()).toEqual([]);
    lost = [];
    await until(source, () => running().length > 0);
    expect(running()).toEqual(["node1"]);
    expect(source.status(uid)).toMatchObject({ state: "running", move: { phase: "stayed" } });
  });

  it.each([
    ["source", ["node1"]],
    ["target", []],
  ] as const)("believes functions that have proof that it is at the %s", async (at, where) => {
    await expectAtTarget();
    lost = Array.from({ length: 1000 }, () => "request" as const);
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).move?.phase === "switching");
    await source.order(moved({ settled: { migration: MIGRATION, at } }));
    await source.clock.advance(10_000);
    expect(running()).toEqual(where);
    expect(source.status(uid).state).toBe(at === "source" ? "running" : "stopped");
  });

  it("asks the target again after its runtime was killed in between", async () => {
    await expectAtTarget();
    lost = Array.from({ length: 1000 }, () => "answer" as const);
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).move?.phase === "switching");
    await source.clock.advance(1_000);
    await source.killRuntime();
    lost = [];
    await source.startRuntime();
    await until(source, () => source.status(uid).state === "stopped");
    expect(running()).toEqual(["node2"]);
    expect(source.status(uid).exit?.kind).toBe("moved");
  });

  it("goes on here when the target's runtime is killed while it comes in", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).move?.phase === "receiving");
    await target.killRuntime();
    await until(source, () => source.status(uid).move?.phase === "stayed");
    expect(running()).toEqual(["node1"]);
  });

  it("goes on here when its QEMU there dies in the moment in which it is let run", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.hypervisor.calls.some(({ call }) => call === "migrateFinish"));
    target.hypervisor.crash(uid);
    await until(source, () => running().length > 0);
    expect(running()).toEqual(["node1"]);
    expect(source.status(uid)).toMatchObject({ state: "running", move: { phase: "stayed", reason: "ArrivalFailed" } });
  });

  it("leaves nothing at a target whose hypervisor makes the incoming domain after it was given up", async () => {
    target.hypervisor.befall("migratePrepare", "overdue");
    // It comes up while what was prepared for it is still being taken down.
    target.network.lingering.push(...Array.from({ length: 6 }, () => new Fault("later", "Busy", "not yet")));
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).state === "stopped");
    await source.clock.advance(120_000);
    expect(target.hypervisor.truth(uid)).toBeUndefined();
    expect(running()).toEqual(["node1"]);
  });

  it("is halted and let run again when its vCPUs hang after it has come, and is found well", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).move?.phase === "receiving");
    target.hypervisor.behave(uid, { hangsOnArrival: 1 });
    await until(source, () => source.status(uid).state === "stopped");
    expect(target.hypervisor.hangs(uid)).toBe(true);
    await source.clock.advance(15_000);
    expect(target.hypervisor.hangs(uid)).toBe(false);
    expect(target.status(uid)).toMatchObject({ state: "running" });
    expect(target.status(uid).problem).toBeUndefined();
    // Nobody was told: it was over before anybody could do anything about it.
    expect(target.reports(uid)).toEqual(["preparing", "ready", "arrived"]);
  });

  it("is told to be stuck when that does not help, and to be well once it runs", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).move?.phase === "receiving");
    let lives = false;
    target.hypervisor.vcpuRuns = async () => (lives ? target.clock.now().getTime() : 0);
    await until(source, () => target.status(uid).problem !== undefined);
    expect(target.status(uid)).toMatchObject({ state: "running", problem: { reason: "GuestStuck" } });
    expect(target.reports(uid)).toContain("troubled");
    const halted = target.hypervisor.calls.filter(({ call }) => call === "suspend").length;
    expect(halted).toBeGreaterThanOrEqual(2);
    lives = true;
    await until(source, () => target.status(uid).problem === undefined);
    expect(target.reports(uid).at(-1)).toBe("recovered");
  });

  it("is left alone when it is paused after it has come", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => source.status(uid).state === "stopped");
    await target.order(moved({ desired: "paused", claim: { ...to } }));
    await source.clock.advance(120_000);
    expect(target.status(uid)).toMatchObject({ state: "paused" });
    expect(target.hypervisor.calls.filter(({ call }) => call === "suspend")).toHaveLength(1);
    expect(target.hypervisor.calls.filter(({ call }) => call === "resume")).toHaveLength(0);
  });

  it("is let in only by the migration and the epoch that are expected", async () => {
    await expectAtTarget();
    const request = { migration: MIGRATION, epoch: 2, xml: "<domain/>", directory: "/x", cookie: "", disks: [] };
    await expect(target.machines.prepareArrival(uid, { ...request, epoch: 3 })).rejects.toMatchObject({
      reason: "NotExpected",
    });
    await expect(target.machines.prepareArrival(uid, { ...request, migration: "x" })).rejects.toMatchObject({
      reason: "NotExpected",
    });
    expect(target.machines.comesFrom(uid)).toBe("node1");
  });

  it("never takes over what is still there", async () => {
    await expect(
      source.order(
        moved({
          desired: "incoming",
          claim: { ...order().claim, epoch: 3 },
          receive: { migration: "x", from: "node2" },
        }),
      ),
    ).rejects.toMatchObject({ reason: "StillEnding" });
  });

  it.each([
    ["may stand still for longer", { maxDowntimeMilliseconds: 900 }],
    ["may be slowed down", { autoConverge: true }],
    ["may be halted for it", { mayHalt: true, progressTimeoutSeconds: 20 }],
  ])("arrives although its memory changes faster than it is copied, where it %s", async (_what, parameters) => {
    source.hypervisor.behave(uid, { outrunsCopying: 1 });
    await expectAtTarget();
    await source.order(moved({ move: { ...move, parameters } }));
    await until(source, () => source.status(uid).state === "stopped");
    expect(running()).toEqual(["node2"]);
    const modes = source.told.flatMap(({ status }) => (status.move?.mode === undefined ? [] : [status.move.mode]));
    expect([...new Set(modes)]).toEqual("mayHalt" in parameters ? ["Paused"] : []);
  });

  const POST_COPY = { postCopy: true, mayHalt: true, completionTimeoutSeconds: 20 };

  async function inPostCopy(): Promise<void> {
    source.hypervisor.behave(uid, { outrunsCopying: 1 });
    await expectAtTarget();
    await source.order(moved({ move: { ...move, parameters: POST_COPY } }));
    await until(source, () => target.hypervisor.truth(uid) === "running");
    expect(running()).toEqual(["node2"]);
    expect(source.status(uid).move).toMatchObject({ phase: "switching", mode: "PostCopy" });
    expect(target.status(uid).move).toMatchObject({ phase: "switching" });
  }

  it("arrives by post-copy, and neither end says so before all of its memory is there", async () => {
    await inPostCopy();
    await until(source, () => source.status(uid).state === "stopped");
    expect(running()).toEqual(["node2"]);
    expect(source.status(uid)).toMatchObject({ exit: { kind: "moved" }, move: { phase: "moved" } });
    expect(target.status(uid)).toMatchObject({ state: "running", move: { phase: "arrived" } });
  });

  const restarted = async (rig: Rig): Promise<void> => {
    await rig.killRuntime();
    await rig.startRuntime();
  };
  const reconnected = async ({ hypervisor, clock }: Rig): Promise<void> => {
    hypervisor.disconnect();
    await clock.advance(5_000);
    hypervisor.reconnect();
  };
  it.each([
    ["the source's runtime", () => restarted(source)],
    ["the target's runtime", () => restarted(target)],
    ["the source's QEMU", async () => source.hypervisor.crash(uid)],
    ["the source's libvirt", () => reconnected(source)],
    ["the target's libvirt", () => reconnected(target)],
  ])("ends, runs nowhere again, and says why, when %s is lost in post-copy", async (_what, lose) => {
    await inPostCopy();
    await lose();
    await until(target, () => target.status(uid).state === "stopped" && source.status(uid).state === "stopped");
    expect(running()).toEqual([]);
    expect(target.status(uid)).toMatchObject({ exit: { kind: "crashed", reason: "PostCopyFailed" } });
  });

  it("moves without post-copy where the target's node can't", async () => {
    const prepared: (true | undefined)[] = [];
    const prepare = target.machines.prepareArrival.bind(target.machines);
    target.machines.prepareArrival = (of, request) => {
      prepared.push(request.postCopy);
      if (request.postCopy === true) return Promise.reject(new Fault("refused", "PostCopyImpossible", "not here"));
      return prepare(of, request);
    };
    source.hypervisor.behave(uid, { outrunsCopying: 1 });
    await expectAtTarget();
    await source.order(moved({ move: { ...move, parameters: POST_COPY } }));
    await until(source, () => source.status(uid).state === "stopped");
    expect(prepared).toEqual([true, undefined]);
    expect(running()).toEqual(["node2"]);
  });

  it("stays, with what stands in the way, when its memory changes faster than it is copied", async () => {
    source.hypervisor.behave(uid, { outrunsCopying: 1 });
    await expectAtTarget();
    await source.order(moved({ move: { ...move, parameters: { progressTimeoutSeconds: 40 } } }));
    await until(source, () => source.status(uid).move?.phase === "stayed");
    expect(source.status(uid).move).toMatchObject({ reason: "CannotConverge" });
    expect(source.status(uid).move?.message).toContain("10.0 MiB change and 10.0 MiB get through a second");
    expect(source.status(uid).state).toBe("running");
    expect(running()).toEqual(["node1"]);
  });

  it.each(["is called off", "loses its target"])("runs on when it was halted for its move, which %s", async (what) => {
    source.hypervisor.behave(uid, { outrunsCopying: 1 });
    await expectAtTarget();
    const parameters = { mayHalt: true, completionTimeoutSeconds: 20 };
    await source.order(moved({ move: { ...move, parameters } }));
    await until(source, () => source.status(uid).move?.mode === "Paused");
    expect(running()).toEqual([]);
    if (what === "is called off") await source.order(moved());
    else await target.killRuntime();
    await until(source, () => source.status(uid).move?.phase === "stayed");
    await until(source, () => source.status(uid).state === "running");
    expect(running()).toEqual(["node1"]);
  });

  it("ends as ordered while it is copied", async () => {
    await expectAtTarget();
    await source.order(moved({ move }));
    await until(source, () => target.status(uid).move?.phase === "receiving");
    await source.order(moved({ desired: "off", move }));
    await until(source, () => source.status(uid).state === "stopped");
    expect(source.status(uid).exit?.reason).toBe("OrderedOff");
    expect(running()).toEqual([]);
  });
});
