/** That no guest is let near half a disk: checked with every write. */
import { Pod } from "#api/core.ts";
import { DataVolume } from "#api/data-volume.ts";
import { controllerOf, keyOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { MemoryCluster, Write } from "#events/memory-cluster.ts";
import { broughtBy } from "./disks.ts";
import { claimsOf, isFilled } from "./importer.ts";
import { Violation } from "./safety.ts";

/** What a write does that it must not, by how disks are at that moment. */
export function nearHalfADisk(cluster: MemoryCluster, { verb, kind, key, object }: Write): Violation | undefined {
  if (verb !== "create") return undefined;
  const owner = controllerOf(object);
  if (kind === VirtualMachineInstance.kind) {
    const vm = cluster.objects(VirtualMachine).get(key);
    if (vm === undefined || vm.metadata.uid !== owner?.uid) return undefined;
    const half = broughtBy(vm).find((name) => !isFilled(cluster, keyOf({ metadata: { ...vm.metadata, name } })));
    if (half !== undefined) return new Violation("starts once its disks are there", `${key} is made before ${half} is`);
  }
  if (kind === Pod.kind) {
    const lives = [...cluster.objects(VirtualMachineInstance).values()].some(
      ({ metadata }) => metadata.uid === owner?.uid,
    );
    const half = claimsOf(object as Stored<Pod>).find((claim) => {
      const volume = cluster.objects(DataVolume).get(claim);
      return volume !== undefined && volume.status?.phase !== "Succeeded";
    });
    if (lives && half !== undefined) return new Violation("no guest on half a disk", `${keyOf(object)} mounts ${half}`);
  }
  return undefined;
}
