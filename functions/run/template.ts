/** The instance that a VM's template describes, and whether it is still the one that the template describes. Pure. */
import { hash } from "node:crypto";
import { annotation } from "#api/names.ts";
import { apiVersionOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { sortedJson } from "#events/json.ts";

/** Annotation of an instance: generation of the VM that it was made from. */
export const VM_GENERATION = "kubevirt.io/vm-generation";

/** Same name as the VM, controlled by it. `paused`: its vCPUs stand still at first. */
export function instanceOf(vm: Stored<VirtualMachine>, paused: boolean): VirtualMachineInstance {
  const { metadata, spec } = vm.spec.template;
  return {
    apiVersion: apiVersionOf(VirtualMachineInstance),
    kind: VirtualMachineInstance.kind,
    metadata: {
      name: vm.metadata.name,
      ...(vm.metadata.namespace === undefined ? {} : { namespace: vm.metadata.namespace }),
      labels: { ...metadata?.labels },
      annotations: {
        ...metadata?.annotations,
        [annotation.template]: templateHash(vm),
        ...(vm.metadata.generation === undefined ? {} : { [VM_GENERATION]: String(vm.metadata.generation) }),
      },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(VirtualMachine),
          kind: VirtualMachine.kind,
          name: vm.metadata.name,
          uid: vm.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: paused ? { ...spec, startStrategy: "Paused" } : spec,
  };
}

/**
 * True when the template describes another guest than the one that was made from it. The instance's own spec can't tell:
 * admission completed it, and a stop may have shortened its grace. An instance that says nothing of its template is
 * taken to be the same.
 */
export function differsFromTemplate(vm: VirtualMachine, vmi: VirtualMachineInstance): boolean {
  const made = vmi.metadata.annotations?.[annotation.template];
  return made !== undefined && made !== templateHash(vm);
}

/** Of what makes the guest; labels and annotations of the template do not. The order of members does not count. */
function templateHash(vm: VirtualMachine): string {
  const { spec } = vm.spec.template;
  const there = hashes.get(spec);
  if (there !== undefined) return there;
  const fresh = hash("sha256", JSON.stringify(sortedJson(spec))).slice(0, 16);
  hashes.set(spec, fresh);
  return fresh;
}

/** Objects are never changed once they are read, and a VM is looked at more often than it is written. */
const hashes = new WeakMap<object, string>();
