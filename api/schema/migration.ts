/** Settings and state of live migrations, and of volumes that move with them. */
import { choice, flag, int, int32, int64, list, map, object, quantity, required, text, time } from "./vocabulary.ts";

/** The fields of a migration configuration that cluster and instance share. */
export const migrationConfiguration = {
  allowAutoConverge: flag("Slow the guest's CPUs down when its memory changes faster than it can be copied."),
  allowPostCopy: flag("Run on the target before all memory is there. A lost connection then loses the guest."),
  allowWorkloadDisruption: flag("Pause the guest or use post-copy when the time is up, rather than give up."),
  bandwidthPerMigration: quantity("Bytes a second that one migration may use; 0 is no limit."),
  completionTimeoutPerGiB: int64("Seconds that a migration may take for each GiB of memory and disk."),
  disableTLS: flag("Send memory in the clear."),
  matchSELinuxLevelOnMigration: flag("Give the target the SELinux level of the source; true when unset."),
  maxDowntimeMs: int64("Milliseconds that the guest may stand still at the switch.", { min: 1, max: 2_000_000 }),
  network: text("NetworkAttachmentDefinition of the network that migrations use; the pod network when unset."),
  nodeDrainTaintKey: text("Taint that marks a node as being drained."),
  parallelMigrationsPerCluster: int32("Migrations that may run at the same time."),
  parallelOutboundMigrationsPerNode: int32("Migrations that may leave one node at the same time."),
  progressTimeout: int64("Seconds without progress after which a migration is given up."),
  unsafeMigrationOverride: flag("Migrate even where disks would not be safe."),
  utilityVolumesTimeout: int64("Seconds to wait for utility volumes to go before a migration is given up."),
};

export const ExperimentalSchema = object("Settings that may change.", {
  compression: choice("How memory is compressed on the wire.", ["none", "zstd"]),
  downtimeTuning: object("How the allowed downtime grows until the switch succeeds.", {
    cooldownSeconds: int32("Seconds between steps.", { min: 1 }),
    initialMs: int64("Milliseconds of the first step.", { min: 1 }),
    startAfterIteration: int64("Rounds of copying before the first step.", { min: 1 }),
    steps: int32("Number of steps up to the full downtime.", { min: 1 }),
  }),
  stallDetector: object("How it is noticed that a migration does not get on.", {
    completionTimeoutFactor: quantity("Factor on the completion timeout."),
    ewmaAlpha: quantity("Weight of the newest sample in the moving average."),
    patienceWindowDecayFactor: quantity("Factor by which patience shrinks."),
    precopyPossibleFactor: quantity("Factor below which copying alone is expected to finish."),
    searchLocalMinima: flag("Switch at a moment with little left to copy."),
    stallMargin: int64("Percent of change below which it counts as stalled.", { min: 0, max: 100 }),
    stallProgressTimeout: int64("Seconds without progress that count as stalled.", { min: 0 }),
    switchoverTimeout: int64("Seconds that the switch may take.", { min: 0 }),
  }),
});

/** One end of a migration. */
const side = {
  domainName: text("Name of the domain at the hypervisor."),
  domainNamespace: text("Namespace of the virtual machine."),
  migrationUID: text("UID of the migration object at this end."),
  node: text("Node at this end."),
  persistentStatePVCName: text("Claim with the state of TPM and UEFI at this end."),
  pod: text("Pod at this end."),
  selinuxContext: text("SELinux context of the pod."),
  syncAddress: text("Address at which this end is kept in step with the other."),
  virtualMachineInstanceUID: text("UID of the instance at this end."),
};

const cpuSet = list("Physical CPUs given to the guest on the target.", int("Number of a CPU."), { list: "atomic" });
const nodePorts = map("Ports of the target, by what they carry.", int("A port."));

export const MigrationStateSchema = object("The last or present live migration.", {
  abortRequested: flag("Somebody asked to give it up."),
  abortStatus: text("How giving up went: Succeeded, Failed or Aborting."),
  completed: flag("It is over."),
  endTimestamp: time("When it ended."),
  failed: flag("It ended without success; the guest goes on where it was."),
  failureReason: text("Why it failed."),
  migrationConfiguration: object("The settings that it runs with.", {
    ...migrationConfiguration,
    experimental: ExperimentalSchema,
  }),
  migrationNetworkType: text("Which network it uses: pod or migration."),
  migrationPolicyName: text("MigrationPolicy that its settings come from."),
  migrationUid: text("UID of the migration object."),
  mode: text("How memory is moved: PreCopy, PostCopy or Paused."),
  sourceNode: text("Node that the guest leaves."),
  sourcePersistentStatePVCName: text("Claim with the state of TPM and UEFI at the source."),
  sourcePod: text("Pod that the guest leaves."),
  sourceState: object("The end that the guest leaves.", {
    ...side,
    nodeSelectors: map("Labels that the target must share with the source.", text("The label's value.")),
  }),
  startTimestamp: time("When it began."),
  targetAttachmentPodUID: text("UID of the pod that holds plugged-in volumes at the target."),
  targetCPUSet: cpuSet,
  targetDirectMigrationNodePorts: nodePorts,
  targetMemoryOverhead: quantity("Memory that the target needs beside the guest's own."),
  targetNode: text("Node that the guest goes to."),
  targetNodeAddress: text("Address of the target."),
  targetNodeDomainDetected: flag("The domain was seen on the target."),
  targetNodeDomainReadyTimestamp: time("When the domain ran on the target."),
  targetNodeTopology: text("NUMA layout of the target, as JSON."),
  targetPersistentStatePVCName: text("Claim with the state of TPM and UEFI at the target."),
  targetPod: text("Pod that the guest goes to."),
  targetState: object("The end that the guest goes to.", {
    ...side,
    attachmentPodUID: text("UID of the pod that holds plugged-in volumes."),
    cpuSet,
    directMigrationNodePorts: nodePorts,
    domainDetected: flag("The domain was seen."),
    domainReadyTimestamp: time("When the domain ran."),
    nodeAddress: text("Address of the node."),
    nodeTopology: text("NUMA layout of the node, as JSON."),
  }),
});

export const persistentVolumeClaimInfo = (description: string) =>
  object(description, {
    accessModes: list("How it may be mounted.", text("ReadWriteOnce, ReadWriteMany, …"), { list: "atomic" }),
    capacity: map("Its size, by resource.", quantity("An amount.")),
    claimName: text("Name of the claim."),
    filesystemOverhead: text("Share of the volume that its file system takes, from 0 to 1.", {
      pattern: "^(0(?:\\.\\d{1,3})?|1)$",
    }),
    preallocated: flag("All its space was allocated beforehand."),
    requests: map("What was asked for, by resource.", quantity("An amount.")),
    volumeMode: text("Filesystem or Block."),
  });

export const migratedVolumes = list(
  "Volumes that move to another claim.",
  object("One volume.", {
    volumeName: required(text("Name of the volume.")),
    sourcePVCInfo: persistentVolumeClaimInfo("The claim that it leaves."),
    destinationPVCInfo: persistentVolumeClaimInfo("The claim that it goes to."),
  }),
  { list: "atomic" },
);
