/** The specification and status of a virtual machine: an instance's specification, and when one should run. */
import { DataVolumeTemplateSchema } from "./data-volume.ts";
import { DiskSchema } from "./disks.ts";
import { changedBlockTracking } from "./instance-status.ts";
import { InstanceSpecSchema } from "./instance-spec.ts";
import { conditions } from "./kubernetes.ts";
import { migratedVolumes } from "./migration.ts";
import { flag, int, int64, list, map, object, openObject, required, text, time, word } from "./vocabulary.ts";

export const RUN_STRATEGIES = ["Always", "Halted", "Manual", "RerunOnFailure", "Once", "WaitAsReceiver"] as const;

/** In the order in which they are tried; the first that fits is shown. */
export const PRINTABLE_STATUSES = [
  "Terminating",
  "Stopping",
  "Migrating",
  "Paused",
  "Running",
  "ErrorPvcNotFound",
  "DataVolumeError",
  "ErrorUnschedulable",
  "Provisioning",
  "WaitingForVolumeBinding",
  "ErrImagePull",
  "ImagePullBackOff",
  "Starting",
  "CrashLoopBackOff",
  "Stopped",
  "WaitingForReceiver",
  "Unknown",
] as const;

const matcher = (description: string, kinds: string) =>
  object(description, {
    name: text("Its name."),
    kind: text(`Its kind: ${kinds}.`),
    revisionName: text("ControllerRevision with the version that is used."),
    inferFromVolume: text("Volume whose labels name it. Excludes name."),
    inferFromVolumeFailurePolicy: text("Reject or Ignore, when the volume does not name one."),
  });

const matched = (description: string) =>
  object(description, {
    name: text("Its name."),
    kind: text("Its kind."),
    controllerRevisionRef: object("The version that is used.", { name: text("Name of the ControllerRevision.") }),
    inferFromVolume: text("Volume that named it."),
    inferFromVolumeFailurePolicy: text("Reject or Ignore, when the volume does not name one."),
  });

export const MachineSpecSchema = object(
  "What the virtual machine should be, and when it should run.",
  {
    running: flag("True means runStrategy Always, false Halted. Deprecated: use runStrategy."),
    runStrategy: word("When an instance of it should run. Excludes running.", [...RUN_STRATEGIES]),
    template: required(
      object("The instance to run.", {
        metadata: openObject("Labels and annotations of the instance.", {
          name: text("Not used: the instance has the name of the virtual machine."),
          labels: map("Labels of the instance and its pod.", text("The label's value.")),
          annotations: map("Annotations of the instance and its pod.", text("The annotation's value.")),
        }),
        spec: required(InstanceSpecSchema),
      }),
    ),
    dataVolumeTemplates: list("DataVolumes that are made with it and removed with it.", DataVolumeTemplateSchema),
    instancetype: matcher(
      "Instancetype that CPU and memory come from.",
      "VirtualMachineInstancetype or VirtualMachineClusterInstancetype",
    ),
    preference: matcher(
      "Preference that other defaults come from.",
      "VirtualMachinePreference or VirtualMachineClusterPreference",
    ),
    updateVolumesStrategy: word("How changed volumes reach a running instance.", ["Replacement", "Migration"]),
  },
  {
    rules: [
      {
        rule: "!(has(self.running) && has(self.runStrategy))",
        message: "set runStrategy or running, not both; running is deprecated",
        reason: "FieldValueInvalid",
        fieldPath: ".running",
      },
      {
        rule: "has(self.running) || has(self.runStrategy)",
        message: "set runStrategy: Always, Halted, Manual, RerunOnFailure or Once",
        reason: "FieldValueInvalid",
        fieldPath: ".running",
      },
    ],
  },
);

const dryRun = list("All: only check.", text("All."), { list: "atomic" });

const VolumeRequestSchema = object("One volume to plug in or out. Exactly one is set.", {
  addVolumeOptions: object("A volume to plug in.", {
    name: required(text("Name of the volume and of its disk.")),
    disk: required(DiskSchema),
    dryRun,
    volumeSource: required(
      object("Where its content comes from. Exactly one source is set.", {
        dataVolume: object("A DataVolume.", {
          name: required(text("Name of the DataVolume.")),
          hotpluggable: flag("It may be plugged in and out while the guest runs."),
        }),
        persistentVolumeClaim: object("A persistent volume.", {
          claimName: required(text("Name of the claim.")),
          hotpluggable: flag("It may be plugged in and out while the guest runs."),
          readOnly: flag("Mount it without the right to write."),
        }),
      }),
    ),
  }),
  removeVolumeOptions: object("A volume to plug out.", { name: required(text("Name of the volume.")), dryRun }),
});

export const MachineStatusSchema = object("What the virtual machine is.", {
  printableStatus: word("Its state in one word, for people.", [...PRINTABLE_STATUSES], { default: "Stopped" }),
  created: flag("An instance exists."),
  ready: flag("The instance runs and is ready."),
  conditions: conditions("virtual machine"),
  observedGeneration: int64("Generation of the spec that this status is about."),
  desiredGeneration: int64("Generation of the spec that the instance should have."),
  runStrategy: word("The strategy that was last acted on.", [...RUN_STRATEGIES]),
  stateChangeRequests: list(
    "Requests to start or stop that are not carried out yet, oldest first.",
    object("One request.", {
      action: required(word("What is asked for.", ["Start", "Stop"])),
      data: map("Options of the request, such as paused for Start.", text("The option's value.")),
      uid: text("For Stop: UID of the instance to stop."),
    }),
  ),
  startFailure: object("Starts that failed in a row.", {
    consecutiveFailCount: int("How many."),
    lastFailedVMIUID: text("UID of the last instance that failed."),
    retryAfterTimestamp: time("When the next start is tried."),
  }),
  volumeRequests: list("Volumes to plug in or out.", VolumeRequestSchema, { list: "atomic" }),
  volumeSnapshotStatuses: list(
    "Which volumes can be part of a snapshot.",
    object("One volume.", {
      name: required(text("Name of the volume.")),
      enabled: required(flag("It can.")),
      reason: text("Why it can not."),
    }),
  ),
  volumeUpdateState: object("Changed volumes that are not in place yet.", {
    volumeMigrationState: object("Volumes that move to other claims.", { migratedVolumes }),
  }),
  snapshotInProgress: text("Name of the snapshot that is being made of it."),
  restoreInProgress: text("Name of the restore that is going into it."),
  memoryDumpRequest: object("A dump of the guest's memory.", {
    claimName: required(text("Claim that the dump is written to.")),
    phase: required(text("Associating, InProgress, Unmounting, Completed, Dissociating or Failed.")),
    fileName: text("Name of the file in the volume."),
    message: text("What went wrong."),
    remove: flag("Take the volume away again."),
    startTimestamp: time("When the dump began."),
    endTimestamp: time("When the dump ended."),
  }),
  instancetypeRef: matched("Instancetype that is used."),
  preferenceRef: matched("Preference that is used."),
  changedBlockTracking,
});
