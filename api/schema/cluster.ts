/** The specification and status of a KubeVirt object: what is installed, where, and how it is set up. */
import { ClusterConfigurationSchema } from "./cluster-configuration.ts";
import { conditions, localReference } from "./kubernetes.ts";
import { affinity, tolerations } from "./placement.ts";
import { int, int64, list, map, object, required, text } from "./vocabulary.ts";

const component = (what: string) =>
  object(`Where ${what} runs.`, {
    nodePlacement: object("Nodes that it may run on.", {
      affinity: affinity("Nodes and pods to be near to or far from."),
      nodeSelector: map("Labels that the nodes must have.", text("The label's value.")),
      tolerations: tolerations("Taints of nodes that do not keep it away."),
    }),
    replicas: int("How many copies run."),
  });

const certificate = (description: string) =>
  object(description, {
    duration: text("How long it is valid, such as 168h."),
    renewBefore: text("How long before its end it is renewed, such as 24h."),
  });

const flags = (of: string) => map(`Flags of ${of}, by name.`, text("The flag's value."));

export const ClusterSpecSchema = object("What should be installed, and how it is set up.", {
  certificateRotateStrategy: object("Certificates of our servers.", {
    selfSigned: object("Signed by a CA of our own.", {
      ca: certificate("The CA's certificate."),
      caOverlapInterval: text("Deprecated: see ca."),
      caRotateInterval: text("Deprecated: see ca."),
      certRotateInterval: text("Deprecated: see server."),
      server: certificate("The servers' certificates."),
    }),
  }),
  configuration: ClusterConfigurationSchema,
  customizeComponents: object("Changes to what is installed.", {
    flags: object("Flags of the components.", {
      api: flags("the API"),
      controller: flags("the controller"),
      handler: flags("the nodes' agents"),
    }),
    patches: list(
      "Patches of installed objects.",
      object("One patch.", {
        patch: required(text("The patch.")),
        resourceName: required(text("Name of the object.", { min: 1 })),
        resourceType: required(text("Kind of the object.", { min: 1 })),
        type: required(text("Kind of patch: strategic, merge or json.")),
      }),
      { list: "atomic" },
    ),
  }),
  imagePullPolicy: text("When images are pulled: Always, IfNotPresent or Never."),
  imagePullSecrets: list("Secrets with credentials of image registries.", localReference("A Secret.", "Secret"), {
    list: "atomic",
  }),
  imageRegistry: text("Registry of the images."),
  imageTag: text("Tag of the images."),
  infra: component("the control plane"),
  monitorAccount: text("Service account of the monitoring."),
  monitorNamespace: text("Namespace of the monitoring."),
  productComponent: text("Component name that objects are labelled with."),
  productName: text("Product name that objects are labelled with."),
  productVersion: text("Product version that objects are labelled with."),
  serviceMonitorNamespace: text("Namespace in which ServiceMonitors are made."),
  synchronizationPort: text("Port for migrations between clusters."),
  uninstallStrategy: text("RemoveWorkloads, or BlockUninstallIfWorkloadsExist."),
  workloadUpdateStrategy: object("How running guests get a new version.", {
    batchEvictionInterval: text("Time between batches, such as 1m."),
    batchEvictionSize: int("Guests a batch."),
    workloadUpdateMethods: list("LiveMigrate or Evict, in order of preference.", text("A method."), {
      list: "atomic",
    }),
  }),
  workloads: component("what each node runs"),
});

export const ClusterStatusSchema = object("What is installed.", {
  phase: text("Deploying, Deployed or Deleting."),
  conditions: conditions("installation"),
  defaultArchitecture: text("Architecture of guests that ask for none."),
  generations: list(
    "Installed objects and the generations that were last seen of them.",
    object("One object.", {
      group: required(text("API group.")),
      resource: required(text("Plural name of its kind.")),
      namespace: text("Its namespace."),
      name: required(text("Its name.")),
      lastGeneration: required(int64("Its generation.")),
      hash: text("Hash of what has no generation."),
    }),
    { list: "atomic" },
  ),
  observedDeploymentConfig: text("Settings that are installed, as JSON."),
  observedDeploymentID: text("Hash of those settings."),
  observedGeneration: int64("Generation of the spec that this status is about."),
  observedKubeVirtRegistry: text("Registry that the images came from."),
  observedKubeVirtVersion: text("Version that is installed."),
  operatorVersion: text("Version of the operator."),
  outdatedVirtualMachineInstanceWorkloads: int("Guests that run with an older version."),
  synchronizationAddresses: list("Addresses for migrations between clusters.", text("An address."), {
    list: "atomic",
  }),
  targetDeploymentConfig: text("Settings that are being installed, as JSON."),
  targetDeploymentID: text("Hash of those settings."),
  targetKubeVirtRegistry: text("Registry that the images come from."),
  targetKubeVirtVersion: text("Version that is being installed."),
});
