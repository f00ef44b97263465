/**
 * pause, unpause, softreboot and reset of an instance: PUT virtualmachineinstances/{name}/{verb}. Pausing is a wish that
 * lasts: it is written down, `power` orders it, and the answer waits until the condition shows it. The other two are
 * done once, on the node.
 */
import { annotation } from "#api/names.ts";
import { conditionOf } from "#api/object.ts";
import { PauseOptions, UnpauseOptions } from "#api/subresources.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { wait } from "#events/clock.ts";
import type { MachineAction } from "#events/machine.ts";
import { phaseOf, type Instance } from "../instance.ts";
import { claimOf } from "../machine-facts.ts";
import { isOver } from "../migrate/migrations.ts";
import { isDryRun, optionsOf } from "./options.ts";
import { edit, findVMI, type At, type GatewayParts } from "./parts.ts";
import { Refused } from "./status.ts";

const LONGEST_WAIT_MILLISECONDS = 10_000;
const LOOK_AGAIN_MILLISECONDS = 20;
/** How often, while it waits, it asks past the cache: its watch may have ended. */
const PRESENT_MILLISECONDS = 1_000;

function refused(code: 403 | 409 | 504, message: string, vmi: Instance): Refused {
  return new Refused(code, message, { name: vmi.metadata.name, plural: VirtualMachineInstance.plural });
}

function isPaused(vmi: Instance): boolean {
  return conditionOf(vmi, "Paused")?.status === "True";
}

export async function pause(parts: GatewayParts, at: At, request: Request): Promise<void> {
  const options = await optionsOf(request, PauseOptions);
  const vmi = await findVMI(parts, at);
  if (phaseOf(vmi) !== "Running") throw refused(409, `VMI "${at.name}" is not running.`, vmi);
  const probe = vmi.spec.livenessProbe;
  if (probe !== undefined && probe.guestAgentPing === undefined) {
    throw refused(
      403,
      "An instance with a liveness probe other than guestAgentPing can't be paused: it would fail.",
      vmi,
    );
  }
  if (isPaused(vmi)) throw refused(409, `VMI "${at.name}" is paused already.`, vmi);
  if (!isDryRun(options)) await intend(parts, at, vmi, true);
}

/** Of a VM or of its instance: the instance may stay on its node: what was to take it away is called off, and its mark goes. */
export async function cancelEvacuation(parts: GatewayParts, at: At, request: Request): Promise<void> {
  const options = await optionsOf(request, UnpauseOptions);
  await findVMI(parts, at);
  if (isDryRun(options)) return;
  const about = { namespace: at.namespace, instance: at.name };
  const all = await parts.reader.list(VirtualMachineInstanceMigration, about);
  const mine = all.filter(({ metadata }) => metadata.annotations?.[annotation.evacuation] !== undefined);
  await edit(parts, VirtualMachineInstance, at, "status", (old) => {
    const { evacuationNodeName, ...status } = old.status ?? {};
    return evacuationNodeName === undefined ? undefined : { ...old, status };
  });
  for (const object of mine.filter((one) => !isOver(one)))
    await parts.writer.remove(VirtualMachineInstanceMigration, object);
}

export async function unpause(parts: GatewayParts, at: At, request: Request): Promise<void> {
  const options = await optionsOf(request, UnpauseOptions);
  const vmi = await findVMI(parts, at);
  if (phaseOf(vmi) !== "Running") throw refused(409, `VMI "${at.name}" is not running.`, vmi);
  if (!isPaused(vmi)) throw refused(409, `VMI "${at.name}" is not paused.`, vmi);
  if (!isDryRun(options)) await intend(parts, at, vmi, false);
}

/** Writes the wish down and waits until it is so. @throws Refused 504 saying what it still waits for */
async function intend(parts: GatewayParts, at: At, vmi: Instance, paused: boolean): Promise<void> {
  await edit(parts, VirtualMachineInstance, at, "object", (old) => {
    const annotations = { ...old.metadata.annotations, [annotation.paused]: String(paused) };
    return { ...old, metadata: { ...old.metadata, annotations } };
  });
  // The cache has what was just written, so it tells of nothing that was before.
  const began = parts.clock.now().getTime();
  const end = began + LONGEST_WAIT_MILLISECONDS;
  for (let asked = began; ;) {
    const time = parts.clock.now().getTime();
    const past = time - asked >= PRESENT_MILLISECONDS;
    if (past) asked = time;
    const now = await findVMI(past ? parts : { present: parts.reader }, at);
    if (now.metadata.uid !== vmi.metadata.uid || phaseOf(now) !== "Running") {
      throw refused(409, `VMI "${at.name}" stopped running meanwhile.`, vmi);
    }
    if (isPaused(now) === paused) return;
    if (parts.clock.now().getTime() >= end) {
      const what = paused ? "halt" : "run";
      const node = vmi.status?.nodeName ?? "its node";
      const seconds = LONGEST_WAIT_MILLISECONDS / 1000;
      throw refused(504, `The wish is written down; ${node} has not let the vCPUs ${what} within ${seconds} s.`, vmi);
    }
    await wait(parts.clock, LOOK_AGAIN_MILLISECONDS);
  }
}

export async function reset(parts: GatewayParts, at: At): Promise<void> {
  await actOn(parts, at, "reset", () => undefined);
}

export async function softreboot(parts: GatewayParts, at: At): Promise<void> {
  await actOn(parts, at, "softreboot", (vmi) => {
    const agent = conditionOf(vmi, "AgentConnected")?.status === "True";
    const acpi = vmi.spec.domain.features?.acpi;
    if (!agent && (acpi === undefined || acpi.enabled === false)) {
      return "It has neither a connected guest agent nor ACPI, so nobody in the guest would hear of it.";
    }
    return isPaused(vmi) ? "It is paused." : undefined;
  });
}

async function actOn(
  parts: GatewayParts,
  at: At,
  action: MachineAction,
  whyNot: (vmi: Instance) => string | undefined,
): Promise<void> {
  const vmi = await findVMI(parts, at);
  const claim = claimOf(vmi);
  if (phaseOf(vmi) !== "Running" || claim === undefined) throw refused(409, `VMI "${at.name}" is not running.`, vmi);
  const why = whyNot(vmi);
  if (why !== undefined) throw refused(409, `VMI "${at.name}" can't do a ${action}. ${why}`, vmi);
  await parts.nodes.act(claim.node, vmi.metadata.uid, claim.epoch, action);
}
