/** The API server of a history: the cluster in memory, with admission as the real one has it by our webhooks. */
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { admitMigration } from "#functions/admit/migration.ts";
import { defaulting } from "../unit/functions/defaulting.ts";
import { NAMESPACE } from "./users.ts";

export function createApiServer(clock: Clock): MemoryCluster {
  const completed = defaulting(clock);
  const cluster = memoryCluster({
    clock,
    collectGarbage: true,
    admission: (kind, object, old) =>
      kind.kind === VirtualMachineInstanceMigration.kind
        ? admitted(object as VirtualMachineInstanceMigration, old as VirtualMachineInstanceMigration | undefined)
        : completed(kind, object, old),
  });
  function admitted(
    migration: VirtualMachineInstanceMigration,
    old: VirtualMachineInstanceMigration | undefined,
  ): VirtualMachineInstanceMigration {
    const name = migration.spec.vmiName ?? "";
    const vmi = cluster.objects(VirtualMachineInstance).get(`${NAMESPACE}/${name}`);
    const all = [...cluster.objects(VirtualMachineInstanceMigration).values()];
    const migrations = all.filter(({ spec }) => spec.vmiName === name);
    const { object, causes } = admitMigration(migration, old, { vmi, migrations });
    if (causes.length > 0) throw new Fault("refused", "Invalid", causes.map(({ message }) => message).join("; "));
    return object;
  }
  return cluster;
}
