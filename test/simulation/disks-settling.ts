/** What must become true of disks once faults stop: nothing is left of what was brought along, and who waits says so. */
import { PersistentVolumeClaim } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import { label } from "#api/names.ts";
import { conditionOf, controllerOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { DATA_VOLUMES_READY } from "#functions/provision.ts";
import { broughtBy, claimsIn } from "./disks.ts";
import { isFilled } from "./importer.ts";

type VM = Stored<VirtualMachine>;
type Instance = Stored<VirtualMachineInstance>;

/** Why a machine can't run whatever Virtive does: nobody fills what it brings along, or has made what it names. */
type Wait = "importer" | "claim";

export function waitsForDisk(cluster: MemoryCluster, vm: VM, vmi: Instance | undefined): Wait | undefined {
  if (vm.metadata.deletionTimestamp !== undefined) return undefined;
  const isInstalled = cluster.objects(CustomResourceDefinition).has(`/${DATA_VOLUME_DEFINITION}`);
  if (vmi === undefined) return broughtBy(vm).length > 0 && !isInstalled ? "importer" : undefined;
  return isPendingForDisk(cluster, vmi) ? "claim" : undefined;
}

/** A claim is missing, or goes once nothing uses it. */
export function isPendingForDisk(cluster: MemoryCluster, vmi: Instance): boolean {
  const { namespace, deletionTimestamp } = vmi.metadata;
  if (deletionTimestamp !== undefined || (vmi.status?.phase ?? "Pending") !== "Pending") return false;
  return claimsIn(vmi.spec).some((name) => {
    const claim = cluster.objects(PersistentVolumeClaim).get(`${namespace}/${name}`);
    return claim === undefined || claim.metadata.deletionTimestamp !== undefined;
  });
}

const PRINTED = { importer: "Provisioning", claim: "ErrorPvcNotFound" } as const satisfies Record<Wait, string>;

export function saysThatItWaits(vm: VM, vmi: Instance | undefined, wait: Wait): readonly string[] {
  const { name } = vm.metadata;
  const printed = vm.status?.printableStatus;
  const why = printed === PRINTED[wait] ? [] : [`VM ${name} says ${printed}, not ${PRINTED[wait]}`];
  const said = wait === "importer" ? conditionOf(vm, DATA_VOLUMES_READY) : vmi && conditionOf(vmi, "PodScheduled");
  const reason = wait === "importer" ? "CDINotInstalled" : "VolumeSourceMissing";
  if (said?.status !== "False" || said.reason !== reason) why.push(`${name} waits for a disk and says ${said?.reason}`);
  return why;
}

export function ofDisks(cluster: MemoryCluster): readonly string[] {
  const why: string[] = [];
  const vms = [...cluster.objects(VirtualMachine).values()];
  for (const volume of cluster.objects(DataVolume).values()) {
    const { name, deletionTimestamp, labels } = volume.metadata;
    const madeFor = labels?.[label.createdBy];
    if (madeFor !== undefined && !vms.some(({ metadata }) => metadata.uid === madeFor))
      why.push(`DataVolume ${name} was made for a VM that is gone`);
    if (deletionTimestamp !== undefined) why.push(`DataVolume ${name} is still being deleted`);
    if (volume.status?.phase !== "Succeeded") why.push(`DataVolume ${name} is ${volume.status?.phase ?? "new"}`);
  }
  for (const [key, claim] of cluster.objects(PersistentVolumeClaim)) {
    const owner = controllerOf(claim);
    const lost = owner?.kind === DataVolume.kind && cluster.objects(DataVolume).get(key)?.metadata.uid !== owner.uid;
    if (lost) why.push(`claim ${key} belongs to a DataVolume that is gone`);
  }
  for (const vm of vms) {
    const brought = broughtBy(vm).filter((name) => isFilled(cluster, `${vm.metadata.namespace}/${name}`));
    const ready = conditionOf(vm, DATA_VOLUMES_READY)?.status === "True";
    if (brought.length > 0 && !ready) why.push(`VM ${vm.metadata.name}'s disks are filled, and it does not say so`);
  }
  return why;
}
