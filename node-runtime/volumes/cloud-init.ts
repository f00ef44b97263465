/** What cloud-init finds on its disk, from a volume's source and the files that functions resolved for it. Pure. */
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import { domainUuid } from "#node-runtime/domain/identity.ts";
import type { Files } from "./iso9660.ts";
import type { Volume } from "#node-runtime/domain/spec.ts";

type Source = NonNullable<Volume["cloudInitNoCloud"]>;

/** Bytes of user-data or network-data, decoded. */
const MOST_BYTES = 1024 * 1024;

/** NoCloud reads a disk labelled cidata. */
export function noCloudFiles(order: MachineOrder, volume: Volume, source: Source): Files {
  // Quoted: a name such as 123, true or 2024-01-01 would be no text in YAML, and cloud-init fails at it.
  const text = JSON.stringify;
  const metaData = [`instance-id: ${text(instanceId(order))}`, `local-hostname: ${text(hostname(order))}`, ""].join(
    "\n",
  );
  const network = dataOf(
    order,
    volume,
    "cloudInitNoCloud",
    "network-data",
    source.networkData,
    source.networkDataBase64,
  );
  return {
    "meta-data": Buffer.from(metaData),
    // cloud-init takes the disk for its own only when this file is there, empty or not.
    "user-data":
      dataOf(order, volume, "cloudInitNoCloud", "user-data", source.userData, source.userDataBase64) ?? Buffer.alloc(0),
    ...(network === undefined ? {} : { "network-config": network }),
  };
}

/** ConfigDrive reads a disk labelled config-2, laid out as OpenStack's. */
export function configDriveFiles(order: MachineOrder, volume: Volume, source: Source): Files {
  const name = hostname(order);
  const metaData = { uuid: instanceId(order), instance_id: instanceId(order), hostname: name, local_hostname: name };
  const user = dataOf(order, volume, "cloudInitConfigDrive", "user-data", source.userData, source.userDataBase64);
  const network = dataOf(
    order,
    volume,
    "cloudInitConfigDrive",
    "network-data",
    source.networkData,
    source.networkDataBase64,
  );
  return {
    "openstack/latest/meta_data.json": Buffer.from(JSON.stringify(metaData)),
    ...(user === undefined ? {} : { "openstack/latest/user_data": user }),
    ...(network === undefined ? {} : { "openstack/latest/network_data.json": network }),
  };
}

/**
 * cloud-init runs its once-per-instance parts again when this changes. A VM keeps its firmware UUID from run to run, so
 * a restart is no new instance.
 */
function instanceId(order: MachineOrder): string {
  return domainUuid(order);
}

function hostname(order: MachineOrder): string {
  const wished = order.spec.hostname;
  return wished !== undefined && wished !== "" ? wished : (order.name.split(".")[0] ?? order.name).slice(0, 63);
}

/** From a Secret (already resolved), inline, or base64: the first that is there. */
function dataOf(
  order: MachineOrder,
  volume: Volume,
  kind: "cloudInitNoCloud" | "cloudInitConfigDrive",
  file: "user-data" | "network-data",
  inline: string | undefined,
  base64: string | undefined,
): Buffer | undefined {
  const field = file === "user-data" ? "userData" : "networkData";
  const resolved = order.files[volume.name]?.[file];
  const content =
    resolved !== undefined
      ? decoded(resolved, `the Secret of volume ${volume.name}, ${file}`)
      : inline !== undefined && inline !== ""
        ? Buffer.from(inline)
        : base64 !== undefined && base64 !== ""
          ? decoded(base64, `spec.volumes[${volume.name}].${kind}.${field}Base64`)
          : undefined;
  if (content !== undefined && content.length > MOST_BYTES) {
    throw refused(
      `spec.volumes[${volume.name}].${kind}.${field} has ${content.length} bytes; at most ${MOST_BYTES} are allowed`,
    );
  }
  return content;
}

/** @throws Fault refused VolumeNotSupported when the text is not base64 */
export function decoded(base64: string, what: string): Buffer {
  const compact = base64.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 === 1) throw refused(`${what} is not base64`);
  return Buffer.from(compact, "base64");
}

function refused(message: string): Fault {
  return new Fault("refused", "VolumeNotSupported", message);
}
