/**
 * Volumes that the kubelet has brought into an anchor pod, made reachable for QEMU under paths of our own, the same on
 * every node:
 *
 *   <directory>/<uid>/<volume>       a folder, mounted again from where the kubelet has it
 *   /dev/virtive/<uid>/<volume>      a block device: a node of our own with its numbers
 *
 * Where the kubelet has it is read from the pod's mounts, so any kind of volume and any directory of the kubelet will
 * do. QEMU holds our mount and never the kubelet's: it must be gone before the pod may go.
 */
import type { Stats } from "node:fs";
import { chown, lstat, mkdir, readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileFault, isMissing } from "#events/file-fault.ts";
import { Fault } from "#events/fault.ts";
import { anchorDevicePath, anchorVolumePath, type MachineOrder } from "#events/machine.ts";
import type { GuestUser } from "../host/configuration.ts";
import { outputOf } from "../host/command.ts";
import { claimDisk } from "../volumes/claim-disk.ts";
import type { ClaimedVolumes } from "../volumes/claimed.ts";
import { hostPathOf, parseMounts, type Mount } from "./mounts.ts";
import type { AnchorPods } from "./pods.ts";

export interface ClaimsOptions {
  /** Of the mounts. */
  readonly directory: string;
  /** Of the device nodes, on a file system that has them. */
  readonly devices: string;
  readonly pods: AnchorPods;
  readonly owner: GuestUser;
}

/** The machine's mounts are made from the view of its first process, so that they outlive ours. */
const ON_THE_MACHINE = ["nsenter", "--target=1", "--mount", "--"];
/** Whoever else has the claim must not lead QEMU out of it, to another guest's disk. */
const MOUNT_OPTIONS = "bind,nosymfollow,nodev,nosuid,noexec";

export function claimedVolumes(options: ClaimsOptions): ClaimedVolumes {
  return {
    async prepare(order, volume, readonly) {
      const pod = await options.pods.pod(order.anchor.podUID);
      if (pod?.anchor === undefined) {
        throw new Fault("later", "PodMissing", `the anchor of pod ${order.anchor.podName} does not run on this node`);
      }
      const root = `/proc/${pod.anchor}/root`;
      const device = await lookAt(root + anchorDevicePath(volume));
      if (device?.isBlockDevice() === true) {
        const path = await makeDevice(options, order.uid, volume, device.rdev);
        return { volume, path, format: "raw", readonly, block: true, cache: "none" };
      }
      const folder = await lookAt(root + anchorVolumePath(volume));
      if (folder?.isDirectory() !== true) {
        const message = `pod ${order.anchor.podName} has no volume ${volume}`;
        throw new Fault("refused", "VolumeNotInPod", message);
      }
      const path = await mountFolder(options, order, volume, pod.anchor);
      return claimDisk({ order, volume, readonly, directory: path, root: "/proc/1/root", owner: options.owner });
    },
    async remove(uid) {
      const mine = join(options.directory, uid);
      for (const name of await namesIn(mine)) {
        const path = join(mine, name);
        if (await isMounted(path)) await outputOf([...ON_THE_MACHINE, "umount", path]);
        await rmdir(path);
      }
      await rm(mine, { recursive: true, force: true });
      await rm(join(options.devices, uid), { recursive: true, force: true });
    },
  };
}

async function makeDevice(
  { devices, owner }: ClaimsOptions,
  uid: string,
  volume: string,
  rdev: number,
): Promise<string> {
  const directory = join(devices, uid);
  const path = join(directory, volume);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const there = await lookAt(path);
  if (there?.rdev !== rdev) {
    await rm(path, { force: true });
    // As Linux packs them: 12 bits of major and 20 of minor, in two pieces each.
    const major = (rdev >>> 8) & 0xfff;
    const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
    await outputOf(["mknod", "--mode=600", path, "b", String(major), String(minor)]);
  }
  await chown(path, owner.uid, owner.gid);
  return path;
}

async function mountFolder(
  { directory }: ClaimsOptions,
  order: MachineOrder,
  volume: string,
  anchor: number,
): Promise<string> {
  const path = join(directory, order.uid, volume);
  const inPod = anchorVolumePath(volume);
  if (await isMounted(path)) return path;
  const [pods, machines] = await Promise.all([mountsOf(anchor), mountsOf(1)]);
  const source = hostPathOf(inPod, pods, machines);
  if (source === undefined) {
    const message = `volume ${volume} of pod ${order.anchor.podName} is mounted nowhere on the node`;
    throw new Fault("later", "VolumeNotFound", message);
  }
  await mkdir(path, { recursive: true, mode: 0o755 });
  await outputOf([...ON_THE_MACHINE, "mount", "--options", MOUNT_OPTIONS, source, path]);
  // The same folder by both ways, or something was mounted over it in between.
  const [ours, its] = await Promise.all([stat(`/proc/1/root${path}`), stat(`/proc/${anchor}/root${inPod}`)]);
  if (ours.dev !== its.dev || ours.ino !== its.ino) {
    await outputOf([...ON_THE_MACHINE, "umount", path]);
    throw new Fault("later", "VolumeNotFound", `${source} is not the volume ${volume} of pod ${order.anchor.podName}`);
  }
  return path;
}

async function mountsOf(pid: number): Promise<readonly Mount[]> {
  return parseMounts(await readFile(`/proc/${pid}/mountinfo`, "utf8"));
}

async function isMounted(path: string): Promise<boolean> {
  return (await mountsOf(1)).some((mount) => mount.point === path);
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw fileFault(thrown, path) ?? thrown;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
}
