/**
 * schedule: gives a pending instance its anchor pod, and a node where placement is ours (`schedulerName: virtive`).
 * Wakes on instances, their pods and, for those that wait for room, on nodes.
 * Writes the pod, the phase Scheduling, the condition PodScheduled and what the volumes' claims are.
 *
 * ```
 *   Pending ──► pod exists ──► Scheduling
 *      └──► no node fits, or a claim of a volume is missing or not filled: PodScheduled=False, which says why; looked at again every 5 s
 * ```
 */
import { refusedOrUnsupported } from "#api/support.ts";
import { Node, Pod } from "#api/core.ts";
import { SCHEDULER_NAME } from "#api/names.ts";
import { keyOf, partsOf, withCondition, type Condition, type Stored } from "#api/object.ts";
import { VirtualMachineInstance, type VirtualMachineInstanceStatus } from "#api/virtual-machine-instance.ts";
import type { FunctionsConfig } from "../config.ts";
import {
  changed,
  defineFunction,
  due,
  nothing,
  statusPatch,
  type Decision,
  type FunctionDefinition,
} from "../define.ts";
import { anchorName, inPhase, isDeleting, phaseOf, withoutCondition, type Instance } from "../instance.ts";
import { GUEST_NOT_RUNNING } from "../observe/conditions.ts";
import { anchorOf } from "./anchor.ts";
import { obstructed, readClaims, withClaims, type ClaimedVolume } from "./claims.ts";
import { explain, place } from "./placement.ts";
import { readPlaces, type Places } from "./places.ts";
import { requestsOf } from "./resources.ts";

export interface ScheduleFacts {
  readonly vmi: Instance;
  readonly pod: Stored<Pod> | undefined;
  /** Of its volumes; only while it is Pending. */
  readonly claims: readonly ClaimedVolume[];
  /** Where it could run; undefined when another scheduler places the pod, or the pod exists. */
  readonly cluster: Places | undefined;
}

const AGAIN_MILLISECONDS = 5_000;

export function schedule(config: FunctionsConfig): FunctionDefinition<ScheduleFacts> {
  return defineFunction<ScheduleFacts>({
    name: "schedule",
    purpose: "Creates the anchor pod of a pending instance and, where placement is ours, chooses its node.",
    on: [
      changed(VirtualMachineInstance, {
        idleIn: ["Scheduled", "Running", "Unknown", "Succeeded", "Failed"],
        concerns: (vmi, how) => how !== "gone" && !isDeleting(vmi),
      }),
      due(VirtualMachineInstance),
      changed(Pod, { idleIn: ["Running", "Succeeded", "Failed"] }),
      changed(Node, {
        async keys(_event, cluster) {
          const pending = await cluster.list(VirtualMachineInstance, { phase: "Pending" });
          return pending.filter((vmi) => !isDeleting(vmi)).map(keyOf);
        },
      }),
    ],
    reads: [
      "VirtualMachineInstance.get",
      "VirtualMachineInstance.list",
      "Pod.get",
      "Pod.list",
      "Node.list",
      "PersistentVolumeClaim.get",
      "DataVolume.get",
    ],
    writes: [
      "Pod.create=of a start",
      "VirtualMachineInstance.status.phase=Scheduling",
      "VirtualMachineInstance.status.phaseTransitionTimestamps[Scheduling]",
      "VirtualMachineInstance.status.conditions[PodScheduled]",
      "VirtualMachineInstance.status.conditions[AllFieldsHonored]",
      "VirtualMachineInstance.status.conditions[Ready]=while Pending",
      "VirtualMachineInstance.status.volumeStatus=while Pending",
      "record",
    ],
    // Two placements of ours at a time would both count the same free memory.
    oneAtATime: ({ cluster }) => cluster !== undefined,

    async read({ cluster }, key) {
      const at = partsOf(key);
      const vmi = await cluster.get(VirtualMachineInstance, at);
      if (vmi === undefined) return undefined;
      const waits = (phaseOf(vmi) === "Pending" || phaseOf(vmi) === "Scheduling") && !isDeleting(vmi);
      if (!waits) return { vmi, pod: undefined, claims: [], cluster: undefined };
      const pod = await cluster.get(Pod, { namespace: at.namespace, name: anchorName(vmi) });
      const claims = phaseOf(vmi) === "Pending" ? await readClaims(cluster, at.namespace, vmi.spec) : [];
      if (pod !== undefined) return { vmi, pod, claims, cluster: undefined };
      if (vmi.spec.schedulerName !== SCHEDULER_NAME) return { vmi, pod, claims, cluster: undefined };
      return { vmi, pod, claims, cluster: await readPlaces(cluster) };
    },

    decide(facts, now) {
      const { vmi, pod } = facts;
      if (isDeleting(vmi)) return nothing("the instance is being deleted");
      const phase = phaseOf(vmi);
      if (phase === "Pending" && pod === undefined) return create(facts, config, now);
      if (phase === "Pending" || phase === "Scheduling") return follow(facts, now);
      return nothing(`the instance is ${phase}: it has its place`);
    },

    refused({ vmi }, fault, now) {
      const condition = { ...NOT_SCHEDULED, reason: "FailedCreate", message: fault.message };
      return {
        effects: [
          ...statusPatch(VirtualMachineInstance, vmi, withPodScheduled(vmi, condition, now)),
          { do: "record", about: vmi, type: "Warning", reason: "FailedCreate", message: fault.message },
        ],
        because: `the anchor pod was refused: ${fault.reason}`,
        at: new Date(now.getTime() + AGAIN_MILLISECONDS),
      };
    },
  });
}

