/** The specification of a virtual machine instance, put together from its subjects. */
import { AccessCredentialSchema } from "./access-credentials.ts";
import { ClockSchema } from "./clock.ts";
import { CPUSchema } from "./cpu.ts";
import { DevicesSchema } from "./devices.ts";
import { FeaturesSchema } from "./features.ts";
import { ChassisSchema, FirmwareSchema } from "./firmware.ts";
import { MemorySchema, ResourcesSchema } from "./memory.ts";
import { NetworkSchema } from "./networks.ts";
import { affinity, tolerations, topologySpreadConstraints } from "./placement.ts";
import { probe } from "./probes.ts";
import {
  choice,
  flag,
  int32,
  int64,
  list,
  map,
  object,
  presence,
  required,
  text,
  word,
  type Value,
} from "./vocabulary.ts";
import { UtilityVolumeSchema, VolumeSchema } from "./volumes.ts";

export const EVICTION_STRATEGIES = ["None", "LiveMigrate", "LiveMigrateIfPossible", "External"] as const;

const LaunchSecuritySchema = object("Protect the guest's memory from the node. At most one technique is set.", {
  sev: object("AMD SEV.", {
    attestation: presence("Start paused and wait until the guest's owner has attested it."),
    dhCert: text("Certificate of the owner's Diffie-Hellman key, base64."),
    session: text("The owner's session blob, base64."),
    policy: object("What the guest must have.", {
      encryptedState: flag("SEV-ES: the CPU state is encrypted too."),
    }),
  }),
  snp: presence("AMD SEV-SNP."),
  tdx: presence("Intel TDX."),
});

export const DomainSchema = object("The virtual hardware.", {
  chassis: ChassisSchema,
  clock: ClockSchema,
  cpu: CPUSchema,
  devices: required(DevicesSchema),
  features: FeaturesSchema,
  firmware: FirmwareSchema,
  ioThreads: object("Threads for disk I/O, for the policy supplementalPool.", {
    supplementalPoolThreadCount: int32("How many threads; at least 1."),
  }),
  ioThreadsPolicy: word("Which threads do the disks' I/O: one for all, up to two a CPU, or a pool.", [
    "shared",
    "auto",
    "supplementalPool",
  ]),
  launchSecurity: LaunchSecuritySchema,
  machine: object("The machine model.", {
    type: text("Model and version, such as q35 or pc-q35-9.2; the cluster's default when unset."),
  }),
  memory: MemorySchema,
  rebootPolicy: choice("What a reboot by the guest does: Reboot resets it, Terminate ends the instance.", [
    "Reboot",
    "Terminate",
  ]),
  resources: ResourcesSchema,
});
export type Domain = Value<ReturnType<(typeof DomainSchema)["unwrap"]>>;

const DNSConfigSchema = object("Name servers and search domains of the pod, added to those of dnsPolicy.", {
  nameservers: list("Addresses of name servers, up to 3.", text("An IP address."), { list: "atomic" }),
  options: list(
    "Options of the resolver.",
    object("One option.", { name: text("Name of the option."), value: text("Its value, if it has one.") }),
    { list: "atomic" },
  ),
  searches: list("Search domains, up to 6 and 256 characters in all.", text("A domain."), { list: "atomic" }),
});

export const InstanceSpecSchema = object("What the virtual machine should be.", {
  accessCredentials: list("Credentials to bring into the guest.", AccessCredentialSchema, { list: "atomic", max: 256 }),
  affinity: affinity("Nodes and pods to be near to or far from."),
  architecture: word("CPU architecture of the guest; the cluster's default when unset.", ["amd64", "arm64", "s390x"]),
  dnsConfig: DNSConfigSchema,
  dnsPolicy: word("Where the pod's DNS configuration comes from; ClusterFirst when unset.", [
    "ClusterFirst",
    "ClusterFirstWithHostNet",
    "Default",
    "None",
  ]),
  domain: required(DomainSchema),
  evictionStrategy: word("What happens when its node is drained; the cluster's default when unset.", [
    ...EVICTION_STRATEGIES,
  ]),
  hostname: text("Host name of the guest, a DNS label; the name of the virtual machine when unset."),
  livenessProbe: probe(
    "Says whether the guest is alive. When it is not, it is ended 30 s after its terminationGracePeriodSeconds, without being asked to shut down. Asked on a cluster, by the kubelet.",
  ),
  networks: list("Networks that interfaces are attached to.", NetworkSchema, { max: 256 }),
  nodeSelector: map("Labels that the node must have.", text("The label's value.")),
  priorityClassName: text("PriorityClass of the pod."),
  readinessProbe: probe(
    "Says whether the guest is ready: while it is not, no Service leads to it. Asked on a cluster, by the kubelet.",
  ),
  resourceClaims: list(
    "Claims of dynamically allocated devices, which devices and networks refer to.",
    object("One claim.", {
      name: required(text("Name by which it is referred to.")),
      resourceClaimName: text("Name of an existing ResourceClaim."),
      resourceClaimTemplateName: text("Name of a ResourceClaimTemplate to make a claim from."),
    }),
    { list: "map", keys: ["name"] },
  ),
  schedulerName: text("Scheduler that chooses the node; the cluster's default when unset."),
  serviceAccountName: text("Service account of the pod."),
  startStrategy: word("Paused: the guest starts halted and waits to be unpaused.", ["Paused"]),
  subdomain: text(
    "Subdomain of the guest: its full name is hostname.subdomain.namespace.svc and the cluster's domain.",
  ),
  terminationGracePeriodSeconds: int64("Seconds that the guest gets to shut down before it is ended; 30 when unset."),
  tolerations: tolerations("Taints of nodes that do not keep it away."),
  topologySpreadConstraints: topologySpreadConstraints("How it is spread over places, counted with its peers."),
  utilityVolumes: list("Volumes for work around the guest, not shown to it.", UtilityVolumeSchema, {
    list: "map",
    keys: ["name"],
    max: 256,
  }),
  volumes: list("Volumes that disks and file systems show.", VolumeSchema, { max: 256 }),
});
