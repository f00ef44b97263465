/** What an eviction of an anchor pod is answered, by the instance's evictionStrategy and by whether it can move. */
import { describe, expect, it } from "vitest";
import { clusterConfig } from "#api/cluster-config.ts";
import { Pod } from "#api/core.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { createEvictor } from "#functions/evict.ts";
import { anchorName } from "#functions/instance.ts";
import { anchorPodFor, claimedInstance } from "./objects.ts";

type Strategy = "None" | "LiveMigrate" | "LiveMigrateIfPossible" | "External";
const ROOTED = { model: "host-passthrough" };

async function evicted(strategy: Strategy | undefined, more: { readonly rooted?: true; readonly dryRun?: true } = {}) {
  const cluster = memoryCluster({ clock: virtualClock() });
  const { metadata, spec, status, ...kind } = claimedInstance("Running");
  const domain = { ...spec.domain, ...(more.rooted === true ? { cpu: ROOTED } : {}) };
  const { object } = await cluster.create(VirtualMachineInstance, {
    ...kind,
    metadata: { name: metadata.name, namespace: "default" },
    spec: { ...spec, domain, ...(strategy === undefined ? {} : { evictionStrategy: strategy }) },
  });
  const vmi = await cluster.patch(VirtualMachineInstance, object, { ...object, status }, "status");
  const name = anchorName(vmi);
  await cluster.create(Pod, anchorPodFor(vmi, { name, spec: { nodeName: "node1", containers: [] } }));
  const evictor = createEvictor({ reader: cluster, writer: cluster });
  const eviction = { namespace: "default", pod: name, dryRun: more.dryRun === true };
  const verdict = await evictor.review(eviction, clusterConfig(undefined));
  const after = await cluster.get(VirtualMachineInstance, { namespace: "default", name: "web" });
  return { verdict, mark: after?.status?.evacuationNodeName };
}

describe("an eviction", () => {
  it.each([
    ["None", {}],
    [undefined, {}],
    ["None", { rooted: true }],
    ["LiveMigrateIfPossible", { rooted: true }],
  ] as const)("is allowed with %s %o: the guest is asked to shut down", async (strategy, more) => {
    expect(await evicted(strategy, more)).toEqual({ verdict: { allowed: true }, mark: undefined });
  });

  it.each([
    ["LiveMigrate", {}, /it moves to another node, and then this pod goes; try again/],
    ["LiveMigrateIfPossible", {}, /it moves to another node, and then this pod goes; try again/],
    ["External", {}, /whoever manages it moves it, and then this pod goes; try again/],
    ["External", { rooted: true }, /whoever manages it moves it/],
  ] as const)("with %s %o is to be tried again, and the instance is to leave its node", async (strategy, more, why) => {
    const { verdict, mark } = await evicted(strategy, more);
    expect(verdict).toMatchObject({ allowed: false, message: expect.stringMatching(why) as string });
    expect(mark).toBe("node1");
  });

  it("with LiveMigrate of a guest that can't move is refused for as long as that is so, and marks nothing", async () => {
    const { verdict, mark } = await evicted("LiveMigrate", { rooted: true });
    const why = /may only leave node1 by moving, and it can't: .*Stop it first, or set another evictionStrategy/;
    expect(verdict).toMatchObject({ allowed: false, message: expect.stringMatching(why) as string });
    expect(mark).toBeUndefined();
  });

  it("that is only tried out is answered the same, and marks nothing", async () => {
    const { verdict, mark } = await evicted("LiveMigrate", { dryRun: true });
    expect(verdict.allowed).toBe(false);
    expect(mark).toBeUndefined();
  });
});