const NOT_SCHEDULED = { type: "PodScheduled", status: "False" } as const;

function create({ vmi, claims, cluster }: ScheduleFacts, config: FunctionsConfig, now: Date): Decision {
  const held = obstructed(claims);
  if (held !== undefined) return unschedulable(vmi, held.reason, `Can't start: ${held.message}.`, now);
  let node: string | undefined;
  let because = `${vmi.spec.schedulerName ?? "default-scheduler"} will place the anchor pod`;
  if (cluster !== undefined) {
    const need = { spec: vmi.spec, requests: requestsOf(vmi.spec, config.cpuAllocationRatio) };
    const placement = place(need, cluster.nodes, cluster.pods);
    if (placement.node === undefined) {
      return unschedulable(vmi, "Unschedulable", explain(placement.reasons), now);
    }
    ({ node, because } = placement);
  }
  const pod = anchorOf(vmi, node, config, claims);
  return {
    effects: [
      { do: "create", kind: Pod, object: pod },
      ...statusPatch(VirtualMachineInstance, vmi, scheduling({ vmi, claims }, pod, now)),
    ],
    because,
  };
}

function unschedulable(vmi: Instance, reason: string, why: string, now: Date): Decision {
  const at = new Date(now.getTime() + AGAIN_MILLISECONDS);
  const condition = { ...NOT_SCHEDULED, reason, message: why };
  const effects = statusPatch(VirtualMachineInstance, vmi, withPodScheduled(vmi, condition, now));
  if (effects.length === 0) return { effects, because: why, at };
  return {
    effects: [...effects, { do: "record", about: vmi, type: "Warning", reason: "FailedScheduling", message: why }],
    because: why,
    at,
  };
}

/** There is a pod, so it is Scheduling; what the pod's scheduler says of it is the instance's too. */
function scheduling(
  { vmi, claims }: Pick<ScheduleFacts, "vmi" | "claims">,
  pod: Pod | undefined,
  now: Date,
): VirtualMachineInstanceStatus {
  const status = withClaims(inPhase(vmi, "Scheduling", now), claims);
  const ready =
    phaseOf(vmi) === "Pending" ? withCondition(status.conditions, GUEST_NOT_RUNNING, now) : status.conditions;
  const honored = withHonored(ready, vmi, now);
  const said = toldBy(pod);
  const conditions =
    said === undefined
      ? withoutCondition(honored, "PodScheduled")
      : withCondition(honored, { ...NOT_SCHEDULED, reason: said.reason, message: said.message }, now);
  return { ...status, ...(conditions === undefined ? {} : { conditions }) };
}

const MOST_FIELDS = 10;

/** By the specs that were read, which never change. */
const withoutEffect = new WeakMap<object, readonly string[]>();

function fieldsWithoutEffect({ spec }: Instance): readonly string[] {
  const there = withoutEffect.get(spec);
  if (there !== undefined) return there;
  const fresh = refusedOrUnsupported({ spec }).map(({ field }) => field);
  withoutEffect.set(spec, fresh);
  return fresh;
}

/** Fields that the API takes and that nothing acts on yet: said once, where a user looks. */
function withHonored(
  old: readonly Condition[] | undefined,
  vmi: Instance,
  now: Date,
): readonly Condition[] | undefined {
  const fields = fieldsWithoutEffect(vmi);
  if (fields.length === 0) return old;
  const more = fields.length > MOST_FIELDS ? ` and ${fields.length - MOST_FIELDS} more` : "";
  const message = `Nothing acts on these yet, or no node starts them (docs/fields.md): ${fields.slice(0, MOST_FIELDS).join(", ")}${more}.`;
  return withCondition(old, { type: "AllFieldsHonored", status: "False", reason: "FieldsWithoutEffect", message }, now);
}

/** Why the pod has no node, by its scheduler. */
function toldBy(pod: Pod | undefined): Condition | undefined {
  return pod?.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
}

function follow(facts: ScheduleFacts, now: Date): Decision {
  const { vmi, pod } = facts;
  const said = toldBy(pod);
  const because =
    said === undefined
      ? "the anchor pod is there, and no scheduler has anything against it"
      : `the scheduler has no place for the anchor pod: ${said.message ?? said.reason ?? "no reason given"}`;
  return { effects: statusPatch(VirtualMachineInstance, vmi, scheduling(facts, pod, now)), because };
}

function withPodScheduled(vmi: Instance, condition: Condition, now: Date): VirtualMachineInstanceStatus {
  return { ...vmi.status, conditions: withCondition(vmi.status?.conditions, condition, now) };
}
