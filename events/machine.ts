/**
 * What functions and node runtimes say to each other. An **order** is the whole desired machine (PUT /machines/{uid});
 * a **status** is what the runtime observes. Both are typed and checked here, at both ends.
 */
import { z } from "zod";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { madeLater } from "./made-later.ts";

/**
 * What a machine should be.
 * - `running`, `paused`: started if need be, vCPUs running or halted
 * - `incoming`: prepared for a guest that another node moves here; once it has arrived, as `running`
 * - `stopped`: asked to shut down (ACPI); after graceSeconds it is ended
 * - `off`: ended now
 */
export const Desired = z.enum(["running", "paused", "incoming", "stopped", "off"]);
export type Desired = z.infer<typeof Desired>;

/** Who may run the machine: written to the VMI's status by compare-and-set only; see docs on "at most one". */
export const Claim = madeLater(() =>
  z.strictObject({
    node: z.string().min(1).max(253),
    /** Identity of this boot of the node; a runtime refuses an order with another one. */
    bootID: z.string().min(1).max(128),
    /** Rises with every change of owner; a runtime refuses an order with a lower one than it has ever seen for the uid. */
    epoch: z.int().min(1),
  }),
);
export type Claim = z.infer<typeof Claim>;

/** One migration, as its uid. */
const MigrationUID = z.string().min(1).max(64);

/** How a guest moves; what is unset is the runtime's choice. All but autoConverge and postCopy may change while it is copied. */
export const MoveParameters = madeLater(() =>
  z.strictObject({
    autoConverge: z.boolean().optional(),
    /** 0 or unset: no limit. */
    bandwidthBytesPerSecond: z.int().min(0).optional(),
    /** How long the guest may stand still at the switch at most; 300 ms when unset. It begins with less and gets there by steps. */
    maxDowntimeMilliseconds: z.int().min(1).max(2_000_000).optional(),
    /** How it gets there; each that is unset is the runtime's choice. */
    downtimeSteps: z
      .strictObject({
        initialMilliseconds: z.int().min(1).max(2_000_000).optional(),
        steps: z.int().min(1).max(1_000).optional(),
        cooldownSeconds: z.int().min(1).max(86_400).optional(),
        startAfterIteration: z.int().min(1).max(1_000_000).optional(),
      })
      .optional(),
    /** Rather than give up, the guest is halted while the rest is copied. */
    mayHalt: z.boolean().optional(),
    /** Rather than that, it goes on at the target, where it can, before all of its memory is there. Not to be changed on the way. */
    postCopy: z.boolean().optional(),
    /** Given up after so long without anything having got through. */
    progressTimeoutSeconds: z.int().min(1).max(86_400).optional(),
    /** Given up after so long in all. */
    completionTimeoutSeconds: z
      .int()
      .min(1)
      .max(30 * 86_400)
      .optional(),
  }),
);
export type MoveParameters = z.infer<typeof MoveParameters>;

/** Where a running guest is to go: the claim that the target has for it, and where its runtime is reached. */
export const Move = madeLater(() =>
  z.strictObject({
    migration: MigrationUID,
    to: Claim,
    url: z.string().max(1024),
    parameters: MoveParameters,
  }),
);
export type Move = z.infer<typeof Move>;

/** Whose QEMU's processes are on a cluster. The anchor runs as the same user, so that storage gives both the same files. */
export const GUEST_USER = { uid: 64055, gid: 107 } as const;

/** Where the anchor has a volume of its machine: a folder, or a block device. The node finds it there. */
export function anchorVolumePath(volume: string): string {
  return `/volumes/${volume}`;
}
export function anchorDevicePath(volume: string): string {
  return `/devices/${volume}`;
}

/** Text files that functions resolved from Secrets and ConfigMaps for a volume: name of the file → content, base64. */
const Files = z.record(z.string().max(253), z.string().max(1024 * 1024));

