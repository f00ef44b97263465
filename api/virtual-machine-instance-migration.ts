/** VirtualMachineInstanceMigration: the wish that a running instance moves to another node. */
import type { Kind, KubeObject } from "./object.ts";
import type {
  VirtualMachineInstanceMigrationSpecSchema,
  VirtualMachineInstanceMigrationStatusSchema,
} from "./schema/kinds.ts";
import type { Value } from "./schema/vocabulary.ts";

export type MigrationStatus = Value<typeof VirtualMachineInstanceMigrationStatusSchema>;
export type MigrationPhase = NonNullable<MigrationStatus["phase"]>;

export interface VirtualMachineInstanceMigration extends KubeObject {
  readonly spec: Value<typeof VirtualMachineInstanceMigrationSpecSchema>;
  readonly status?: MigrationStatus | undefined;
}

export const VirtualMachineInstanceMigration: Kind<VirtualMachineInstanceMigration> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachineInstanceMigration",
  plural: "virtualmachineinstancemigrations",
  namespaced: true,
};
