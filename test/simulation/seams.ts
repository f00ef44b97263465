/**
 * Where a known-bad variant may stand in for a part: each seam gets the real part and answers what is used in its place.
 * Without a variant that is the part itself.
 */
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Clock } from "#events/clock.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import type { Outbox, SendAnswer } from "#events/outbox.ts";
import type { DeadlineOf } from "#events/source/deadlines.ts";
import type { FunctionDefinition } from "#functions/define.ts";
import type { RollCall } from "#functions/roll-call.ts";
import type { Disk } from "#node-runtime/disk.ts";
import type { MachineNetwork } from "#node-runtime/driver/ports.ts";
import type { Hypervisor } from "#node-runtime/hypervisor.ts";
import type { Machines } from "#node-runtime/machines.ts";
import type { Peers } from "#node-runtime/migration/peers.ts";
import type { DiskContent } from "./disk.ts";

/** A runtime's machines, as others use them. */
export type HeldMachines = Pick<
  Machines,
  "order" | "forget" | "act" | "all" | "status" | "usesPod" | "comesFrom" | "prepareArrival" | "finishArrival"
>;

/** What a stand-in on a node may know and use. */
export interface OnNode {
  readonly bootID: string;
  /** Runs it later, unless the runtime is killed before. */
  readonly after: (milliseconds: number, action: () => void) => void;
}

export interface Seams {
  readonly functions: (definitions: readonly FunctionDefinition[]) => readonly FunctionDefinition[];
  readonly cluster: (cluster: Cluster) => Cluster;
  /** Where functions look past their cache. */
  readonly present: (present: Pick<Reader, "get">) => Pick<Reader, "get"> | undefined;
  readonly deadlineOf: (deadlineOf: DeadlineOf) => DeadlineOf;
  readonly rollCall: (rollCall: RollCall) => RollCall;
  /** Between the source and the broker. */
  readonly publish: (publish: (event: CloudEvent) => Promise<void>) => (event: CloudEvent) => Promise<void>;
  readonly resyncSeconds: number;
  /** A runtime's drivers' own. */
  readonly clock: (clock: Clock) => Clock;
  readonly machines: (machines: HeldMachines, on: OnNode) => HeldMachines;
  readonly hypervisor: (hypervisor: Hypervisor) => Hypervisor;
  readonly network: (network: MachineNetwork) => MachineNetwork;
  /** The other nodes' runtimes, as one runtime asks them. */
  readonly peers: (peers: Peers) => Peers;
  readonly disk: (disk: Disk, on: Pick<OnNode, "after"> & { readonly content: DiskContent }) => Disk;
  readonly outbox: (outbox: Outbox, send: (event: CloudEvent) => Promise<SendAnswer>) => Outbox;
}

export const asTheyAre: Seams = {
  functions: (definitions) => definitions,
  cluster: (cluster) => cluster,
  present: (present) => present,
  deadlineOf: (deadlineOf) => deadlineOf,
  rollCall: (rollCall) => rollCall,
  publish: (publish) => publish,
  resyncSeconds: 60,
  clock: (clock) => clock,
  machines: (machines) => machines,
  hypervisor: (hypervisor) => hypervisor,
  network: (network) => network,
  peers: (peers) => peers,
  disk: (disk) => disk,
  outbox: (outbox) => outbox,
};
