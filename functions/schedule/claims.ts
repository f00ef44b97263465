/**
 * Volumes that are claims (PersistentVolumeClaims, or DataVolumes, whose claims have their names): the anchor pod mounts
 * them, so that scheduler, kubelet and CSI see to them as to any pod's. The node finds them in the pod.
 */
import { PersistentVolumeClaim } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import type { Reader } from "#events/cluster.ts";
import { anchorDevicePath, anchorVolumePath } from "#events/machine.ts";

export interface ClaimedVolume {
  readonly volume: string;
  readonly claim: string;
  readonly readOnly: boolean;
  /** A DataVolume makes it. */
  readonly byDataVolume: boolean;
  /** Undefined: there is none of that name. */
  readonly mode: "Filesystem" | "Block" | undefined;
}

/** The claims that the volumes name, as they are. */
export async function readClaims(
  cluster: Pick<Reader, "get">,
  namespace: string,
  spec: VirtualMachineInstanceSpec,
): Promise<readonly ClaimedVolume[]> {
  const wanted = (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, dataVolume }) => {
    if (persistentVolumeClaim !== undefined) {
      const { claimName, readOnly } = persistentVolumeClaim;
      return [{ volume: name, claim: claimName, readOnly: readOnly === true, byDataVolume: false }];
    }
    return dataVolume === undefined
      ? []
      : [{ volume: name, claim: dataVolume.name, readOnly: false, byDataVolume: true }];
  });
  return Promise.all(
    wanted.map(async (one) => {
      const found = await cluster.get(PersistentVolumeClaim, { namespace, name: one.claim });
      return { ...one, mode: found === undefined ? undefined : modeOf(found) };
    }),
  );
}

function modeOf({ spec }: Stored<PersistentVolumeClaim>): "Filesystem" | "Block" {
  return spec?.volumeMode === "Block" ? "Block" : "Filesystem";
}

/** What stands in the way of the pod, as a sentence; undefined when all claims are there. */
export function missingClaims(claims: readonly ClaimedVolume[]): string | undefined {
  const missing = claims.filter(({ mode }) => mode === undefined);
  if (missing.length === 0) return undefined;
  return missing
    .map(({ volume, claim, byDataVolume }) =>
      byDataVolume
        ? `volume ${volume}: DataVolume ${claim} has no PersistentVolumeClaim; the Containerized Data Importer (CDI) makes it, and must be installed`
        : `volume ${volume}: PersistentVolumeClaim ${claim} does not exist`,
    )
    .join("; ");
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
