/** What admission completes on creation, for a cluster in memory. */
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Clock } from "#events/clock.ts";
import type { MemoryClusterOptions } from "#events/memory-cluster.ts";

/** VirtualMachines and VirtualMachineInstances get their defaults; all else is as it was. */
export function defaulting(clock: Clock): NonNullable<MemoryClusterOptions["admission"]> {
  const config = clusterConfig(undefined, { defaultSchedulerName: "virtive" });
  let uuids = 0;
  const given = () => ({
    now: clock.now(),
    uuid: () => `00000000-0000-4000-9000-${String((uuids += 1)).padStart(12, "0")}`,
  });
  return (kind, object, old) => {
    if (kind.kind === VirtualMachine.kind) {
      return defaultVirtualMachine(object as VirtualMachine, config, given(), old as VirtualMachine | undefined);
    }
    if (kind.kind === VirtualMachineInstance.kind && old === undefined) {
      return defaultVirtualMachineInstance(object as VirtualMachineInstance, config, given());
    }
    return object;
  };
}
