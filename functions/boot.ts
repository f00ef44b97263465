/**
 * boot: claims an instance for the node of its anchor pod, and orders the node to start it.
 * Wakes on instances, pods and nodes, and when a start takes too long. Writes the phase Scheduled, the node's name and
 * the claim in one compare-and-set; orders after it, and again whenever the node has not got the order.
 *
 * ```
 *   Scheduling ──pod runs, files there──► Scheduled (claim: node, boot, epoch + 1) ──order──► node
 *                                             └──► not running by the deadline: order off
 * ```
 */
import { Node, Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { keyOf, partsOf, withCondition, type Stored } from "#api/object.ts";
import { VirtualMachineInstance, type VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import { flowEvents } from "#events/catalogue.ts";
import type { Fault } from "#events/fault.ts";
import type { Claim } from "#events/machine.ts";
import { deadlineOf } from "./deadlines.ts";
import { changed, defineFunction, due, nothing, statusPatch, told, type Decision, type Effect } from "./define.ts";
import {
  anchorName,
  containersReady,
  inPhase,
  isDeleting,
  phaseOf,
  withoutCondition,
  type Instance,
} from "./instance.ts";
import { bootIDOf, claimOf, isChangeOfInstance, readMachine, readNode, type MachineFact } from "./machine-facts.ts";
import { order, readFiles, wantedState, type FoundFiles } from "./machine-order.ts";

export interface BootFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  readonly node: Stored<Node> | undefined;
  /** Undefined while nothing is claimed. */
  readonly machine: MachineFact | undefined;
  readonly files: FoundFiles;
  /** The instance changed, which says nothing of its machine. */
  readonly echo?: boolean;
}

const AGAIN_MILLISECONDS = 5_000;
const NO_FILES: FoundFiles = { files: {}, missing: [] };

export const boot = defineFunction<BootFacts>({
  name: "boot",
  purpose: "Claims an instance for the node of its anchor pod and orders the node to start it.",
  on: [
    changed(VirtualMachineInstance, {
      idleIn: ["Pending", "Running", "Unknown", "Succeeded", "Failed"],
      concerns: (vmi, how) => how !== "gone" && !isDeleting(vmi) && (how === "added" || phaseOf(vmi) !== "Scheduled"),
    }),
    due(VirtualMachineInstance),
    told([flowEvents.differs]),
    changed(Pod, {
      idleIn: ["Pending", "Succeeded", "Failed"],
      concerns: (pod, how) => how !== "gone" && !isDeleting(pod) && containersReady(pod),
    }),
    changed(Node, {
      async keys(event, cluster) {
        const name = event.extensions["name"];
        const waiting = await cluster.list(VirtualMachineInstance, { phase: "Scheduling" });
        const pods = await Promise.all(
          waiting.map((vmi) => cluster.get(Pod, { namespace: partsOf(keyOf(vmi)).namespace, name: anchorName(vmi) })),
        );
        return waiting.filter((_, index) => pods[index]?.spec.nodeName === name).map(keyOf);
      },
    }),
  ],
  reads: [
    "VirtualMachineInstance.get",
    "VirtualMachineInstance.list",
    "Pod.get",
    "Node.get",
    "Secret.get",
    "ConfigMap.get",
  ],
  writes: [
    "VirtualMachineInstance.status.phase=Scheduled",
    "VirtualMachineInstance.status.phaseTransitionTimestamps[Scheduled]",
    "VirtualMachineInstance.status.nodeName=with its claim",
    "VirtualMachineInstance.status.claim=while it starts",
    "VirtualMachineInstance.status.activePods=with its claim",
    "VirtualMachineInstance.status.conditions[Synchronized]=while no node has its machine",
    "order running, paused, off",
    "record",
  ],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) return undefined;
    const idle = { vmi, pod: undefined, node: undefined, machine: undefined, files: NO_FILES };
    // Who claimed it has ordered it, or is asked again by the event that woke him then; a new leader is told that it exists.
    if (phaseOf(vmi) === "Scheduled" && isChangeOfInstance(looks.event)) return { ...idle, echo: true };
    if (isDeleting(vmi) || (phaseOf(vmi) !== "Scheduling" && phaseOf(vmi) !== "Scheduled")) return idle;
    const pod = await looks.cluster.get(Pod, { namespace: at.namespace, name: anchorName(vmi) });
    const node = await readNode(looks, claimOf(vmi)?.node ?? pod?.spec.nodeName);
    const machine = await readMachine(looks, vmi);
    const wanted = pod !== undefined && (machine === undefined || !hasOrder(vmi, machine));
    return { vmi, pod, node, machine, files: wanted ? await readFiles(looks.cluster, vmi) : NO_FILES };
  },

  decide(facts, now) {
    const { vmi } = facts;
    if (isDeleting(vmi)) return nothing("the instance is being deleted");
    switch (phaseOf(vmi)) {
      case "Scheduling":
        return claim(facts, now);
      case "Scheduled":
        return facts.echo === true ? nothing("it is claimed, and its node has told nothing new") : follow(facts, now);
      default:
        return nothing(`the instance is ${phaseOf(vmi)}: there is nothing to start`);
    }
  },

  refused(facts, fault, now) {
    const { vmi } = facts;
    return {
      effects: [
        ...tell(facts, fault, now),
        { do: "record", about: vmi, type: "Warning", reason: fault.reason, message: fault.message },
      ],
      because: `the node refused the order: ${fault.reason}`,
    };
  },

  delayed(facts, fault, now) {
    // The rest passes by itself before anyone could do something about it.
    if (fault.reason !== "DiskFull" && fault.reason !== "DiskFailed") return undefined;
    return { effects: tell(facts, fault, now), because: `the node can't take the order yet: ${fault.reason}` };
  },
});

