/** Short names for the parts of a VMI's spec that the domain is made of. */
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";

export type Domain = VirtualMachineInstanceSpec["domain"];
export type Devices = Domain["devices"];
export type Disk = NonNullable<Devices["disks"]>[number];
export type Interface = NonNullable<Devices["interfaces"]>[number];
export type Volume = NonNullable<VirtualMachineInstanceSpec["volumes"]>[number];
