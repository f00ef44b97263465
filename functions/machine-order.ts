/** The order that makes a machine of an instance: the whole wish, every time. */
import { ConfigMap, Secret, type Pod } from "#api/core.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { bytesOf, isHeld } from "#api/quantity.ts";
import type { Reader } from "#events/cluster.ts";
import type { Claim, Desired, MachineOrder, Move, MoveParameters } from "#events/machine.ts";
import type { Effect } from "./define.ts";
import { anchorName, graceSeconds, type Instance } from "./instance.ts";
import { targetOf } from "./machine-facts.ts";
import { diskBytes } from "./schedule/claims.ts";

export type Files = MachineOrder["files"];

export interface OrderWish {
  readonly vmi: Instance;
  readonly claim: Claim;
  readonly desired: Desired;
  /** Seconds; the instance's own grace when unset. */
  readonly graceSeconds?: number;
  readonly pod?: Pod | undefined;
  readonly files?: Files;
  readonly receive?: MachineOrder["receive"];
  readonly settled?: MachineOrder["settled"];
}

function podOn(vmi: Instance, node: string): string | undefined {
  const pods = Object.entries(vmi.status?.activePods ?? {});
  return (pods.find(([, on]) => on === node) ?? pods[0])?.[0];
}

/** Where the guest is to go, once its target waits for it and while nobody has called it off. */
function moveOf(vmi: Instance, claim: Claim): Move | undefined {
  const to = targetOf(vmi);
  const state = vmi.status?.migrationState;
  if (to === undefined || claim.node === to.node || state?.migrationUid !== to.migration) return undefined;
  if (state.startTimestamp === undefined || state.abortRequested === true) return undefined;
  return {
    migration: to.migration,
    to: { node: to.node, bootID: to.bootID, epoch: to.epoch },
    url: state.targetNodeAddress ?? "",
    parameters: parametersOf(vmi, state.migrationConfiguration ?? {}),
  };
}

type Configuration = NonNullable<
  NonNullable<NonNullable<Instance["status"]>["migrationState"]>["migrationConfiguration"]
>;

function parametersOf(vmi: Instance, configuration: Configuration): MoveParameters {
  const { allowAutoConverge, bandwidthPerMigration, completionTimeoutPerGiB, progressTimeout, maxDowntimeMs } =
    configuration;
  // What is more than can be counted is no limit.
  const bandwidth =
    bandwidthPerMigration === undefined || !isHeld(bandwidthPerMigration) ? 0 : bytesOf(bandwidthPerMigration);
  const gibibytes = Math.max(1, bytesOf(vmi.spec.domain.memory?.guest ?? 0) / 2 ** 30);
  const steps = stepsOf(configuration.experimental?.downtimeTuning);
  return {
    ...(allowAutoConverge === undefined ? {} : { autoConverge: allowAutoConverge }),
    ...(bandwidth > 0 ? { bandwidthBytesPerSecond: Math.round(bandwidth) } : {}),
    ...(completionTimeoutPerGiB === undefined
      ? {}
      : { completionTimeoutSeconds: Math.max(1, Math.round(completionTimeoutPerGiB * gibibytes)) }),
    ...(maxDowntimeMs === undefined || maxDowntimeMs < 1 ? {} : { maxDowntimeMilliseconds: maxDowntimeMs }),
    ...(steps === undefined ? {} : { downtimeSteps: steps }),
    ...disruptionOf(configuration),
    ...(progressTimeout === undefined ? {} : { progressTimeoutSeconds: Math.max(1, progressTimeout) }),
  };
}

/** As KubeVirt has it: whoever allows post-copy allows disruption, unless it is ruled out. */
function disruptionOf({
  allowPostCopy,
  allowWorkloadDisruption = allowPostCopy,
}: Configuration): Pick<MoveParameters, "mayHalt" | "postCopy"> {
  if (allowWorkloadDisruption !== true) return {};
  return { mayHalt: true, ...(allowPostCopy === true ? { postCopy: true } : {}) };
}

function stepsOf(
  tuning: NonNullable<Configuration["experimental"]>["downtimeTuning"],
): MoveParameters["downtimeSteps"] | undefined {
  if (tuning === undefined) return undefined;
  const { initialMs, steps, cooldownSeconds, startAfterIteration } = tuning;
  return {
    ...(initialMs === undefined ? {} : { initialMilliseconds: initialMs }),
    ...(steps === undefined ? {} : { steps }),
    ...(cooldownSeconds === undefined ? {} : { cooldownSeconds }),
    ...(startAfterIteration === undefined ? {} : { startAfterIteration }),
  };
}

export function order(wish: OrderWish): Effect {
  const { vmi, claim, desired, pod } = wish;
  const podUID = pod?.metadata.uid ?? podOn(vmi, claim.node) ?? "";
  const move = desired === "running" || desired === "paused" ? moveOf(vmi, claim) : undefined;
  const podIP = pod?.status?.podIP;
  const sizes = diskBytes(vmi);
  return {
    do: "order",
    of: vmi,
    order: {
      uid: vmi.metadata.uid,
      namespace: vmi.metadata.namespace ?? "",
      name: vmi.metadata.name,
      claim,
      desired,
      graceSeconds: wish.graceSeconds ?? graceSeconds(vmi),
      anchor: {
        podUID,
        podName: pod?.metadata.name ?? anchorName(vmi),
        ...(podIP === undefined ? {} : { podIP }),
      },
      ...(move === undefined ? {} : { move }),
      ...(wish.receive === undefined ? {} : { receive: wish.receive }),
      ...(wish.settled === undefined ? {} : { settled: wish.settled }),
      spec: vmi.spec,
      ...(sizes === undefined ? {} : { diskBytes: sizes }),
      files: wish.files ?? {},
    },
  };
}

