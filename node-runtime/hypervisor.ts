/**
 * The hypervisor as a driver sees it. `node-runtime/libvirt/hypervisor.ts` implements it over libvirt,
 * `node-runtime/model-hypervisor.ts` in memory for simulation; test/contract/hypervisor holds both to the same tests.
 * Domains are transient and named by the UUID that the caller put in the XML.
 */
import type { Duplex } from "node:stream";

export type DomainState = "running" | "paused" | "shutdown" | "shutoff" | "crashed";

export interface Domain {
  readonly uuid: string;
  readonly name: string;
  readonly state: DomainState;
  /** Why it is paused or off, as a CamelCase word: User, IOError, Migration, StartingUp, Panicked, Unknown, … */
  readonly reason: string;
}

/** What the hypervisor tells without being asked. `stopped` is final: the process is gone and so is the domain. */
export type DomainEvent =
  /** `panicked`: the guest's kernel said so (pvpanic); `stopped how: crashed` follows. */
  | { readonly uuid: string; readonly event: "started" | "resumed" | "rebooted" | "shutting-down" | "panicked" }
  | { readonly uuid: string; readonly event: "suspended"; readonly reason: string }
  | {
      readonly uuid: string;
      readonly event: "stopped";
      readonly how: "shutdown" | "destroyed" | "crashed" | "migrated" | "saved" | "failed";
    }
  | { readonly uuid: string; readonly event: "agent-connected" | "agent-disconnected" }
  /** A round over the memory of a guest that is copied has begun: what changed is to be copied again. Counted from 1. */
  | { readonly uuid: string; readonly event: "round"; readonly round: number };

/** How a guest is to move. */
export interface MigrationParameters {
  /** Targets (vda) of the disks that are copied; the others are there at both ends. */
  readonly disks: readonly string[];
  /** Slow the guest's vCPUs down when its memory changes faster than it can be copied. */
  readonly autoConverge: boolean;
  /** It may be switched to post-copy on its way. Both ends must be told the same. */
  readonly postCopy?: boolean | undefined;
  /** Undefined or 0: no limit. */
  readonly bandwidthBytesPerSecond?: number | undefined;
}

/** What may change while a guest is copied. */
export interface MigrationTuning {
  /** Undefined or 0: no limit. */
  readonly bandwidthBytesPerSecond?: number | undefined;
  /** Undefined: as it is. */
  readonly maxDowntimeMilliseconds?: number | undefined;
}

/** Paths of unix sockets: where the target's QEMU listens, or where the source's QEMU is to connect. */
export interface Wire {
  readonly memory: string;
  readonly disks: string;
}

export interface MigrationFigures {
  readonly elapsedMilliseconds: number;
  /** Memory and disks together. */
  readonly totalBytes: number;
  readonly processedBytes: number;
  readonly remainingBytes: number;
  readonly memoryTotalBytes: number;
  readonly diskTotalBytes: number;
  readonly dirtyBytesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Rounds over the guest's memory. */
  readonly iterations: number;
  /** By how much the guest's vCPUs are slowed down, 0 to 99. */
  readonly throttlePercent: number;
  /** How long the guest stood still: expected while it moves, measured once it has moved. */
  readonly downtimeMilliseconds?: number;
}

/** The source's end of a migration. Steps in this order; each answers with libvirt's opaque word for the other end. */
export interface Outgoing {
  /** `xml`: the domain as the target must make it. */
  begin(parameters: MigrationParameters): Promise<{ readonly xml: string; readonly cookie: Uint8Array }>;
  /**
   * Copies until the guest is halted here and all of it is there, or, after startPostCopy, so much that it may run there. Then
   * nothing runs it until one end is told to.
   * @throws Fault when it did not come to that: the guest goes on here
   */
  copy(cookie: Uint8Array, wire: Wire, parameters: MigrationParameters): Promise<Uint8Array>;
  /** `moved`: the domain ends here, since it runs there. Else its vCPUs run here again. */
  confirm(cookie: Uint8Array, moved: boolean, parameters: MigrationParameters): Promise<void>;
  /** Undefined while nothing is copied. */
  figures(): Promise<MigrationFigures | undefined>;
  /** @throws Fault while nothing is copied yet, or later */
  tune(tuning: MigrationTuning): Promise<void>;
  /** Halts the guest's vCPUs while it is copied: nothing changes any more. Copying that fails lets them run again. */
  halt(): Promise<void>;
  /**
   * The guest is halted here and may run there before all of its memory is there: from now on it never runs here again, and
   * what breaks before `finish` has answered is the guest's end: its domain is paused here (PostCopyFailed).
   * @throws Fault while nothing is copied, or where it was not begun with it
   */
  startPostCopy(): Promise<void>;
  /** Ends `copy` with a fault. */
  abort(): Promise<void>;
  close(): Promise<void>;
}

