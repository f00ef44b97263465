/** VirtualMachine: what a user keeps. An instance of it runs when its run strategy says so. */
import type { Kind, KubeObject } from "./object.ts";
import type { VirtualMachineSpecSchema, VirtualMachineStatusSchema } from "./schema/kinds.ts";
import type { Value } from "./schema/vocabulary.ts";

export type VirtualMachineSpec = Value<typeof VirtualMachineSpecSchema>;
export type VirtualMachineStatus = Value<typeof VirtualMachineStatusSchema>;
export type RunStrategy = NonNullable<VirtualMachineSpec["runStrategy"]>;
export type PrintableStatus = NonNullable<VirtualMachineStatus["printableStatus"]>;

export interface VirtualMachine extends KubeObject {
  readonly spec: VirtualMachineSpec;
  readonly status?: VirtualMachineStatus | undefined;
}

export const VirtualMachine: Kind<VirtualMachine> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachine",
  plural: "virtualmachines",
  namespaced: true,
};
