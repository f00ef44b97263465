/** The cluster's settings: spec.configuration of the KubeVirt object. */
import { labelSelector, resources } from "./kubernetes.ts";
import { migrationConfiguration } from "./migration.ts";
import {
  choice,
  decimal,
  flag,
  int,
  int32,
  int64,
  list,
  map,
  object,
  presence,
  quantity,
  required,
  text,
} from "./vocabulary.ts";

const clientOf = (component: string) =>
  object(`How ${component} talks to the Kubernetes API.`, {
    restClient: object("Its client.", {
      rateLimiter: object("How fast it may ask.", {
        tokenBucketRateLimiter: object("A bucket of requests.", {
          burst: required(int("Requests that may be made at once.")),
          qps: required(decimal("Requests a second over time.")),
        }),
      }),
    }),
  });

const architecture = (name: string) =>
  object(`Settings for ${name} guests.`, {
    emulatedMachines: list("Machine types that guests may ask for; * stands for any text.", text("A pattern."), {
      list: "atomic",
    }),
    machineType: text("Machine type of guests that ask for none."),
    ovmfPath: text("Directory with the UEFI firmware."),
  });

const DeveloperConfigurationSchema = object("Settings for developers, and feature gates.", {
  clusterProfiler: flag("Let profiles of the control plane be taken."),
  cpuAllocationRatio: int("Virtual CPUs for each CPU that a pod requests; 10 when unset."),
  disabledFeatureGates: list("Features to turn off although they are on by default.", text("Name of a gate."), {
    list: "atomic",
  }),
  diskVerification: object("The check of disk images.", {
    memoryLimit: required(quantity("Memory that the check may use.")),
  }),
  featureGates: list("Features to turn on.", text("Name of a gate."), { list: "atomic" }),
  logVerbosity: object("How much is logged, 0 to 10.", {
    nodeVerbosity: map("For the agents of single nodes, by node.", int("A level.")),
    virtAPI: int("For the API."),
    virtController: int("For the controller."),
    virtHandler: int("For the agents of nodes."),
    virtLauncher: int("For the pods of virtual machines."),
    virtOperator: int("For the operator."),
    virtSynchronizationController: int("For the synchronization controller."),
  }),
  memoryOvercommit: int("Percent of the guest's memory, of what the pod requests; 100 when unset.", { min: 10 }),
  minimumClusterTSCFrequency: int64("Frequency in hertz of the slowest TSC that guests may be tied to."),
  minimumReservePVCBytes: int64("Bytes that are left free on file system volumes."),
  nodeSelectors: map("Not used.", text("A label's value.")),
  pvcTolerateLessSpaceUpToPercent: int("Percent by which a volume may be smaller than asked for; 10 when unset."),
  useEmulation: flag("Run guests by software emulation where KVM is not there."),
});

const bindingPlugin = object("A network binding plugin.", {
  computeResourceOverhead: resources("What the plugin needs beside the guest."),
  domainAttachmentType: text("How the guest is attached, where the plugin leaves it to us: tap or managedTap."),
  downwardAPI: text("What the plugin is told: device-info."),
  migration: object("How its interfaces migrate.", { method: text("link-refresh, or nothing.") }),
  networkAttachmentDefinition: text("Definition whose CNI the pod's network is set up by."),
  sidecarImage: text("Image of the plugin's sidecar."),
});

const mediatedTypes = {
  mediatedDeviceTypes: list("Types to make, in turn.", text("A type."), { list: "atomic" }),
  mediatedDevicesTypes: list("The same under its older name.", text("A type."), { list: "atomic" }),
};

const external = flag("A device plugin of somebody else offers it.");
const resourceName = required(text("Resource under which it is offered."));

const enabledOnly = (description: string) => object(description, { enabled: flag("Whether to; true when unset.") });

