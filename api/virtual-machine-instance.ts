/** VirtualMachineInstance: one life of a virtual machine, from its start to its end. */
import type { Kind, KubeObject } from "./object.ts";
import type { VirtualMachineInstanceSpecSchema, VirtualMachineInstanceStatusSchema } from "./schema/kinds.ts";
import type { Value } from "./schema/vocabulary.ts";

export type VirtualMachineInstanceSpec = Value<typeof VirtualMachineInstanceSpecSchema>;
export type VirtualMachineInstanceStatus = Value<typeof VirtualMachineInstanceStatusSchema>;
export type VirtualMachineInstancePhase = NonNullable<VirtualMachineInstanceStatus["phase"]>;

export interface VirtualMachineInstance extends KubeObject {
  readonly spec: VirtualMachineInstanceSpec;
  readonly status?: VirtualMachineInstanceStatus | undefined;
}

export const VirtualMachineInstance: Kind<VirtualMachineInstance> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachineInstance",
  plural: "virtualmachineinstances",
  namespaced: true,
};
