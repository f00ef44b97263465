/** DataVolumes that a virtual machine brings along: claims, and what they are filled with. */
import { labelSelector, resources } from "./kubernetes.ts";
import { choice, flag, list, object, openObject, presence, required, text, type Value } from "./vocabulary.ts";

const certConfigMap = text("ConfigMap with the certificates that the server is checked by.");
const secretRef = text("Secret with the credentials.");
const url = required(text("Where it is."));

const DataVolumeSourceSchema = object("What the volume is filled with. At most one source is set.", {
  blank: presence("Nothing: an empty disk."),
  gcs: object("Google Cloud Storage.", { secretRef, url }),
  http: object("A web server.", {
    certConfigMap,
    extraHeaders: list("Headers to send.", text("A header line.")),
    secretExtraHeaders: list("Secrets with headers to send.", text("Name of a Secret.")),
    secretRef,
    url,
  }),
  imageio: object("oVirt's image service.", {
    certConfigMap,
    diskId: required(text("Id of the disk.")),
    insecureSkipVerify: flag("Do not check the server's certificate."),
    secretRef,
    url,
  }),
  pvc: object("A copy of another claim.", {
    name: required(text("Name of the claim.")),
    namespace: required(text("Its namespace.")),
  }),
  registry: object("A container image with a disk image in it.", {
    certConfigMap,
    imageStream: text("Image stream that names the image."),
    platform: object("Which of the image's platforms.", { architecture: text("CPU architecture.") }),
    pullMethod: text("Who pulls it: pod or node."),
    secretRef,
    url: text("Reference of the image, with docker:// in front."),
  }),
  s3: object("An S3 bucket.", { certConfigMap, secretRef, url }),
  snapshot: object("A volume snapshot.", {
    name: required(text("Name of the snapshot.")),
    namespace: required(text("Its namespace.")),
  }),
  upload: presence("What a client uploads."),
  vddk: object("A VMware disk.", {
    backingFile: text("Path of the disk."),
    extraArgs: text("ConfigMap with arguments of the VDDK plugin."),
    initImageURL: text("Image with the VDDK library."),
    secretRef,
    thumbprint: text("Fingerprint of the server's certificate."),
    url: text("Where it is."),
    uuid: text("UUID of the virtual machine."),
  }),
});

const accessMode = text("ReadWriteOnce, ReadWriteMany, ReadOnlyMany or ReadWriteOncePod.");
const dataSource = {
  apiGroup: text("API group of the object; the core group when unset."),
  kind: required(text("Kind of the object.")),
  name: required(text("Name of the object.")),
};
const volumeRequest = {
  dataSource: object("Object in the same namespace that the volume is filled from.", dataSource),
  dataSourceRef: object("Object that the volume is filled from.", {
    ...dataSource,
    namespace: text("Namespace of the object; that of the claim when unset."),
  }),
  resources: resources("How much storage is asked for."),
  selector: labelSelector("Persistent volumes that may be used, by their labels."),
  storageClassName: text("StorageClass; the cluster's default when unset."),
  volumeMode: text("Filesystem or Block."),
  volumeName: text("Persistent volume that must be used."),
};

export const DataVolumeTemplateSchema = object("A DataVolume that is made for the virtual machine and goes with it.", {
  apiVersion: text("Version of the DataVolume's schema."),
  kind: text("DataVolume."),
  metadata: openObject("Name, labels and annotations of the DataVolume.", {
    name: text("Name of the DataVolume; a volume must refer to it."),
    namespace: text("Namespace; only that of the virtual machine is allowed."),
  }),
  spec: required(
    object("What the DataVolume should be.", {
      checkpoints: list(
        "Snapshots of a source that is copied in steps.",
        object("One step.", {
          current: required(text("Snapshot to copy.")),
          previous: required(text("Snapshot that is there already.")),
        }),
      ),
      contentType: choice("What it is filled with: a disk image, or an archive of files.", ["kubevirt", "archive"]),
      finalCheckpoint: flag("The last snapshot is the last of all."),
      preallocation: flag("Allocate all space beforehand."),
      priorityClassName: text("PriorityClass of the pods that fill it."),
      pvc: object("The claim, in all detail. Excludes storage.", {
        ...volumeRequest,
        accessModes: list("How it may be mounted.", accessMode, { list: "atomic" }),
        volumeAttributesClassName: text("VolumeAttributesClass of the volume."),
      }),
      source: DataVolumeSourceSchema,
      sourceRef: object("An object that names the source. Excludes source.", {
        kind: required(text("Kind of the object: DataSource.")),
        name: required(text("Name of the object.")),
        namespace: text("Namespace of the object; that of the virtual machine when unset."),
      }),
      storage: object("The claim, with what the storage class implies left out. Excludes pvc.", {
        ...volumeRequest,
        accessModes: list("How it may be mounted.", accessMode),
      }),
    }),
  ),
  status: presence("Not used."),
});
export type DataVolumeTemplate = Value<ReturnType<(typeof DataVolumeTemplateSchema)["unwrap"]>>;
