/**
 * run: keeps a VirtualMachine's instance as its run strategy wants it, and tells in the VM's status how it is.
 * Wakes on changes of VMs and instances (they share their key) and when a crash-looping VM may start again. The first start
 * waits for the VM's DataVolumes.
 * Writes the instance (creates, removes), the VM's status, and takes the VM's finalizer off.
 *
 * ```
 *          wanted             ended, wanted again
 *   absent ──────► instance ──────────────────────► removed ──► absent ──► (back-off) ──► instance
 *             create          Halted, stop asked
 * ```
 */
import { finalizer } from "#api/names.ts";
import { controllerOf, keyOf, partsOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { objectEvents } from "#events/catalogue.ts";
import { changed, defineFunction, due, nothing, statusPatch, type Decision, type Effect } from "../define.ts";
import { isDeleting, isFinal, phaseOf, type Instance } from "../instance.ts";
import { retryAfter, startFailureAfter, settledAt, startFailed } from "./back-off.ts";
import { dataVolumesWait, statusOf, STATUS_FIELDS, type VmView } from "./status.ts";
import { planOf, waiting, type Request } from "./strategy.ts";
import { instanceOf } from "./template.ts";

export interface RunFacts {
  readonly vm: Stored<VirtualMachine>;
  /** The instance of the VM's name, whoever it belongs to. */
  readonly vmi: Instance | undefined;
}

/** Kubernetes' own finalizer of a deletion that leaves dependents alone. */
const ORPHAN = "orphan";
const REFUSED_AGAIN_MILLISECONDS = 30_000;

export const run = defineFunction<RunFacts>({
  name: "run",
  purpose: "Keeps the instance that a VirtualMachine's run strategy wants, and the VM's status.",
  on: [changed(VirtualMachine), changed(VirtualMachineInstance), due(VirtualMachine)],
  reads: ["VirtualMachine.get", "VirtualMachineInstance.get"],
  writes: [
    "VirtualMachineInstance.create",
    "VirtualMachineInstance.remove",
    ...STATUS_FIELDS.map((field) => `VirtualMachine.status.${field}`),
    "VirtualMachine.metadata.finalizers",
    "record",
  ],

  async read({ cluster, present, event }, key) {
    const at = partsOf(key);
    const vm = await cluster.get(VirtualMachine, at);
    if (vm === undefined) return undefined;
    const vmi = await cluster.get(VirtualMachineInstance, at);
    if (vmi !== undefined || present === undefined || event.type !== objectEvents.deleted.type || !starts(vm))
      return { vm, vmi };
    // An instance may have gone with its VM, of whose end a watch that is behind has not told: another would go as well, and so on.
    const now = await present.get(VirtualMachine, at);
    return now === undefined ? undefined : { vm: now, vmi };
  },

  decide(facts, now) {
    return isDeleting(facts.vm) ? end(facts, now) : keep(facts, now);
  },

  refused({ vm, vmi }, fault, now) {
    const failure = { reason: "FailedCreate", message: fault.message };
    const view = viewOf(vm, own({ vm, vmi }), now, { failure });
    return {
      effects: [
        ...statusPatch(VirtualMachine, vm, statusOf(view, now)),
        { do: "record", about: vm, type: "Warning", reason: "FailedCreate", message: fault.message },
      ],
      because: `the instance was refused: ${fault.reason}`,
      // A quota, or whatever refused it, may change without anything here changing.
      at: new Date(now.getTime() + REFUSED_AGAIN_MILLISECONDS),
    };
  },
});

/** Without an instance. */
function starts(vm: Stored<VirtualMachine>): boolean {
  return !isDeleting(vm) && planOf(vm, undefined, waiting(vm, undefined)).do === "start";
}

/** The instance, if it is this VM's. Another may have the name: a user's, or one of a VM that had the name before. */
function own({ vm, vmi }: RunFacts): Instance | undefined {
  return vmi !== undefined && controllerOf(vmi)?.uid === vm.metadata.uid ? vmi : undefined;
}

function viewOf(
  vm: Stored<VirtualMachine>,
  vmi: VirtualMachineInstance | undefined,
  now: Date,
  more: Partial<VmView> = {},
): VmView {
  const stored = vmi as Instance | undefined;
  return {
    vm,
    vmi,
    stopping: vmi !== undefined && isDeleting(vmi),
    startFailure: startFailureAfter(vm, stored, now),
    requests: waiting(vm, stored),
    failure: startFailed(vm, stored),
    ...more,
  };
}

function keep(facts: RunFacts, now: Date): Decision {
  const { vm } = facts;
  const vmi = own(facts);
  if (facts.vmi !== undefined && vmi === undefined) return blocked(vm, facts.vmi, now);
  const view = viewOf(vm, vmi, now);
  const plan = planOf(vm, vmi, view.requests);
  const write = (changes: Partial<VmView>): readonly Effect[] =>
    statusPatch(VirtualMachine, vm, statusOf({ ...view, ...changes }, now));
  switch (plan.do) {
    case "nothing":
      return { effects: write({}), because: plan.because, at: forgetsFailuresAt(view, vmi) };
    case "start": {
      const wait = dataVolumesWait(vm);
      if (wait !== undefined)
        return { effects: write({}), because: `${plan.because}, and ${wait}: \`provision\` sees to them` };
      const at = retryAfter(view.startFailure, now);
      if (at !== undefined) {
        const failures = view.startFailure?.consecutiveFailCount ?? 0;
        const because = `${plan.because}, but ${failures} in a row failed to start: not before ${at.toISOString()}`;
        return { effects: write({}), because, at };
      }
      return start(vm, view, plan.because, plan.paused, now);
    }
    case "remove": {
      if (vmi === undefined) return nothing(plan.because);
      // Remembered before the instance goes: with it would go the reason to start another.
      const requests = plan.again ? withStart(view.requests) : view.requests;
      return {
        effects: [
          ...write({ stopping: true, requests }),
          { do: "remove", kind: VirtualMachineInstance, object: vmi },
          // Its own Event is about an instance that is gone by then; that nobody asked for it, the VM tells.
          ...(isFinal(vmi) && plan.again ? [replaced(vm, vmi)] : []),
        ],
        because: plan.because,
      };
    }
  }
}

/** The run that lasts ends the back-off, and nothing else happens then that would wake us. */
function forgetsFailuresAt(view: VmView, vmi: Instance | undefined): Date | undefined {
  return view.startFailure === undefined || vmi === undefined || isFinal(vmi) ? undefined : settledAt(vmi);
}

function start(vm: Stored<VirtualMachine>, view: VmView, because: string, paused: boolean, now: Date): Decision {
  const object = instanceOf(vm, paused);
  return {
    effects: [
      { do: "create", kind: VirtualMachineInstance, object },
      // A new instance answers all requests: it is the start, and none of the instances to stop.
      ...statusPatch(VirtualMachine, vm, statusOf({ ...view, vmi: object, requests: [] }, now)).map(beside),
    ],
    because,
  };
}

/** The next function waits for the instance, and not for what the VM tells of it. */
function beside(effect: Effect): Effect {
  return effect.do === "patch" ? { ...effect, beside: true } : effect;
}

function withStart(requests: readonly Request[]): readonly Request[] {
  return requests.some((request) => request.action === "Start") ? requests : [...requests, { action: "Start" }];
}

function replaced(vm: Stored<VirtualMachine>, vmi: Instance): Effect {
  const message = `Removed instance ${vmi.metadata.name} (${vmi.metadata.uid}), which is ${phaseOf(vmi)}, to start another.`;
  return { do: "record", about: vm, type: "Normal", reason: "SuccessfulDelete", message };
}

function blocked(vm: Stored<VirtualMachine>, other: Instance, now: Date): Decision {
  const because = `instance ${keyOf(other)} belongs to another owner`;
  // One that is going leaves the name to us; its deletion wakes us.
  const failure = isDeleting(other)
    ? undefined
    : { reason: "FailedCreate", message: `${because}; remove it or rename the VM.` };
  return { effects: statusPatch(VirtualMachine, vm, statusOf(viewOf(vm, undefined, now, { failure }), now)), because };
}

/** The VM is being deleted: its instance first, then the finalizer. */
function end(facts: RunFacts, now: Date): Decision {
  const { vm } = facts;
  const vmi = own(facts);
  const finalizers = vm.metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) return nothing("the garbage collector first lets the instance go, as asked");
  if (vmi === undefined) {
    if (!finalizers.includes(finalizer.vm)) return nothing("the VM is going and nothing of ours holds it");
    const metadata = { ...vm.metadata, finalizers: finalizers.filter((name) => name !== finalizer.vm) };
    return {
      effects: [{ do: "patch", kind: VirtualMachine, before: vm, after: { ...vm, metadata }, part: "object" }],
      because: "the VM is being deleted and its instance is gone",
    };
  }
  const status = statusPatch(VirtualMachine, vm, statusOf(viewOf(vm, vmi, now, { stopping: true }), now));
  if (isDeleting(vmi)) return { effects: status, because: "the VM is being deleted and its instance is ending" };
  return {
    effects: [...status, { do: "remove", kind: VirtualMachineInstance, object: vmi }],
    because: `the VM is being deleted${isFinal(vmi) ? "" : ", and its instance must end first"}`,
  };
}
