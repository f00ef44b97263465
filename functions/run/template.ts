/** The instance that a VM's template describes. Pure. */
import { apiVersionOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VM_GENERATION } from "./status.ts";

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
