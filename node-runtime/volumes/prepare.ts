/**
 * Makes a machine's disks, in `volumes/` of its own directory:
 *
 *   <volume>.base        the image's disk, a link into the image cache: pruning the cache takes nothing from a machine
 *   <volume>.qcow2       what the guest writes, over its base; or an empty disk
 *   <volume>.iso         cloud-init, Secrets, ConfigMaps
 *   kernel, initrd       for direct boot
 *
 * QEMU may write there and nowhere else: the display's socket and the firmware's variables are there, too.
 *
 * A file with its final name is whole and is never made again: a runtime that comes back finds a started guest's disks
 * and leaves them as they are.
 */
import { access, constants, copyFile, link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import { efiOf, OVMF } from "#node-runtime/domain/firmware.ts";
import type { DirectBoot, DomainDisk, PreparedVolumes } from "#node-runtime/domain/parts.ts";
import type { GuestUser } from "#node-runtime/host/configuration.ts";
import { seenByPrograms } from "#node-runtime/programs.ts";
import { planDisks } from "#node-runtime/domain/disks.ts";
import { quantityOf } from "#node-runtime/domain/quantity.ts";
import type { Volume } from "#node-runtime/domain/spec.ts";
import { errnoOf, fileFault, isMissing } from "#events/file-fault.ts";
import { writeWhole, writeWholeBytes } from "#node-runtime/images/files.ts";
import type { ImageStore, PullPolicy, Wanted } from "#node-runtime/images/image.ts";
import type { Log } from "#events/log.ts";
import type { ClaimedVolumes } from "./claimed.ts";
import { configDriveFiles, decoded, noCloudFiles } from "./cloud-init.ts";
import { diskFormat } from "./disk-format.ts";
import { isoImage, type Files } from "./iso9660.ts";
import { giveVolumes } from "./ownership.ts";
import { checkQcow2, createEmpty, createOverlay } from "./qemu-img.ts";

export interface PrepareRequest {
  readonly order: MachineOrder;
  /** The machine's own, absolute; its `volumes` folder is ours. */
  readonly directory: string;
  readonly images: ImageStore;
  /** Whose the disks become; root's when unset. */
  readonly owner?: GuestUser | undefined;
  readonly claims?: ClaimedVolumes | undefined;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/** A machine's disks here hold nothing that outlives its run, and no run outlives the node's boot. */
const OF_THIS_BOOT = { lasting: false } as const;

/** Where a container disk lies when the spec names no path. */
const CONTAINER_DISK_DIRECTORY = "/disk";
/** Key in `order.files[<volume>]`, and for the kernel's image in `order.files[KERNEL_BOOT]`, of a resolved pull secret. */
const DOCKER_CONFIG = ".dockerconfigjson";
const KERNEL_BOOT = "kernelBoot";
const VOLUME_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * @throws Fault refused (ImageDigestMismatch, DiskNotFound, DiskCorrupt, VolumeNotSupported, …: this machine
 *   can never start so); later (ImagePullFailed, DiskFull, …: calling again may work and goes on where it stopped)
 */
export async function prepareVolumes(request: PrepareRequest): Promise<PreparedVolumes> {
  const { order, directory } = request;
  const root = join(directory, "volumes");
  try {
    await mkdir(root, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw fileFault(error, root) ?? error;
  }
  const volumes = order.spec.volumes ?? [];
  for (const { name } of volumes) {
    if (!VOLUME_NAME.test(name) || name.includes("..")) throw unsupported(name, "has a name that is no DNS name");
  }
  // Names and kinds first: what can never work should not wait for a download.
  const work = volumes.map((volume) => preparerOf(volume, request.claims));
  await checkFirmware(order);
  const boot = prepareBoot(request, root);
  const disks = allEnded(work.map((prepare) => prepare(request, root)));
  await allEnded<unknown>([boot, disks]);
  const direct = await boot;
  if (request.owner !== undefined) await giveVolumes(directory, request.owner);
  return { disks: await disks, directory, ...(direct === undefined ? {} : { boot: direct }) };
}

/**
 * All results, once all work has ended: nothing goes on writing for a machine that has failed. What can never work is
 * told before what may work later.
 */
async function allEnded<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) {
    throw failures.find((failure) => failure instanceof Fault && failure.kind === "refused") ?? failures[0];
  }
  return Promise.all(work);
}

/** Removes what `prepareVolumes` and QEMU made. The machine must be off. */
export async function removeVolumes(directory: string): Promise<void> {
  await rm(join(directory, "volumes"), { recursive: true, force: true });
}

type Prepare = (request: PrepareRequest, root: string) => Promise<DomainDisk>;

function preparerOf(volume: Volume, claims: ClaimedVolumes | undefined): Prepare {
  const { containerDisk, cloudInitNoCloud, cloudInitConfigDrive, emptyDisk, secret, configMap } = volume;
  if (containerDisk !== undefined) return (request, root) => prepareContainerDisk(request, root, volume, containerDisk);
  if (emptyDisk !== undefined) return (request, root) => prepareEmptyDisk(request, root, volume, emptyDisk.capacity);
  if (cloudInitNoCloud !== undefined) {
    return iso(volume, "cidata", (order) => noCloudFiles(order, volume, cloudInitNoCloud));
  }
  if (cloudInitConfigDrive !== undefined) {
    return iso(volume, "config-2", (order) => configDriveFiles(order, volume, cloudInitConfigDrive));
  }
  if (secret !== undefined) return iso(volume, secret.volumeLabel ?? "", (order) => keyFiles(order, volume));
  if (configMap !== undefined) return iso(volume, configMap.volumeLabel ?? "", (order) => keyFiles(order, volume));
  const { persistentVolumeClaim, dataVolume } = volume;
  if (claims !== undefined && (persistentVolumeClaim !== undefined || dataVolume !== undefined)) {
    return ({ order }) =>
      claims.prepare(order, volume.name, persistentVolumeClaim?.readOnly === true || isReadonly(order, volume));
  }
  const kinds = Object.keys(volume).filter((key) => key !== "name");
  throw unsupported(volume.name, `is of a kind (${kinds.join(", ") || "none"}) that this node does not support yet`);
}

function unsupported(name: string, why: string): Fault {
  const field = `spec.volumes[${name}]`;
  const message = `The volume ${JSON.stringify(name)} ${why}`;
  return new Fault("refused", "VolumeNotSupported", message, {
    causes: [{ reason: "FieldValueNotSupported", field, message }],
  });
}

async function prepareContainerDisk(
  request: PrepareRequest,
  root: string,
  volume: Volume,
  source: NonNullable<Volume["containerDisk"]>,
): Promise<DomainDisk> {
  const base = join(root, `${volume.name}.base`);
  const overlay = join(root, `${volume.name}.qcow2`);
  const what = `The disk of volume ${volume.name} (image ${source.image})`;
  if (!(await exists(base))) {
    const wanted: Wanted =
      source.path === undefined || source.path === "" ? { directory: CONTAINER_DISK_DIRECTORY } : { path: source.path };
    await takeFromImage(request, { ...source, files: volume.name, wanted, to: base }, async (path) => {
      if ((await diskFormat(path, what)) === "qcow2") await checkQcow2(path, what, request.signal);
    });
  }
  const format = await diskFormat(base, what);
  if (isReadonly(request.order, volume))
    return { volume: volume.name, path: base, format, readonly: true, block: false };
  if (!(await exists(overlay))) {
    await writeWhole(
      overlay,
      (temporary) => createOverlay(temporary, { path: base, format }, request.signal),
      OF_THIS_BOOT,
    );
  }
  return { volume: volume.name, path: overlay, format: "qcow2", readonly: false, block: false };
}

/** The guest has it as a CD-ROM, or as a disk that it may not write. */
function isReadonly({ spec }: MachineOrder, { name }: Volume): boolean {
  return planDisks(spec).some((plan) => plan.disk.name === name && (plan.device === "cdrom" || plan.readonly));
}

async function prepareEmptyDisk(
  request: PrepareRequest,
  root: string,
  volume: Volume,
  capacity: string | number,
): Promise<DomainDisk> {
  const path = join(root, `${volume.name}.qcow2`);
  const field = `spec.volumes[${volume.name}].emptyDisk.capacity`;
  // Whole sectors, as a disk has.
  const bytes = Math.ceil(quantityOf(capacity, field) / 512) * 512;
  if (bytes === 0) throw unsupported(volume.name, "has a capacity of 0 bytes");
  if (!(await exists(path))) {
    await writeWhole(path, (temporary) => createEmpty(temporary, bytes, request.signal), OF_THIS_BOOT);
  }
  return { volume: volume.name, path, format: "qcow2", readonly: false, block: false };
}

function iso(volume: Volume, label: string, files: (order: MachineOrder) => Files): Prepare {
  return async ({ order }, root) => {
    const path = join(root, `${volume.name}.iso`);
    if (label.length > 16)
      throw unsupported(volume.name, `has a label of over 16 characters: ${JSON.stringify(label)}`);
    // May hold secrets.
    const options = { ...OF_THIS_BOOT, mode: 0o600 };
    if (!(await exists(path))) await writeWholeBytes(path, isoImage(label, files(order)), options);
    return { volume: volume.name, path, format: "raw", readonly: true, block: false };
  };
}

function keyFiles(order: MachineOrder, volume: Volume): Files {
  const keys = Object.entries(order.files[volume.name] ?? {});
  return Object.fromEntries(keys.map(([key, content]) => [key, decoded(content, `${key} of volume ${volume.name}`)]));
}

async function prepareBoot(request: PrepareRequest, root: string): Promise<DirectBoot | undefined> {
  const kernelBoot = request.order.spec.domain.firmware?.kernelBoot;
  const container = kernelBoot?.container;
  if (container === undefined) return undefined;
  const take = async (wanted: string | undefined, name: string): Promise<string | undefined> => {
    if (wanted === undefined || wanted === "") return undefined;
    const to = join(root, name);
    if (!(await exists(to))) {
      await takeFromImage(request, { ...container, files: KERNEL_BOOT, wanted: { path: wanted }, to });
    }
    return to;
  };
  const [kernel, initrd] = await allEnded([take(container.kernelPath, "kernel"), take(container.initrdPath, "initrd")]);
  const commandLine = kernelBoot?.kernelArgs;
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(initrd === undefined ? {} : { initrd }),
    // QEMU takes arguments only with a kernel.
    ...(commandLine === undefined || kernel === undefined ? {} : { commandLine }),
  };
}

