/**
 * GET /apis/subresources.virtive.dev/v1/namespaces/{ns}/virtualmachines/{name}/explain: why a VM is in its state. What
 * is wanted, what is, what the functions decided and why, what it waits for and until when, and what may help.
 */
import type { Condition, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { asFault } from "#events/fault.ts";
import type { DecisionRecord } from "#events/journal-entry.ts";
import type { Claim, MachineStatus } from "#events/machine.ts";
import { deadlineOf } from "../deadlines.ts";
import { enteredAt, isDeleting, isFinal, phaseOf, type Instance } from "../instance.ts";
import { claimOf } from "../machine-facts.ts";
import { strategyOf } from "../run/strategy.ts";
import { movesOf, type Move } from "./moves.ts";
import type { At, GatewayParts } from "./parts.ts";
import { notFound } from "./status.ts";

export interface Explanation {
  readonly namespace: string;
  readonly name: string;
  /** One word, as `kubectl get vm` shows it. */
  readonly status: string;
  /** The VM; undefined for an instance without one. */
  readonly virtualMachine?: {
    readonly runStrategy: string;
    readonly ready: boolean;
    readonly conditions: readonly Condition[];
    /** RFC 3339: a crash-looping VM starts again then. */
    readonly retryAfter?: string;
  };
  readonly instance?: {
    readonly uid: string;
    readonly phase: string;
    /** RFC 3339: since when it is in this phase. */
    readonly since: string;
    readonly node?: string;
    readonly claim?: Claim;
    readonly deleting: boolean;
    readonly conditions: readonly Condition[];
    readonly address?: string;
  };
  /** What the node says of the machine, or why it does not. */
  readonly machine?: MachineStatus | { readonly unknown: string };
  /** What must happen next, by the word of the function that waits for it. */
  readonly waitsFor?: { readonly function: string; readonly what: string; readonly until?: string };
  /** The instance's migrations that still exist, newest first. */
  readonly moves: readonly Move[];
  /** Newest first: what was done or failed, and each function's last word where it does nothing. */
  readonly decisions: readonly DecisionRecord[];
  readonly hints: readonly string[];
}

const DECISIONS = 25;

/** @throws Refused 404 when neither a VM nor an instance has the name */
export async function explain(parts: GatewayParts, at: At): Promise<Explanation> {
  const vm = await parts.reader.get(VirtualMachine, at);
  const vmi = await parts.reader.get(VirtualMachineInstance, at);
  if (vm === undefined && vmi === undefined) throw notFound({ name: at.name, plural: VirtualMachine.plural });
  const decisions = parts.journal.latestDecisions(`${at.namespace}/${at.name}`, 200);
  const machine = vmi === undefined ? undefined : await machineOf(parts, vmi);
  const waitsFor = waiting(vm, vmi, decisions);
  const { namespace, name: instance } = at;
  const migrations = await parts.reader.list(VirtualMachineInstanceMigration, { namespace, instance });
  return {
    namespace: at.namespace,
    name: at.name,
    status: vm?.status?.printableStatus ?? (vmi === undefined ? "Unknown" : phaseOf(vmi)),
    ...(vm === undefined ? {} : { virtualMachine: aboutVM(vm) }),
    ...(vmi === undefined ? {} : { instance: aboutInstance(vmi) }),
    ...(machine === undefined ? {} : { machine }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    moves: movesOf(migrations),
    decisions: telling(decisions).slice(0, DECISIONS),
    hints: hintsFor([...(vm?.status?.conditions ?? []), ...(vmi?.status?.conditions ?? [])], vmi),
  };
}

function aboutVM(vm: Stored<VirtualMachine>): NonNullable<Explanation["virtualMachine"]> {
  const retryAfter = vm.status?.startFailure?.retryAfterTimestamp;
  return {
    runStrategy: strategyOf(vm),
    ready: vm.status?.ready === true,
    conditions: vm.status?.conditions ?? [],
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

function aboutInstance(vmi: Instance): NonNullable<Explanation["instance"]> {
  const { status } = vmi;
  const address = status?.interfaces?.[0]?.ipAddress;
  return {
    uid: vmi.metadata.uid,
    phase: phaseOf(vmi),
    since: enteredAt(vmi, phaseOf(vmi)).toISOString(),
    ...(status?.nodeName === undefined ? {} : { node: status.nodeName }),
    ...(status?.claim === undefined ? {} : { claim: status.claim }),
    deleting: isDeleting(vmi),
    conditions: status?.conditions ?? [],
    ...(address === undefined ? {} : { address }),
  };
}

async function machineOf(parts: GatewayParts, vmi: Instance): Promise<Explanation["machine"]> {
  const claim = claimOf(vmi);
  if (claim === undefined) return undefined;
  try {
    const status = await parts.nodes.machine(claim.node, vmi.metadata.uid);
    return status ?? { unknown: `${claim.node} does not know the machine` };
  } catch (thrown) {
    return { unknown: asFault(thrown).message };
  }
}

/** Who moves an instance on, by its phase. */
const movers: Readonly<Record<string, readonly string[]>> = {
  Pending: ["schedule"],
  Scheduling: ["boot", "schedule"],
  Scheduled: ["observe", "boot"],
  Unknown: ["observe"],
};

function waiting(
  vm: Stored<VirtualMachine> | undefined,
  vmi: Instance | undefined,
  decisions: readonly DecisionRecord[],
): Explanation["waitsFor"] {
  const names = moversOf(vm, vmi);
  const decision = names
    .map((name) => decisions.find((one) => one.function === name))
    .find((found) => found !== undefined);
  if (decision === undefined) return undefined;
  const deadline = vmi === undefined ? vm && deadlineOf(VirtualMachine, vm) : deadlineOf(VirtualMachineInstance, vmi);
  const until = decision.at ?? deadline?.toISOString();
  return { function: decision.function, what: decision.because, ...(until === undefined ? {} : { until }) };
}

function moversOf(vm: Stored<VirtualMachine> | undefined, vmi: Instance | undefined): readonly string[] {
  if (vmi === undefined) return vm !== undefined && strategyOf(vm) !== "Halted" ? ["run"] : [];
  if (isFinal(vmi)) return isDeleting(vmi) ? ["release"] : [];
  if (isDeleting(vmi)) return ["stop", "release"];
  return movers[phaseOf(vmi)] ?? [];
}

/**
 * What was done or failed, all of it. Of decisions to do nothing the newest of each function, for what it says of now:
 * there are many more of these, and the start's story would drown in them. Of what is gone there is nothing to say.
 */
function telling(decisions: readonly DecisionRecord[]): readonly DecisionRecord[] {
  const heard = new Set<string>();
  return decisions.filter(({ function: name, because, outcome }) => {
    if (outcome === "gone") return false;
    if (outcome === "done") return true;
    const said = outcome === "nothing" ? name : [name, outcome, because].join("\n");
    if (heard.has(said)) return false;
    heard.add(said);
    return true;
  });
}

const hints: readonly (readonly [type: string, reason: string, hint: string])[] = [
  [
    "PodScheduled",
    "Unschedulable",
    "Free memory on a node, ask for less, or relax nodeSelector, affinity or tolerations.",
  ],
  ["Synchronized", "ErrImagePull", "Check the image's name and that the node can reach its registry."],
  [
    "Synchronized",
    "VolumeSourceMissing",
    "Create the Secret or ConfigMap that the message names; the start goes on by itself.",
  ],
  ["Synchronized", "DiskFull", "Make room on the disk that the message names; it goes on by itself within seconds."],
  [
    "Synchronized",
    "DiskFailed",
    "The node's own disk fails: look at its kernel log; it is tried again until it works.",
  ],
  [
    "Synchronized",
    "IOError",
    "A disk failed, often because the node's disk is full: make room there; the guest is paused and tried again until it goes on by itself.",
  ],
  ["Paused", "PausedByUser", "virtive unpause (or virtctl unpause) lets the guest go on."],
  [
    "Ready",
    "NodeUnresponsive",
    "The guest may be running still: nothing is started elsewhere without proof that it is not.",
  ],
  [
    "Ready",
    "HypervisorUnresponsive",
    "The node's libvirt does not answer; the guest goes on and is adopted when it is back.",
  ],
  ["RestartRequired", "TemplateChanged", "virtive restart (or virtctl restart) lets the changed template take effect."],
  ["AllFieldsHonored", "FieldsWithoutEffect", "docs/fields.md says for each field whether anything acts on it."],
  ["Failure", "DiskCorrupt", "Replace the image: what it holds can't be read as a disk."],
  ["Failure", "GuestPanicked", "The guest's kernel gave up; its console history says more: virtive console."],
  ["Failure", "FailedCreate", "Nothing can start until the cause that the condition names is gone."],
];

function hintsFor(conditions: readonly Condition[], vmi: Instance | undefined): readonly string[] {
  const found = hints
    .filter(([type, reason]) => conditions.some((one) => one.type === type && one.reason === reason))
    .map(([, , hint]) => hint);
  const stuck = vmi !== undefined && isDeleting(vmi) && phaseOf(vmi) === "Unknown";
  return stuck ? [...found, "Its deletion ends once its node is heard again or has booted anew."] : found;
}
