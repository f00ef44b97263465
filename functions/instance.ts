/** A VirtualMachineInstance as functions see it: its phase, how long it has had it, its grace, its anchor's name. Pure. */
import { hash } from "node:crypto";
import type { Pod } from "#api/core.ts";
import { DEFAULT_GRACE_SECONDS } from "#api/names.ts";
import { rfc3339, type Condition, type Stored } from "#api/object.ts";
import type { VirtualMachineInstance, VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";

export type Instance = Stored<VirtualMachineInstance>;
export type Phase = NonNullable<VirtualMachineInstanceStatus["phase"]>;

/** A new instance has no status on an API server that drops it at creation: that is Pending. */
export function phaseOf(vmi: VirtualMachineInstance): Phase {
  return vmi.status?.phase ?? "Pending";
}

/** Succeeded and Failed never change again. */
export function isFinal(vmi: VirtualMachineInstance): boolean {
  const phase = phaseOf(vmi);
  return phase === "Succeeded" || phase === "Failed";
}

export function isDeleting(object: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** When it entered the phase; its creation where the phase was never noted. */
export function enteredAt(vmi: Instance, phase: Phase): Date {
  const noted = vmi.status?.phaseTransitionTimestamps?.find((entry) => entry.phase === phase);
  return new Date(noted?.phaseTransitionTimestamp ?? vmi.metadata.creationTimestamp);
}

/** True once the phase was reached, whatever came after. */
export function hasBeen(vmi: VirtualMachineInstance, phase: Phase): boolean {
  return vmi.status?.phaseTransitionTimestamps?.some((entry) => entry.phase === phase) === true;
}

/** The status in another phase, with the time noted: one entry a phase, the first time that it was reached. */
export function inPhase(vmi: Instance, phase: Phase, now: Date): VirtualMachineInstanceStatus {
  const status = vmi.status ?? {};
  if (status.phase === phase) return status;
  const noted = status.phaseTransitionTimestamps ?? [
    { phase: "Pending", phaseTransitionTimestamp: vmi.metadata.creationTimestamp },
  ];
  return {
    ...status,
    phase,
    phaseTransitionTimestamps: noted.some((entry) => entry.phase === phase)
      ? noted
      : [...noted, { phase, phaseTransitionTimestamp: rfc3339(now) }],
  };
}

export function withoutCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): readonly Condition[] | undefined {
  return conditions?.some((condition) => condition.type === type) === true
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
}

export function graceSeconds(vmi: VirtualMachineInstance): number {
  return vmi.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/**
 * Of a pod. Allowed are 253 characters, but a kubelet keeps a pod's logs in a folder `<namespace>_<name>_<uid>`, which may
 * have 255: with the longest namespace, and 36 for the uid, this is left.
 */
const LONGEST_NAME = 154;
export const LONGEST_LABEL = 63;

/** The anchor pod that it runs in, or will. */
export function anchorName(vmi: Instance): string {
  return vmi.status?.claim?.pod ?? firstAnchorName(vmi);
}

/** Objects are never changed once they are read, and most functions ask for the pod of theirs. */
const firstAnchorNames = new WeakMap<object, string>();

function firstAnchorName(vmi: Instance): string {
  const there = firstAnchorNames.get(vmi.metadata);
  if (there !== undefined) return there;
  const fresh = anchorNameFor(vmi, vmi.metadata.uid);
  firstAnchorNames.set(vmi.metadata, fresh);
  return fresh;
}

/** Deterministic: another one for another instance of the same name (its uid), and for each migration (that one's). */
export function anchorNameFor(vmi: Instance, uid: string): string {
  const hash = shortHash(uid);
  const name = `virt-launcher-${vmi.metadata.name}`.slice(0, LONGEST_NAME - hash.length - 1);
  return `${name.replace(/\.$/, "")}-${hash}`; // no part between dots begins with a hyphen
}

/** A name as the value of a label: one that is too long is cut and made distinct again by its hash. */
export function asLabel(name: string): string {
  if (name.length <= LONGEST_LABEL) return name;
  const digest = hash("sha256", name).slice(0, 8);
  return `${name.slice(0, LONGEST_LABEL - digest.length - 1)}-${digest}`;
}

/** Those of the uids that were asked for last: each is asked for at every version of its object. */
let shortHashes = new Map<string, string>();
const MOST_HASHES = 4096;

/** Five hex digits. */
export function shortHash(text: string): string {
  const there = shortHashes.get(text);
  if (there !== undefined) return there;
  if (shortHashes.size >= MOST_HASHES) shortHashes = new Map();
  const fresh = hash("sha256", text).slice(0, 5);
  shortHashes.set(text, fresh);
  return fresh;
}

/** Same in every process: spreads what would otherwise happen at once. In [0, 1). */
export function fractionOf(text: string): number {
  return Number.parseInt(hash("sha256", text).slice(0, 8), 16) / 2 ** 32;
}

/**
 * It runs. Whether Services lead to it is another matter: probes are the guest's, and a migration's target waits for its
 * guest.
 */
export function containersReady({ spec, status }: Pod): boolean {
  const conditions = status?.conditions ?? [];
  if (conditions.some((one) => (one.type === "ContainersReady" || one.type === "Ready") && one.status === "True")) {
    return true;
  }
  const isProbed = spec.containers.some(
    (one) => one["readinessProbe"] !== undefined || one["startupProbe"] !== undefined,
  );
  return isProbed && status?.phase === "Running" && status.podIP !== undefined;
}

/** Its containers have ended: what it held is free. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}