/** Why the node has not taken the order. Once it has one, what the machine says stands there. */
function tell({ vmi, machine }: BootFacts, { reason, message }: Fault, now: Date): readonly Effect[] {
  if (machine !== undefined && hasOrder(vmi, machine)) return [];
  return statusPatch(VirtualMachineInstance, vmi, notSynchronized(vmi, reason, message, now));
}

function claim({ vmi, pod, node, files }: BootFacts, now: Date): Decision {
  if (pod === undefined) return nothing("the anchor pod is not there");
  if (isDeleting(pod)) return nothing("the anchor pod is being deleted");
  if (!containersReady(pod) || pod.spec.nodeName === undefined) return nothing("the anchor pod does not run yet");
  const bootID = bootIDOf(node);
  if (node === undefined || bootID === undefined) {
    return nothing(`no node runtime has reported from ${pod.spec.nodeName} yet`, later(now));
  }
  if (files.missing.length > 0) {
    const why = files.missing.join("; ");
    const status = notSynchronized(vmi, "VolumeSourceMissing", `Can't start: ${why}.`, now);
    return { effects: statusPatch(VirtualMachineInstance, vmi, status), because: why, at: later(now) };
  }
  const epoch = (claimOf(vmi)?.epoch ?? 0) + 1;
  const mine: Claim = { node: node.metadata.name, bootID, epoch };
  const desired = wantedState(vmi, annotation.paused);
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, claimed(vmi, mine, pod, now)),
      order({ vmi, claim: mine, desired, pod, files: files.files }),
    ],
    because: `the anchor pod is Ready on ${mine.node}: claimed with epoch ${epoch}, ordered ${desired}`,
  };
}

function claimed(vmi: Instance, mine: Claim, pod: Stored<Pod>, now: Date): VirtualMachineInstanceStatus {
  const status = inPhase(vmi, "Scheduled", now);
  const conditions = withoutCondition(status.conditions, "Synchronized");
  return {
    ...status,
    nodeName: mine.node,
    claim: mine,
    activePods: { [pod.metadata.uid]: mine.node },
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** The node has an order of this claim, or a newer one. */
function hasOrder(vmi: Instance, machine: MachineFact): boolean {
  return machine.known === "yes" && machine.status.claim.epoch >= (claimOf(vmi)?.epoch ?? 0);
}

function follow({ vmi, pod, node, machine, files }: BootFacts, now: Date): Decision {
  const mine = claimOf(vmi);
  if (mine === undefined || machine === undefined) return nothing("the instance has no claim");
  if (bootIDOf(node) !== mine.bootID) return nothing(`${mine.node} has booted anew since it was claimed`);
  if (machine.known === "silent") return nothing(`${mine.node} does not answer: ${machine.reason}`, later(now));
  const late = (deadlineOf(VirtualMachineInstance, vmi) ?? now) <= now;
  if (machine.known === "no" || !hasOrder(vmi, machine)) {
    if (late) return off(vmi, mine, `${mine.node} never got the order, and the time to start is over`);
    if (pod === undefined) return nothing("the anchor pod is gone");
    if (files.missing.length > 0) return nothing(files.missing.join("; "), later(now));
    const desired = wantedState(vmi, annotation.paused);
    return {
      effects: [order({ vmi, claim: mine, desired, pod, files: files.files })],
      because: `${mine.node} has not got the order of epoch ${mine.epoch}`,
    };
  }
  const { state, desired, problem } = machine.status;
  if (late && (state === "preparing" || state === "starting") && desired !== "off") {
    return off(vmi, mine, `it did not run in time${problem === undefined ? "" : `: ${problem.message}`}`);
  }
  return nothing(`${mine.node} has the order; the machine is ${state}`);
}

function off(vmi: Instance, mine: Claim, why: string): Decision {
  const record: Effect = {
    do: "record",
    about: vmi,
    type: "Warning",
    reason: "StartTimedOut",
    message: `Ended the start on ${mine.node}: ${why}.`,
  };
  return { effects: [order({ vmi, claim: mine, desired: "off" }), record], because: why };
}

function notSynchronized(vmi: Instance, reason: string, message: string, now: Date): VirtualMachineInstanceStatus {
  const condition = { type: "Synchronized", status: "False", reason, message } as const;
  return { ...vmi.status, conditions: withCondition(vmi.status?.conditions, condition, now) };
}

function later(now: Date): Date {
  return new Date(now.getTime() + AGAIN_MILLISECONDS);
}
