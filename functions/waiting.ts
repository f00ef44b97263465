/**
 * Whether an object's present state should pass soon, by what functions do. Where the broker is not ours an event may be
 * lost for good; such objects are told of again while they stay as they are, and no others, so that rest costs nothing.
 */
import { conditionOf, controllerOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { Peek } from "#events/source/source.ts";
import { deadlineOf } from "./deadlines.ts";
import { isFinal, type Instance } from "./instance.ts";

/** What a VM is called when nothing is under way. */
const AT_REST: ReadonlySet<string> = new Set(["Running", "Stopped", "Paused", "CrashLoopBackOff"]);

export function waits(kind: Kind, object: Stored<KubeObject>, peek: Peek): boolean {
  switch (kind.kind) {
    case VirtualMachine.kind:
      return virtualMachineWaits(object as Stored<VirtualMachine>, peek);
    case VirtualMachineInstance.kind:
      return deadlineOf(kind, object) !== undefined || awaitsRemoval(object as Instance);
    case VirtualMachineInstanceMigration.kind:
      return deadlineOf(kind, object) !== undefined;
    default:
      return false;
  }
}

function virtualMachineWaits({ metadata, status }: Stored<VirtualMachine>, peek: Peek): boolean {
  if (metadata.deletionTimestamp !== undefined || status?.desiredGeneration !== metadata.generation) return true;
  if ((status?.stateChangeRequests ?? []).length > 0 || !AT_REST.has(status?.printableStatus ?? "")) return true;
  // What its instance became may have been told to nobody.
  const vmi = peek(VirtualMachineInstance, metadata);
  if (status?.created !== (vmi !== undefined)) return true;
  return (status.ready === true) !== (vmi !== undefined && conditionOf(vmi, "Ready")?.status === "True");
}

/** An instance that is over is its VM's to remove. */
function awaitsRemoval(vmi: Instance): boolean {
  return isFinal(vmi) && controllerOf(vmi)?.kind === VirtualMachine.kind;
}
