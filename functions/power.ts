/**
 * power: halts and runs a guest's vCPUs as the instance's annotation `virtive.dev/paused` wants.
 * Wakes on instances. Orders; writes nothing. What comes of it, the condition Paused tells.
 */
import { Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { partsOf, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { changed, defineFunction, nothing } from "./define.ts";
import { anchorName, isDeleting, phaseOf, type Instance } from "./instance.ts";
import { claimOf, readMachine, type MachineFact } from "./machine-facts.ts";
import { order, readFiles, wantedState, type FoundFiles } from "./machine-order.ts";

export interface PowerFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  readonly machine: MachineFact | undefined;
  readonly files: FoundFiles;
}

const AGAIN_MILLISECONDS = 2_000;

export const power = defineFunction<PowerFacts>({
  name: "power",
  purpose: "Halts and runs a guest's vCPUs as its annotation virtive.dev/paused wants.",
  on: [
    changed(VirtualMachineInstance, {
      idleIn: ["Pending", "Scheduling", "Succeeded", "Failed"],
      concerns: (vmi, how) => how !== "gone" && !isDeleting(vmi) && isAsked(vmi),
    }),
  ],
  reads: ["VirtualMachineInstance.get", "Pod.get", "Node.get", "Secret.get", "ConfigMap.get"],
  writes: ["order running, paused"],

  async read(looks, key) {
    const at = partsOf(key);
    const vmi = await looks.cluster.get(VirtualMachineInstance, at);
    if (vmi === undefined) return undefined;
    const idle = { vmi, pod: undefined, machine: undefined, files: { files: {}, missing: [] } };
    if (isDeleting(vmi) || !isUp(vmi) || !isAsked(vmi)) return idle;
    const machine = await readMachine(looks, vmi);
    if (machine?.known !== "yes" || !differs(vmi, machine)) return { ...idle, machine };
    return {
      vmi,
      machine,
      pod: await looks.cluster.get(Pod, { namespace: at.namespace, name: anchorName(vmi) }),
      files: await readFiles(looks.cluster, vmi),
    };
  },

  decide({ vmi, pod, machine, files }, now) {
    const claim = claimOf(vmi);
    if (isDeleting(vmi)) return nothing("the instance is being deleted");
    if (claim === undefined || !isUp(vmi))
      return nothing(`the instance is ${phaseOf(vmi)}: it has no vCPUs to halt or run`);
    const wanted = wantedState(vmi, annotation.paused);
    if (machine === undefined) return nothing("nobody asked to pause or unpause it");
    if (machine.known === "silent") {
      return nothing(`${claim.node} does not answer: ${machine.reason}`, new Date(now.getTime() + AGAIN_MILLISECONDS));
    }
    if (machine.known === "no") return nothing(`${claim.node} does not know the machine yet`);
    if (machine.status.claim.epoch !== claim.epoch) return nothing("the node has another epoch's machine");
    if (!differs(vmi, machine)) return nothing(`the machine is ordered ${machine.status.desired}: nothing to change`);
    return {
      effects: [order({ vmi, claim, desired: wanted, pod, files: files.files })],
      because:
        machine.status.desired === "incoming"
          ? `the guest has come to ${claim.node}, which waits for its next order`
          : `the annotation ${annotation.paused} wants it ${wanted}`,
    };
  },
});

/**
 * Where nobody ever said anything about pausing, the machine was ordered to run: the usual case costs no look. One that has
 * moved here was ordered to come, and its next order may have been lost.
 */
function isAsked({ metadata, status }: Instance): boolean {
  return metadata.annotations?.[annotation.paused] !== undefined || status?.claim?.pod !== undefined;
}

function isUp(vmi: Instance): boolean {
  const phase = phaseOf(vmi);
  return phase === "Scheduled" || phase === "Running" || phase === "Unknown";
}

/** A machine that is to stop stays so. One that was to come has: the claim is its node's. */
function differs(vmi: Instance, machine: MachineFact & { readonly known: "yes" }): boolean {
  const { desired } = machine.status;
  if (desired === "incoming") return true;
  return (desired === "running" || desired === "paused") && desired !== wantedState(vmi, annotation.paused);
}
