/**
 * Nobody ends a guest unasked. Two looks say so, one a link of the chain: when a node's runtime asks its hypervisor to end a
 * domain whose guest has run, its instance or its pod must be on its way out, or somebody else have the claim; and when an
 * instance or a pod with such a guest is deleted, a user must have asked for that, or for what it follows from. Guests that
 * end by themselves or by a fault of the plan end without either.
 */
import { Pod } from "#api/core.ts";
import { controllerOf, type Key, type KubeObject, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { MemoryCluster, Write } from "#events/memory-cluster.ts";
import { deadlineOf } from "#functions/deadlines.ts";
import { anchorName, hasEnded, isDeleting, isFinal, phaseOf, type Instance } from "#functions/instance.ts";
import { claimOf, targetOf } from "#functions/machine-facts.ts";

/** The part of a live domain that counts here. */
export interface Guest {
  readonly uid: string;
  readonly epoch: number;
  readonly running: boolean;
  readonly hasRun: boolean;
}

export interface Ends {
  /** A user asks for the end of what has this uid. */
  asked(uid: string): void;
  /** Of all writes, before the next: `before` is the object as it was. Answers what is wrong, if anything is. */
  wrote(write: Write, before: KubeObject | undefined): string | undefined;
  /** A runtime asks its hypervisor to end it now. Answers what is wrong, if anything is. */
  ending(guest: Guest): string | undefined;
}

export function watchEnds(cluster: MemoryCluster, guests: ReadonlyMap<string, Guest>, now: () => Date): Ends {
  /** uids whose end a user has asked for. */
  const asked = new Set<string>();
  /** Since which version a VM, by uid, is no longer halted. */
  const halted = new Map<string, number>();
  /** First versions of instances, by uid. */
  const createdAt = new Map<string, number>();

  const hasRun = (uid: string, epoch?: number): boolean => {
    for (const guest of guests.values())
      if (guest.uid === uid && guest.hasRun && (epoch === undefined || guest.epoch === epoch)) return true;
    return false;
  };

  function instanceOf(uid: string): Instance | undefined {
    for (const vmi of cluster.objects(VirtualMachineInstance).values()) if (vmi.metadata.uid === uid) return vmi;
    return undefined;
  }

  function vmWritten(vm: Stored<VirtualMachine>, before: Stored<VirtualMachine> | undefined): void {
    for (const { action, uid } of vm.status?.stateChangeRequests ?? [])
      if (action === "Stop" && uid !== undefined) asked.add(uid);
    if (before?.spec.runStrategy === "Halted" && vm.spec.runStrategy !== "Halted")
      halted.set(vm.metadata.uid, Number(vm.metadata.resourceVersion));
  }

  /** In the time of the instance; created: its first version, or an earlier one. */
  function wasHalted(vm: Stored<VirtualMachine>, created: number): boolean {
    return vm.spec.runStrategy === "Halted" || (halted.get(vm.metadata.uid) ?? -1) > created;
  }

  function instanceDeleted(vmi: Instance, key: Key): string | undefined {
    const { uid, name } = vmi.metadata;
    if (asked.has(uid) || isFinal(vmi) || !hasRun(uid)) return undefined;
    const owner = controllerOf(vmi)?.uid;
    const vm = cluster.objects(VirtualMachine).get(key);
    if (vm === undefined || vm.metadata.uid !== owner || isDeleting(vm)) return undefined;
    if (wasHalted(vm, createdAt.get(uid) ?? 0)) return undefined;
    return `instance ${name} is deleted while its guest runs, and nobody has asked for that`;
  }

  function podDeleted(pod: Stored<Pod>): string | undefined {
    const { uid, name } = pod.metadata;
    if (asked.has(uid) || hasEnded(pod)) return undefined;
    const vmi = instanceOf(controllerOf(pod)?.uid ?? "");
    if (vmi === undefined || isDeleting(vmi) || isFinal(vmi)) return undefined;
    const [claim, target] = [claimOf(vmi), targetOf(vmi)];
    const epoch = anchorName(vmi) === name ? claim?.epoch : target?.pod === name ? target.epoch : undefined;
    if (epoch === undefined || !hasRun(vmi.metadata.uid, epoch)) return undefined;
    return `pod ${name} is deleted while a guest runs in it, and nobody has asked for that`;
  }

  /** A start that nobody heard of in its time is ended. */
  function startIsLate(vmi: Instance): boolean {
    const by = phaseOf(vmi) === "Scheduled" ? deadlineOf(VirtualMachineInstance, vmi) : undefined;
    return by !== undefined && by <= now();
  }

  return {
    asked: (uid) => void asked.add(uid),
    wrote({ kind, key, object, verb }, before) {
      if (kind === VirtualMachine.kind)
        vmWritten(object as Stored<VirtualMachine>, before as Stored<VirtualMachine> | undefined);
      if (verb === "create" && kind === VirtualMachineInstance.kind)
        createdAt.set(object.metadata.uid, Number(object.metadata.resourceVersion));
      if (verb !== "remove" || before?.metadata.deletionTimestamp !== undefined) return undefined;
      if (kind === VirtualMachineInstance.kind) return instanceDeleted(object as Instance, key);
      return kind === Pod.kind ? podDeleted(object as Stored<Pod>) : undefined;
    },
    ending({ uid, epoch, running, hasRun: ran }) {
      const vmi = instanceOf(uid);
      if (!ran || vmi === undefined || isDeleting(vmi) || isFinal(vmi) || startIsLate(vmi)) return undefined;
      const [claim, target] = [claimOf(vmi), targetOf(vmi)];
      // It has left for the other end; or half of it is there, and the rest can't come any more, as its policy allows.
      const { migrationConfiguration, mode, failed = false } = vmi.status?.migrationState ?? {};
      const isTorn = target?.epoch === epoch || (target === undefined && (mode === "PostCopy" || (failed && !running)));
      if (migrationConfiguration?.allowPostCopy === true && isTorn) return undefined;
      if (!running && target !== undefined) return undefined;
      const name = claim?.epoch === epoch ? anchorName(vmi) : target?.epoch === epoch ? target.pod : undefined;
      if (name === undefined) return undefined;
      const pod = cluster.objects(Pod).get(`${vmi.metadata.namespace}/${name}`);
      if (pod === undefined || isDeleting(pod) || hasEnded(pod)) return undefined;
      return `the guest of ${vmi.metadata.name} (${uid}, epoch ${epoch}) is being ended, and nobody has asked for that`;
    },
  };
}