export const MachineOrder = madeLater(() =>
  z.strictObject({
    /** uid of the VMI. */
    uid: z.string().regex(/^[a-z0-9-]{1,64}$/),
    namespace: z.string().min(1).max(63),
    name: z.string().min(1).max(253),
    claim: Claim,
    /**
     * resourceVersion of the VMI that this order was decided on. Within one epoch the runtime takes the highest and
     * refuses lower ones, so that a late order never undoes a newer one.
     */
    version: z.string().regex(/^\d{1,20}$/),
    desired: Desired,
    /** For `stopped`. */
    graceSeconds: z.int().min(0).max(86_400),
    /**
     * The anchor pod: its network namespace and cgroup are found by its uid. An order without it knows nothing of the machine
     * but its claim: anchor, spec and files stay as the node has them.
     */
    anchor: z.strictObject({
      podUID: z.string().max(64),
      podName: z.string().max(253),
      podIP: z.string().max(64).optional(),
    }),
    /** While the guest is to move away from here. An order without it calls the move off, unless the guest is gone already. */
    move: Move.optional(),
    /** For `incoming`: which migration, and from which node it may come. */
    receive: z
      .strictObject({
        migration: MigrationUID,
        from: z.string().min(1).max(253),
        /** Nobody comes any more: unless the guest is here already, it never runs here. */
        withdrawn: z.boolean().optional(),
      })
      .optional(),
    /**
     * Functions have proof of how a migration ended whose end the source could not learn from the target: the guest runs
     * or ran there, or it never did and never will.
     */
    settled: z.strictObject({ migration: MigrationUID, at: z.enum(["source", "target"]) }).optional(),
    /** The VMI's defaulted spec; api/ has its schema and has validated it. */
    spec: z.custom<VirtualMachineInstanceSpec>((value) => typeof value === "object" && value !== null),
    /** By volume name: bytes of the disk that is made in a claim which has none yet. */
    diskBytes: z.record(z.string().max(63), z.int().min(1)).optional(),
    /** By volume name. For cloudInitNoCloud: `user-data`, `network-data`; secret and configMap volumes: their keys. */
    files: z.record(z.string().max(63), Files),
  }),
);
export type MachineOrder = z.infer<typeof MachineOrder>;

/**
 * What the runtime knows of a machine.
 * - `preparing`: images, disks, network; `problem` says what it retries, if anything
 * - `starting`: QEMU is there, vCPUs have not run yet
 * - `running`, `paused`: as the hypervisor reports
 * - `stopping`: a shutdown was asked for
 * - `stopped`: QEMU's process is gone, disks and network are taken down; `exit` says how it ended. Final for its epoch.
 * - `unknown`: the hypervisor does not answer. Never a licence to start the machine elsewhere.
 */
export const MachineState = z.enum(["preparing", "starting", "running", "paused", "stopping", "stopped", "unknown"]);
export type MachineState = z.infer<typeof MachineState>;

/** Bytes, milliseconds, percent; see MigrationFigures of the node runtime. */
export const MoveFigures = madeLater(() =>
  z.strictObject({
    elapsedMilliseconds: z.number().min(0),
    totalBytes: z.number().min(0),
    processedBytes: z.number().min(0),
    remainingBytes: z.number().min(0),
    memoryTotalBytes: z.number().min(0),
    diskTotalBytes: z.number().min(0),
    dirtyBytesPerSecond: z.number().min(0),
    bytesPerSecond: z.number().min(0),
    iterations: z.number().min(0),
    throttlePercent: z.number().min(0),
    downtimeMilliseconds: z.number().min(0).optional(),
  }),
);
export type MoveFigures = z.infer<typeof MoveFigures>;

/** Reason of the exit of a guest that was switched to post-copy and did not get to its target whole. */
export const POST_COPY_FAILED = "PostCopyFailed";

/**
 * How memory goes over. `PreCopy`: while the guest runs; `Paused`: it is halted until all is there; `PostCopy`: it runs at the
 * target, and what is left follows.
 */
