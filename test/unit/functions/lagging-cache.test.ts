/** A replica that begins to lead while one of its watches is behind: what it has not heard of yet must not end a guest. */
import { afterEach, describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import type { Kind } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { createBroker } from "#events/broker/broker.ts";
import { seededRandom } from "#events/chance.ts";
import type { Cluster } from "#events/cluster.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { bareInstance } from "./objects.ts";
import { startFunctions, startWorld, type World } from "./world.ts";

let world: World;
afterEach(() => world.close());

/** Objects of the kind have not been told to it. */
function behind(cluster: Cluster, lags: Kind): Cluster {
  return {
    ...cluster,
    snapshot: (kind, signal) =>
      kind.kind === lags.kind ? Promise.resolve({ items: [], resourceVersion: "0" }) : cluster.snapshot(kind, signal),
    watch: (kind, version, notice, signal) =>
      kind.kind === lags.kind
        ? new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
        : cluster.watch(kind, version, notice, signal),
  };
}

describe("a control plane that takes over", () => {
  it.each([Pod, VirtualMachineInstance])("lets guests run whose $kind it has not heard of yet", async (kind: Kind) => {
    world = await startWorld();
    const { cluster, clock, nodes } = world;
    await world.create(VirtualMachineInstance, bareInstance());
    await world.until("it runs", async () => (await world.vmi())?.status?.phase === "Running");
    const journal = memoryJournal();
    const broker = createBroker({ journal, clock, random: seededRandom(1), log: silentLog });
    const lagging = behind(cluster, kind);
    const source = startFunctions({ cluster: lagging, present: cluster, nodes, journal, broker, clock, seed: 1 });
    const before = world.node.orders.length;
    await clock.advance(90_000);
    await source.close();
    await broker.close();
    expect(world.node.orders.slice(before).map(({ desired }) => desired)).toEqual([]);
    expect(world.node.all().map(({ state }) => state)).toEqual(["running"]);
  });
});
