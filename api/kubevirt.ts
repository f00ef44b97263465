import { z } from "zod";
import type { Kind, KubeObject } from "./object.ts";

type ReadonlyDeep<T> = T extends readonly (infer U)[]
  ? readonly ReadonlyDeep<U>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
    : T;

export const KubeVirtSpecSchema = z.strictObject({
  certificateRotateStrategy: z
    .strictObject({
      selfSigned: z
        .strictObject({
          ca: z
            .strictObject({
              duration: z.string().optional(),
              renewBefore: z.string().optional(),
            })
            .optional(),
          caOverlapInterval: z.string().optional(),
          caRotateInterval: z.string().optional(),
          certRotateInterval: z.string().optional(),
          server: z
            .strictObject({
              duration: z.string().optional(),
              renewBefore: z.string().optional(),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
  configuration: z
    .strictObject({
      additionalGuestMemoryOverheadRatio: z.string().optional(),
      apiConfiguration: z
        .strictObject({
          restClient: z
            .strictObject({
              rateLimiter: z
                .strictObject({
                  tokenBucketRateLimiter: z
                    .strictObject({
                      burst: z.int(),
                      qps: z.number(),
                    })
                    .optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      architectureConfiguration: z
        .strictObject({
          amd64: z
            .strictObject({
              emulatedMachines: z.array(z.string()).optional(),
              machineType: z.string().optional(),
              ovmfPath: z.string().optional(),
            })
            .optional(),
          arm64: z
            .strictObject({
              emulatedMachines: z.array(z.string()).optional(),
              machineType: z.string().optional(),
              ovmfPath: z.string().optional(),
            })
            .optional(),
          defaultArchitecture: z.string().optional(),
          ppc64le: z
            .strictObject({
              emulatedMachines: z.array(z.string()).optional(),
              machineType: z.string().optional(),
              ovmfPath: z.string().optional(),
            })
            .optional(),
          s390x: z
            .strictObject({
              emulatedMachines: z.array(z.string()).optional(),
              machineType: z.string().optional(),
              ovmfPath: z.string().optional(),
            })
            .optional(),
        })
        .optional(),
      autoCPULimitNamespaceLabelSelector: z
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
      changedBlockTrackingLabelSelectors: z
        .strictObject({
          namespaceLabelSelector: z
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
          virtualMachineLabelSelector: z
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
        })
        .optional(),
      commonInstancetypesDeployment: z
        .strictObject({
          enabled: z.boolean().optional(),
        })
        .optional(),
      confidentialCompute: z
        .strictObject({
          tdx: z
            .strictObject({
              attestation: z
                .strictObject({
                  enforced: z.boolean().optional(),
                  qgsSocketPath: z.string().optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      controllerConfiguration: z
        .strictObject({
          restClient: z
            .strictObject({
              rateLimiter: z
                .strictObject({
                  tokenBucketRateLimiter: z
                    .strictObject({
                      burst: z.int(),
                      qps: z.number(),
                    })
                    .optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      cpuModel: z.string().optional(),
      cpuRequest: z.union([z.string(), z.int()]).optional(),
      defaultRuntimeClass: z.string().optional(),
      developerConfiguration: z
        .strictObject({
          clusterProfiler: z.boolean().optional(),
          cpuAllocationRatio: z.int().optional(),
          disabledFeatureGates: z.array(z.string()).optional(),
          diskVerification: z
            .strictObject({
              memoryLimit: z.union([z.string(), z.int()]),
            })
            .optional(),
          featureGates: z.array(z.string()).optional(),
          logVerbosity: z
            .strictObject({
              nodeVerbosity: z.record(z.string(), z.int()).optional(),
              virtAPI: z.int().optional(),
              virtController: z.int().optional(),
              virtHandler: z.int().optional(),
              virtLauncher: z.int().optional(),
              virtOperator: z.int().optional(),
              virtSynchronizationController: z.int().optional(),
            })
            .optional(),
          memoryOvercommit: z.int().optional(),
          minimumClusterTSCFrequency: z.int().optional(),
          minimumReservePVCBytes: z.int().optional(),
          nodeSelectors: z.record(z.string(), z.string()).optional(),
          pvcTolerateLessSpaceUpToPercent: z.int().optional(),
          useEmulation: z.boolean().optional(),
        })
        .optional(),
      emulatedMachines: z.array(z.string()).optional(),
      evictionStrategy: z.string().optional(),
      handlerConfiguration: z
        .strictObject({
          restClient: z
            .strictObject({
              rateLimiter: z
                .strictObject({
                  tokenBucketRateLimiter: z
                    .strictObject({
                      burst: z.int(),
                      qps: z.number(),
                    })
                    .optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      hypervisors: z
        .array(
          z.strictObject({
            name: z.enum(["kvm", "hyperv-direct"]).optional(),
          }),
        )
        .optional(),
      imagePullPolicy: z.string().optional(),
      instancetype: z
        .strictObject({
          referencePolicy: z.enum(["reference", "expand", "expandAll"]).optional(),
        })
        .optional(),
      ksmConfiguration: z
        .strictObject({
          nodeLabelSelector: z
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
        })
        .optional(),
      liveUpdateConfiguration: z
        .strictObject({
          maxCpuSockets: z.int().optional(),
          maxGuest: z.union([z.string(), z.int()]).optional(),
          maxHotplugRatio: z.int().optional(),
        })
        .optional(),
      machineType: z.string().optional(),
      mediatedDevicesConfiguration: z
        .strictObject({
          enabled: z.boolean().optional(),
          mediatedDeviceTypes: z.array(z.string()).optional(),
          mediatedDevicesTypes: z.array(z.string()).optional(),
          nodeMediatedDeviceTypes: z
            .array(
              z.strictObject({
                mediatedDeviceTypes: z.array(z.string()).optional(),
                mediatedDevicesTypes: z.array(z.string()).optional(),
                nodeSelector: z.record(z.string(), z.string()),
              }),
            )
            .optional(),
        })
        .optional(),
      memBalloonStatsPeriod: z.int().optional(),
      migrations: z
        .strictObject({
          allowAutoConverge: z.boolean().optional(),
          allowPostCopy: z.boolean().optional(),
          allowWorkloadDisruption: z.boolean().optional(),
          bandwidthPerMigration: z.union([z.string(), z.int()]).optional(),
          completionTimeoutPerGiB: z.int().optional(),
          disableTLS: z.boolean().optional(),
          matchSELinuxLevelOnMigration: z.boolean().optional(),
          maxDowntimeMs: z.int().optional(),
          network: z.string().optional(),
          nodeDrainTaintKey: z.string().optional(),
          parallelMigrationsPerCluster: z.int().optional(),
          parallelOutboundMigrationsPerNode: z.int().optional(),
          progressTimeout: z.int().optional(),
          unsafeMigrationOverride: z.boolean().optional(),
          utilityVolumesTimeout: z.int().optional(),
        })
        .optional(),
      minCPUModel: z.string().optional(),
      network: z
        .strictObject({
          binding: z
            .record(
              z.string(),
              z.strictObject({
                computeResourceOverhead: z
                  .strictObject({
                    limits: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                    requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
                  })
                  .optional(),
                domainAttachmentType: z.string().optional(),
                downwardAPI: z.string().optional(),
                migration: z
                  .strictObject({
                    method: z.string().optional(),
                  })
                  .optional(),
                networkAttachmentDefinition: z.string().optional(),
                sidecarImage: z.string().optional(),
              }),
            )
            .optional(),
          defaultNetworkInterface: z.string().optional(),
          permitBridgeInterfaceOnPodNetwork: z.boolean().optional(),
          permitSlirpInterface: z.boolean().optional(),
        })
        .optional(),
      obsoleteCPUModels: z.record(z.string(), z.boolean()).optional(),
      ovmfPath: z.string().optional(),
      permittedHostDevices: z
        .strictObject({
          mediatedDevices: z
            .array(
              z.strictObject({
                externalResourceProvider: z.boolean().optional(),
                mdevNameSelector: z.string(),
                resourceName: z.string(),
              }),
            )
            .optional(),
          pciHostDevices: z
            .array(
              z.strictObject({
                externalResourceProvider: z.boolean().optional(),
                pciVendorSelector: z.string(),
                resourceName: z.string(),
              }),
            )
            .optional(),
          usb: z
            .array(
              z.strictObject({
                externalResourceProvider: z.boolean().optional(),
                resourceName: z.string(),
                selectors: z
                  .array(
                    z.strictObject({
                      product: z.string(),
                      vendor: z.string(),
                    }),
                  )
                  .optional(),
              }),
            )
            .optional(),
        })
        .optional(),
      persistentReservationConfiguration: z
        .strictObject({
          enabled: z.boolean().optional(),
        })
        .optional(),
      roleAggregationStrategy: z.enum(["AggregateToDefault", "Manual"]).optional(),
      seccompConfiguration: z
        .strictObject({
          virtualMachineInstanceProfile: z
            .strictObject({
              customProfile: z
                .strictObject({
                  localhostProfile: z.string().optional(),
                  runtimeDefaultProfile: z.boolean().optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
      selinuxLauncherType: z.string().optional(),
      smbios: z
        .strictObject({
          family: z.string().optional(),
          manufacturer: z.string().optional(),
          product: z.string().optional(),
          sku: z.string().optional(),
          version: z.string().optional(),
        })
        .optional(),
      supportContainerResources: z
        .array(
          z.strictObject({
            resources: z.strictObject({
              limits: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
              requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
            }),
            type: z.string(),
          }),
        )
        .optional(),
      supportedGuestAgentVersions: z.array(z.string()).optional(),
      tlsConfiguration: z
        .strictObject({
          ciphers: z.array(z.string()).optional(),
          minTLSVersion: z.enum(["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]).optional(),
        })
        .optional(),
      virtTemplateDeployment: z
        .strictObject({
          enabled: z.boolean().optional(),
        })
        .optional(),
      virtualMachineInstancesPerNode: z.int().optional(),
      virtualMachineOptions: z
        .strictObject({
          disableFreePageReporting: z.looseObject({}).optional(),
          disableSerialConsoleLog: z.looseObject({}).optional(),
        })
        .optional(),
      vmRolloutStrategy: z.enum(["Stage", "LiveUpdate"]).optional(),
      vmStateStorageClass: z.string().optional(),
      webhookConfiguration: z
        .strictObject({
          restClient: z
            .strictObject({
              rateLimiter: z
                .strictObject({
                  tokenBucketRateLimiter: z
                    .strictObject({
                      burst: z.int(),
                      qps: z.number(),
                    })
                    .optional(),
                })
                .optional(),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
  customizeComponents: z
    .strictObject({
      flags: z
        .strictObject({
          api: z.record(z.string(), z.string()).optional(),
          controller: z.record(z.string(), z.string()).optional(),
          handler: z.record(z.string(), z.string()).optional(),
        })
        .optional(),
      patches: z
        .array(
          z.strictObject({
            patch: z.string(),
            resourceName: z.string(),
            resourceType: z.string(),
            type: z.string(),
          }),
        )
        .optional(),
    })
    .optional(),
  imagePullPolicy: z.string().optional(),
  imagePullSecrets: z
    .array(
      z.strictObject({
        name: z.string().optional(),
      }),
    )
    .optional(),
  imageRegistry: z.string().optional(),
  imageTag: z.string().optional(),
  infra: z
    .strictObject({
      nodePlacement: z
        .strictObject({
          affinity: z.looseObject({}).optional(),
          nodeSelector: z.record(z.string(), z.string()).optional(),
          tolerations: z.array(z.record(z.string(), z.unknown())).optional(),
        })
        .optional(),
      replicas: z.int().optional(),
    })
    .optional(),
  monitorAccount: z.string().optional(),
  monitorNamespace: z.string().optional(),
  productComponent: z.string().optional(),
  productName: z.string().optional(),
  productVersion: z.string().optional(),
  serviceMonitorNamespace: z.string().optional(),
  synchronizationPort: z.string().optional(),
  uninstallStrategy: z.string().optional(),
  workloadUpdateStrategy: z
    .strictObject({
      batchEvictionInterval: z.string().optional(),
      batchEvictionSize: z.int().optional(),
      workloadUpdateMethods: z.array(z.string()).optional(),
    })
    .optional(),
  workloads: z
    .strictObject({
      nodePlacement: z
        .strictObject({
          affinity: z.looseObject({}).optional(),
          nodeSelector: z.record(z.string(), z.string()).optional(),
          tolerations: z.array(z.record(z.string(), z.unknown())).optional(),
        })
        .optional(),
      replicas: z.int().optional(),
    })
    .optional(),
});
export const KubeVirtStatusSchema = z.strictObject({
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
  defaultArchitecture: z.string().optional(),
  generations: z
    .array(
      z.strictObject({
        group: z.string(),
        hash: z.string().optional(),
        lastGeneration: z.int(),
        name: z.string(),
        namespace: z.string().optional(),
        resource: z.string(),
      }),
    )
    .optional(),
  observedDeploymentConfig: z.string().optional(),
  observedDeploymentID: z.string().optional(),
  observedGeneration: z.int().optional(),
  observedKubeVirtRegistry: z.string().optional(),
  observedKubeVirtVersion: z.string().optional(),
  operatorVersion: z.string().optional(),
  outdatedVirtualMachineInstanceWorkloads: z.int().optional(),
  phase: z.string().optional(),
  synchronizationAddresses: z.array(z.string()).optional(),
  targetDeploymentConfig: z.string().optional(),
  targetDeploymentID: z.string().optional(),
  targetKubeVirtRegistry: z.string().optional(),
  targetKubeVirtVersion: z.string().optional(),
});
export const KubeVirtSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({}),
  spec: KubeVirtSpecSchema,
  status: KubeVirtStatusSchema.optional(),
});
export type KubeVirtSpec = ReadonlyDeep<z.infer<typeof KubeVirtSpecSchema>>;
export type KubeVirtStatus = ReadonlyDeep<z.infer<typeof KubeVirtStatusSchema>>;
export interface KubeVirt extends KubeObject {
  readonly spec: KubeVirtSpec;
  readonly status?: KubeVirtStatus | undefined;
}
export const KubeVirt: Kind<KubeVirt> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "KubeVirt",
  plural: "kubevirts",
  namespaced: true,
};
