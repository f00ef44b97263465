/**
 * start, stop and restart of a VM: PUT virtualmachines/{name}/{verb}. They change what is wanted, and `run` does it:
 * the strategy itself where it says all (Halted, Always), else a request in the status.
 */
import { MigrateOptions, RestartOptions, StartOptions, StopOptions } from "#api/subresources.ts";
import { randomUUID } from "node:crypto";
import { apiVersionOf, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { sameJson } from "#events/json.ts";
import { graceSeconds, isFinal, phaseOf, type Instance } from "../instance.ts";
import { strategyOf, type Request, type RunStrategy } from "../run/strategy.ts";
import { isDryRun, optionsOf } from "./options.ts";
import { edit, findVM, type At, type GatewayParts } from "./parts.ts";
import { Refused } from "./status.ts";

type VM = Stored<VirtualMachine>;

function refused(code: 400 | 409 | 500, message: string, vm: VM): Refused {
  return new Refused(code, message, { name: vm.metadata.name, plural: VirtualMachine.plural });
}

/** The strategy, in the field that the VM uses for it. */
function withStrategy(vm: VM, strategy: RunStrategy): VirtualMachine {
  if (vm.spec.running !== undefined) return { ...vm, spec: { ...vm.spec, running: strategy === "Always" } };
  return { ...vm, spec: { ...vm.spec, runStrategy: strategy } };
}

function withRequests(vm: VM, requests: readonly Request[]): VirtualMachine {
  if ((vm.status?.stateChangeRequests ?? []).length > 0) {
    throw refused(500, `A start or stop of VM "${vm.metadata.name}" is under way already; wait until it is done.`, vm);
  }
  return { ...vm, status: { ...vm.status, stateChangeRequests: requests } };
}

/** Of a halted VM nothing is under way: what it has is left of a start that got halfway. */
function withOnly(vm: VM, requests: readonly Request[]): VirtualMachine | undefined {
  const { stateChangeRequests: old = [], ...status } = vm.status ?? {};
  if (sameJson(old, requests)) return undefined;
  return { ...vm, status: { ...status, ...(requests.length === 0 ? {} : { stateChangeRequests: requests }) } };
}

export async function start(parts: GatewayParts, at: At, request: Request_): Promise<void> {
  const options = await optionsOf(request, StartOptions);
  const vm = await findVM(parts, at);
  const vmi = await parts.present.get(VirtualMachineInstance, at);
  const strategy = strategyOf(vm);
  if (vmi !== undefined && !isFinal(vmi)) throw refused(409, `VM "${at.name}" is running already.`, vm);
  const recovery = vm.status?.conditions?.find((condition) => condition.type === "ManualRecoveryRequired");
  if (recovery?.status === "True") throw refused(409, `VM "${at.name}" needs manual recovery before it can start.`, vm);
  if (strategy === "Always" || strategy === "Once" || strategy === "WaitAsReceiver") {
    throw refused(409, `A VM with runStrategy ${strategy} takes no start requests: it starts by itself.`, vm);
  }
  if (strategy === "RerunOnFailure" && vmi !== undefined && phaseOf(vmi) === "Failed") {
    throw refused(409, "A VM with runStrategy RerunOnFailure restarts a failed instance by itself.", vm);
  }
  if (isDryRun(options)) return;
  const asked: Request = { action: "Start", ...(options.paused === true ? { data: { paused: "true" } } : {}) };
  const replaced: readonly Request[] = vmi === undefined ? [] : [{ action: "Stop", uid: vmi.metadata.uid }];
  const requests = strategy !== "Halted" || options.paused === true ? [...replaced, asked] : [];
  // Before the strategy: `run` must know how to start by the time that it may.
  if (requests.length > 0 || vm.status?.stateChangeRequests !== undefined) {
    await edit(parts, VirtualMachine, at, "status", (old) =>
      strategyOf(old) === "Halted" ? withOnly(old, requests) : withRequests(old, requests),
    );
  }
  if (strategy === "Halted") await edit(parts, VirtualMachine, at, "object", (old) => withStrategy(old, "Always"));
}

export async function stop(parts: GatewayParts, at: At, request: Request_): Promise<void> {
  const options = await optionsOf(request, StopOptions);
  const vm = await findVM(parts, at);
  const vmi = await parts.present.get(VirtualMachineInstance, at);
  const strategy = strategyOf(vm);
  const up = vmi !== undefined && !isFinal(vmi);
  const byItself = strategy === "Always" || strategy === "Once";
  if (!up && !byItself) throw refused(409, `VM "${at.name}" is not running.`, vm);
  const grace = options.gracePeriod ?? undefined;
  if (strategy === "Halted" && (vmi === undefined || grace === undefined || grace >= graceSeconds(vmi))) {
    throw refused(409, "A halted VM is stopping already; stop it again only with a shorter gracePeriod.", vm);
  }
  if (isDryRun(options)) return;
  if (vmi !== undefined && up && grace !== undefined) await shorten(parts, at, vmi, grace);
  if (byItself) await edit(parts, VirtualMachine, at, "object", (old) => withStrategy(old, "Halted"));
  else if (strategy !== "Halted" && vmi !== undefined) {
    const { uid } = vmi.metadata;
    await edit(parts, VirtualMachine, at, "status", (old) => withRequests(old, [{ action: "Stop", uid }]));
  }
}

export async function restart(parts: GatewayParts, at: At, request: Request_): Promise<void> {
  const options = await optionsOf(request, RestartOptions);
  const vm = await findVM(parts, at);
  const grace = options.gracePeriodSeconds ?? undefined;
  if (grace !== undefined && grace > 0)
    throw refused(400, "gracePeriodSeconds: only 0, a forced restart, is supported.", vm);
  if (grace !== undefined && grace < 0) throw refused(400, "gracePeriodSeconds must not be negative.", vm);
  const strategy = strategyOf(vm);
  if (strategy === "Halted" || strategy === "Once") {
    throw refused(409, `A VM with runStrategy ${strategy} takes no restart requests.`, vm);
  }
  const vmi = await parts.present.get(VirtualMachineInstance, at);
  if (vmi === undefined) throw refused(409, `VM "${at.name}" is not running: there is no instance to restart.`, vm);
  if (isDryRun(options)) return;
  const { uid } = vmi.metadata;
  await edit(parts, VirtualMachine, at, "status", (old) =>
    withRequests(old, [{ action: "Stop", uid }, { action: "Start" }]),
  );
  if (grace === 0 && !isFinal(vmi)) await shorten(parts, at, vmi, 0);
}

/** Makes a migration of the VM's instance. Admission says whether it can move. */
export async function migrate(parts: GatewayParts, at: At, request: Request_): Promise<void> {
  const options = await optionsOf(request, MigrateOptions);
  const vm = await findVM(parts, at);
  const vmi = await parts.present.get(VirtualMachineInstance, at);
  if (vmi === undefined || phaseOf(vmi) !== "Running") throw refused(409, `VM "${at.name}" is not running.`, vm);
  if (isDryRun(options)) return;
  const { addedNodeSelector } = options;
  const object: VirtualMachineInstanceMigration = {
    apiVersion: apiVersionOf(VirtualMachineInstanceMigration),
    kind: VirtualMachineInstanceMigration.kind,
    metadata: { name: `kubevirt-migrate-vm-${randomUUID().slice(0, 8)}`, namespace: at.namespace },
    spec: { vmiName: at.name, ...(addedNodeSelector == null ? {} : { addedNodeSelector }) },
  };
  await parts.writer.create(VirtualMachineInstanceMigration, object);
}

/** The web's Request; the other one is a VM's. */
type Request_ = globalThis.Request;

/** Gives the guest less time to shut down; `stop` reads it from the instance. */
async function shorten(parts: GatewayParts, at: At, vmi: Instance, seconds: number): Promise<void> {
  await edit(parts, VirtualMachineInstance, at, "object", (old) =>
    old.metadata.uid === vmi.metadata.uid
      ? { ...old, spec: { ...old.spec, terminationGracePeriodSeconds: seconds } }
      : undefined,
  );
}
