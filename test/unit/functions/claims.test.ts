/** Volumes that are claims: what a start waits for, what is noted of them, what a move and an order make of it. */
import { afterEach, describe, expect, it } from "vitest";
import { PersistentVolumeClaim, type Pod } from "#api/core.ts";
import { conditionOf } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { defaultConfig } from "#functions/config.ts";
import { order } from "#functions/machine-order.ts";
import { obstacleOf } from "#functions/migrate/migratable.ts";
import { migrate } from "#functions/migrate/migrate.ts";
import type { Migration } from "#functions/migrate/migrations.ts";
import { diskBytes, type ClaimInfo } from "#functions/schedule/claims.ts";
import { claim, claimedInstance, START, stored, virtualMachine } from "./objects.ts";
import { startWorld, type World } from "./world.ts";

const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "mine" } }];

function pvc(more: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "mine", namespace: "default" },
    spec: { accessModes: ["ReadWriteMany"], volumeMode: "Block", resources: { requests: { storage: "1Gi" } } },
    ...more,
  };
}

describe("a start with a claim", () => {
  let world: World;
  afterEach(() => world.close());

  it("waits for it, says so on the VM, and goes on once it is there; what it is, is noted with no further write", async () => {
    world = await startWorld();
    await world.create(VirtualMachine, virtualMachine({}, { template: { volumes } }));
    const waits = async (): Promise<string | undefined> => (await world.vm())?.status?.printableStatus;
    await world.until("it to wait", async () => (await waits()) === "ErrorPvcNotFound");
    expect(conditionOf((await world.vm()) ?? {}, "PodScheduled")).toMatchObject({
      reason: "VolumeSourceMissing",
      message: "Can't start: volume data: PersistentVolumeClaim mine does not exist.",
    });
    const before = world.writes.length;
    const bound = { phase: "Bound", accessModes: ["ReadWriteMany"], capacity: { storage: "2Gi" } } as const;
    await world.create(PersistentVolumeClaim, pvc());
    await world.edit(PersistentVolumeClaim, "mine", "status", (old) => ({ ...old, status: bound }));
    await world.until("the guest to run", async () => (await waits()) === "Running");
    const writes = world.writes
      .slice(before)
      .filter(({ kind, part }) => kind.endsWith("Instance") && part === "status");
    expect(writes).toHaveLength(3);
    expect((await world.vmi())?.status?.volumeStatus?.[0]?.persistentVolumeClaimInfo).toEqual({
      claimName: "mine",
      volumeMode: "Block",
      accessModes: ["ReadWriteMany"],
      requests: { storage: "1Gi" },
      capacity: { storage: "2Gi" },
    });
  });

  it("does not take one that is being deleted", async () => {
    world = await startWorld();
    await world.create(PersistentVolumeClaim, pvc({ metadata: { ...pvc().metadata, finalizers: ["test/hold"] } }));
    await world.remove(PersistentVolumeClaim, "mine");
    await world.create(VirtualMachine, virtualMachine({}, { template: { volumes } }));
    await world.until("it to wait", async () => (await world.vm())?.status?.printableStatus === "ErrorPvcNotFound");
    expect(conditionOf((await world.vm()) ?? {}, "PodScheduled")?.message).toContain("mine is being deleted");
    expect(await world.pods()).toEqual([]);
  });
});

function running(info: ClaimInfo | undefined, spec: Partial<VirtualMachineInstanceSpec> = {}) {
  const volumeStatus = info === undefined ? [] : [{ name: "data", target: "vda", persistentVolumeClaimInfo: info }];
  return claimedInstance("Running", { spec: { volumes, ...spec }, status: { volumeStatus } });
}

const cached = (cache: "none" | "writeback"): Partial<VirtualMachineInstanceSpec> => ({
  domain: { devices: { disks: [{ name: "data", disk: { bus: "virtio" }, cache }] } },
});
const readOnly = { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "mine", readOnly: true } }] };

describe("whether a guest with a claim can move", () => {
  it.each<[string, ClaimInfo | undefined, Partial<VirtualMachineInstanceSpec>, RegExp | undefined]>([
    ["for several nodes", { accessModes: ["ReadWriteMany"] }, {}, undefined],
    ["for several nodes, past the cache", { accessModes: ["ReadWriteMany"] }, cached("none"), undefined],
    [
      "for several nodes, in a node's cache",
      { accessModes: ["ReadWriteMany"] },
      cached("writeback"),
      /cache is writeback/,
    ],
    ["for one node", { accessModes: ["ReadWriteOnce"] }, {}, /ReadWriteOnce, and must be ReadWriteMany\.$/],
    ["to be read by several", { accessModes: ["ReadOnlyMany"] }, readOnly, undefined],
    ["to be read by several, and written", { accessModes: ["ReadOnlyMany"] }, {}, /must be ReadWriteMany\.$/],
    ["to be read, of one node", { accessModes: ["ReadWriteOnce"] }, readOnly, /ReadWriteMany or ReadOnlyMany\.$/],
    ["of which nothing was noted", undefined, {}, /nothing is known of claim mine; the instance must be started anew/],
  ])("that is %s", (_, info, spec, why) => {
    const obstacle = obstacleOf(running(info, spec));
    if (why === undefined) expect(obstacle).toBeUndefined();
    else
      expect(obstacle).toMatchObject({
        reason: "DisksNotLiveMigratable",
        message: expect.stringMatching(why) as string,
      });
  });

  it("its target's pod has the claim in the way that the first pod has it", () => {
    const migration = stored({
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: "m", namespace: "default" },
      spec: { vmiName: "web" },
      status: { phase: "Pending" },
    }) as Migration;
    const podFor = (volumeMode: string): Pod | undefined => {
      const facts = {
        vmi: running({ claimName: "mine", accessModes: ["ReadWriteMany"], volumeMode }, { schedulerName: "other" }),
        migration,
        underWay: [],
        ahead: [],
        limits: { cluster: 5, outbound: 2 },
        cluster: undefined,
      };
      const { effects } = migrate(defaultConfig).decide(facts, START);
      const made = effects.find((effect) => effect.do === "create");
      return made?.object as Pod | undefined;
    };
    const block = podFor("Block");
    expect(block?.spec["volumes"]).toEqual([
      { name: "data", persistentVolumeClaim: { claimName: "mine", readOnly: false } },
    ]);
    expect(block?.spec.containers[0]?.["volumeDevices"]).toEqual([{ name: "data", devicePath: "/devices/data" }]);
    expect(podFor("Filesystem")?.spec.containers[0]?.["volumeMounts"]).toMatchObject([{ mountPath: "/volumes/data" }]);
  });
});

describe("an order", () => {
  const sizes = (info: ClaimInfo | undefined) => {
    const vmi = running(info);
    const made = order({ vmi, claim, desired: "running" });
    expect(made.do === "order" ? made.order.diskBytes : undefined).toEqual(diskBytes(vmi));
    return diskBytes(vmi);
  };

  it("says how large the disk of an empty claim is: as the claim is, or as it asks while nobody has bound it", () => {
    expect(sizes({ requests: { storage: "1Gi" }, capacity: { storage: "2G" } })).toEqual({ data: 2_000_000_000 });
    expect(sizes({ requests: { storage: "1Gi" } })).toEqual({ data: 2 ** 30 });
    expect(sizes({})).toBeUndefined();
    expect(sizes(undefined)).toBeUndefined();
  });
});
