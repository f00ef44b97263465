import { z } from "zod";
import type { Kind, KubeObject } from "./object.ts";

type ReadonlyDeep<T> = T extends readonly (infer U)[]
  ? readonly ReadonlyDeep<U>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
    : T;

export const VirtualMachineInstanceSpecSchema = z.strictObject({
  accessCredentials: z
    .array(
      z.strictObject({
        sshPublicKey: z
          .strictObject({
            propagationMethod: z.strictObject({
              configDrive: z.looseObject({}).optional(),
              noCloud: z.looseObject({}).optional(),
              qemuGuestAgent: z
                .strictObject({
                  users: z.array(z.string()),
                })
                .optional(),
            }),
            source: z.strictObject({
              secret: z
                .strictObject({
                  secretName: z.string(),
                })
                .optional(),
            }),
          })
          .optional(),
        userPassword: z
          .strictObject({
            propagationMethod: z.strictObject({
              qemuGuestAgent: z.looseObject({}).optional(),
            }),
            source: z.strictObject({
              secret: z
                .strictObject({
                  secretName: z.string(),
                })
                .optional(),
            }),
          })
          .optional(),
      }),
    )
    .optional(),
  affinity: z.looseObject({}).optional(),
  architecture: z.string().optional(),
  dnsConfig: z
    .strictObject({
      nameservers: z.array(z.string()).optional(),
      options: z
        .array(
          z.strictObject({
            name: z.string().optional(),
            value: z.string().optional(),
          }),
        )
        .optional(),
      searches: z.array(z.string()).optional(),
    })
    .optional(),
  dnsPolicy: z.string().optional(),
  domain: z.strictObject({
    chassis: z
      .strictObject({
        asset: z.string().optional(),
        manufacturer: z.string().optional(),
        serial: z.string().optional(),
        sku: z.string().optional(),
        version: z.string().optional(),
      })
      .optional(),
    clock: z
      .strictObject({
        timer: z
          .strictObject({
            hpet: z
              .strictObject({
                present: z.boolean().optional(),
                tickPolicy: z.string().optional(),
              })
              .optional(),
            hyperv: z
              .strictObject({
                present: z.boolean().optional(),
              })
              .optional(),
            kvm: z
              .strictObject({
                present: z.boolean().optional(),
              })
              .optional(),
            pit: z
              .strictObject({
                present: z.boolean().optional(),
                tickPolicy: z.string().optional(),
              })
              .optional(),
            rtc: z
              .strictObject({
                present: z.boolean().optional(),
                tickPolicy: z.string().optional(),
                track: z.string().optional(),
              })
              .optional(),
          })
          .optional(),
        timezone: z.string().optional(),
        utc: z
          .strictObject({
            offsetSeconds: z.int().optional(),
          })
          .optional(),
      })
      .optional(),
    cpu: z
      .strictObject({
        cores: z.int().optional(),
        dedicatedCpuPlacement: z.boolean().optional(),
        features: z
          .array(
            z.strictObject({
              name: z.string(),
              policy: z.string().optional(),
            }),
          )
          .optional(),
        isolateEmulatorThread: z.boolean().optional(),
        maxSockets: z.int().optional(),
        model: z.string().optional(),
        numa: z
          .strictObject({
            guestMappingPassthrough: z.looseObject({}).optional(),
          })
          .optional(),
        realtime: z
          .strictObject({
            mask: z.string().optional(),
          })
          .optional(),
        sockets: z.int().optional(),
        threads: z.int().optional(),
      })
      .optional(),
    devices: z.strictObject({
      autoattachGraphicsDevice: z.boolean().optional(),
      autoattachInputDevice: z.boolean().optional(),
      autoattachMemBalloon: z.boolean().optional(),
      autoattachPodInterface: z.boolean().optional(),
      autoattachSerialConsole: z.boolean().optional(),
      autoattachVSOCK: z.boolean().optional(),
      blockMultiQueue: z.boolean().optional(),
      clientPassthrough: z.looseObject({}).optional(),
      disableHotplug: z.boolean().optional(),
      disks: z
        .array(
          z.strictObject({
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
        )
        .optional(),
      downwardMetrics: z.looseObject({}).optional(),
      filesystems: z
        .array(
          z.strictObject({
            name: z.string(),
            virtiofs: z.record(z.string(), z.unknown()),
          }),
        )
        .optional(),
      gpus: z
        .array(
          z.strictObject({
            claimName: z.string().optional(),
            deviceName: z.string().optional(),
            name: z.string(),
            requestName: z.string().optional(),
            tag: z.string().optional(),
            virtualGPUOptions: z
              .strictObject({
                display: z
                  .strictObject({
                    enabled: z.boolean().optional(),
                    ramFB: z
                      .strictObject({
                        enabled: z.boolean().optional(),
                      })
                      .optional(),
                  })
                  .optional(),
              })
              .optional(),
          }),
        )
        .optional(),
      hostDevices: z
        .array(
          z.strictObject({
            claimName: z.string().optional(),
            deviceName: z.string().optional(),
            name: z.string(),
            requestName: z.string().optional(),
            tag: z.string().optional(),
          }),
        )
        .optional(),
      inputs: z
        .array(
          z.strictObject({
            bus: z.string().optional(),
            name: z.string(),
            type: z.string(),
          }),
        )
        .optional(),
      interfaces: z
        .array(
          z.strictObject({
            acpiIndex: z.int().optional(),
            binding: z
              .strictObject({
                name: z.string(),
              })
              .optional(),
            bootOrder: z.int().optional(),
            bridge: z.looseObject({}).optional(),
            dhcpOptions: z
              .strictObject({
                bootFileName: z.string().optional(),
                ntpServers: z.array(z.string()).optional(),
                privateOptions: z
                  .array(
                    z.strictObject({
                      option: z.int(),
                      value: z.string(),
                    }),
                  )
                  .optional(),
                tftpServerName: z.string().optional(),
              })
              .optional(),
            macAddress: z.string().optional(),
            macvtap: z.looseObject({}).optional(),
            masquerade: z.looseObject({}).optional(),
            model: z.string().optional(),
            name: z.string(),
            passt: z.looseObject({}).optional(),
            passtBinding: z.looseObject({}).optional(),
            pciAddress: z.string().optional(),
            portRanges: z
              .array(
                z.strictObject({
                  end: z.int(),
                  protocol: z.string(),
                  start: z.int(),
                }),
              )
              .optional(),
            ports: z
              .array(
                z.strictObject({
                  name: z.string().optional(),
                  port: z.int(),
                  protocol: z.string().optional(),
                }),
              )
              .optional(),
            slirp: z.looseObject({}).optional(),
            sriov: z.looseObject({}).optional(),
            state: z.string().optional(),
            tag: z.string().optional(),
          }),
        )
        .optional(),
      logSerialConsole: z.boolean().optional(),
      networkInterfaceMultiqueue: z.boolean().optional(),
      panicDevices: z
        .array(
          z.strictObject({
            model: z.string().optional(),
          }),
        )
        .optional(),
      rng: z.looseObject({}).optional(),
      sound: z
        .strictObject({
          model: z.string().optional(),
          name: z.string(),
        })
        .optional(),
      tpm: z
        .strictObject({
          enabled: z.boolean().optional(),
          persistent: z.boolean().optional(),
        })
        .optional(),
      useVirtioTransitional: z.boolean().optional(),
      video: z
        .strictObject({
          type: z.string().optional(),
        })
        .optional(),
      watchdog: z
        .strictObject({
          diag288: z
            .strictObject({
              action: z.string().optional(),
            })
            .optional(),
          i6300esb: z
            .strictObject({
              action: z.string().optional(),
            })
            .optional(),
          name: z.string(),
        })
        .optional(),
    }),
    features: z
      .strictObject({
        acpi: z
          .strictObject({
            enabled: z.boolean().optional(),
          })
          .optional(),
        apic: z
          .strictObject({
            enabled: z.boolean().optional(),
            endOfInterrupt: z.boolean().optional(),
          })
          .optional(),
        hyperv: z
          .strictObject({
            evmcs: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            frequencies: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            ipi: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            reenlightenment: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            relaxed: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            reset: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            runtime: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            spinlocks: z
              .strictObject({
                enabled: z.boolean().optional(),
                spinlocks: z.int().optional(),
              })
              .optional(),
            synic: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            synictimer: z
              .strictObject({
                direct: z
                  .strictObject({
                    enabled: z.boolean().optional(),
                  })
                  .optional(),
                enabled: z.boolean().optional(),
              })
              .optional(),
            tlbflush: z
              .strictObject({
                direct: z
                  .strictObject({
                    enabled: z.boolean().optional(),
                  })
                  .optional(),
                enabled: z.boolean().optional(),
                extended: z
                  .strictObject({
                    enabled: z.boolean().optional(),
                  })
                  .optional(),
              })
              .optional(),
            vapic: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
            vendorid: z
              .strictObject({
                enabled: z.boolean().optional(),
                vendorid: z.string().optional(),
              })
              .optional(),
            vpindex: z
              .strictObject({
                enabled: z.boolean().optional(),
              })
              .optional(),
          })
          .optional(),
        hypervPassthrough: z
          .strictObject({
            enabled: z.boolean().optional(),
          })
          .optional(),
        kvm: z
          .strictObject({
            hidden: z.boolean().optional(),
          })
          .optional(),
        pvspinlock: z
          .strictObject({
            enabled: z.boolean().optional(),
          })
          .optional(),
        smm: z
          .strictObject({
            enabled: z.boolean().optional(),
          })
          .optional(),
      })
      .optional(),
    firmware: z
      .strictObject({
        acpi: z
          .strictObject({
            msdmNameRef: z.string().optional(),
            slicNameRef: z.string().optional(),
          })
          .optional(),
        bootloader: z
          .strictObject({
            bios: z
              .strictObject({
                useSerial: z.boolean().optional(),
              })
              .optional(),
            efi: z
              .strictObject({
                persistent: z.boolean().optional(),
                secureBoot: z.boolean().optional(),
              })
              .optional(),
          })
          .optional(),
        kernelBoot: z
          .strictObject({
            container: z
              .strictObject({
                image: z.string(),
                imagePullPolicy: z.string().optional(),
                imagePullSecret: z.string().optional(),
                initrdPath: z.string().optional(),
                kernelPath: z.string().optional(),
              })
              .optional(),
            kernelArgs: z.string().optional(),
          })
          .optional(),
        serial: z.string().optional(),
        uuid: z.string().optional(),
      })
      .optional(),
    ioThreads: z
      .strictObject({
        supplementalPoolThreadCount: z.int().optional(),
      })
      .optional(),
    ioThreadsPolicy: z.string().optional(),
    launchSecurity: z
      .strictObject({
        sev: z
          .strictObject({
            attestation: z.looseObject({}).optional(),
            dhCert: z.string().optional(),
            policy: z
              .strictObject({
                encryptedState: z.boolean().optional(),
              })
              .optional(),
            session: z.string().optional(),
          })
          .optional(),
        snp: z.looseObject({}).optional(),
        tdx: z.looseObject({}).optional(),
      })
      .optional(),
    machine: z
      .strictObject({
        type: z.string().optional(),
      })
      .optional(),
    memory: z
      .strictObject({
        guest: z.union([z.string(), z.int()]).optional(),
        hugepages: z
          .strictObject({
            pageSize: z.string().optional(),
          })
          .optional(),
        maxGuest: z.union([z.string(), z.int()]).optional(),
        reservedOverhead: z
          .strictObject({
            addedOverhead: z.union([z.string(), z.int()]).optional(),
            memLock: z.enum(["NotRequired", "Required"]).optional(),
          })
          .optional(),
      })
      .optional(),
    rebootPolicy: z.enum(["Reboot", "Terminate"]).optional(),
    resources: z
      .strictObject({
        limits: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
        overcommitGuestOverhead: z.boolean().optional(),
        requests: z.record(z.string(), z.union([z.string(), z.int()])).optional(),
      })
      .optional(),
  }),
  evictionStrategy: z.string().optional(),
  hostname: z.string().optional(),
  livenessProbe: z
    .strictObject({
      exec: z
        .strictObject({
          command: z.array(z.string()).optional(),
        })
        .optional(),
      failureThreshold: z.int().optional(),
      guestAgentPing: z.looseObject({}).optional(),
      httpGet: z
        .strictObject({
          host: z.string().optional(),
          httpHeaders: z
            .array(
              z.strictObject({
                name: z.string(),
                value: z.string(),
              }),
            )
            .optional(),
          path: z.string().optional(),
          port: z.union([z.string(), z.int()]),
          scheme: z.string().optional(),
        })
        .optional(),
      initialDelaySeconds: z.int().optional(),
      periodSeconds: z.int().optional(),
      successThreshold: z.int().optional(),
      tcpSocket: z
        .strictObject({
          host: z.string().optional(),
          port: z.union([z.string(), z.int()]),
        })
        .optional(),
      timeoutSeconds: z.int().optional(),
    })
    .optional(),
  networks: z
    .array(
      z.strictObject({
        multus: z
          .strictObject({
            default: z.boolean().optional(),
            networkName: z.string(),
          })
          .optional(),
        name: z.string(),
        pod: z
          .strictObject({
            vmIPv6NetworkCIDR: z.string().optional(),
            vmNetworkCIDR: z.string().optional(),
          })
          .optional(),
        resourceClaim: z
          .strictObject({
            claimName: z.string().optional(),
            requestName: z.string().optional(),
          })
          .optional(),
      }),
    )
    .optional(),
  nodeSelector: z.record(z.string(), z.string()).optional(),
  priorityClassName: z.string().optional(),
  readinessProbe: z
    .strictObject({
      exec: z
        .strictObject({
          command: z.array(z.string()).optional(),
        })
        .optional(),
      failureThreshold: z.int().optional(),
      guestAgentPing: z.looseObject({}).optional(),
      httpGet: z
        .strictObject({
          host: z.string().optional(),
          httpHeaders: z
            .array(
              z.strictObject({
                name: z.string(),
                value: z.string(),
              }),
            )
            .optional(),
          path: z.string().optional(),
          port: z.union([z.string(), z.int()]),
          scheme: z.string().optional(),
        })
        .optional(),
      initialDelaySeconds: z.int().optional(),
      periodSeconds: z.int().optional(),
      successThreshold: z.int().optional(),
      tcpSocket: z
        .strictObject({
          host: z.string().optional(),
          port: z.union([z.string(), z.int()]),
        })
        .optional(),
      timeoutSeconds: z.int().optional(),
    })
    .optional(),
  resourceClaims: z
    .array(
      z.strictObject({
        name: z.string(),
        resourceClaimName: z.string().optional(),
        resourceClaimTemplateName: z.string().optional(),
      }),
    )
    .optional(),
  schedulerName: z.string().optional(),
  serviceAccountName: z.string().optional(),
  startStrategy: z.string().optional(),
  subdomain: z.string().optional(),
  terminationGracePeriodSeconds: z.int().optional(),
  tolerations: z
    .array(
      z.strictObject({
        key: z.string().optional(),
        operator: z.enum(["Exists", "Equal"]).optional(),
        value: z.string().optional(),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
        tolerationSeconds: z.int().optional(),
      }),
    )
    .optional(),
  topologySpreadConstraints: z.array(z.record(z.string(), z.unknown())).optional(),
  utilityVolumes: z
    .array(
      z.strictObject({
        claimName: z.string(),
        name: z.string(),
        readOnly: z.boolean().optional(),
        type: z.string().optional(),
      }),
    )
    .optional(),
  volumes: z
    .array(
      z.strictObject({
        cloudInitConfigDrive: z
          .strictObject({
            networkData: z.string().optional(),
            networkDataBase64: z.string().optional(),
            networkDataSecretRef: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
            secretRef: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
            userData: z.string().optional(),
            userDataBase64: z.string().optional(),
          })
          .optional(),
        cloudInitNoCloud: z
          .strictObject({
            networkData: z.string().optional(),
            networkDataBase64: z.string().optional(),
            networkDataSecretRef: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
            secretRef: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
            userData: z.string().optional(),
            userDataBase64: z.string().optional(),
          })
          .optional(),
        configMap: z
          .strictObject({
            name: z.string().optional(),
            optional: z.boolean().optional(),
            volumeLabel: z.string().optional(),
          })
          .optional(),
        containerDisk: z
          .strictObject({
            image: z.string(),
            imagePullPolicy: z.string().optional(),
            imagePullSecret: z.string().optional(),
            path: z.string().optional(),
          })
          .optional(),
        containerPath: z
          .strictObject({
            path: z.string(),
            readOnly: z.boolean().optional(),
          })
          .optional(),
        dataVolume: z
          .strictObject({
            hotpluggable: z.boolean().optional(),
            name: z.string(),
          })
          .optional(),
        downwardAPI: z
          .strictObject({
            fields: z
              .array(
                z.strictObject({
                  fieldRef: z
                    .strictObject({
                      apiVersion: z.string().optional(),
                      fieldPath: z.string(),
                    })
                    .optional(),
                  mode: z.int().optional(),
                  path: z.string(),
                  resourceFieldRef: z
                    .strictObject({
                      containerName: z.string().optional(),
                      divisor: z.union([z.string(), z.int()]).optional(),
                      resource: z.string(),
                    })
                    .optional(),
                }),
              )
              .optional(),
            volumeLabel: z.string().optional(),
          })
          .optional(),
        downwardMetrics: z.looseObject({}).optional(),
        emptyDisk: z
          .strictObject({
            capacity: z.union([z.string(), z.int()]),
          })
          .optional(),
        ephemeral: z
          .strictObject({
            persistentVolumeClaim: z
              .strictObject({
                claimName: z.string(),
                readOnly: z.boolean().optional(),
              })
              .optional(),
          })
          .optional(),
        hostDisk: z
          .strictObject({
            capacity: z.union([z.string(), z.int()]).optional(),
            path: z.string(),
            shared: z.boolean().optional(),
            type: z.string(),
          })
          .optional(),
        memoryDump: z
          .strictObject({
            claimName: z.string(),
            hotpluggable: z.boolean().optional(),
            readOnly: z.boolean().optional(),
          })
          .optional(),
        name: z.string(),
        persistentVolumeClaim: z
          .strictObject({
            claimName: z.string(),
            hotpluggable: z.boolean().optional(),
            readOnly: z.boolean().optional(),
          })
          .optional(),
        secret: z
          .strictObject({
            optional: z.boolean().optional(),
            secretName: z.string().optional(),
            volumeLabel: z.string().optional(),
          })
          .optional(),
        serviceAccount: z
          .strictObject({
            serviceAccountName: z.string().optional(),
          })
          .optional(),
        sysprep: z
          .strictObject({
            configMap: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
            secret: z
              .strictObject({
                name: z.string().optional(),
              })
              .optional(),
          })
          .optional(),
      }),
    )
    .optional(),
});
export const VirtualMachineInstanceStatusSchema = z.strictObject({
  VSOCKCID: z.int().optional(),
  activePods: z.record(z.string(), z.string()).optional(),
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
  currentCPUTopology: z
    .strictObject({
      cores: z.int().optional(),
      sockets: z.int().optional(),
      threads: z.int().optional(),
    })
    .optional(),
  evacuationNodeName: z.string().optional(),
  fsFreezeStatus: z.string().optional(),
  guestOSInfo: z
    .strictObject({
      id: z.string().optional(),
      kernelRelease: z.string().optional(),
      kernelVersion: z.string().optional(),
      machine: z.string().optional(),
      name: z.string().optional(),
      prettyName: z.string().optional(),
      version: z.string().optional(),
      versionId: z.string().optional(),
    })
    .optional(),
  interfaces: z
    .array(
      z.strictObject({
        infoSource: z.string().optional(),
        interfaceName: z.string().optional(),
        ipAddress: z.string().optional(),
        ipAddresses: z.array(z.string()).optional(),
        linkState: z.string().optional(),
        mac: z.string().optional(),
        name: z.string().optional(),
        podInterfaceName: z.string().optional(),
        queueCount: z.int().optional(),
      }),
    )
    .optional(),
  kernelBootStatus: z
    .strictObject({
      initrdInfo: z
        .strictObject({
          checksum: z.int().optional(),
        })
        .optional(),
      kernelInfo: z
        .strictObject({
          checksum: z.int().optional(),
        })
        .optional(),
    })
    .optional(),
  launcherContainerImageVersion: z.string().optional(),
  machine: z
    .strictObject({
      type: z.string().optional(),
    })
    .optional(),
  memory: z
    .strictObject({
      guestAtBoot: z.union([z.string(), z.int()]).optional(),
      guestCurrent: z.union([z.string(), z.int()]).optional(),
      guestRequested: z.union([z.string(), z.int()]).optional(),
      memoryOverhead: z.union([z.string(), z.int()]).optional(),
    })
    .optional(),
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
  migrationMethod: z.string().optional(),
  migrationState: z
    .strictObject({
      abortRequested: z.boolean().optional(),
      abortStatus: z.string().optional(),
      completed: z.boolean().optional(),
      endTimestamp: z.string().optional(),
      failed: z.boolean().optional(),
      failureReason: z.string().optional(),
      migrationConfiguration: z
        .strictObject({
          allowAutoConverge: z.boolean().optional(),
          allowPostCopy: z.boolean().optional(),
          allowWorkloadDisruption: z.boolean().optional(),
          bandwidthPerMigration: z.union([z.string(), z.int()]).optional(),
          completionTimeoutPerGiB: z.int().optional(),
          disableTLS: z.boolean().optional(),
          experimental: z
            .strictObject({
              compression: z.enum(["none", "zstd"]).optional(),
              downtimeTuning: z
                .strictObject({
                  cooldownSeconds: z.int().optional(),
                  initialMs: z.int().optional(),
                  startAfterIteration: z.int().optional(),
                  steps: z.int().optional(),
                })
                .optional(),
              stallDetector: z
                .strictObject({
                  completionTimeoutFactor: z.union([z.string(), z.int()]).optional(),
                  ewmaAlpha: z.union([z.string(), z.int()]).optional(),
                  patienceWindowDecayFactor: z.union([z.string(), z.int()]).optional(),
                  precopyPossibleFactor: z.union([z.string(), z.int()]).optional(),
                  searchLocalMinima: z.boolean().optional(),
                  stallMargin: z.int().optional(),
                  stallProgressTimeout: z.int().optional(),
                  switchoverTimeout: z.int().optional(),
                })
                .optional(),
            })
            .optional(),
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
      migrationNetworkType: z.string().optional(),
      migrationPolicyName: z.string().optional(),
      migrationUid: z.string().optional(),
      mode: z.string().optional(),
      sourceNode: z.string().optional(),
      sourcePersistentStatePVCName: z.string().optional(),
      sourcePod: z.string().optional(),
      sourceState: z
        .strictObject({
          domainName: z.string().optional(),
          domainNamespace: z.string().optional(),
          migrationUID: z.string().optional(),
          node: z.string().optional(),
          nodeSelectors: z.record(z.string(), z.string()).optional(),
          persistentStatePVCName: z.string().optional(),
          pod: z.string().optional(),
          selinuxContext: z.string().optional(),
          syncAddress: z.string().optional(),
          virtualMachineInstanceUID: z.string().optional(),
        })
        .optional(),
      startTimestamp: z.string().optional(),
      targetAttachmentPodUID: z.string().optional(),
      targetCPUSet: z.array(z.int()).optional(),
      targetDirectMigrationNodePorts: z.record(z.string(), z.int()).optional(),
      targetMemoryOverhead: z.union([z.string(), z.int()]).optional(),
      targetNode: z.string().optional(),
      targetNodeAddress: z.string().optional(),
      targetNodeDomainDetected: z.boolean().optional(),
      targetNodeDomainReadyTimestamp: z.string().optional(),
      targetNodeTopology: z.string().optional(),
      targetPersistentStatePVCName: z.string().optional(),
      targetPod: z.string().optional(),
      targetState: z
        .strictObject({
          attachmentPodUID: z.string().optional(),
          cpuSet: z.array(z.int()).optional(),
          directMigrationNodePorts: z.record(z.string(), z.int()).optional(),
          domainDetected: z.boolean().optional(),
          domainName: z.string().optional(),
          domainNamespace: z.string().optional(),
          domainReadyTimestamp: z.string().optional(),
          migrationUID: z.string().optional(),
          node: z.string().optional(),
          nodeAddress: z.string().optional(),
          nodeTopology: z.string().optional(),
          persistentStatePVCName: z.string().optional(),
          pod: z.string().optional(),
          selinuxContext: z.string().optional(),
          syncAddress: z.string().optional(),
          virtualMachineInstanceUID: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  migrationTransport: z.string().optional(),
  nodeName: z.string().optional(),
  claim: z.strictObject({ node: z.string(), bootID: z.string(), epoch: z.int() }).optional(),
  phase: z
    .enum(["Pending", "Scheduling", "Scheduled", "Running", "Succeeded", "Failed", "WaitingForSync", "Unknown"])
    .optional(),
  phaseTransitionTimestamps: z
    .array(
      z.strictObject({
        phase: z.string().optional(),
        phaseTransitionTimestamp: z.string().optional(),
      }),
    )
    .optional(),
  qosClass: z.string().optional(),
  reason: z.string().optional(),
  runtimeUser: z.int().optional(),
  selinuxContext: z.string().optional(),
  topologyHints: z
    .strictObject({
      tscFrequency: z.int().optional(),
    })
    .optional(),
  virtualMachineRevisionName: z.string().optional(),
  volumeStatus: z
    .array(
      z.strictObject({
        containerDiskVolume: z
          .strictObject({
            checksum: z.int().optional(),
          })
          .optional(),
        hotplugVolume: z
          .strictObject({
            attachPodName: z.string().optional(),
            attachPodUID: z.string().optional(),
          })
          .optional(),
        memoryDumpVolume: z
          .strictObject({
            claimName: z.string().optional(),
            endTimestamp: z.string().optional(),
            startTimestamp: z.string().optional(),
            targetFileName: z.string().optional(),
          })
          .optional(),
        message: z.string().optional(),
        name: z.string(),
        persistentVolumeClaimInfo: z
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
        phase: z.string().optional(),
        reason: z.string().optional(),
        size: z.int().optional(),
        target: z.string(),
      }),
    )
    .optional(),
});
export const VirtualMachineInstanceSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({}),
  spec: VirtualMachineInstanceSpecSchema,
  status: VirtualMachineInstanceStatusSchema.optional(),
});
export type VirtualMachineInstanceSpec = ReadonlyDeep<z.infer<typeof VirtualMachineInstanceSpecSchema>>;
export type VirtualMachineInstanceStatus = ReadonlyDeep<z.infer<typeof VirtualMachineInstanceStatusSchema>>;
export interface VirtualMachineInstance extends KubeObject {
  readonly spec: VirtualMachineInstanceSpec;
  readonly status?: VirtualMachineInstanceStatus | undefined;
}
export const VirtualMachineInstance: Kind<VirtualMachineInstance> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachineInstance",
  plural: "virtualmachineinstances",
  namespaced: true,
};
