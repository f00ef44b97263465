/** VirtualMachine: what a user keeps. An instance of it runs when its run strategy says so. */
import type { Kind, KubeObject } from "./object.ts";
import { MachineSpecSchema, MachineStatusSchema } from "./schema/machine.ts";
import { kindSchema, required, type Value } from "./schema/vocabulary.ts";

export const VirtualMachineSpecSchema = required(MachineSpecSchema);
export const VirtualMachineStatusSchema = required(MachineStatusSchema);
export const VirtualMachineSchema = kindSchema(VirtualMachineSpecSchema, MachineStatusSchema);

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
