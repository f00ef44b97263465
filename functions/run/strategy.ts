/**
 * What a run strategy wants of a VM's instance, as a table. Pure.
 *
 * | strategy       | no instance              | it succeeded | it failed | it runs or starts |
 * |----------------|--------------------------|--------------|-----------|-------------------|
 * | Always         | start                    | again        | again     | keep              |
 * | RerunOnFailure | start if new or asked to | keep         | again     | keep              |
 * | Once           | start if new             | keep         | keep      | keep              |
 * | Manual         | start if asked to        | keep         | keep      | keep              |
 * | Halted         | stay                     | end          | end       | end               |
 *
 * "New": the strategy was not the VM's strategy before. "Again" removes the instance and starts another when it is gone.
 * Requests (status.stateChangeRequests) come from the gateway and are taken off the list here and only here.
 */
import type { VirtualMachine, VirtualMachineStatus } from "#api/virtual-machine.ts";
import { isDeleting, isFinal, phaseOf, type Instance } from "../instance.ts";

export type RunStrategy = NonNullable<VirtualMachine["spec"]["runStrategy"]>;
export type Request = NonNullable<VirtualMachineStatus["stateChangeRequests"]>[number];

/** `running` is the older way to say Always or Halted. */
export function strategyOf(vm: VirtualMachine): RunStrategy {
  if (vm.spec.runStrategy !== undefined) return vm.spec.runStrategy;
  return vm.spec.running === true ? "Always" : "Halted";
}

type When = "start" | "start if new" | "start if asked" | "start if new or asked" | "stay";
type Wish = "keep" | "again" | "end";

interface Policy {
  readonly absent: When;
  readonly succeeded: Wish;
  readonly failed: Wish;
  readonly active: Wish;
}

const policies = {
  Always: { absent: "start", succeeded: "again", failed: "again", active: "keep" },
  RerunOnFailure: { absent: "start if new or asked", succeeded: "keep", failed: "again", active: "keep" },
  Once: { absent: "start if new", succeeded: "keep", failed: "keep", active: "keep" },
  Manual: { absent: "start if asked", succeeded: "keep", failed: "keep", active: "keep" },
  Halted: { absent: "stay", succeeded: "end", failed: "end", active: "end" },
  // The receiving end of a migration between clusters, which starts by the migration's own doing.
  WaitAsReceiver: { absent: "stay", succeeded: "keep", failed: "keep", active: "keep" },
} as const satisfies Record<RunStrategy, Policy>;

export type Plan =
  | { readonly do: "start"; readonly because: string; readonly paused: boolean }
  /** `again`: a start must follow, whatever the strategy says of a missing instance. */
  | { readonly do: "remove"; readonly because: string; readonly again: boolean }
  | { readonly do: "nothing"; readonly because: string };

/** What to do with the VM's own instance. Back-off is not considered here. */
export function planOf(vm: VirtualMachine, vmi: Instance | undefined, requests: readonly Request[]): Plan {
  const strategy = strategyOf(vm);
  const [first] = requests;
  if (vmi === undefined) return planOfAbsent(vm, strategy, first);
  const { name, uid } = vmi.metadata;
  if (isDeleting(vmi)) return { do: "nothing", because: `instance ${uid} is being ended` };
  if (first?.action === "Stop" && first.uid === uid) {
    return { do: "remove", because: `a user asked to stop instance ${uid}`, again: false };
  }
  if (first?.action === "Start" && isFinal(vmi)) {
    return { do: "remove", because: `a user asked to start, and instance ${uid} has ended`, again: true };
  }
  const phase = phaseOf(vmi);
  const wish = policies[strategy][phase === "Succeeded" ? "succeeded" : phase === "Failed" ? "failed" : "active"];
  switch (wish) {
    case "keep":
      return { do: "nothing", because: `runStrategy ${strategy} keeps instance ${name}, which is ${phase}` };
    case "again":
      return {
        do: "remove",
        because: `runStrategy ${strategy} replaces instance ${uid}, which is ${phase}`,
        again: true,
      };
    case "end":
      return {
        do: "remove",
        because: `runStrategy ${strategy} wants no instance, and ${uid} is ${phase}`,
        again: false,
      };
  }
}

function planOfAbsent(vm: VirtualMachine, strategy: RunStrategy, first: Request | undefined): Plan {
  const when: When = policies[strategy].absent;
  const asked = first?.action === "Start" && when !== "stay";
  const isNew = vm.status?.runStrategy !== strategy;
  const paused = first?.action === "Start" && first.data?.["paused"] === "true";
  if (asked) return { do: "start", because: "a start was asked for", paused };
  if (when === "start") return { do: "start", because: `runStrategy ${strategy} wants an instance`, paused };
  if (isNew && (when === "start if new" || when === "start if new or asked")) {
    return { do: "start", because: `runStrategy ${strategy} is new and starts once`, paused };
  }
  return { do: "nothing", because: `runStrategy ${strategy} starts nothing by itself now` };
}

/**
 * The requests that still wait. A stop is done when its instance is gone, a start when an instance is on its way; what
 * a strategy cannot do is dropped.
 */
export function waiting(vm: VirtualMachine, vmi: Instance | undefined): readonly Request[] {
  const requests = vm.status?.stateChangeRequests ?? [];
  const strategy = strategyOf(vm);
  let rest = requests;
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    if (first.action === "Stop" && vmi !== undefined && vmi.metadata.uid === first.uid) break;
    if (first.action === "Start" && canStart(strategy, first) && !isUp(vmi)) break;
    rest = rest.slice(1);
  }
  return rest;
}

/** A paused start of a halted VM is written just before its strategy turns to Always. */
function canStart(strategy: RunStrategy, request: Request): boolean {
  return strategy !== "Halted" || request.data?.["paused"] === "true";
}

function isUp(vmi: Instance | undefined): boolean {
  return vmi !== undefined && !isFinal(vmi) && !isDeleting(vmi);
}
