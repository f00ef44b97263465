/** What a migration must say to be stored, by itself. Whether its instance can move is judged when it is its turn. Pure. */
import type { VirtualMachineInstanceMigration } from "../virtual-machine-instance-migration.ts";
import { VirtualMachineInstanceMigrationSchema } from "../schema/kinds.ts";
import { isMigrationPriority, MIGRATION_PRIORITIES } from "../migration-priority.ts";
import { forbidden, invalid, missing, unsupported, type Cause } from "./cause.ts";
import { schemaFindings } from "./schema.ts";

export function validateMigration(migration: VirtualMachineInstanceMigration): readonly Cause[] {
  const { causes, readable } = schemaFindings(VirtualMachineInstanceMigrationSchema, migration);
  if (!readable) return causes;
  const { vmiName, receive, sendTo, priority } = migration.spec;
  return [
    ...causes,
    ...(vmiName === undefined || vmiName === ""
      ? [missing("spec.vmiName", "must name the instance that is to move")]
      : []),
    ...(priority === undefined || isMigrationPriority(priority)
      ? []
      : [invalid("spec.priority", `"${priority}" must be one of ${MIGRATION_PRIORITIES.join(", ")}`)]),
    ...(receive === undefined ? [] : [unsupported("spec.receive", "migrations between clusters are not supported")]),
    ...(sendTo === undefined ? [] : [unsupported("spec.sendTo", "migrations between clusters are not supported")]),
  ];
}

/** Another instance, or another place, is another migration. */
export function validateMigrationUpdate(
  old: VirtualMachineInstanceMigration,
  next: VirtualMachineInstanceMigration,
): readonly Cause[] {
  if (JSON.stringify(old.spec) === JSON.stringify(next.spec)) return [];
  return [forbidden("spec", "can't be changed: delete the migration, which calls it off, and create another")];
}
