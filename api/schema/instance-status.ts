/** The status of a virtual machine instance: what is, written by functions only. */
import { CPUTopologySchema } from "./cpu.ts";
import { conditions } from "./kubernetes.ts";
import { migratedVolumes, MigrationStateSchema, persistentVolumeClaimInfo } from "./migration.ts";
import { flag, int32, int64, list, map, object, quantity, required, text, time, word } from "./vocabulary.ts";

export const PHASES = [
  "Pending",
  "Scheduling",
  "Scheduled",
  "Running",
  "Succeeded",
  "Failed",
  "WaitingForSync",
  "Unknown",
] as const;

export const changedBlockTracking = object("Tracking of changed blocks, for incremental backups.", {
  state: required(text("Initializing, Enabled, PendingRestart, Disabled, …")),
  backupStatus: object("The last or present backup.", {
    backupMsg: text("What went wrong."),
    backupName: text("Name of the backup object."),
    checkpointName: text("Checkpoint that it made."),
    completed: flag("It is over."),
    endTimestamp: time("When it ended."),
    failed: flag("It ended without success."),
    quiesceStatus: text("Whether the guest's file systems were frozen for it."),
    startTimestamp: time("When it began."),
    volumes: list("What it contains.", object("One volume.", { volumeName: required(text("Name of the volume.")) }), {
      list: "atomic",
    }),
  }),
});

const checksum = object("What was booted.", {
  checksum: int64("CRC-32 of the file.", { min: 0, max: 4_294_967_295 }),
});

const InterfaceStatusSchema = object("One interface.", {
  name: text("Name in the spec; empty for interfaces that only the guest knows."),
  mac: text("MAC address."),
  ipAddress: text("The first address."),
  ipAddresses: list("All addresses.", text("An IP address.")),
  interfaceName: text("Name inside the guest; only its agent tells it."),
  podInterfaceName: text("Name of the pod's interface behind it."),
  infoSource: text("Who told: domain, guest-agent, multus-status, separated by commas."),
  linkState: text("up or down."),
  queueCount: int32("Number of queues."),
});

const VolumeStatusSchema = object("One volume.", {
  name: required(text("Name of the volume.")),
  target: required(text("Device of the guest, such as vda; empty when it is none.")),
  phase: text("For plugged-in volumes: Pending, Bound, AttachedToNode, MountedToPod, Ready, Detaching, …"),
  reason: text("Why it is in its phase, as one CamelCase word."),
  message: text("Why it is in its phase, as a sentence."),
  size: int64("Its size in bytes."),
  persistentVolumeClaimInfo: persistentVolumeClaimInfo("The claim behind it."),
  containerDiskVolume: object("For container disks.", {
    checksum: int64("CRC-32 of the image.", { min: 0, max: 4_294_967_295 }),
  }),
  hotplugVolume: object("For plugged-in volumes.", {
    attachPodName: text("Pod that holds it on the node."),
    attachPodUID: text("UID of that pod."),
  }),
  memoryDumpVolume: object("For memory dumps.", {
    claimName: text("Claim that the dump is written to."),
    startTimestamp: time("When the dump began."),
    endTimestamp: time("When the dump ended."),
    targetFileName: text("Name of the file in the volume."),
  }),
});

/** The last phase change times, of which metrics are made. */
const phaseTransition = object("One change of phase.", {
  phase: word("The phase that was entered.", [...PHASES]),
  phaseTransitionTimestamp: time("When it was entered."),
});

export const ClaimSchema = object("Who may run it: at most one node, one boot of that node, one epoch.", {
  node: required(text("Name of the node.")),
  bootID: required(text("Identity of the node's boot; another value proves that what ran before is gone.")),
  epoch: required(int64("Rises with every change of owner; nodes refuse lower ones.", { min: 1 })),
  pod: text("Anchor pod that it runs in; the first one when unset."),
  offered: int64("The highest epoch that was ever offered to another node.", { min: 1 }),
  migratingTo: object("The node that it moves to: the claim passes to it once the guest runs there.", {
    node: required(text("Name of the node.")),
    bootID: required(text("Identity of the node's boot.")),
    epoch: required(int64("The claim's epoch once it has passed.", { min: 1 })),
    migration: required(text("UID of the migration.")),
    pod: required(text("Anchor pod that waits for it.")),
  }),
});

export const InstanceStatusSchema = object("What the virtual machine instance is.", {
  phase: word("Where it is in its life.", [...PHASES]),
  reason: text("Why it is in its phase, as one CamelCase word."),
  phaseTransitionTimestamps: list("When it entered its phases.", phaseTransition, { list: "atomic" }),
  conditions: conditions("virtual machine instance"),
  nodeName: text("Node that it runs on."),
  claim: ClaimSchema,
  activePods: map("Pods that run it, by UID: more than one while it migrates.", text("The pod's node.")),
  interfaces: list("Its network interfaces, with their addresses.", InterfaceStatusSchema),
  volumeStatus: list("Its volumes.", VolumeStatusSchema, { list: "atomic" }),
  guestOSInfo: object("The guest's operating system, as its agent tells.", {
    id: text("Short name, such as debian."),
    name: text("Full name."),
    prettyName: text("Name with version."),
    version: text("Version with code name."),
    versionId: text("Version as a number."),
    kernelRelease: text("Release of its kernel."),
    kernelVersion: text("Build of its kernel."),
    machine: text("Hardware name, such as x86_64."),
  }),
  machine: object("The machine model that it runs as.", { type: text("Full name, such as pc-q35-9.2.") }),
  currentCPUTopology: CPUTopologySchema("The CPUs that the running guest has."),
  memory: object("The guest's memory.", {
    guestAtBoot: quantity("What it started with."),
    guestCurrent: quantity("What it has now."),
    guestRequested: quantity("What it should have."),
    memoryOverhead: quantity("What its node needs beside the guest's own."),
  }),
  migrationMethod: text("How it would migrate: LiveMigration shares disks, BlockMigration copies them."),
  migrationState: MigrationStateSchema,
  migrationTransport: text("How migration traffic reaches the node."),
  migratedVolumes,
  evacuationNodeName: text("Node that it must leave."),
  fsFreezeStatus: text("frozen while the guest's file systems are."),
  qosClass: text("Quality of service of its pod: Guaranteed, Burstable or BestEffort."),
  runtimeUser: int64("User id that QEMU runs as."),
  selinuxContext: text("SELinux context that QEMU runs in."),
  launcherContainerImageVersion: text("Image of its pod."),
  kernelBootStatus: object("For direct kernel boot.", { kernelInfo: checksum, initrdInfo: checksum }),
  topologyHints: object("Needs of the guest that only some nodes meet.", {
    tscFrequency: int64("Frequency of the TSC in hertz."),
  }),
  virtualMachineRevisionName: text("ControllerRevision with the spec of the VirtualMachine that it was started from."),
  VSOCKCID: int64("Its context id on VSOCK.", { min: 0, max: 4_294_967_295 }),
  changedBlockTracking,
});
