/**
 * stop: ends the machine of an instance that is being deleted or has lost its anchor pod.
 * Wakes on instances, pods, the end of the grace period, and what a resync finds. Orders; writes nothing.
 *
 * ```
 *   deletion ──► order stopped (the guest shuts down) ──grace over──► order off ──► observe tells how it ended
 * ```
 */
import { Pod } from "#api/core.ts";
import { partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { flowEvents } from "#events/catalogue.ts";
import type { Claim, Desired } from "#events/machine.ts";
import { changed, defineFunction, due, nothing, told, type Decision, type Effect } from "./define.ts";
import { graceSeconds, hasBeen, hasEnded, isDeleting, isFinal, phaseOf, type Instance } from "./instance.ts";
import { claimOf, readAnchor, readMachine, type MachineFact } from "./machine-facts.ts";
import { order } from "./machine-order.ts";

export interface StopFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  readonly machine: MachineFact | undefined;
}

const AGAIN_MILLISECONDS = 5_000;

export const stop = defineFunction<StopFacts>({
  name: "stop",
  purpose: "Orders a machine to shut down, and ends it when its grace period is over.",
  on: [
    changed(VirtualMachineInstance, {
      idleIn: ["Pending", "Scheduling", "Succeeded", "Failed"],
      concerns: (_vmi, how) => how !== "gone",
    }),
    changed(Pod, {
      idleIn: ["Pending"],
      concerns: (pod, how) => how === "gone" || isDeleting(pod) || hasEnded(pod),
    }),
    due(VirtualMachineInstance),
    told([flowEvents.differs]),
  ],
  reads: ["VirtualMachineInstance.get", "Pod.get", "Node.get"],
  writes: ["order stopped, off", "record"],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) return undefined;
    if (claimOf(vmi) === undefined || isFinal(vmi)) return { vmi, pod: undefined, machine: undefined };
    const pod = await readAnchor(looks, vmi);
    const calm = !isDeleting(vmi) && pod !== undefined && !isDeleting(pod) && !hasEnded(pod);
    // A machine that nobody wants to stop is asked about only when a resync says that the node may not know it.
    const look = !calm || looks.event.type === flowEvents.differs.type;
    return { vmi, pod, machine: look ? await readMachine(looks, vmi) : undefined };
  },

  decide(facts, now) {
    const { vmi, machine } = facts;
    const claim = claimOf(vmi);
    if (isFinal(vmi)) return nothing(`the instance is ${phaseOf(vmi)}: its machine has ended`);
    if (claim === undefined) return nothing("no node has it: there is nothing to stop");
    if (machine === undefined) return nothing("nobody wants it to stop");
    if (machine.known === "silent") return nothing(`${claim.node} does not answer: ${machine.reason}`, later(now));
    const end = endOf(facts, now);
    if (machine.known === "no" || machine.status.claim.epoch < claim.epoch) return unknownToNode(vmi, claim, end);
    if (machine.status.claim.epoch > claim.epoch) return nothing("the node has a newer claim than this one");
    if (machine.status.state === "stopped") return nothing("the machine has stopped");
    if (end === undefined) return nothing("nobody wants it to stop");
    return demand(vmi, claim, machine.status.desired, end, now);
  },
});

interface End {
  /** When the guest's time is over. */
  readonly by: Date;
  readonly because: string;
}

/** Why it must stop and by when, if it must. */
function endOf({ vmi, pod }: StopFacts, now: Date): End | undefined {
  const { deletionTimestamp } = vmi.metadata;
  if (deletionTimestamp !== undefined) {
    return { by: after(new Date(deletionTimestamp), graceSeconds(vmi)), because: "the instance is being deleted" };
  }
  if (pod === undefined) return { by: now, because: "the anchor pod is gone" };
  if (hasEnded(pod)) return { by: now, because: `the anchor pod is ${pod.status?.phase}` };
  if (pod.metadata.deletionTimestamp === undefined) return undefined;
  // A pod's deletionTimestamp is when its time is over, not when the deletion was asked for.
  const asked = after(new Date(pod.metadata.deletionTimestamp), -(pod.metadata.deletionGracePeriodSeconds ?? 0));
  return { by: after(asked, graceSeconds(vmi)), because: "the anchor pod is being deleted" };
}

function demand(vmi: Instance, claim: Claim, desired: Desired, { by, because }: End, now: Date): Decision {
  if (desired === "off") return nothing(`${because}; the machine is ordered off`, later(now));
  if (by <= now) {
    return {
      effects: [order({ vmi, claim, desired: "off" })],
      because: `${because} and its time to shut down is over`,
      at: later(now),
    };
  }
  if (desired === "stopped") return nothing(`${because}; the guest has until ${by.toISOString()} to shut down`, by);
  const seconds = Math.ceil((by.getTime() - now.getTime()) / 1000);
  const shuttingDown: Effect = {
    do: "record",
    about: vmi,
    type: "Normal",
    reason: "ShuttingDown",
    message: `Asked the guest to shut down within ${seconds} s: ${because}.`,
  };
  return {
    // Who deleted the instance knows; that it ends for its pod's sake, nothing else says.
    effects: [
      order({ vmi, claim, desired: "stopped", graceSeconds: seconds }),
      ...(isDeleting(vmi) ? [] : [shuttingDown]),
    ],
    because: `${because}: the guest has ${seconds} s to shut down`,
    at: by,
  };
}

/**
 * A node that knows nothing of a claimed machine is ordered to have it off: should anything of it be left there, it is
 * ended, a late order of this claim starts nothing any more, and the answer is the proof that it does not run. While
 * nothing asks for its end and it never ran, boot orders it again instead.
 */
function unknownToNode(vmi: Instance, claim: Claim, end: End | undefined): Decision {
  if (end === undefined && !hasBeen(vmi, "Running")) return nothing(`${claim.node} has not got the order yet`);
  return {
    effects: [order({ vmi, claim, desired: "off" })],
    because: `${claim.node} does not know the machine: whatever is left of it must be off`,
  };
}

function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}

function later(now: Date): Date {
  return after(now, AGAIN_MILLISECONDS / 1000);
}
