/** admit, for migrations: what a migration must say, and that its instance is there, can move, and does not move already. Pure. */
import { finalizer } from "#api/names.ts";
import type { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { validateMigration, validateMigrationUpdate } from "#api/validate/migration.ts";
import { invalid, notFound, type Cause } from "#api/validate/cause.ts";
import type { Instance } from "../instance.ts";
import { refusal } from "../migrate/migratable.ts";
import { isOver, type Migration } from "../migrate/migrations.ts";

export interface MigrationSurroundings {
  readonly vmi: Instance | undefined;
  /** All migrations of the instance. */
  readonly migrations: readonly Migration[];
}

export function admitMigration(
  migration: VirtualMachineInstanceMigration,
  old: VirtualMachineInstanceMigration | undefined,
  { vmi, migrations }: MigrationSurroundings,
): { readonly object: VirtualMachineInstanceMigration; readonly causes: readonly Cause[] } {
  if (old !== undefined) return { object: migration, causes: validateMigrationUpdate(old, migration) };
  const finalizers = migration.metadata.finalizers ?? [];
  const object = finalizers.includes(finalizer.migration)
    ? migration
    : { ...migration, metadata: { ...migration.metadata, finalizers: [...finalizers, finalizer.migration] } };
  const shape = validateMigration(migration);
  if (shape.length > 0) return { object, causes: shape };
  const field = "spec.vmiName";
  const name = migration.spec.vmiName ?? "";
  if (vmi === undefined) return { object, causes: [notFound(field, `there is no instance ${name}`)] };
  const why = refusal(vmi);
  if (why !== undefined)
    return { object, causes: [invalid(field, `${name} can't move: ${why.message} (${why.reason})`)] };
  const open = migrations.find((one) => !isOver(one));
  if (open === undefined) return { object, causes: [] };
  return { object, causes: [invalid(field, `${name} moves already: ${open.metadata.name} is not over`)] };
}
