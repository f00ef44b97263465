import type { MachineOrder } from "#events/machine.ts";
import type { DomainDisk } from "../domain/parts.ts";

/** Volumes that storage of the cluster provides, by a machine's pod. Where pods have no volumes there is none. */
export interface ClaimedVolumes {
  /** Reachable for QEMU when it resolves. Idempotent. @throws Fault later, refused */
  prepare(order: MachineOrder, volume: string, readonly: boolean): Promise<DomainDisk>;
  /** Nothing of the machine's holds a volume any more when it resolves. Idempotent. @throws Fault later */
  remove(uid: string): Promise<void>;
}