/** Whether the guest's vCPUs should run: a user's word, else the way it was asked to start. */
export function wantedState(vmi: Instance, pausedAnnotation: string): "running" | "paused" {
  const word = vmi.metadata.annotations?.[pausedAnnotation];
  if (word !== undefined) return word === "true" ? "paused" : "running";
  return vmi.spec.startStrategy === "Paused" ? "paused" : "running";
}

export interface FoundFiles {
  readonly files: Files;
  /** What the spec names and is not there, as sentences. */
  readonly missing: readonly string[];
}

type Volume = NonNullable<VirtualMachineInstance["spec"]["volumes"]>[number];

/** Reads the Secrets and ConfigMaps that the volumes name. */
export async function readFiles(cluster: Reader, vmi: Instance): Promise<FoundFiles> {
  const files: Record<string, Record<string, string>> = {};
  const missing: string[] = [];
  for (const volume of vmi.spec.volumes ?? []) {
    const found = await filesOf(cluster, vmi.metadata.namespace ?? "", volume);
    if (Object.keys(found.files).length > 0) files[volume.name] = found.files;
    missing.push(...found.missing.map((what) => `volume ${volume.name}: ${what}`));
  }
  const boot = vmi.spec.domain.firmware?.kernelBoot?.container?.imagePullSecret;
  if (boot !== undefined) {
    const found = await pullSecret(cluster, vmi.metadata.namespace ?? "", boot);
    if (Object.keys(found.files).length > 0) files[KERNEL_BOOT] = found.files;
  }
  return { files, missing };
}

/** The name in an order's files of what belongs to the kernel's image. No volume can have it: those are lower-case. */
const KERNEL_BOOT = "kernelBoot";
const DOCKER_CONFIG = ".dockerconfigjson";

async function pullSecret(cluster: Reader, namespace: string, name: string): Promise<VolumeFiles> {
  const found = await oneOf(cluster, namespace, name, [DOCKER_CONFIG]);
  // Without it a public image can be had all the same; for another the pull says what is wrong.
  return { files: found.value === undefined ? {} : { [DOCKER_CONFIG]: found.value }, missing: [] };
}

interface VolumeFiles {
  readonly files: Record<string, string>;
  readonly missing: readonly string[];
}

async function filesOf(cluster: Reader, namespace: string, volume: Volume): Promise<VolumeFiles> {
  const cloudInit = volume.cloudInitNoCloud ?? volume.cloudInitConfigDrive;
  if (cloudInit !== undefined) {
    const user = await oneOf(cluster, namespace, cloudInit.secretRef?.name, ["userdata", "userData"]);
    const network = await oneOf(cluster, namespace, cloudInit.networkDataSecretRef?.name, [
      "networkdata",
      "networkData",
    ]);
    return {
      files: {
        ...(user.value === undefined ? {} : { "user-data": user.value }),
        ...(network.value === undefined ? {} : { "network-data": network.value }),
      },
      missing: [...user.missing, ...network.missing],
    };
  }
  const pulled = volume.containerDisk?.imagePullSecret;
  if (pulled !== undefined) return pullSecret(cluster, namespace, pulled);
  if (volume.secret?.secretName !== undefined) {
    const { secretName, optional } = volume.secret;
    const secret = await cluster.get(Secret, { namespace, name: secretName });
    return secret === undefined ? absent(`Secret ${secretName}`, optional) : { files: { ...secret.data }, missing: [] };
  }
  if (volume.configMap?.name !== undefined) {
    const { name, optional } = volume.configMap;
    const map = await cluster.get(ConfigMap, { namespace, name });
    return map === undefined ? absent(`ConfigMap ${name}`, optional) : { files: contentOf(map), missing: [] };
  }
  return { files: {}, missing: [] };
}

function absent(what: string, optional: boolean | undefined): VolumeFiles {
  return { files: {}, missing: optional === true ? [] : [`${what} does not exist`] };
}

/** One value of a Secret, under any of the names that are in use for it. */
async function oneOf(
  cluster: Reader,
  namespace: string,
  name: string | undefined,
  keys: readonly string[],
): Promise<{ readonly value?: string; readonly missing: readonly string[] }> {
  if (name === undefined) return { missing: [] };
  const secret = await cluster.get(Secret, { namespace, name });
  if (secret === undefined) return { missing: [`Secret ${name} does not exist`] };
  const value = keys.map((key) => secret.data?.[key]).find((found) => found !== undefined);
  return value === undefined ? { missing: [`Secret ${name} has no key ${keys.join(" or ")}`] } : { value, missing: [] };
}

function contentOf(map: ConfigMap): Record<string, string> {
  const content: Record<string, string> = { ...map.binaryData };
  for (const [key, value] of Object.entries(map.data ?? {})) content[key] = Buffer.from(value).toString("base64");
  return content;
}