async function takeFromImage(
  { order, images, signal }: PrepareRequest,
  from: {
    readonly image: string;
    readonly imagePullPolicy?: string | undefined;
    /** Whose entry of order.files has the pull secret. */
    readonly files: string;
    readonly wanted: Wanted;
    readonly to: string;
  },
  check: (path: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const secret = order.files[from.files]?.[DOCKER_CONFIG];
  const image = await images.pull(from.image, {
    pullPolicy: pullPolicy(from.imagePullPolicy),
    dockerConfig:
      secret === undefined ? undefined : decoded(secret, `the pull secret of ${from.image}`).toString("utf8"),
    signal,
  });
  const file = await images.extractFile(image, from.wanted, signal);
  await check(file.path);
  await linkOrCopy(file.path, from.to);
}

function pullPolicy(policy: string | undefined): PullPolicy | undefined {
  return policy === "Always" || policy === "IfNotPresent" || policy === "Never" ? policy : undefined;
}

/** A second name for the cached file costs nothing; across file systems it has to be a copy, sharing blocks if it can. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST") return;
    if (code !== "EXDEV" && code !== "EPERM" && code !== "EMLINK") throw fileFault(error, to) ?? error;
    await writeWhole(to, (temporary) => copyFile(from, temporary, constants.COPYFILE_FICLONE), OF_THIS_BOOT);
  }
}

/** EFI's files come with a Debian package that may not be there. */
async function checkFirmware(order: MachineOrder): Promise<void> {
  const efi = efiOf(order.spec.domain);
  if (efi === undefined) return;
  const { code } = efi.secureBoot ? OVMF.secure : OVMF.plain;
  if (await exists(seenByPrograms(code))) return;
  throw new Fault("refused", "FirmwareNotFound", `EFI needs ${code}, which this node lacks: install the package ovmf`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileFault(error, path) ?? error;
  }
}
