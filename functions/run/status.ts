/** A VM's status from its instance: printableStatus, ready, created and conditions. Pure. */
import { conditionOf, withCondition, type Condition } from "#api/object.ts";
import type { VirtualMachine, VirtualMachineStatus } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { isDeleting, isFinal, phaseOf } from "../instance.ts";
import { DATA_VOLUMES_READY } from "../provision.ts";
import { GUEST_NOT_RUNNING } from "../observe/conditions.ts";
import type { StartFailure } from "./back-off.ts";
import { strategyOf, type Request } from "./strategy.ts";
import { differsFromTemplate, VM_GENERATION } from "./template.ts";

export interface VmView {
  readonly vm: VirtualMachine;
  /** The VM's own instance as it will be once the decision is done. */
  readonly vmi: VirtualMachineInstance | undefined;
  /** The instance is being ended, or will be by this decision. */
  readonly stopping: boolean;
  readonly startFailure: StartFailure;
  readonly requests: readonly Request[];
  /** Why no instance can be created, when that is so. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}

/** The VM's own conditions; all others are its instance's. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  "Failure",
  "RestartRequired",
  "ManualRecoveryRequired",
  "Initialized",
  // `provision`'s: it stays as it is.
  DATA_VOLUMES_READY,
]);

/** What `run` writes of a VM's status: its instance's conditions too, but for those of others. */
export const STATUS_FIELDS: readonly string[] = [
  ...["created", "ready", "printableStatus", "runStrategy", "desiredGeneration", "observedGeneration"],
  ...["startFailure", "stateChangeRequests"],
  ...["Ready", "Failure", "RestartRequired"].map((type) => `conditions[${type}]`),
  ...["PodScheduled", "Synchronized", "Paused", "AgentConnected", "LiveMigratable", "AllFieldsHonored"].map(
    (type) => `conditions[${type}]`,
  ),
];

/** The first row that holds names the status; the order is KubeVirt's. */
const printable = [
  ["Terminating", ({ vm }) => isDeleting(vm)],
  ["Stopping", ({ vmi, stopping }) => vmi !== undefined && !isFinal(vmi) && stopping],
  ["Migrating", ({ vmi }) => vmi?.status?.claim?.migratingTo !== undefined && !isFinal(vmi)],
  ["Paused", ({ vmi }) => has(vmi, "Paused", "True")],
  ["Running", ({ vmi }) => inPhase(vmi, "Running")],
  ["ErrorPvcNotFound", ({ vmi }) => has(vmi, "PodScheduled", "False", "VolumeSourceMissing")],
  ["DataVolumeError", (view) => ofDataVolumes(view, "DataVolumeFailed", "SourceNotAllowed") || isUncreated(view)],
  ["ErrorUnschedulable", ({ vmi }) => has(vmi, "PodScheduled", "False", "Unschedulable")],
  ["Provisioning", (view) => ofDataVolumes(view, "NotAllDVsReady", "CDINotInstalled")],
  ["ErrImagePull", ({ vmi }) => has(vmi, "Synchronized", "False", "ErrImagePull")],
  ["ImagePullBackOff", ({ vmi }) => has(vmi, "Synchronized", "False", "ImagePullBackOff")],
  ["Starting", ({ vmi }) => inPhase(vmi, "Pending", "Scheduling", "Scheduled")],
  ["CrashLoopBackOff", (view) => (view.startFailure?.consecutiveFailCount ?? 0) > 0 && restarts(view)],
  ["Stopped", ({ vmi }) => vmi === undefined || isFinal(vmi)],
  ["WaitingForReceiver", ({ vmi }) => inPhase(vmi, "WaitingForSync")],
] as const satisfies readonly (readonly [string, (view: VmView) => boolean])[];

export type PrintableStatus = (typeof printable)[number][0] | "Unknown";

export function printableStatus(view: VmView): PrintableStatus {
  return printable.find(([, holds]) => holds(view))?.[0] ?? "Unknown";
}

/** A DataVolume's trouble: of the VM's own, or of one that its instance waits for. */
function ofDataVolumes({ vm, vmi }: VmView, ...reasons: readonly string[]): boolean {
  if (vmi !== undefined) return reasons.some((reason) => has(vmi, "PodScheduled", "False", reason));
  const { status, reason = "" } = conditionOf(vm, DATA_VOLUMES_READY) ?? {};
  return status === "False" && reasons.includes(reason);
}

/** A DataVolume could not be made. An instance says the same of its pod. */
function isUncreated(view: VmView): boolean {
  return view.vmi === undefined && ofDataVolumes(view, "FailedCreate");
}

/** Why an instance can't be started yet, as a clause; undefined: nothing is waited for. */
export function dataVolumesWait(vm: VirtualMachine): string | undefined {
  if ((vm.spec.dataVolumeTemplates ?? []).length === 0) return undefined;
  return conditionOf(vm, DATA_VOLUMES_READY)?.status === "True" ? undefined : "its DataVolumes are not filled yet";
}

function has(vmi: VirtualMachineInstance | undefined, type: string, status: string, reason?: string): boolean {
  if (vmi === undefined || isFinal(vmi)) return false;
  const condition = conditionOf(vmi, type);
  return condition?.status === status && (reason === undefined || condition.reason === reason);
}

function inPhase(vmi: VirtualMachineInstance | undefined, ...phases: readonly string[]): boolean {
  return vmi !== undefined && phases.includes(phaseOf(vmi));
}

/** Another start follows by itself: not after a guest that shut down under RerunOnFailure. */
function restarts({ vm, vmi, requests }: VmView): boolean {
  if (vmi !== undefined && !isFinal(vmi)) return false;
  const strategy = strategyOf(vm);
  if (strategy !== "RerunOnFailure") return strategy === "Always";
  return inPhase(vmi, "Failed") || requests.some(({ action }) => action === "Start");
}

const NO_INSTANCE = {
  type: "Ready",
  status: "False",
  reason: "VMINotExists",
  message: "No instance of this virtual machine exists.",
} as const satisfies Condition;

/** The whole status of the VM; fields that others write stay as they are. */
export function statusOf(view: VmView, now: Date): VirtualMachineStatus {
  const { vm, vmi } = view;
  const old = vm.status ?? {};
  const conditions = conditionsOf(view, now);
  const { startFailure: _failure, stateChangeRequests: _requests, ...rest } = old;
  return {
    ...rest,
    created: vmi !== undefined,
    ready: conditions.some((condition) => condition.type === "Ready" && condition.status === "True"),
    printableStatus: printableStatus(view),
    runStrategy: strategyOf(vm),
    ...(vm.metadata.generation === undefined ? {} : { desiredGeneration: vm.metadata.generation }),
    ...observedGeneration(vmi),
    ...(view.startFailure === undefined ? {} : { startFailure: view.startFailure }),
    ...(view.requests.length === 0 ? {} : { stateChangeRequests: view.requests }),
    conditions,
  };
}

function observedGeneration(vmi: VirtualMachineInstance | undefined): Pick<VirtualMachineStatus, "observedGeneration"> {
  const text = vmi?.metadata.annotations?.[VM_GENERATION];
  return text !== undefined && /^\d{1,15}$/.test(text) ? { observedGeneration: Number(text) } : {};
}

function conditionsOf(view: VmView, now: Date): readonly VmCondition[] {
  const own: VmCondition[] = [];
  const oldReady: VmCondition[] = [];
  for (const condition of view.vm.status?.conditions ?? []) {
    if (condition.type === "Ready") oldReady.push(condition);
    else if (OWN_CONDITIONS.has(condition.type)) own.push(condition);
  }
  const ready = view.vmi === undefined ? NO_INSTANCE : (conditionOf(view.vmi, "Ready") ?? GUEST_NOT_RUNNING);
  const conditions = [...withCondition(oldReady, { ...ready, lastTransitionTime: undefined }, now)];
  for (const condition of view.vmi?.status?.conditions ?? [])
    if (condition.type !== "Ready" && !OWN_CONDITIONS.has(condition.type)) conditions.push(condition);
  const told = withOwn(own, "Failure", view.failure, now);
  conditions.push(...withOwn(told, "RestartRequired", restartRequired(view), now));
  return conditions;
}

type VmCondition = NonNullable<VirtualMachineStatus["conditions"]>[number];

/** A condition that is there while it has a reason to be. */
function withOwn(
  own: readonly VmCondition[],
  type: "Failure" | "RestartRequired",
  why: VmView["failure"],
  now: Date,
): readonly VmCondition[] {
  if (why === undefined)
    return own.some((condition) => condition.type === type) ? own.filter((condition) => condition.type !== type) : own;
  return withCondition(own, { type, status: "True", ...why }, now);
}

/** No field takes effect in a guest that runs: whatever changed in the template waits for the next instance. */
function restartRequired({ vm, vmi }: VmView): VmView["failure"] {
  if (vmi === undefined || isFinal(vmi) || !differsFromTemplate(vm, vmi)) return undefined;
  return {
    reason: "TemplateChanged",
    message:
      "The template has changed since the guest was started; what changed takes effect when the VM is restarted.",
  };
}
