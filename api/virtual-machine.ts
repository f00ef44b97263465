import { z } from "zod";
import type { Kind, KubeObject } from "./object.ts";
import { VirtualMachineInstanceSpecSchema } from "./virtual-machine-instance.ts";
type ReadonlyDeep<T> = T extends readonly (infer U)[]
  ? readonly ReadonlyDeep<U>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
    : T;

export const VirtualMachineSpecSchema = z.strictObject({
  dataVolumeTemplates: z
    .array(
      z.strictObject({
        apiVersion: z.string().optional(),
        kind: z.string().optional(),
        metadata: z.record(z.string(), z.unknown()).optional(),
        spec: z.strictObject({
          checkpoints: z
            .array(
              z.strictObject({
                current: z.string(),
                previous: z.string(),
              }),
            )
            .optional(),
          contentType: z.enum(["kubevirt", "archive"]).optional(),
          finalCheckpoint: z.boolean().optional(),
          preallocation: z.boolean().optional(),
          priorityClassName: z.string().optional(),
          pvc: z
            .strictObject({
              accessModes: z.array(z.string()).optional(),
              dataSource: z
                .strictObject({
                  apiGroup: z.string().optional(),
                  kind: z.string(),
                  name: z.string(),
                })
                .optional(),
              dataSourceRef: z
                .strictObject({
                  apiGroup: z.string().optional(),
                  kind: z.string(),
                  name: z.string(),
                  namespace: z.string().optional(),
                })
                .optional(),
              resources: z
                .strictObject({
                  limits: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                  requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                })
                .optional(),
              selector: z
                .strictObject({
                  matchExpressions: z
                    .array(
                      z.strictObject({
                        key: z.string(),
                        operator: z.string(),
                        values: z.array(z.string()).optional(),
                      }),
                    )
                    .optional(),
                  matchLabels: z.record(z.string(), z.string()).optional(),
                })
                .optional(),
              storageClassName: z.string().optional(),
              volumeAttributesClassName: z.string().optional(),
              volumeMode: z.string().optional(),
              volumeName: z.string().optional(),
            })
            .optional(),
          source: z
            .strictObject({
              blank: z.looseObject({}).optional(),
              gcs: z
                .strictObject({
                  secretRef: z.string().optional(),
                  url: z.string(),
                })
                .optional(),
              http: z
                .strictObject({
                  certConfigMap: z.string().optional(),
                  extraHeaders: z.array(z.string()).optional(),
                  secretExtraHeaders: z.array(z.string()).optional(),
                  secretRef: z.string().optional(),
                  url: z.string(),
                })
                .optional(),
              imageio: z
                .strictObject({
                  certConfigMap: z.string().optional(),
                  diskId: z.string(),
                  insecureSkipVerify: z.boolean().optional(),
                  secretRef: z.string().optional(),
                  url: z.string(),
                })
                .optional(),
              pvc: z
                .strictObject({
                  name: z.string(),
                  namespace: z.string(),
                })
                .optional(),
              registry: z
                .strictObject({
                  certConfigMap: z.string().optional(),
                  imageStream: z.string().optional(),
                  platform: z
                    .strictObject({
                      architecture: z.string().optional(),
                    })
                    .optional(),
                  pullMethod: z.string().optional(),
                  secretRef: z.string().optional(),
                  url: z.string().optional(),
                })
                .optional(),
              s3: z
                .strictObject({
                  certConfigMap: z.string().optional(),
                  secretRef: z.string().optional(),
                  url: z.string(),
                })
                .optional(),
              snapshot: z
                .strictObject({
                  name: z.string(),
                  namespace: z.string(),
                })
                .optional(),
              upload: z.looseObject({}).optional(),
              vddk: z
                .strictObject({
                  backingFile: z.string().optional(),
                  extraArgs: z.string().optional(),
                  initImageURL: z.string().optional(),
                  secretRef: z.string().optional(),
                  thumbprint: z.string().optional(),
                  url: z.string().optional(),
                  uuid: z.string().optional(),
                })
                .optional(),
            })
            .optional(),
          sourceRef: z
            .strictObject({
              kind: z.string(),
              name: z.string(),
              namespace: z.string().optional(),
            })
            .optional(),
          storage: z
            .strictObject({
              accessModes: z.array(z.string()).optional(),
              dataSource: z
                .strictObject({
                  apiGroup: z.string().optional(),
                  kind: z.string(),
                  name: z.string(),
                })
                .optional(),
              dataSourceRef: z
                .strictObject({
                  apiGroup: z.string().optional(),
                  kind: z.string(),
                  name: z.string(),
                  namespace: z.string().optional(),
                })
                .optional(),
              resources: z
                .strictObject({
                  limits: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                  requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                })
                .optional(),
              selector: z
                .strictObject({
                  matchExpressions: z
                    .array(
                      z.strictObject({
                        key: z.string(),
                        operator: z.string(),
                        values: z.array(z.string()).optional(),
                      }),
                    )
                    .optional(),
                  matchLabels: z.record(z.string(), z.string()).optional(),
                })
                .optional(),
              storageClassName: z.string().optional(),
              volumeMode: z.string().optional(),
              volumeName: z.string().optional(),
            })
            .optional(),
        }),
        status: z.looseObject({}).optional(),
      }),
    )
    .optional(),
  instancetype: z
    .strictObject({
      inferFromVolume: z.string().optional(),
      inferFromVolumeFailurePolicy: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
      revisionName: z.string().optional(),
    })
    .optional(),
  preference: z
    .strictObject({
      inferFromVolume: z.string().optional(),
      inferFromVolumeFailurePolicy: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
      revisionName: z.string().optional(),
    })
    .optional(),
  runStrategy: z.enum(["Always", "Halted", "Manual", "RerunOnFailure", "Once", "WaitAsReceiver"]).optional(),
  running: z.boolean().optional(),
  template: z.strictObject({
    metadata: z
      .strictObject({
        name: z.string().optional(),
        labels: z.record(z.string(), z.string()).optional(),
        annotations: z.record(z.string(), z.string()).optional(),
      })
      .catchall(z.unknown())
      .optional(),
    spec: VirtualMachineInstanceSpecSchema,
  }),
  updateVolumesStrategy: z.string().optional(),
});
export const VirtualMachineStatusSchema = z.strictObject({
  changedBlockTracking: z
    .strictObject({
      backupStatus: z
        .strictObject({
          backupMsg: z.string().optional(),
          backupName: z.string().optional(),
          checkpointName: z.string().optional(),
          completed: z.boolean().optional(),
          endTimestamp: z.string().optional(),
          failed: z.boolean().optional(),
          quiesceStatus: z.string().optional(),
          startTimestamp: z.string().optional(),
          volumes: z
            .array(
              z.strictObject({
                volumeName: z.string(),
              }),
            )
            .optional(),
        })
        .optional(),
      state: z.string(),
    })
    .optional(),
  conditions: z
    .array(
      z.strictObject({
        type: z.string(),
        status: z.enum(["True", "False", "Unknown"]),
        reason: z.string().optional(),
        message: z.string().optional(),
        lastProbeTime: z.string().nullable().optional(),
        lastTransitionTime: z.string().nullable().optional(),
      }),
    )
    .optional(),
  created: z.boolean().optional(),
  desiredGeneration: z.int().optional(),
  instancetypeRef: z
    .strictObject({
      controllerRevisionRef: z
        .strictObject({
          name: z.string().optional(),
        })
        .optional(),
      inferFromVolume: z.string().optional(),
      inferFromVolumeFailurePolicy: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  memoryDumpRequest: z
    .strictObject({
      claimName: z.string(),
      endTimestamp: z.string().optional(),
      fileName: z.string().optional(),
      message: z.string().optional(),
      phase: z.string(),
      remove: z.boolean().optional(),
      startTimestamp: z.string().optional(),
    })
    .optional(),
  observedGeneration: z.int().optional(),
  preferenceRef: z
    .strictObject({
      controllerRevisionRef: z
        .strictObject({
          name: z.string().optional(),
        })
        .optional(),
      inferFromVolume: z.string().optional(),
      inferFromVolumeFailurePolicy: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  printableStatus: z.string().optional(),
  ready: z.boolean().optional(),
  restoreInProgress: z.string().optional(),
  runStrategy: z.string().optional(),
  snapshotInProgress: z.string().optional(),
  startFailure: z
    .strictObject({
      consecutiveFailCount: z.int().optional(),
      lastFailedVMIUID: z.string().optional(),
      retryAfterTimestamp: z.string().optional(),
    })
    .optional(),
  stateChangeRequests: z
    .array(
      z.strictObject({
        action: z.enum(["Start", "Stop"]),
        data: z.record(z.string(), z.string()).optional(),
        uid: z.string().optional(),
      }),
    )
    .optional(),
  volumeRequests: z
    .array(
      z.strictObject({
        addVolumeOptions: z
          .strictObject({
            disk: z.strictObject({
              blockSize: z
                .strictObject({
                  custom: z
                    .strictObject({
                      discardGranularity: z.int().optional(),
                      logical: z.int().optional(),
                      physical: z.int().optional(),
                    })
                    .optional(),
                  matchVolume: z
                    .strictObject({
                      enabled: z.boolean().optional(),
                    })
                    .optional(),
                })
                .optional(),
              bootOrder: z.int().optional(),
              cache: z.string().optional(),
              cdrom: z
                .strictObject({
                  bus: z.string().optional(),
                  readonly: z.boolean().optional(),
                  tray: z.string().optional(),
                })
                .optional(),
              changedBlockTracking: z.boolean().optional(),
              dedicatedIOThread: z.boolean().optional(),
              disk: z
                .strictObject({
                  bus: z.string().optional(),
                  pciAddress: z.string().optional(),
                  readonly: z.boolean().optional(),
                })
                .optional(),
              errorPolicy: z.string().optional(),
              io: z.string().optional(),
              lun: z
                .strictObject({
                  bus: z.string().optional(),
                  readonly: z.boolean().optional(),
                  reservation: z.boolean().optional(),
                })
                .optional(),
              name: z.string(),
              serial: z.string().optional(),
              shareable: z.boolean().optional(),
              tag: z.string().optional(),
            }),
            dryRun: z.array(z.string()).optional(),
            name: z.string(),
            volumeSource: z.strictObject({
              dataVolume: z
                .strictObject({
                  hotpluggable: z.boolean().optional(),
                  name: z.string(),
                })
                .optional(),
              persistentVolumeClaim: z
                .strictObject({
                  claimName: z.string(),
                  hotpluggable: z.boolean().optional(),
                  readOnly: z.boolean().optional(),
                })
                .optional(),
            }),
          })
          .optional(),
        removeVolumeOptions: z
          .strictObject({
            dryRun: z.array(z.string()).optional(),
            name: z.string(),
          })
          .optional(),
      }),
    )
    .optional(),
  volumeSnapshotStatuses: z
    .array(
      z.strictObject({
        enabled: z.boolean(),
        name: z.string(),
        reason: z.string().optional(),
      }),
    )
    .optional(),
  volumeUpdateState: z
    .strictObject({
      volumeMigrationState: z
        .strictObject({
          migratedVolumes: z
            .array(
              z.strictObject({
                destinationPVCInfo: z
                  .strictObject({
                    accessModes: z.array(z.string()).optional(),
                    capacity: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                    claimName: z.string().optional(),
                    filesystemOverhead: z.string().optional(),
                    preallocated: z.boolean().optional(),
                    requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                    volumeMode: z.string().optional(),
                  })
                  .optional(),
                sourcePVCInfo: z
                  .strictObject({
                    accessModes: z.array(z.string()).optional(),
                    capacity: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                    claimName: z.string().optional(),
                    filesystemOverhead: z.string().optional(),
                    preallocated: z.boolean().optional(),
                    requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                    volumeMode: z.string().optional(),
                  })
                  .optional(),
                volumeName: z.string(),
              }),
            )
            .optional(),
        })
        .optional(),
    })
    .optional(),
});
export const VirtualMachineSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({}),
  spec: VirtualMachineSpecSchema,
  status: VirtualMachineStatusSchema.optional(),
});
export type VirtualMachineSpec = ReadonlyDeep<z.infer<typeof VirtualMachineSpecSchema>>;
export type VirtualMachineStatus = ReadonlyDeep<z.infer<typeof VirtualMachineStatusSchema>>;
export interface VirtualMachine extends KubeObject {
  readonly spec: VirtualMachineSpec;
  readonly status?: VirtualMachineStatus | undefined;
}
export const VirtualMachine: Kind<VirtualMachine> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachine",
  plural: "virtualmachines",
  namespaced: true,
};
