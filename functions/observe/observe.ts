/**
 * observe: writes down what an instance's node says of its machine.
 * Wakes on the node's reports, on instances, pods and nodes, and on what a resync finds. Reads the machine as it is now;
 * the report is only a hint. Writes the phases Running, Succeeded, Failed, Unknown and what the guest looks like.
 *
 * ```
 *   Scheduled ──runs──► Running ◄──► Unknown (the node or its hypervisor does not answer: nothing is known)
 *        └──────────────────┴────────────┴──► Succeeded, Failed: seen stopped, or proven gone by a new boot of the node
 * ```
 */
import { Node, Pod } from "#api/core.ts";
import { keyOf, partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance, type VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import { flowEvents, reports } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import { changed, defineFunction, due, nothing, statusPatch, told, type Decision, type Effect } from "../define.ts";
import { enteredAt, hasBeen, hasEnded, isDeleting, isFinal, phaseOf, type Instance, type Phase } from "../instance.ts";
import {
  claimOf,
  endOfBoot,
  isChangeOfInstance,
  tellsOfInstance,
  readAnchor,
  readMachine,
  targetOf,
  readNodeOf,
  runtimeIsHeard,
  type MachineFact,
} from "../machine-facts.ts";
import { endedStatus, phaseFrom, statusFrom, unknownStatus } from "./status.ts";

export interface ObserveFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  readonly node: Stored<Node> | undefined;
  readonly machine: MachineFact | undefined;
  /** The instance changed or was found, which says nothing of its machine. */
  readonly echo?: boolean;
}

/** Between the pod's creation and its appearance in a cache. */
const POD_APPEARS_MILLISECONDS = 10_000;
const AGAIN_MILLISECONDS = 2_000;

export const observe = defineFunction<ObserveFacts>({
  name: "observe",
  purpose: "Writes down what an instance's node says of its machine.",
  on: [
    told([...Object.values(reports), flowEvents.differs]),
    // What a claimed machine does, its node reports; a resync finds what was lost.
    changed(VirtualMachineInstance, {
      idleIn: ["Pending", "Scheduled", "Succeeded", "Failed"],
      concerns: (_vmi, how) => how !== "gone",
    }),
    due(VirtualMachineInstance),
    changed(Pod, { idleIn: ["Pending", "Running"] }),
    changed(Node, { keys: (event, cluster) => concernedBy(event.extensions["name"] ?? "", cluster) }),
  ],
  reads: ["VirtualMachineInstance.get", "VirtualMachineInstance.list", "Pod.get", "Node.get"],
  writes: [
    ...["Running", "Succeeded", "Failed", "Unknown"].flatMap((phase) => [
      `VirtualMachineInstance.status.phase=${phase}`,
      `VirtualMachineInstance.status.phaseTransitionTimestamps[${phase}]`,
    ]),
    "VirtualMachineInstance.status.reason",
    "VirtualMachineInstance.status.conditions[Ready]=by its machine",
    "VirtualMachineInstance.status.conditions[Paused]",
    "VirtualMachineInstance.status.conditions[AgentConnected]",
    "VirtualMachineInstance.status.conditions[LiveMigratable]",
    "VirtualMachineInstance.status.conditions[Synchronized]=by its machine",
    "VirtualMachineInstance.status.migrationMethod",
    "VirtualMachineInstance.status.interfaces",
    "VirtualMachineInstance.status.volumeStatus=by its machine",
    "VirtualMachineInstance.status.machine",
    "VirtualMachineInstance.status.memory",
    "VirtualMachineInstance.status.guestOSInfo",
    "VirtualMachineInstance.status.activePods=none",
    "record",
  ],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) return undefined;
    const claim = claimOf(vmi);
    if (isFinal(vmi)) return { vmi, pod: undefined, node: undefined, machine: undefined };
    if (claim === undefined) {
      // Before that there is none, and nobody need look for it where the cache ends.
      const pod = phaseOf(vmi) === "Scheduling" ? await readAnchor(looks, vmi) : undefined;
      return { vmi, pod, node: undefined, machine: undefined };
    }
    const node = await readNodeOf(looks, claim);
    if (isEcho(vmi, looks.event)) return { vmi, pod: undefined, node, machine: undefined, echo: true };
    // A new boot has other machines; what it says of this one does not matter.
    const machine = endOfBoot(node, claim.bootID) !== undefined ? undefined : await readMachine(looks, vmi);
    return { vmi, pod: undefined, node, machine };
  },

  decide(facts, now) {
    const { vmi, node, machine } = facts;
    const claim = claimOf(vmi);
    if (isFinal(vmi)) return nothing(`the instance is ${phaseOf(vmi)}, which is final`);
    if (claim === undefined) return beforeClaim(facts, now);
    const to = targetOf(vmi);
    const left = machine?.known === "yes" && machine.status.state === "stopped";
    const over = endOfBoot(node, claim.bootID);
    if (to !== undefined && (over !== undefined || left)) {
      return nothing(`the guest moves from ${claim.node} to ${to.node}: \`move\` finds out where it is`);
    }
    if (over !== undefined) {
      const why = `${claim.node} ${over.what} since the machine was claimed: it can't be running any more.`;
      return ended(vmi, over.reason, why, now);
    }
    if (facts.echo === true) return nothing("the instance is told of; its node has told nothing new of the machine");
    if (machine === undefined || machine.known === "silent") {
      const why = machine === undefined ? "nothing is known of it" : machine.reason;
      return silent(vmi, node, claim.node, why, now);
    }
    if (machine.known === "no") return nothing(`${claim.node} does not know the machine: boot or stop will order it`);
    const { status } = machine;
    if (status.claim.epoch !== claim.epoch) {
      return nothing(`${claim.node} tells of epoch ${status.claim.epoch}, the claim is ${claim.epoch}`);
    }
    const next = statusFrom(vmi, status, now);
    return {
      effects: [...statusPatch(VirtualMachineInstance, vmi, next), ...toldBy(vmi, phaseFrom(vmi, status), next)],
      because: `the machine on ${claim.node} is ${status.state}${because(status)}`,
    };
  },
});

