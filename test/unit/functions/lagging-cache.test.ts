/** A replica that begins to lead while one of its watches is behind: what it has not heard of yet must not end a guest. */
import { afterEach, describe, expect, it } from "vitest";
import { Node, Pod } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { createBroker } from "#events/broker/broker.ts";
import { objectEvents } from "#events/catalogue.ts";
import { seededRandom } from "#events/chance.ts";
import { virtualClock } from "#events/clock.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { objectEvent } from "#events/source/object-event.ts";
import type { Effect, Looks } from "#functions/define.ts";
import { anchorNameFor, type Instance } from "#functions/instance.ts";
import { move } from "#functions/migrate/move.ts";
import { bareInstance, claimedInstance, pod, START, stored, virtualMachine } from "./objects.ts";
import { startFunctions, startWorld, type World } from "./world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Of the kind it has been told of these objects only, as they were. */
function behind(cluster: Cluster, lags: Kind, items: readonly Stored<KubeObject>[]): Cluster {
  return {
    ...cluster,
    snapshot: <T extends KubeObject>(kind: Kind<T>, signal: AbortSignal) =>
      kind.kind === lags.kind
        ? Promise.resolve({ items: items as readonly Stored<T>[], resourceVersion: "0" })
        : cluster.snapshot(kind, signal),
    watch: (kind, version, notice, signal) =>
      kind.kind === lags.kind
        ? new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
        : cluster.watch(kind, version, notice, signal),
  };
}

/** Another control plane takes part for so long, which knows these of the kind. */
async function takesPart(
  { cluster, clock, nodes }: World,
  kind: Kind,
  known: readonly Stored<KubeObject>[],
  milliseconds: number,
): Promise<void> {
  const journal = memoryJournal();
  const broker = createBroker({ journal, clock, random: seededRandom(1), log: silentLog });
  const lagging = behind(cluster, kind, known);
  const source = startFunctions({ cluster: lagging, present: cluster, nodes, journal, broker, clock, seed: 1 });
  await clock.advance(milliseconds);
  await source.close();
  await broker.close();
}

describe("a control plane that takes over", () => {
  it.each([Pod, VirtualMachineInstance])("lets guests run whose $kind it has not heard of yet", async (kind: Kind) => {
    const there = (world = await startWorld());
    const { node } = there;
    await there.create(VirtualMachineInstance, bareInstance());
    await there.until("it runs", async () => (await there.vmi())?.status?.phase === "Running");
    const before = node.orders.length;
    await takesPart(there, kind, [], 90_000);
    expect(node.orders.slice(before).map(({ desired }) => desired)).toEqual([]);
    expect(node.all().map(({ state }) => state)).toEqual(["running"]);
  });

  it("takes no guest for ended whose node it knows as it was before it booted", async () => {
    const there = (world = await startWorld());
    const { cluster, node } = there;
    const before = await cluster.list(Node);
    node.reboot("boot-anew");
    await there.until("control knows", async () =>
      (await cluster.list(Node)).every(({ metadata }) => JSON.stringify(metadata.annotations).includes("boot-anew")),
    );
    await there.create(VirtualMachineInstance, bareInstance());
    await there.until("it runs", async () => (await there.vmi())?.status?.phase === "Running");
    await takesPart(there, Node, before, 10_000);
    expect((await there.vmi())?.status?.phase).toBe("Running");
    expect(node.all().map(({ state }) => state)).toEqual(["running"]);
  });

  it("makes no instance again and again for a VM that is gone", async () => {
    const there = (world = await startWorld());
    const { writes } = there;
    await there.create(VirtualMachine, virtualMachine());
    await there.until("it runs", async () => (await there.vmi())?.status?.phase === "Running");
    const known = await there.vm();
    await there.remove(VirtualMachine, "web");
    await there.until("all is gone", async () => (await there.vm()) === undefined && (await there.vmi()) === undefined);
    const before = writes.length;
    await takesPart(there, VirtualMachine, known === undefined ? [] : [known], 30_000);
    const made = writes
      .slice(before)
      .filter(({ verb, kind }) => verb === "create" && kind === "VirtualMachineInstance");
    expect(made.length).toBeLessThanOrEqual(1);
    expect(await there.vmi()).toBeUndefined();
  });
});

describe("a pod that a migration has left behind", () => {
  const uid = "11111111-0000-4000-8000-000000000001";
  const migration = stored<VirtualMachineInstanceMigration>(
    {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: "move-web", namespace: "default" },
      spec: { vmiName: "web" },
      status: { phase: "Succeeded" },
    },
    { uid },
  );
  const old = claimedInstance("Running");
  const name = anchorNameFor(old, uid);
  const moved = { ...old, status: { ...old.status, claim: { node: "node2", bootID: "b", epoch: 2, pod: name } } };

  async function removed(now: Instance): Promise<readonly Effect[]> {
    const reader = (vmi: Instance): Reader => ({
      list: async (kind: Kind) => (kind.kind === VirtualMachineInstanceMigration.kind ? [migration] : []) as never,
      get: async (kind: Kind, at: { readonly name: string }) => {
        if (kind.kind === VirtualMachineInstance.kind) return vmi as never;
        return (
          at.name === name ? stored({ ...pod(vmi), metadata: { name, namespace: "default" } }) : undefined
        ) as never;
      },
    });
    const clock = virtualClock(START);
    const about = { type: objectEvents.added, kind: VirtualMachineInstanceMigration, object: migration } as const;
    const event = objectEvent({ ...about, source: "/test", occasion: "add", clock });
    const looks: Looks = { cluster: reader(old), present: reader(now), nodes: {} as Looks["nodes"], event };
    const facts = await move.read(looks, "default/web");
    if (facts === undefined) throw new Error("nothing was read");
    return move.decide(facts, START).effects.filter((effect) => effect.do === "remove");
  }

  it("goes", async () => {
    expect(await removed(old)).toMatchObject([{ do: "remove", object: { metadata: { name } } }]);
  });

  it("stays where the guest runs in it by now, of which the watch of instances has not told", async () => {
    expect(await removed(moved)).toEqual([]);
  });
});
