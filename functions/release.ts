/**
 * release: lets go of everything that an ended instance held: its anchor pod, the node's record of its machine, and
 * last its finalizer. Wakes on instances, pods and reports. Idempotent at every step; the finalizer goes off only when
 * the pod is gone.
 *
 * ```
 *   ended, or deleted before any node had it ──► pod removed, machine forgotten ──pod gone──► finalizer off
 * ```
 */
import { Pod, type Node } from "#api/core.ts";
import { finalizer } from "#api/names.ts";
import { partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { flowEvents, reports } from "#events/catalogue.ts";
import { changed, defineFunction, due, nothing, told, type Effect } from "./define.ts";
import { anchorName, isDeleting, isFinal, phaseOf, type Instance } from "./instance.ts";
import { claimOf, endOfBoot, readMachine, readNode, type MachineFact } from "./machine-facts.ts";

export interface ReleaseFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  readonly machine: MachineFact | undefined;
  /** Of a pod that is going. */
  readonly node?: Stored<Node> | undefined;
}

/**
 * Seconds for the anchor, which ignores SIGTERM and would otherwise stay for its whole grace. Not 0: the kubelet is to
 * confirm that it is gone.
 */
const POD_GRACE_SECONDS = 1;

const TELL_OF_A_RECORD: ReadonlySet<string> = new Set([reports.stopped.type, flowEvents.differs.type]);

export const release = defineFunction<ReleaseFacts>({
  name: "release",
  purpose: "Removes what an ended instance held, and takes its finalizer off last.",
  on: [
    changed(VirtualMachineInstance, {
      idleIn: ["Scheduled", "Running", "Unknown"],
      concerns: (vmi, how) => how !== "gone" && isOver(vmi),
    }),
    // That it is gone.
    changed(Pod, { idleIn: ["Pending", "Running", "Succeeded", "Failed"] }),
    due(VirtualMachineInstance),
    told([reports.stopped, flowEvents.differs]),
  ],
  reads: ["VirtualMachineInstance.get", "Pod.get", "Node.get"],
  writes: ["Pod.remove=of what has ended", "VirtualMachineInstance.metadata.finalizers", "forget"],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) return undefined;
    if (!isOver(vmi)) return { vmi, pod: undefined, machine: undefined };
    const pod = await looks.cluster.get(Pod, { namespace: at.namespace, name: anchorName(vmi) });
    // A node may come back with its record when all else was released long ago: it tells, or a resync finds it.
    const look = held(vmi) || TELL_OF_A_RECORD.has(looks.event.type);
    const node = pod !== undefined && isDeleting(pod) ? await readNode(looks, pod.spec.nodeName) : undefined;
    return { vmi, pod, node, machine: look ? await readMachine(looks, vmi) : undefined };
  },

  decide({ vmi, pod, machine, node }) {
    if (!isOver(vmi)) return nothing(`the instance is ${phaseOf(vmi)}: what it holds is in use`);
    const effects: Effect[] = [];
    const claim = claimOf(vmi);
    // A record of a machine that is not stopped belongs to a run that the instance's end was proven without.
    if (claim !== undefined && machine?.known === "yes" && machine.status.state === "stopped") {
      const { epoch } = machine.status.claim;
      effects.push({ do: "forget", node: claim.node, uid: vmi.metadata.uid, epoch });
    }
    if (pod !== undefined) {
      if (!isDeleting(pod)) {
        effects.push({ do: "remove", kind: Pod, object: pod, gracePeriodSeconds: POD_GRACE_SECONDS });
      } else if (claim !== undefined && endOfBoot(node, claim.bootID)?.reason === "NodeConfirmedOff") {
        effects.push({ do: "remove", kind: Pod, object: pod, gracePeriodSeconds: 0 });
        return {
          effects,
          because: `${claim.node} is off, as an operator has confirmed: no kubelet will let the pod go`,
        };
      }
      return { effects, because: isDeleting(pod) ? "the anchor pod is going" : "the run is over: its anchor pod goes" };
    }
    if (!held(vmi)) return { effects, because: "everything is released" };
    const finalizers = (vmi.metadata.finalizers ?? []).filter((name) => name !== finalizer.vmi);
    const after = { ...vmi, metadata: { ...vmi.metadata, finalizers } };
    effects.push({ do: "patch", kind: VirtualMachineInstance, before: vmi, after, part: "object" });
    return { effects, because: "the run is over and its anchor pod is gone" };
  },
});

/** Its machine has ended, or no node ever had one. */
function isOver(vmi: Instance): boolean {
  return isFinal(vmi) || (isDeleting(vmi) && claimOf(vmi) === undefined);
}

function held(vmi: Instance): boolean {
  return vmi.metadata.finalizers?.includes(finalizer.vmi) === true;
}
