/**
 * prune: removes migrations that are over, but for an instance's newest few. Wakes on migrations. Removes migrations;
 * those of an instance that is gone go with it, as its own, or are the user's.
 */
import { partsOf } from "#api/object.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { changed, defineFunction, nothing, type Effect } from "../define.ts";
import { isDeleting } from "../instance.ts";
import { instanceKeys } from "./keys.ts";
import { isOver, newestFirst, type Migration } from "./migrations.ts";

/** As many as KubeVirt keeps. */
export const KEPT_MIGRATIONS = 5;

export const prune = defineFunction<readonly Migration[]>({
  name: "prune",
  purpose: `Removes migrations that are over, but for an instance's newest ${KEPT_MIGRATIONS}.`,
  on: [changed(VirtualMachineInstanceMigration, { keys: instanceKeys })],
  reads: ["VirtualMachineInstanceMigration.list"],
  writes: ["VirtualMachineInstanceMigration.remove=when it is over"],

  async read({ cluster }, key) {
    const { namespace, name: instance } = partsOf(key);
    const migrations = await cluster.list(VirtualMachineInstanceMigration, { namespace, instance });
    return migrations.length === 0 ? undefined : migrations;
  },

  decide(migrations) {
    const over = migrations.filter((migration) => isOver(migration) && !isDeleting(migration)).sort(newestFirst);
    const old = over.slice(KEPT_MIGRATIONS);
    if (old.length === 0) return nothing(`${over.length} migrations of the instance are over: they may stay`);
    return {
      effects: old.map((object): Effect => ({ do: "remove", kind: VirtualMachineInstanceMigration, object })),
      because: `${over.length} migrations of the instance are over, and ${KEPT_MIGRATIONS} are kept`,
    };
  },
});
