/**
 * A VM whose instances fail before they ever run is started again less and less often: 10 s × failures², spread by up
 * to a half more so that VMs that failed together do not start together, at most 300 s. Reaching Running forgets the
 * failures. Pure: the spread comes from the failed instance's uid.
 */
import { rfc3339 } from "#api/object.ts";
import type { VirtualMachine, VirtualMachineStatus } from "#api/virtual-machine.ts";
import { fractionOf, hasBeen, isDeleting, phaseOf, type Instance } from "../instance.ts";

export type StartFailure = VirtualMachineStatus["startFailure"];

const FIRST_SECONDS = 10;
const LONGEST_SECONDS = 300;

export function delaySeconds(failures: number, uid: string): number {
  return Math.min(LONGEST_SECONDS, Math.round(FIRST_SECONDS * failures ** 2 * (1 + fractionOf(uid) / 2)));
}

/** The VM's failures with this instance counted in, once. */
export function startFailureAfter(vm: VirtualMachine, vmi: Instance | undefined, now: Date): StartFailure {
  const old = vm.status?.startFailure;
  if (vmi === undefined) return old;
  if (hasBeen(vmi, "Running")) return undefined;
  // One that was ended on request did not fail to start.
  if (phaseOf(vmi) !== "Failed" || isDeleting(vmi) || old?.lastFailedVMIUID === vmi.metadata.uid) return old;
  const failures = (old?.consecutiveFailCount ?? 0) + 1;
  return {
    consecutiveFailCount: failures,
    lastFailedVMIUID: vmi.metadata.uid,
    retryAfterTimestamp: rfc3339(new Date(now.getTime() + 1000 * delaySeconds(failures, vmi.metadata.uid))),
  };
}

/** Before this time nothing is started; undefined when there is nothing to wait for. */
export function retryAfter(startFailure: StartFailure, now: Date): Date | undefined {
  if (startFailure?.retryAfterTimestamp === undefined) return undefined;
  const at = new Date(startFailure.retryAfterTimestamp);
  return at > now ? at : undefined;
}
