/** Rules for volumes. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import { parseQuantity } from "../quantity.ts";
import { VOLUME_SOURCES, type Volume } from "../schema/volumes.ts";
import { gateOff, invalid, missing, notFound, shown, type Cause } from "./cause.ts";
import { base64Bytes, utf8Bytes, whyNoFilePath } from "./text-forms.ts";

/** A larger document belongs in a Secret: the object is sent to every watcher. */
const MAX_CLOUD_INIT_BYTES = 2048;

/** At most one volume of each of these. */
const ONLY_ONE = ["serviceAccount", "memoryDump", "downwardMetrics"] as const;

/** Sources that a feature gate guards. */
const GATES = {
  hostDisk: "HostDisk",
  downwardMetrics: "DownwardMetrics",
  containerPath: "ContainerPathVolumes",
} as const satisfies Partial<Record<keyof Volume, string>>;

/** `at` is the path of the list. */
export function validateVolumes(volumes: readonly Volume[], at: string, config: ClusterConfig): Cause[] {
  const first = new Map<string, number>();
  const causes = volumes.flatMap((volume, index) => {
    const same = first.get(volume.name);
    if (same === undefined) first.set(volume.name, index);
    const field = `${at}[${index}]`;
    return [
      ...(same === undefined
        ? []
        : [invalid(`${field}.name`, `must be unique; ${at}[${same}] is ${shown(volume.name)} too`)]),
      ...validateVolume(volume, field, config),
    ];
  });
  for (const source of ONLY_ONE) {
    const count = volumes.filter((volume) => volume[source] !== undefined).length;
    if (count > 1) causes.push(invalid(at, `at most one volume may be a ${source}; there are ${count}`));
  }
  return causes;
}

function validateVolume(volume: Volume, field: string, config: ClusterConfig): Cause[] {
  const sources = VOLUME_SOURCES.filter((source) => volume[source] !== undefined);
  const [source] = sources;
  if (source === undefined || sources.length > 1) {
    const found = sources.length === 0 ? "none" : sources.join(" and ");
    return [
      invalid(field, `must have exactly one source, such as containerDisk or persistentVolumeClaim; it has ${found}`),
    ];
  }
  if (source in GATES) {
    const gate = GATES[source as keyof typeof GATES];
    if (!config.featureGates.has(gate)) return [gateOff(field, gate)];
  }
  switch (source) {
    case "cloudInitNoCloud":
    case "cloudInitConfigDrive":
      return validateCloudInit(volume[source] ?? {}, `${field}.${source}`);
    case "containerDisk":
      return named(volume.containerDisk?.image, `${field}.containerDisk.image`, "an image");
    case "dataVolume":
      return named(volume.dataVolume?.name, `${field}.dataVolume.name`, "a DataVolume");
    case "secret":
      return named(volume.secret?.secretName, `${field}.secret.secretName`, "a Secret");
    case "configMap":
      return named(volume.configMap?.name, `${field}.configMap.name`, "a ConfigMap");
    case "serviceAccount":
      return named(
        volume.serviceAccount?.serviceAccountName,
        `${field}.serviceAccount.serviceAccountName`,
        "a service account",
      );
    case "sysprep":
      return validateSysprep(volume, field);
    case "hostDisk":
      return validateHostDisk(volume, field);
    case "emptyDisk":
      return validateEmptyDisk(volume, field);
    case "persistentVolumeClaim":
    case "ephemeral":
    case "downwardAPI":
    case "downwardMetrics":
    case "memoryDump":
    case "containerPath":
      return [];
  }
}

function named(name: string | undefined, field: string, what: string): Cause[] {
  return name === undefined || name === "" ? [missing(field, `must name ${what}`)] : [];
}

type CloudInit = NonNullable<Volume["cloudInitNoCloud"]>;

function validateCloudInit(init: CloudInit, field: string): Cause[] {
  const user = [init.userData, init.userDataBase64, init.secretRef?.name].filter((text) => (text ?? "") !== "");
  const network = [init.networkData, init.networkDataBase64, init.networkDataSecretRef?.name].filter(
    (text) => (text ?? "") !== "",
  );
  const causes: Cause[] = [];
  if (user.length > 1)
    causes.push(invalid(field, "must have one of userData, userDataBase64 and secretRef, not several"));
  if (network.length > 1) {
    causes.push(
      invalid(field, "must have one of networkData, networkDataBase64 and networkDataSecretRef, not several"),
    );
  }
  if (user.length === 0 && network.length === 0) {
    causes.push(invalid(field, "must have user data or network data: set userData, userDataBase64 or secretRef"));
  }
  causes.push(
    ...limited(init.userData, init.userDataBase64, field, "userDataBase64", "secretRef"),
    ...limited(init.networkData, init.networkDataBase64, field, "networkDataBase64", "networkDataSecretRef"),
  );
  return causes;
}

function limited(
  plain: string | undefined,
  encoded: string | undefined,
  field: string,
  encodedName: string,
  reference: string,
): Cause[] {
  const decoded = encoded === undefined ? 0 : base64Bytes(encoded);
  if (decoded === undefined)
    return [invalid(`${field}.${encodedName}`, `must be base64; it begins with ${shown(encoded?.slice(0, 16))}`)];
  const bytes = Math.max(plain === undefined ? 0 : utf8Bytes(plain), decoded);
  if (bytes <= MAX_CLOUD_INIT_BYTES) return [];
  return [
    invalid(
      field,
      `has ${bytes} bytes; up to ${MAX_CLOUD_INIT_BYTES} are allowed here: put more into a Secret, by ${reference}`,
    ),
  ];
}

function validateSysprep(volume: Volume, field: string): Cause[] {
  const names = [volume.sysprep?.configMap?.name, volume.sysprep?.secret?.name].filter((name) => (name ?? "") !== "");
  return names.length === 1 ? [] : [invalid(`${field}.sysprep`, "must name either a configMap or a secret")];
}

function validateHostDisk(volume: Volume, field: string): Cause[] {
  const { path = "", type = "", capacity } = volume.hostDisk ?? {};
  const at = `${field}.hostDisk`;
  const causes: Cause[] = [];
  if (path === "") causes.push(notFound(`${at}.path`, "must be the absolute path of a file on the node"));
  if (type !== "Disk" && type !== "DiskOrCreate") {
    causes.push(invalid(`${at}.type`, `must be Disk or DiskOrCreate; it is ${shown(type)}`));
  }
  const sized = capacity !== undefined && (parseQuantity(capacity) ?? 0n) !== 0n;
  if (type === "Disk" && sized) causes.push(invalid(`${at}.capacity`, "is only for type DiskOrCreate"));
  return causes;
}

function validateEmptyDisk(volume: Volume, field: string): Cause[] {
  const capacity = parseQuantity(volume.emptyDisk?.capacity ?? "");
  if (capacity !== undefined && capacity > 0n) return [];
  return [
    invalid(
      `${field}.emptyDisk.capacity`,
      `must be a size above 0, such as 2Gi; it is ${shown(volume.emptyDisk?.capacity)}`,
    ),
  ];
}

/** Paths inside container images. Checked apart from the rest, since a disk image's path says nothing of its volume. */
export function validateContainerDiskPaths(volumes: readonly Volume[], at: string): Cause[] {
  return volumes.flatMap((volume, index) => {
    const path = volume.containerDisk?.path;
    const why = path === undefined || path === "" ? undefined : whyNoFilePath(path);
    return why === undefined ? [] : [invalid(`${at}[${index}].containerDisk`, `path ${why}`)];
  });
}