export const MoveMode = z.enum(["PreCopy", "Paused", "PostCopy"]);
export type MoveMode = z.infer<typeof MoveMode>;

/**
 * How far a move is, at either end.
 * - source: `copying`; `switching`: halted here, and the target was asked to run it: only its answer, or proof, ends this;
 *   `stayed`: it never runs there, final; `moved`: it runs there
 * - target: `preparing`; `ready`: the guest may come; `receiving`; `switching`: about to run; `arrived`: it has run here;
 *   `refused`: it never has and never will, final
 */
export const MoveStatus = madeLater(() =>
  z.strictObject({
    migration: MigrationUID,
    role: z.enum(["source", "target"]),
    phase: z.enum(["copying", "switching", "stayed", "moved", "preparing", "ready", "receiving", "arrived", "refused"]),
    reason: z.string().max(128).optional(),
    message: z.string().max(2048).optional(),
    /** The target knows that nobody comes any more. */
    withdrawn: z.boolean().optional(),
    /** Of a source that copies; PreCopy when unset. */
    mode: MoveMode.optional(),
    figures: MoveFigures.optional(),
  }),
);
export type MoveStatus = z.infer<typeof MoveStatus>;

/**
 * How a machine ended: `moved` (its guest runs on another node), `shutdown` (by the guest or asked for by ACPI), `destroyed` (ended by order or after its grace),
 * `crashed` (QEMU died or the guest panicked), `failed` (it never started), `lost` (it was not there when its runtime
 * came back).
 */
export const Exit = madeLater(() =>
  z.strictObject({
    kind: z.enum(["shutdown", "destroyed", "crashed", "failed", "lost", "moved"]),
    /** CamelCase: GuestShutdown, GraceExpired, GuestPanicked, QemuExited, ImageNotFound, DiskCorrupt, DiskFull, … */
    reason: z.string().max(128),
    message: z.string().max(2048),
  }),
);
export type Exit = z.infer<typeof Exit>;

export const MachineInterface = madeLater(() =>
  z.strictObject({
    /** As in the VMI's spec. */
    name: z.string().max(63),
    mac: z.string().max(17),
    /** The address under which the guest is reached. */
    ipAddress: z.string().max(64).optional(),
    ipAddresses: z.array(z.string().max(64)).max(32),
    /** Inside the guest; only the guest agent knows it. */
    interfaceName: z.string().max(64).optional(),
    /** The node's network lets the address go along when the guest moves, whatever the binding. Unset: it stays with its pod. */
    addressFollows: z.boolean().optional(),
  }),
);

export const MachineStatus = madeLater(() =>
  z.strictObject({
    uid: z.string().max(64),
    namespace: z.string().max(63),
    name: z.string().max(253),
    claim: Claim,
    /** Highest order version taken in this epoch. */
    version: z.string(),
    desired: Desired,
    state: MachineState,
    /** Since when it is in this state, RFC 3339. */
    since: z.string(),
    /** Grows with every change of this machine's status on this runtime, across its restarts. */
    sequence: z.int().min(0),
    /** Why the vCPUs are halted, when paused: PausedByUser, PausedIOError, … */
    pausedReason: z.string().max(64).optional(),
    /** What stands in the way and is tried again. */
    problem: z.strictObject({ reason: z.string().max(128), message: z.string().max(2048) }).optional(),
    exit: Exit.optional(),
    move: MoveStatus.optional(),
    interfaces: z.array(MachineInterface).max(64),
    /** Disk volumes: name → target such as vda. */
    volumes: z.array(z.strictObject({ name: z.string().max(63), target: z.string().max(16) })).max(256),
    machineType: z.string().max(64).optional(),
    /** "kvm", or "tcg" where KVM is not there or does not work. */
    accelerator: z.enum(["kvm", "tcg"]).optional(),
    agentConnected: z.boolean(),
    guestOSInfo: z.record(z.string().max(32), z.string().max(256)).optional(),
  }),
);
export type MachineStatus = z.infer<typeof MachineStatus>;

