/**
 * Volumes that are claims (PersistentVolumeClaims, or DataVolumes, whose claims have their names): the anchor pod mounts
 * them, so that scheduler, kubelet and CSI see to them as to any pod's. The node finds them in the pod. What a claim is,
 * is noted in the instance's status when its pod is made: whether the guest can move, and how large its disk is, follow
 * from there, and nobody reads the claim again.
 */
import { PersistentVolumeClaim } from "#api/core.ts";
import { BIND_IMMEDIATELY, DataVolume, WAITS_FOR_CONSUMER } from "#api/data-volume.ts";
import { controllerOf, type Stored } from "#api/object.ts";
import { bytesOf } from "#api/quantity.ts";
import type { VirtualMachineInstanceSpec, VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import type { Reader } from "#events/cluster.ts";
import { anchorDevicePath, anchorVolumePath } from "#events/machine.ts";
import type { Instance } from "../instance.ts";

type VolumeStatus = NonNullable<VirtualMachineInstanceStatus["volumeStatus"]>[number];
export type ClaimInfo = NonNullable<VolumeStatus["persistentVolumeClaimInfo"]>;

interface NamedClaim {
  readonly volume: string;
  readonly claim: string;
  readonly readOnly: boolean;
  /** A DataVolume makes it. */
  readonly byDataVolume: boolean;
}

export interface ClaimedVolume extends NamedClaim {
  /** Undefined: there is none of that name. */
  readonly mode: "Filesystem" | "Block" | undefined;
  /** What the instance's status says of it. */
  readonly info?: ClaimInfo;
  /** Why it can't be used although it is there: a reason, and a clause. */
  readonly unusable?: { readonly reason: string; readonly why: string };
}

function namedIn({ volumes = [] }: VirtualMachineInstanceSpec): readonly NamedClaim[] {
  return volumes.flatMap(({ name, persistentVolumeClaim, dataVolume }): NamedClaim[] => {
    if (persistentVolumeClaim !== undefined) {
      const { claimName, readOnly } = persistentVolumeClaim;
      return [{ volume: name, claim: claimName, readOnly: readOnly === true, byDataVolume: false }];
    }
    return dataVolume === undefined
      ? []
      : [{ volume: name, claim: dataVolume.name, readOnly: false, byDataVolume: true }];
  });
}

/** The claims that the volumes name, as they are. */
export async function readClaims(
  cluster: Pick<Reader, "get">,
  namespace: string,
  spec: VirtualMachineInstanceSpec,
): Promise<readonly ClaimedVolume[]> {
  return Promise.all(
    namedIn(spec).map(async (one) => {
      const found = await cluster.get(PersistentVolumeClaim, { namespace, name: one.claim });
      if (found === undefined) return { ...one, mode: undefined };
      const unusable = await whyUnusable(cluster, found, one.byDataVolume);
      return { ...one, mode: modeOf(found), info: infoOf(found), ...(unusable === undefined ? {} : { unusable }) };
    }),
  );
}

/** A claim that is going, or whose DataVolume has not filled it yet: a guest would find half a disk. */
async function whyUnusable(
  cluster: Pick<Reader, "get">,
  claim: Stored<PersistentVolumeClaim>,
  byDataVolume: boolean,
): Promise<ClaimedVolume["unusable"]> {
  const { deletionTimestamp, name, namespace = "" } = claim.metadata;
  if (deletionTimestamp !== undefined) return { reason: MISSING, why: "is being deleted" };
  const owner = controllerOf(claim);
  const owned = owner?.kind === DataVolume.kind;
  const filler = owned ? owner.name : byDataVolume ? name : undefined;
  const volume = filler === undefined ? undefined : await cluster.get(DataVolume, { namespace, name: filler });
  // CDI lets go of the claim before it removes a DataVolume that is done.
  if (volume === undefined) return owned ? { reason: MISSING, why: `goes with its DataVolume ${filler}` } : undefined;
  const phase = volume.status?.phase ?? "Pending";
  if (phase === "Succeeded") return undefined;
  if (phase === "Failed")
    return { reason: "DataVolumeFailed", why: `could not be filled: DataVolume ${filler} is Failed` };
  const remedy = WAITS_FOR_CONSUMER.has(phase)
    ? `; no pod is made before it is filled: annotate the DataVolume with ${BIND_IMMEDIATELY}: "true"`
    : "";
  return { reason: "NotAllDVsReady", why: `is not filled yet: DataVolume ${filler} is ${phase}${remedy}` };
}

/** The claims that the volumes name, as they were when the instance was started. */
export function notedClaims({ spec, status }: Instance): readonly ClaimedVolume[] {
  const noted = new Map(status?.volumeStatus?.map((one) => [one.name, one.persistentVolumeClaimInfo]));
  return namedIn(spec).map((one) => {
    const info = noted.get(one.volume);
    if (info === undefined) return { ...one, mode: undefined };
    return { ...one, mode: info.volumeMode === "Block" ? "Block" : "Filesystem", info };
  });
}

function modeOf({ spec }: Stored<PersistentVolumeClaim>): "Filesystem" | "Block" {
  return spec?.volumeMode === "Block" ? "Block" : "Filesystem";
}

function infoOf(claim: Stored<PersistentVolumeClaim>): ClaimInfo {
  const { spec, status, metadata } = claim;
  const accessModes = status?.accessModes ?? spec?.accessModes;
  const requests = spec?.resources?.requests;
  return {
    claimName: metadata.name,
    volumeMode: modeOf(claim),
    ...(accessModes === undefined ? {} : { accessModes: [...accessModes] }),
    ...(requests === undefined ? {} : { requests: { ...requests } }),
    ...(status?.capacity === undefined ? {} : { capacity: { ...status.capacity } }),
  };
}

/** With what is known of the claims before their guest's node knows more of the disks. */
export function withClaims(
  status: VirtualMachineInstanceStatus,
  claims: readonly ClaimedVolume[],
): VirtualMachineInstanceStatus {
  const told = claims.flatMap(({ volume, info }) =>
    info === undefined ? [] : [{ name: volume, target: "", persistentVolumeClaimInfo: info }],
  );
  return told.length === 0 ? status : { ...status, volumeStatus: told };
}

/**
 * By volume: how large a disk is, in bytes, that the node makes in a claim which has none yet. Undefined when there is
 * no claim.
 */
export function diskBytes(vmi: Instance): Readonly<Record<string, number>> | undefined {
  const sizes = notedClaims(vmi).flatMap(({ volume, info }) => {
    const size = info?.capacity?.["storage"] ?? info?.requests?.["storage"];
    const bytes = size === undefined ? 0 : Math.floor(bytesOf(size));
    return bytes > 0 ? [[volume, bytes] as const] : [];
  });
  return sizes.length === 0 ? undefined : Object.fromEntries(sizes);
}

const MISSING = "VolumeSourceMissing";

/** What stands in the way of the pod, and its reason; undefined when all claims are there. */
export function obstructed(
  claims: readonly ClaimedVolume[],
): { readonly reason: string; readonly message: string } | undefined {
  const found = claims.flatMap(({ volume, claim, byDataVolume, mode, unusable }) => {
    if (unusable !== undefined) {
      const { reason, why } = unusable;
      return [{ reason, message: `volume ${volume}: PersistentVolumeClaim ${claim} ${why}` }];
    }
    if (mode !== undefined) return [];
    const message = byDataVolume
      ? `volume ${volume}: DataVolume ${claim} has no PersistentVolumeClaim; the Containerized Data Importer (CDI) makes it, and must be installed`
      : `volume ${volume}: PersistentVolumeClaim ${claim} does not exist`;
    return [{ reason: MISSING, message }];
  });
  const [first] = found;
  return first && { reason: first.reason, message: found.map(({ message }) => message).join("; ") };
}

/** The parts of a pod, and of its container, that bring the claims in. */
export function claimParts(claims: readonly ClaimedVolume[]): {
  readonly pod: object;
  readonly container: object;
} {
  if (claims.length === 0) return { pod: {}, container: {} };
  const mounts = claims
    .filter(({ mode }) => mode !== "Block")
    .map(({ volume, readOnly }) => ({ name: volume, mountPath: anchorVolumePath(volume), readOnly }));
  const devices = claims
    .filter(({ mode }) => mode === "Block")
    .map(({ volume }) => ({ name: volume, devicePath: anchorDevicePath(volume) }));
  return {
    pod: {
      volumes: claims.map(({ volume, claim, readOnly }) => ({
        name: volume,
        persistentVolumeClaim: { claimName: claim, readOnly },
      })),
    },
    container: {
      ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
      ...(devices.length === 0 ? {} : { volumeDevices: devices }),
    },
  };
}
