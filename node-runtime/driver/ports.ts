/**
 * What a driver needs from the world, as small interfaces. The runtime hands in libvirt, real disks and real links;
 * tests and simulation hand in models. The hypervisor's own port is `node-runtime/hypervisor.ts`.
 */
import type { ReportName } from "#events/catalogue.ts";
import type { Random } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import type { Log } from "#events/log.ts";
import type { Claim, Exit, MachineOrder, MachineStatus } from "#events/machine.ts";
import type { DomainParts, GuestLink, PreparedVolumes } from "../domain/parts.ts";
import type { DomainEvent, Wire } from "../hypervisor.ts";
import type { Peers } from "../migration/peers.ts";

export type Input =
  /** A new wish; its notes are on disk already. */
  | { readonly input: "order" }
  | { readonly input: "event"; readonly event: DomainEvent }
  | { readonly input: "connection"; readonly connected: boolean }
  /** The node goes: the machine is shut down within so many seconds, whatever its order says. */
  | { readonly input: "finish"; readonly graceSeconds: number }
  | { readonly input: "tick" };

export interface MachineVolumes {
  /** Idempotent: a runtime that was restarted finds what is done. @throws Fault later, refused */
  prepare(order: MachineOrder, signal: AbortSignal): Promise<PreparedVolumes>;
  /** Idempotent; nothing of the machine's disks is left. */
  remove(uid: string): Promise<void>;
}

export interface MachineNetwork {
  /** A machine's address goes with it when it moves: the target's pod has its source's. Unset: it does not. */
  readonly addressesFollow?: boolean;
  /**
   * The guest's links exist when it resolves, so that the domain can be created on them; `serve` then brings up NAT and
   * DHCP, which the guest needs only after its firmware. Idempotent. @throws Fault later, refused
   */
  up(order: MachineOrder): Promise<{ readonly links: readonly GuestLink[]; readonly serve: () => Promise<void> }>;
  /**
   * Whoever asks for the guest's address reaches it here from now on: it runs here, or is about to. Idempotent; where no
   * pods share an address there is nothing to do. @throws Fault later
   */
  hold(order: MachineOrder): Promise<void>;
  /** Idempotent: leaves no link, process or rule of the machine. */
  down(uid: string): Promise<void>;
}

/**
 * The machine's pod, as far as its node has to do with it. Where pods have no processes (the local shape) there is none.
 */
export interface MachineAnchor {
  /**
   * Creates the domain by `create`, so that its process belongs to the pod before it takes the guest's memory.
   * @throws what `create` throws; Fault later when the pod is not there: then there is no domain
   */
  admit<T>(order: MachineOrder, create: () => Promise<T>): Promise<T>;
  /** How a run ended, where the pod's accounting knows more of it than the hypervisor told. */
  explain(order: MachineOrder, exit: Exit): Promise<Exit>;
  /** Nothing of the machine is in the pod any more: it may end. Idempotent. */
  end(order: MachineOrder): Promise<void>;
}

/** The domain's side of an order: names and XML. Pure. */
export interface DomainDescription {
  uuid(order: MachineOrder): string;
  xml(order: MachineOrder, parts: DomainParts): string;
  /** What the status tells of disks: volume name and target such as vda. */
  targets(order: MachineOrder): readonly { readonly name: string; readonly target: string }[];
  interfaces(order: MachineOrder): MachineStatus["interfaces"];
  /** Whose domain it is, from the XML as the hypervisor has it; undefined when it is none of ours. */
  claimOf(xml: string): { readonly uid: string; readonly epoch: number } | undefined;
  /** Targets of the disks that a move copies. */
  copied(order: MachineOrder): readonly string[];
  /** The source's domain as this node makes it: its own paths, emulator and claim. */
  incoming(xml: string, sourceDirectory: string, order: MachineOrder, directory: string, emulator: string): string;
  name(order: MachineOrder): string;
}

export interface MachineConsoles {
  /** Reads the machine's console from now on, until it ends. Resolves once it is open. Opened already: nothing to do. */
  attach(uid: string, uuid: string): Promise<void>;
  /** The run is over: history stays, clients are let go. */
  detach(uid: string): void;
}

/** The newest report, and the status with it. */
export type Tell = (report: ReportName, status: MachineStatus) => void;

/** What one driver keeps on disk between its moves; see records.ts. */
export interface Notebook {
  /** Resolves when it is on disk. @throws Fault later, reason DiskFull or DiskFailed */
  write(changes: Partial<Notes>): Promise<void>;
  readonly notes: Notes;
}

export interface Notes {
  readonly order: MachineOrder;
  /** When the order of this epoch was first taken, RFC 3339: the start deadline counts from here. */
  readonly acceptedAt: string;
  /** Set before the vCPUs run for the first time: from here on "no domain" means that a run is over. */
  readonly mayHaveRun: boolean;
  /** When the guest was first asked to shut down, RFC 3339: its grace counts from here, also over a restart. */
  readonly shutdownAskedAt?: string | undefined;
  /** The run is over and this is how; disks and network may still be there. */
  readonly exit?: MachineStatus["exit"] | undefined;
  /** The guest was to leave: for which migration, and how far that came. */
  readonly leaving?: Leaving | undefined;
  /** Taken down: final for the epoch. */
  readonly stoppedAt?: string | undefined;
  /** No sequence above this was used: after a restart counting goes on from here. */
  readonly sequenceCeiling: number;
}

/**
 * - `copying`: nothing has been asked of the target that would let it run the guest
 * - `asked`: on disk before the target is asked to run it: from here on only its answer, or proof, lets it run here again
 * - `stayed`: it never runs there for this migration
 */
export interface Leaving {
  readonly migration: string;
  readonly state: "copying" | "asked" | "stayed";
  /** Whom to ask. */
  readonly to?: Claim | undefined;
  readonly url?: string | undefined;
  /** libvirt's word for the target, base64, once all is copied: what `asked` asks with. */
  readonly cookie?: string | undefined;
  /** It was switched to post-copy: it never runs here again. */
  readonly postCopy?: true | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface DriverFacts {
  readonly node: string;
  readonly accelerator: "kvm" | "tcg";
  /** Path of QEMU, or of the wrapper that becomes it. */
  readonly emulator: string;
  /** Guests' QEMU may handle page faults of their own. */
  readonly postCopy?: boolean | undefined;
  /** As MachineNetwork says. */
  readonly addressesFollow?: boolean | undefined;
}

export interface DriverPorts {
  readonly volumes: MachineVolumes;
  readonly network: MachineNetwork;
  readonly anchor?: MachineAnchor | undefined;
  readonly domain: DomainDescription;
  readonly consoles: MachineConsoles;
  readonly clock: Clock;
  readonly tell: Tell;
  /**
   * Whether the machine may run here now: no higher epoch on disk, this boot of the node, and, for pets, a lease that
   * holds. Asked right before the vCPUs run.
   */
  readonly claimHolds: (order: MachineOrder) => boolean;
  /**
   * Resolves once the claim of the order would outlive a power cut; no vCPU runs for the first time before. Unset: orders
   * come only then. @throws Fault later
   */
  readonly orderLasts?: (() => Promise<void>) | undefined;
  readonly peers: Peers;
  /** The machine's own directory. */
  readonly directoryOf: (uid: string) => string;
  /** Where the guest's memory and disks come in: paths of sockets, the same at each call. */
  readonly arrivalWire: (uid: string) => Wire;
  readonly facts: DriverFacts;
  readonly log: Log;
  readonly random: Random;
}