/** The target's end. Closing it before `finish` ends the incoming domain. */
export interface Incoming {
  prepare(
    xml: string,
    cookie: Uint8Array,
    wire: Wire,
    parameters: MigrationParameters,
  ): Promise<{ readonly cookie: Uint8Array }>;
  /**
   * `arrived`: its vCPUs run here from now on. Else the incoming domain ends.
   * In post-copy it resolves once all memory is there.
   * @throws Fault stale or later when an arrived guest could not be let run: then it is gone here, if libvirt answered; in
   *   post-copy it may have run, and its domain may be left (running, PostCopyFailed): it can only be ended
   */
  finish(
    cookie: Uint8Array,
    name: string,
    arrived: boolean,
    parameters: MigrationParameters,
  ): Promise<{ readonly cookie: Uint8Array; readonly figures?: MigrationFigures }>;
  close(): Promise<void>;
}

export interface Hypervisor {
  /** Resolves once it answers; rejects with Fault later when it does not within its deadline. */
  ready(): Promise<void>;
  /** True while connected. Changes are told to `onConnection`; events that came in between are lost: list again. */
  readonly connected: boolean;
  onConnection(listener: (connected: boolean) => void): () => void;
  onEvent(listener: (event: DomainEvent) => void): () => void;
  list(): Promise<readonly Domain[]>;
  /** Undefined when there is no such domain. */
  domain(uuid: string): Promise<Domain | undefined>;
  /**
   * Creates the transient domain with its vCPUs halted.
   * @throws Fault stale when a domain with this UUID or name exists; refused when the XML or a file it names is wrong;
   *   later when the hypervisor does not answer or has no room
   */
  createPaused(xml: string): Promise<void>;
  resume(uuid: string): Promise<void>;
  suspend(uuid: string): Promise<void>;
  /** Asks the guest by ACPI (or its agent) to shut down. */
  shutdown(uuid: string): Promise<void>;
  /** Asks the guest to reboot. */
  reboot(uuid: string): Promise<void>;
  /** Hard reset. */
  reset(uuid: string): Promise<void>;
  /** Ends it now. No such domain: nothing to do. Resolves when its process is gone. */
  destroy(uuid: string): Promise<void>;
  /** The serial console; a new one takes it from the old one. Ends when the domain does. */
  console(uuid: string): Promise<Duplex>;
  /**
   * How often the guest's vCPUs have been given a processor, all of them together; only how it grows means anything.
   * Undefined: it can't be known.
   */
  vcpuRuns(uuid: string): Promise<number | undefined>;
  /** Domain XML as the hypervisor has it. */
  xml(uuid: string): Promise<string>;
  /** QEMU guest agent, JSON in and out. @throws Fault later when the agent does not answer in time */
  agent(uuid: string, command: object, timeoutSeconds: number): Promise<unknown>;
  /** One end of a migration, on a connection of its own. @throws Fault stale NoDomain, later */
  outgoing(uuid: string): Promise<Outgoing>;
  /** @throws Fault later */
  incoming(): Promise<Incoming>;
  /** Ends what the hypervisor does with the domain (a migration whose caller is gone). Nothing under way: nothing to do. */
  abortJob(uuid: string): Promise<void>;
  close(): Promise<void>;
}
