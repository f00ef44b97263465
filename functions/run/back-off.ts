/**
 * A VM whose instances fail before they run, or soon after, is started again less and less often: 10 s × failures²,
 * spread by up to a half more so that VMs that failed together do not start together, at most 300 s. A run that lasts
 * forgets the failures. (KubeVirt forgets them at Running: a guest that panics while it boots is then restarted without
 * a pause, for ever.) Pure: the spread comes from the failed instance's uid.
 */
import { conditionOf, rfc3339 } from "#api/object.ts";
import type { VirtualMachine, VirtualMachineStatus } from "#api/virtual-machine.ts";
import { enteredAt, fractionOf, hasBeen, isDeleting, isFinal, phaseOf, type Instance } from "../instance.ts";
import { strategyOf } from "./strategy.ts";

export type StartFailure = VirtualMachineStatus["startFailure"];

const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 300;
/** A run that fails sooner counts as a start that failed: no guest has done its work by then. */
const SETTLED_SECONDS = 30;

export function delaySeconds(failures: number, uid: string): number {
  return Math.min(LONGEST_SECONDS, Math.round(FIRST_SECONDS * failures ** 2 * (1 + fractionOf(uid) / 2)));
}

/** Started by hand, or not at all: there is no loop to slow down, and a user who mends it should not wait. */
function startsByItself(vm: VirtualMachine): boolean {
  const strategy = strategyOf(vm);
  return strategy !== "Halted" && strategy !== "Manual";
}

/** The VM's failures with this instance counted in, once. */
export function startFailureAfter(vm: VirtualMachine, vmi: Instance | undefined, now: Date): StartFailure {
  if (!startsByItself(vm)) return undefined;
  const old = vm.status?.startFailure;
  if (vmi === undefined) return old;
  const settled = settledAt(vmi);
  if (settled !== undefined && (isFinal(vmi) ? endedAt(vmi) : now) >= settled) return undefined;
  // One that was ended on request did not fail to start.
  if (phaseOf(vmi) !== "Failed" || isDeleting(vmi) || old?.lastFailedVMIUID === vmi.metadata.uid) return old;
  const failures = (old?.consecutiveFailCount ?? 0) + 1;
  return {
    consecutiveFailCount: failures,
    lastFailedVMIUID: vmi.metadata.uid,
    retryAfterTimestamp: rfc3339(new Date(now.getTime() + 1000 * delaySeconds(failures, vmi.metadata.uid))),
  };
}

/** When the run has lasted long enough to count as a success; undefined before it runs. */
export function settledAt(vmi: Instance): Date | undefined {
  if (!hasBeen(vmi, "Running")) return undefined;
  return new Date(enteredAt(vmi, "Running").getTime() + 1000 * SETTLED_SECONDS);
}

function endedAt(vmi: Instance): Date {
  return enteredAt(vmi, phaseOf(vmi));
}

/**
 * Why the last start failed, for the VM's condition Failure: the instance that knows it is gone by the time that a user
 * asks. Kept from instance to instance until one runs.
 */
export function startFailed(
  vm: VirtualMachine,
  vmi: Instance | undefined,
): { readonly reason: string; readonly message: string } | undefined {
  if (!startsByItself(vm)) return undefined;
  const told =
    vmi !== undefined && phaseOf(vmi) === "Failed" && !isDeleting(vmi) ? conditionOf(vmi, "Ready") : undefined;
  if (told !== undefined) return { reason: told.reason ?? "Unknown", message: told.message ?? "" };
  const kept = conditionOf(vm, "Failure");
  if (kept === undefined || kept.reason === "FailedCreate" || vm.status?.startFailure === undefined) return undefined;
  if (vmi !== undefined && phaseOf(vmi) === "Running") return undefined;
  return { reason: kept.reason ?? "Unknown", message: kept.message ?? "" };
}

/** Before this time nothing is started; undefined when there is nothing to wait for. */
export function retryAfter(startFailure: StartFailure, now: Date): Date | undefined {
  if (startFailure?.retryAfterTimestamp === undefined) return undefined;
  const at = new Date(startFailure.retryAfterTimestamp);
  return at > now ? at : undefined;
}