export const ClusterConfigurationSchema = object("Settings of the cluster.", {
  additionalGuestMemoryOverheadRatio: text("Factor on the memory that is set aside beside the guest's own."),
  apiConfiguration: clientOf("the API"),
  architectureConfiguration: object("Settings by CPU architecture.", {
    amd64: architecture("amd64"),
    arm64: architecture("arm64"),
    ppc64le: architecture("ppc64le"),
    s390x: architecture("s390x"),
    defaultArchitecture: text("Architecture of guests that ask for none."),
  }),
  autoCPULimitNamespaceLabelSelector: labelSelector("Namespaces in which guests get a CPU limit of their own CPUs."),
  changedBlockTrackingLabelSelectors: object("Guests whose disks keep track of changed blocks.", {
    namespaceLabelSelector: labelSelector("All guests of these namespaces."),
    virtualMachineLabelSelector: labelSelector("These guests."),
  }),
  commonInstancetypesDeployment: enabledOnly("Install the common instance types."),
  confidentialCompute: object("Guests whose memory is encrypted.", {
    tdx: object("Intel TDX.", {
      attestation: object("Proof for the guest's owner.", {
        enforced: flag("Only start guests on nodes that can attest.", { default: false }),
        qgsSocketPath: text("Socket of the quote service on nodes.", { default: "/var/run/tdx-qgs/qgs.socket" }),
      }),
    }),
  }),
  controllerConfiguration: clientOf("the controller"),
  cpuModel: text("CPU model of guests that ask for none; host-model when unset."),
  cpuRequest: quantity("CPU that a pod requests for each CPU of its guest."),
  defaultRuntimeClass: text("RuntimeClass of the pods of virtual machines."),
  developerConfiguration: DeveloperConfigurationSchema,
  emulatedMachines: list("Deprecated: see architectureConfiguration.", text("A pattern.")),
  evictionStrategy: text("What happens to guests whose node is drained, when they do not say: None, LiveMigrate, …"),
  handlerConfiguration: clientOf("the nodes' agents"),
  hypervisors: list(
    "Hypervisors to run guests with; one.",
    object("A hypervisor.", { name: choice("Which one.", ["kvm", "hyperv-direct"]) }),
    { list: "atomic", max: 1 },
  ),
  imagePullPolicy: text("When images of the control plane are pulled: Always, IfNotPresent or Never."),
  instancetype: object("Instance types.", {
    referencePolicy: choice("Whether virtual machines refer to an instance type or take its values over.", [
      "reference",
      "expand",
      "expandAll",
    ]),
  }),
  ksmConfiguration: object("Merging of equal memory pages.", {
    nodeLabelSelector: labelSelector("Nodes on which it is on."),
  }),
  liveUpdateConfiguration: object("How far a running guest can grow.", {
    maxCpuSockets: int32("Sockets at most."),
    maxGuest: quantity("Memory at most."),
    maxHotplugRatio: int32("How many times the CPUs and memory of the start; 4 when unset."),
  }),
  machineType: text("Deprecated: see architectureConfiguration."),
  mediatedDevicesConfiguration: object("Virtual graphics cards that nodes make.", {
    enabled: flag("Whether they make any; true when unset."),
    ...mediatedTypes,
    nodeMediatedDeviceTypes: list(
      "Types for some nodes.",
      object("Types for the nodes that match.", {
        ...mediatedTypes,
        nodeSelector: required(map("Labels of the nodes.", text("The label's value."))),
      }),
      { list: "atomic" },
    ),
  }),
  memBalloonStatsPeriod: int32("Seconds between reports of the guest's use of memory; 10 when unset."),
  migrations: object("Live migrations.", migrationConfiguration),
  minCPUModel: text("Oldest CPU model that counts when nodes are labelled."),
  network: object("Networking of guests.", {
    binding: map("Network binding plugins, by name.", bindingPlugin),
    defaultNetworkInterface: text("Binding of guests that ask for no interface: bridge or masquerade."),
    permitBridgeInterfaceOnPodNetwork: flag("Allow the binding bridge on the pod network; true when unset."),
    permitSlirpInterface: flag("Not used: slirp is discontinued."),
  }),
  obsoleteCPUModels: map("CPU models that nodes are not labelled with.", flag("Whether it is obsolete.")),
  ovmfPath: text("Deprecated: see architectureConfiguration."),
  permittedHostDevices: object("Devices of nodes that guests may ask for.", {
    mediatedDevices: list(
      "Virtual graphics cards.",
      object("One kind of device.", {
        externalResourceProvider: external,
        mdevNameSelector: required(text("Name of the type of mediated device.")),
        resourceName,
      }),
      { list: "atomic" },
    ),
    pciHostDevices: list(
      "PCI devices.",
      object("One kind of device.", {
        externalResourceProvider: external,
        pciVendorSelector: required(text("Vendor and device id, such as 10DE:1EB8.")),
        resourceName,
      }),
      { list: "atomic" },
    ),
    usb: list(
      "USB devices.",
      object("One kind of device.", {
        externalResourceProvider: external,
        resourceName,
        selectors: list(
          "Devices that belong together.",
          object("One device.", {
            product: required(text("Product id.")),
            vendor: required(text("Vendor id.")),
          }),
          { list: "atomic" },
        ),
      }),
      { list: "atomic" },
    ),
  }),
  persistentReservationConfiguration: enabledOnly("Let guests make SCSI persistent reservations."),
  roleAggregationStrategy: choice("Whether our roles are added to Kubernetes' admin, edit and view.", [
    "AggregateToDefault",
    "Manual",
  ]),
  seccompConfiguration: object("System calls that guests' processes may make.", {
    virtualMachineInstanceProfile: object("For QEMU.", {
      customProfile: object("A profile of one's own. One is set.", {
        localhostProfile: text("Path of a profile on nodes."),
        runtimeDefaultProfile: flag("The container runtime's own."),
      }),
    }),
  }),
  selinuxLauncherType: text("SELinux type of the pods of virtual machines."),
  smbios: object("What SMBIOS says of the machine.", {
    family: text("Family."),
    manufacturer: text("Maker."),
    product: text("Product."),
    sku: text("Stock-keeping unit."),
    version: text("Version."),
  }),
  supportContainerResources: list(
    "Resources of the containers beside a guest.",
    object("One kind of container.", {
      resources: required(resources("Its resources.")),
      type: required(text("Which kind: container-disk, virtiofs, sidecar, …")),
    }),
    { list: "map", keys: ["type"] },
  ),
  supportedGuestAgentVersions: list("Not used.", text("A pattern.")),
  tlsConfiguration: object("TLS of our servers.", {
    ciphers: list("Cipher suites up to TLS 1.2.", text("A cipher suite."), { list: "set" }),
    minTLSVersion: choice("The oldest version.", ["VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"]),
  }),
  virtTemplateDeployment: enabledOnly("Install templates of virtual machines."),
  virtualMachineInstancesPerNode: int("Guests at most on one node."),
  virtualMachineOptions: object("Settings for all guests.", {
    disableFreePageReporting: presence("Guests do not give unused memory back."),
    disableSerialConsoleLog: presence("What guests write to their serial consoles is not kept."),
  }),
  vmRolloutStrategy: choice("Whether changes of a virtual machine reach its running instance or wait for a restart.", [
    "Stage",
    "LiveUpdate",
  ]),
  vmStateStorageClass: text("StorageClass of volumes with the state of TPM and UEFI."),
  webhookConfiguration: clientOf("the webhooks"),
});
