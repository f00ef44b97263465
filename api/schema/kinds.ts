/**
 * The schemas of our kinds. Apart from the kinds themselves: most of those who name a kind check nothing, and building
 * the schemas takes time and memory that a function's cold start would pay.
 */
import { ClusterSpecSchema, ClusterStatusSchema } from "./cluster.ts";
import { InstanceMigrationSpecSchema, InstanceMigrationStatusSchema } from "./instance-migration.ts";
import { InstanceSpecSchema } from "./instance-spec.ts";
import { InstanceStatusSchema } from "./instance-status.ts";
import { MachineSpecSchema, MachineStatusSchema } from "./machine.ts";
import { PolicySpecSchema, PolicyStatusSchema } from "./migration-policy.ts";
import { kindSchema, required } from "./vocabulary.ts";

export const VirtualMachineInstanceSpecSchema = required(InstanceSpecSchema);
export const VirtualMachineInstanceStatusSchema = required(InstanceStatusSchema);
export const VirtualMachineInstanceSchema = kindSchema(VirtualMachineInstanceSpecSchema, InstanceStatusSchema);

export const VirtualMachineInstanceMigrationSpecSchema = required(InstanceMigrationSpecSchema);
export const VirtualMachineInstanceMigrationStatusSchema = required(InstanceMigrationStatusSchema);
export const VirtualMachineInstanceMigrationSchema = kindSchema(
  VirtualMachineInstanceMigrationSpecSchema,
  InstanceMigrationStatusSchema,
);

export const MigrationPolicySpecSchema = required(PolicySpecSchema);
export const MigrationPolicySchema = kindSchema(MigrationPolicySpecSchema, PolicyStatusSchema);

export const VirtualMachineSpecSchema = required(MachineSpecSchema);
export const VirtualMachineStatusSchema = required(MachineStatusSchema);
export const VirtualMachineSchema = kindSchema(VirtualMachineSpecSchema, MachineStatusSchema);

export const KubeVirtSpecSchema = required(ClusterSpecSchema);
export const KubeVirtStatusSchema = required(ClusterStatusSchema);
export const KubeVirtSchema = kindSchema(KubeVirtSpecSchema, ClusterStatusSchema);
