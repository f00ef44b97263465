/**
 * What a cluster's storage does by itself, as a model: CDI makes and fills the claims of DataVolumes, late and with
 * failures, and sometimes removes a DataVolume that is done; a provisioner binds claims, late, and keeps one that is
 * deleted for as long as a pod uses it. It outlives control planes and asks nobody.
 */
import { PersistentVolumeClaim, Pod } from "#api/core.ts";
import { DataVolume } from "#api/data-volume.ts";
import { apiVersionOf, controllerOf, keyOf, type Key, type Stored } from "#api/object.ts";
import type { Random } from "#events/chance.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import type { Process, Scheduler } from "./scheduler.ts";

export interface ImporterParts {
  readonly cluster: MemoryCluster;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

export interface Importer {
  /** Nothing fails any more, and what is under way ends soon. */
  heal(): void;
}

/** Kubernetes' own finalizer of claims. */
const PROTECTION = "kubernetes.io/pvc-protection";
const IN_USE_AGAIN_MILLISECONDS = 2_000;
const LONGEST_STEP_MILLISECONDS = 40_000;
const HEALED_STEP_MILLISECONDS = 2_000;
const LATEST_BOUND_MILLISECONDS = 30_000;
const FAILURES = 0.25;
/** Of DataVolumes that are done: removed, as older releases do, and their claims stay. */
const REMOVED = 0.2;

/** Phase → the next one, when all goes well. */
const NEXT: Readonly<Record<string, string>> = {
  "": "Pending",
  "Pending": "ImportScheduled",
  "ImportScheduled": "ImportInProgress",
  "ImportInProgress": "Succeeded",
  "Failed": "ImportInProgress",
};

export function startImporter({ cluster, scheduler, random }: ImporterParts): Importer {
  const process: Process = scheduler.process("storage");
  let healed = false;

  function later(milliseconds: number, act: () => Promise<void>): void {
    const most = healed ? HEALED_STEP_MILLISECONDS : milliseconds;
    scheduler.after(process, random() ** 2 * most, () => void act());
  }

  /** One step of a DataVolume that is still the same. */
  async function fill(key: Key, uid: string): Promise<void> {
    const volume = cluster.objects(DataVolume).get(key);
    if (volume?.metadata.uid !== uid) return;
    const phase = volume.status?.phase ?? "";
    if (phase === "Pending") await claim(volume);
    const fails = phase === "ImportInProgress" && !healed && random() < FAILURES;
    const next = fails ? "Failed" : NEXT[phase];
    if (next === undefined) return;
    await cluster.patch(DataVolume, volume, { ...volume, status: { ...volume.status, phase: next } }, "status");
    if (next === "Succeeded") later(LONGEST_STEP_MILLISECONDS, () => finish(key, uid));
    else later(LONGEST_STEP_MILLISECONDS, () => fill(key, uid));
  }

  async function claim(volume: Stored<DataVolume>): Promise<void> {
    const { name, namespace = "", uid } = volume.metadata;
    await cluster.create(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name,
        namespace,
        ownerReferences: [{ apiVersion: apiVersionOf(DataVolume), kind: DataVolume.kind, name, uid, controller: true }],
      },
      spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "1Gi" } } },
    });
  }

  /** Lets go of the claim first, or it would go with its DataVolume. */
  async function finish(key: Key, uid: string): Promise<void> {
    const volume = cluster.objects(DataVolume).get(key);
    const filled = cluster.objects(PersistentVolumeClaim).get(key);
    if (volume?.metadata.uid !== uid || filled === undefined || random() >= REMOVED) return;
    const { ownerReferences: _, ...metadata } = filled.metadata;
    const owners = volume.metadata.ownerReferences ?? [];
    await cluster.patch(
      PersistentVolumeClaim,
      filled,
      { ...filled, metadata: { ...metadata, ownerReferences: owners } },
      "object",
    );
    const left = cluster.objects(DataVolume).get(key);
    if (left?.metadata.uid === uid) await cluster.remove(DataVolume, left);
  }

  async function bind(key: Key, uid: string): Promise<void> {
    const fresh = cluster.objects(PersistentVolumeClaim).get(key);
    if (fresh?.metadata.uid !== uid || fresh.status?.phase === "Bound") return;
    const { accessModes = [], resources } = fresh.spec ?? {};
    const status = { phase: "Bound", accessModes, capacity: { ...resources?.requests } } as const;
    await cluster.patch(PersistentVolumeClaim, fresh, { ...fresh, status }, "status");
  }

  async function protect(key: Key, uid: string): Promise<void> {
    const fresh = cluster.objects(PersistentVolumeClaim).get(key);
    if (fresh?.metadata.uid !== uid || fresh.metadata.deletionTimestamp !== undefined) return;
    const metadata = { ...fresh.metadata, finalizers: [...(fresh.metadata.finalizers ?? []), PROTECTION] };
    await cluster.patch(PersistentVolumeClaim, fresh, { ...fresh, metadata }, "object");
  }

  /** A claim that is deleted goes once no pod uses it. */
  async function letGo(key: Key, uid: string): Promise<void> {
    const going = cluster.objects(PersistentVolumeClaim).get(key);
    if (going?.metadata.uid !== uid) return;
    if ([...cluster.objects(Pod).values()].some((pod) => claimsOf(pod).includes(key))) {
      scheduler.after(process, IN_USE_AGAIN_MILLISECONDS, () => void letGo(key, uid));
      return;
    }
    const finalizers = (going.metadata.finalizers ?? []).filter((name) => name !== PROTECTION);
    await cluster.patch(
      PersistentVolumeClaim,
      going,
      { ...going, metadata: { ...going.metadata, finalizers } },
      "object",
    );
  }

  cluster.onWrite(({ kind, verb, key, object }) => {
    const { uid, deletionTimestamp } = object.metadata;
    if (kind === DataVolume.kind && verb === "create") later(LONGEST_STEP_MILLISECONDS, () => fill(key, uid));
    if (kind !== PersistentVolumeClaim.kind) return;
    if (verb === "create") {
      scheduler.after(process, 0, () => void protect(key, uid));
      later(LATEST_BOUND_MILLISECONDS, () => bind(key, uid));
    }
    if (verb === "remove" && deletionTimestamp !== undefined) {
      scheduler.after(process, IN_USE_AGAIN_MILLISECONDS, () => void letGo(key, uid));
    }
  });

  return { heal: () => void (healed = true) };
}

/** Keys of the claims that a pod mounts. */
export function claimsOf(pod: Stored<Pod>): readonly Key[] {
  const volumes = (pod.spec["volumes"] ?? []) as readonly {
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
  const { namespace = "" } = pod.metadata;
  return volumes.flatMap(({ persistentVolumeClaim: claim }) =>
    claim === undefined ? [] : [keyOf({ metadata: { namespace, name: claim.claimName } })],
  );
}

/** Whether a disk of that name is whole: filled, or nobody's to fill. */
export function isFilled(cluster: MemoryCluster, key: Key): boolean {
  const volume = cluster.objects(DataVolume).get(key);
  if (volume !== undefined) return volume.status?.phase === "Succeeded";
  const claim = cluster.objects(PersistentVolumeClaim).get(key);
  return claim !== undefined && controllerOf(claim)?.kind !== DataVolume.kind;
}