/**
 * A guest that moves is looked for at each change; of others, a change of the instance is mostly our own. At a start all
 * instances are told of, and the resync then asks each node once for all that it has. One that is to go may have ended unheard.
 */
function isEcho(vmi: Instance, event: CloudEvent): boolean {
  const settled = phaseOf(vmi) === "Running" && targetOf(vmi) === undefined && vmi.status?.migrationState === undefined;
  return settled && (isChangeOfInstance(event) || (tellsOfInstance(event) && !isDeleting(vmi)));
}

function because(status: (MachineFact & { known: "yes" })["status"]): string {
  if (status.exit !== undefined) return `: ${status.exit.reason}: ${status.exit.message}`;
  if (status.problem !== undefined) return `: ${status.problem.reason}: ${status.problem.message}`;
  return status.pausedReason === undefined ? "" : `: ${status.pausedReason}`;
}

/** Instances of a node that its present state says something new about. */
async function concernedBy(name: string, cluster: Reader): Promise<readonly string[]> {
  const instances = await cluster.list(VirtualMachineInstance, { node: name });
  const node = await cluster.get(Node, { name });
  const heard = runtimeIsHeard(node);
  const concerned = instances.filter((vmi) => {
    const claim = claimOf(vmi);
    if (claim?.node !== name || isFinal(vmi)) return false;
    return (
      endOfBoot(node, claim.bootID) !== undefined || (heard ? phaseOf(vmi) === "Unknown" : phaseOf(vmi) !== "Unknown")
    );
  });
  return concerned.map(keyOf);
}

/** Nothing has ever run: without its pod the instance has failed. */
function beforeClaim({ vmi, pod }: ObserveFacts, now: Date): Decision {
  if (isDeleting(vmi) || phaseOf(vmi) !== "Scheduling") return nothing(`the instance is ${phaseOf(vmi)} and unclaimed`);
  if (pod === undefined) {
    const sure = new Date(enteredAt(vmi, "Scheduling").getTime() + POD_APPEARS_MILLISECONDS);
    if (sure > now) return nothing("the anchor pod is not there yet", sure);
    return ended(vmi, "PodNotExists", "The anchor pod is gone, and the guest has not run.", now);
  }
  if (hasEnded(pod)) {
    const why = pod.status?.message ?? pod.status?.reason ?? "no reason given";
    return ended(vmi, "PodEnded", `The anchor pod is ${pod.status?.phase}, and the guest has not run: ${why}.`, now);
  }
  return nothing("the anchor pod is there and nothing is claimed yet");
}

/** A node that is heard and still does not answer is asked again; one that is not heard leaves the instance unknown. */
function silent(vmi: Instance, node: Node | undefined, name: string, why: string, now: Date): Decision {
  if (runtimeIsHeard(node)) {
    const because = `${name} is heard but does not answer about the machine: ${why}`;
    return nothing(because, new Date(now.getTime() + AGAIN_MILLISECONDS));
  }
  const message = node === undefined ? `Node ${name} is not there.` : `Node ${name} has not been heard for a while.`;
  const next = unknownStatus(vmi, message, now);
  return {
    effects: [...statusPatch(VirtualMachineInstance, vmi, next), ...toldBy(vmi, next.phase ?? phaseOf(vmi), next)],
    because: `${message} Nothing is known of the machine, which may be running`,
  };
}

function ended(vmi: Instance, reason: string, message: string, now: Date): Decision {
  const next = endedStatus(vmi, "Failed", reason, message, now);
  return {
    effects: [...statusPatch(VirtualMachineInstance, vmi, next), ...toldBy(vmi, "Failed", next)],
    because: message,
  };
}

const messages: Partial<Record<Phase, { readonly type: "Normal" | "Warning"; readonly reason: string }>> = {
  Running: { type: "Normal", reason: "Started" },
  Succeeded: { type: "Normal", reason: "Stopped" },
  Failed: { type: "Warning", reason: "Stopped" },
  Unknown: { type: "Warning", reason: "NodeUnresponsive" },
};

/** A Kubernetes Event when the phase changes, and only then. */
function toldBy(vmi: Instance, phase: Phase, next: VirtualMachineInstanceStatus): readonly Effect[] {
  const message = messages[phase];
  if (phase === phaseOf(vmi) || message === undefined) return [];
  const ready = next.conditions?.find((condition) => condition.type === "Ready");
  const again = phase === "Running" && hasBeen(vmi, "Running");
  const text = phase === "Running" ? (again ? "The guest is known to run again." : "The guest runs.") : ready?.message;
  return [{ do: "record", about: vmi, ...message, message: text ?? `The instance is ${phase}.` }];
}
