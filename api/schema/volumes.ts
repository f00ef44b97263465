/** Volumes: where a disk's content comes from. */
import { PULL_POLICIES } from "./firmware.ts";
import { localReference, persistentVolumeClaim } from "./kubernetes.ts";
import { flag, int32, list, object, presence, quantity, required, text, word, type Value } from "./vocabulary.ts";

const hotpluggable = flag("It may be plugged in and out while the guest runs.");

const cloudInit = (description: string) =>
  object(description, {
    userData: text("The guest's user data, as text. Up to 2048 bytes; use secretRef for more."),
    userDataBase64: text("The guest's user data, base64. Up to 2048 bytes decoded."),
    secretRef: localReference("Secret with the user data under the key userdata or userData.", "Secret"),
    networkData: text("The guest's network configuration, as text. Up to 2048 bytes."),
    networkDataBase64: text("The guest's network configuration, base64. Up to 2048 bytes decoded."),
    networkDataSecretRef: localReference(
      "Secret with the network configuration under the key networkdata or networkData.",
      "Secret",
    ),
  });

const volumeLabel = text("Label of the file system on the disk that is made of it.");

const DownwardAPISchema = object("A disk with facts about the virtual machine's pod, one file each.", {
  fields: list(
    "The files.",
    object("One file.", {
      path: required(text("Path of the file on the disk, relative and without dots.")),
      fieldRef: object("A field of the pod: labels, annotations, name, namespace, uid.", {
        apiVersion: text("Version of the schema that fieldPath is written in; v1 when unset."),
        fieldPath: required(text("The field, such as metadata.labels.")),
      }),
      resourceFieldRef: object("A request or limit of the pod's containers.", {
        containerName: text("The container."),
        divisor: quantity("Unit in which the value is written; 1 when unset."),
        resource: required(text("The resource, such as limits.cpu.")),
      }),
      mode: int32("Permissions of the file, as a number."),
    }),
  ),
  volumeLabel,
});

/** The fields of a volume of which exactly one is set. */
export const VOLUME_SOURCES = [
  "containerDisk",
  "persistentVolumeClaim",
  "dataVolume",
  "ephemeral",
  "emptyDisk",
  "hostDisk",
  "cloudInitNoCloud",
  "cloudInitConfigDrive",
  "sysprep",
  "configMap",
  "secret",
  "serviceAccount",
  "downwardAPI",
  "downwardMetrics",
  "memoryDump",
  "containerPath",
] as const;

export const VolumeSchema = object(
  "A volume. Exactly one source says where its content comes from.",
  {
    name: required(text("Name by which a disk or file system refers to it: a DNS label, up to 63 characters.")),
    containerDisk: object("A disk image inside a container image. Writes are lost when the virtual machine stops.", {
      image: required(text("Reference of the container image.")),
      path: text("Absolute path of the disk image in it; the only file in /disk when unset."),
      imagePullPolicy: word("When the image is pulled: Always for the tag latest or none, else IfNotPresent.", [
        ...PULL_POLICIES,
      ]),
      imagePullSecret: text("Secret with the credentials of the image's registry."),
    }),
    persistentVolumeClaim: object("A persistent volume.", {
      claimName: required(text("Name of the claim, in the namespace of the virtual machine.")),
      readOnly: flag("Mount it without the right to write."),
      hotpluggable,
    }),
    dataVolume: object("A persistent volume that a DataVolume fills first.", {
      name: required(text("Name of the DataVolume, in the namespace of the virtual machine.")),
      hotpluggable,
    }),
    ephemeral: object("A persistent volume as read-only base; writes are lost when the virtual machine stops.", {
      persistentVolumeClaim: persistentVolumeClaim("The base."),
    }),
    emptyDisk: object("An empty disk that lives as long as the virtual machine instance.", {
      capacity: required(quantity("Size of the disk.")),
    }),
    hostDisk: object("A disk image on the node's file system.", {
      path: required(text("Absolute path of the image on the node.")),
      type: required(text("Disk: it must exist. DiskOrCreate: it is made when it does not.")),
      capacity: quantity("Size of the image when it is made. Only with DiskOrCreate."),
      shared: flag("Other virtual machines on other nodes may use the path too, as on a shared file system."),
    }),
    cloudInitNoCloud: cloudInit("A disk with cloud-init data in the layout of its NoCloud source."),
    cloudInitConfigDrive: cloudInit("A disk with cloud-init data in the layout of its ConfigDrive source."),
    sysprep: object("A disk with answer files for Windows Setup (autounattend.xml, unattend.xml).", {
      configMap: localReference("ConfigMap with the files.", "ConfigMap"),
      secret: localReference("Secret with the files.", "Secret"),
    }),
    configMap: object("A disk with the entries of a ConfigMap, one file each.", {
      name: text("Name of the ConfigMap.", { default: "" }),
      optional: flag("Start without it when it does not exist."),
      volumeLabel,
    }),
    secret: object("A disk with the entries of a Secret, one file each.", {
      secretName: text("Name of the Secret."),
      optional: flag("Start without it when it does not exist."),
      volumeLabel,
    }),
    serviceAccount: object("A disk with the token of a service account.", {
      serviceAccountName: text("Name of the service account."),
    }),
    downwardAPI: DownwardAPISchema,
    downwardMetrics: presence("A small disk with metrics of the node, in the vhostmd layout."),
    memoryDump: object("A persistent volume that takes a dump of the guest's memory.", {
      claimName: required(text("Name of the claim.")),
      readOnly: flag("Mount it without the right to write."),
      hotpluggable,
    }),
    containerPath: object("A directory of the pod, such as a projected token, for a virtiofs file system.", {
      path: required(text("Absolute path in the pod.", { max: 4096 })),
      readOnly: flag("The guest cannot write to it.", { default: true }),
    }),
  },
  {
    rules: [
      {
        rule: `[${VOLUME_SOURCES.map((source) => `has(self.${source})`).join(", ")}].exists_one(set, set)`,
        message: "set exactly one source, such as containerDisk or persistentVolumeClaim",
        reason: "FieldValueInvalid",
      },
    ],
  },
);
export type Volume = Value<ReturnType<(typeof VolumeSchema)["unwrap"]>>;

export const UtilityVolumeSchema = object("A volume that is attached to the pod and not shown to the guest.", {
  name: required(text("Name of the volume; no other volume may have it.")),
  claimName: required(text("Name of the claim, in the namespace of the virtual machine.")),
  readOnly: flag("Mount it without the right to write."),
  type: text("What it is for: MemoryDump or Backup."),
});