/** One-shot actions that are no lasting wish: POST /machines/{uid}/actions. */
export const MachineAction = madeLater(() =>
  z.strictObject({ action: z.enum(["reset", "softreboot"]), epoch: z.int().min(1) }),
);
export type MachineAction = z.infer<typeof MachineAction>["action"];

/** Every 2 s from runtime to control plane: POST /heartbeat. */
export const Heartbeat = madeLater(() =>
  z.strictObject({
    node: z.string().min(1).max(253),
    bootID: z.string().min(1).max(128),
    /** Where this runtime takes orders. */
    url: z.string().max(1024),
    /** Hash over (uid, epoch, state) of all its machines; another value than last time makes functions compare. */
    inventory: z.string().max(128),
    capacity: z.strictObject({ cpus: z.int().min(1), memoryBytes: z.int().min(1), machines: z.int().min(0) }),
    accelerator: z.enum(["kvm", "tcg"]),
    /** False while the runtime's libvirt does not answer. */
    hypervisorReady: z.boolean(),
    versions: z.record(z.string().max(32), z.string().max(64)),
    loadAverage: z.number(),
  }),
);
export type Heartbeat = z.infer<typeof Heartbeat>;

/** Names of CPU models and features, as labels of Kubernetes can have them. */
export const CPU_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
export const MOST_CPU_NAMES = 512;
const CpuName = z.string().regex(CPU_NAME);

/** What guests of a node can have for a CPU. */
export const NodeCpu = madeLater(() =>
  z.strictObject({
    vendor: CpuName.optional(),
    /** What `host-model` is there. */
    hostModel: CpuName.optional(),
    /** Named models that run there. */
    models: z.array(CpuName).max(MOST_CPU_NAMES),
    /** Of the host's model. */
    features: z.array(CpuName).max(MOST_CPU_NAMES),
  }),
);
export type NodeCpu = z.infer<typeof NodeCpu>;

/** What a runtime answers when it is asked who it is: GET /node. */
export const NodeIdentity = madeLater(() =>
  z.strictObject({
    node: z.string().min(1).max(253),
    /** Its present boot. A heartbeat may have been held up on its way and tell of an earlier one; an answer is of now. */
    bootID: z.string().min(1).max(128),
    /** Too long for every heartbeat, whose `versions.cpu` is a hash of it. */
    cpu: NodeCpu.optional(),
  }),
);
export type NodeIdentity = z.infer<typeof NodeIdentity>;

/** The lease that a heartbeat's reply carries: seconds from the moment before the heartbeat was sent. */
export const HeartbeatReply = madeLater(() => z.strictObject({ leaseSeconds: z.number().positive() }));

/** The doors to the nodes, as functions see them. Implemented by `functions/nodes.ts` over HTTPS with client certificates. */
export interface Nodes {
  /** Who takes orders at the URL, which a heartbeat gave. @throws Fault later, also when it is another node */
  identity(node: string, url: string): Promise<NodeIdentity>;
  /** What the node knows of the machine; undefined when it knows nothing of it. @throws Fault later */
  machine(node: string, uid: string): Promise<MachineStatus | undefined>;
  /** @throws Fault later */
  machines(node: string): Promise<readonly MachineStatus[]>;
  /** Gives the order; the answer is what the node accepted. @throws Fault stale (older epoch or version), refused, later */
  order(order: MachineOrder): Promise<MachineStatus>;
  /** Lets the node drop what it keeps of a stopped machine. @throws Fault stale while it is not stopped; later */
  forget(node: string, uid: string, epoch: number): Promise<void>;
  /** @throws Fault stale, refused (it does not run), later */
  act(node: string, uid: string, epoch: number, action: MachineAction): Promise<void>;
}
