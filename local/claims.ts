/**
 * Storage of the local shape: a PersistentVolumeClaim is a folder of the instance, `claims/<namespace>/<name>`, which all
 * of its nodes share. Wakes on claims; makes the folder and says that the claim is Bound; when the claim is deleted, waits
 * until no pod uses it, removes the folder and lets the claim go.
 *
 * It is no function: on a real cluster a provisioner and Kubernetes' own controllers do this.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PersistentVolumeClaim, Pod } from "#api/core.ts";
import { keyOf, partsOf, type Stored } from "#api/object.ts";
import type { Answer } from "#events/broker-types.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { fileFault, isMissing } from "#events/file-fault.ts";
import { claimDisk } from "#node-runtime/volumes/claim-disk.ts";
import type { ClaimedVolumes } from "#node-runtime/volumes/claimed.ts";
import { DONE, tendAll, type Tended, type Tending } from "./tending.ts";

/** Kubernetes' own word: whoever sees it knows that the claim may be in use. */
const PROTECTION = "kubernetes.io/pvc-protection";
const IN_USE_AGAIN_MILLISECONDS = 2_000;

export interface ClaimsOptions extends Tending {
  /** The instance's. */
  readonly directory: string;
  readonly reader: Reader;
  readonly cluster: Cluster;
  readonly now: () => Date;
}

/** Of both modes a guest's disk is a file: a guest sees no difference between a raw disk and a block device. */
export function localClaims(directory: string): ClaimedVolumes {
  return {
    async prepare(order, volume, readonly) {
      const { persistentVolumeClaim, dataVolume } = order.spec.volumes?.find(({ name }) => name === volume) ?? {};
      const claim = persistentVolumeClaim?.claimName ?? dataVolume?.name ?? "";
      const folder = folderOf(directory, `${order.namespace}/${claim}`);
      try {
        return await claimDisk({ order, volume, readonly, directory: folder, root: "" });
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
        throw new Fault("later", "VolumeNotFound", `Volume ${volume}: claim ${claim} is not Bound yet`);
      }
    },
    // What a guest wrote stays with its claim.
    remove: () => Promise.resolve(),
  };
}

export function runClaims(options: ClaimsOptions): void {
  tendAll(options, PersistentVolumeClaim, "claims", async (at) => {
    const claim = await options.reader.get(PersistentVolumeClaim, at);
    if (claim === undefined) return sweep(options, at);
    return claim.metadata.deletionTimestamp === undefined ? bind(options, claim) : end(options, claim, at);
  });
}

/** Protected first: a claim that is seen as Bound is never without its folder. */
async function bind({ cluster, directory }: ClaimsOptions, claim: Stored<PersistentVolumeClaim>): Promise<Answer> {
  const { finalizers = [] } = claim.metadata;
  let held = claim;
  if (!finalizers.includes(PROTECTION)) {
    const metadata = { ...claim.metadata, finalizers: [...finalizers, PROTECTION] };
    held = await cluster.patch(PersistentVolumeClaim, claim, { ...claim, metadata }, "object");
  }
  if (held.status?.phase === "Bound") return DONE;
  const folder = folderOf(directory, keyOf(claim));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw fileFault(thrown, folder) ?? thrown;
  }
  const { accessModes = [], resources } = claim.spec ?? {};
  const status = { phase: "Bound", accessModes, capacity: { ...resources?.requests } } as const;
  await cluster.patch(PersistentVolumeClaim, held, { ...held, status: { ...held.status, ...status } }, "status");
  return DONE;
}

async function end(options: ClaimsOptions, claim: Stored<PersistentVolumeClaim>, at: Tended): Promise<Answer> {
  const { finalizers = [] } = claim.metadata;
  if (!finalizers.includes(PROTECTION)) return DONE;
  const pods = await options.reader.list(Pod);
  if (pods.some((pod) => uses(pod, claim))) {
    return at.again(new Date(options.now().getTime() + IN_USE_AGAIN_MILLISECONDS));
  }
  await rm(folderOf(options.directory, keyOf(claim)), { recursive: true, force: true });
  const metadata = { ...claim.metadata, finalizers: finalizers.filter((name) => name !== PROTECTION) };
  await options.cluster.patch(PersistentVolumeClaim, claim, { ...claim, metadata }, "object");
  return DONE;
}

/**
 * A claim that somebody has let go by hand leaves its folder, which the next one of its name would have. Only what the API
 * says now counts here: a cache may not know a claim yet. All that is done about one name is done in turn, so none is made
 * a folder meanwhile.
 */
async function sweep({ cluster, directory, now }: ClaimsOptions, at: Tended): Promise<Answer> {
  const folder = folderOf(directory, `${at.namespace}/${at.name}`);
  if (!existsSync(folder) || (await cluster.get(PersistentVolumeClaim, at)) !== undefined) return DONE;
  const pods = await cluster.list(Pod, { namespace: at.namespace });
  if (pods.some((pod) => uses(pod, { metadata: at }))) {
    return at.again(new Date(now().getTime() + IN_USE_AGAIN_MILLISECONDS));
  }
  await rm(folder, { recursive: true, force: true });
  return DONE;
}

function uses(pod: Stored<Pod>, claim: { readonly metadata: PersistentVolumeClaim["metadata"] }): boolean {
  if (pod.metadata.namespace !== claim.metadata.namespace) return false;
  const volumes = (pod.spec["volumes"] ?? []) as readonly {
    readonly persistentVolumeClaim?: { readonly claimName?: string };
  }[];
  return volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim.metadata.name);
}

/** Names are the API's, which allows neither slashes nor a leading dot. */
function folderOf(directory: string, key: string): string {
  const { namespace, name } = partsOf(key);
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || namespace === "" || name.includes("..")) {
    throw new Fault("refused", "VolumeNotSupported", `a claim can't be named ${JSON.stringify(name)}`);
  }
  return join(directory, namespace, name);
}
