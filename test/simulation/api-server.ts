/** The API server of a history: the cluster in memory, with admission as the real one has it by our webhooks. */
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import type { Kind } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { admitMigration } from "#functions/admit/migration.ts";
import { NAMESPACE } from "./users.ts";

export function createApiServer(clock: Clock): MemoryCluster {
  const config = clusterConfig(undefined, { defaultSchedulerName: "virtive" });
  let uuids = 0;
  const given = () => ({
    now: clock.now(),
    uuid: () => `00000000-0000-4000-9000-${String((uuids += 1)).padStart(12, "0")}`,
  });
  const cluster = memoryCluster({
    clock,
    collectGarbage: true,
    admission(kind: Kind, object, old) {
      if (kind.kind === VirtualMachine.kind) {
        return defaultVirtualMachine(object as VirtualMachine, config, given(), old as VirtualMachine | undefined);
      }
      if (kind.kind === VirtualMachineInstance.kind && old === undefined) {
        return defaultVirtualMachineInstance(object as VirtualMachineInstance, config, given());
      }
      if (kind.kind === VirtualMachineInstanceMigration.kind) {
        return admitted(object as VirtualMachineInstanceMigration, old as VirtualMachineInstanceMigration | undefined);
      }
      return object;
    },
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
