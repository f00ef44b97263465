/** The conditions of an instance that follow from its machine. Pure. */
import { withCondition, type Condition } from "#api/object.ts";
import type { MachineStatus } from "#events/machine.ts";
import { withoutCondition, type Instance } from "../instance.ts";
import { obstacleOf } from "../migrate/migratable.ts";

export const GUEST_NOT_RUNNING = {
  type: "Ready",
  status: "False",
  reason: "GuestNotRunning",
  message: "The guest does not run yet.",
} as const satisfies Condition;

/** Undefined: the condition is not there. */
type Wanted = readonly [type: string, condition: Omit<Condition, "type"> | undefined];

export function conditionsFrom(
  vmi: Instance,
  old: readonly Condition[] | undefined,
  machine: MachineStatus,
  now: Date,
): readonly Condition[] | undefined {
  return setAll(
    old,
    [ready(machine), paused(machine), agent(machine), migratable(vmi, machine), synchronized(machine)],
    now,
  );
}

/** What is known when the node does not answer: nothing. */
export function conditionsUnknown(old: readonly Condition[] | undefined, why: string, now: Date): readonly Condition[] {
  return withCondition(old, { type: "Ready", status: "Unknown", reason: "NodeUnresponsive", message: why }, now);
}

export function conditionsEnded(
  old: readonly Condition[] | undefined,
  reason: string,
  message: string,
  now: Date,
): readonly Condition[] | undefined {
  return setAll(
    old,
    [
      ["Ready", { status: "False", reason, message }],
      ["Paused", undefined],
      ["AgentConnected", undefined],
      ["Synchronized", undefined],
    ],
    now,
  );
}

function setAll(
  old: readonly Condition[] | undefined,
  wanted: readonly Wanted[],
  now: Date,
): readonly Condition[] | undefined {
  let conditions = old;
  for (const [type, condition] of wanted) {
    conditions =
      condition === undefined
        ? withoutCondition(conditions, type)
        : withCondition(conditions, { type, ...condition }, now);
  }
  return conditions;
}

function ready(machine: MachineStatus): Wanted {
  switch (machine.state) {
    case "running":
      return ["Ready", { status: "True" }];
    case "paused":
      return ["Ready", { status: "False", reason: "GuestPaused", message: "The guest's vCPUs are halted." }];
    case "stopping":
      return ["Ready", { status: "False", reason: "GuestStopping", message: "The guest was asked to shut down." }];
    case "unknown":
      return [
        "Ready",
        { status: "Unknown", reason: "HypervisorUnresponsive", message: "The node's hypervisor does not answer." },
      ];
    case "preparing":
    case "starting":
    case "stopped":
      return ["Ready", { ...GUEST_NOT_RUNNING }];
  }
}

const PAUSED_MESSAGES: Readonly<Record<string, string>> = {
  PausedByUser: "A user paused the instance.",
  PausedIOError: "The guest is paused since one of its disks failed.",
};

function paused(machine: MachineStatus): Wanted {
  if (machine.state === "unknown") return ["Paused", undefined];
  if (machine.state !== "paused") return ["Paused", undefined];
  const reason = machine.pausedReason ?? "PausedByUser";
  return ["Paused", { status: "True", reason, message: PAUSED_MESSAGES[reason] ?? "The guest's vCPUs are halted." }];
}

function agent(machine: MachineStatus): Wanted {
  return ["AgentConnected", machine.agentConnected ? { status: "True" } : undefined];
}

/** KubeVirt's tools and evictions read this condition. */
function migratable(vmi: Instance, machine: MachineStatus): Wanted {
  const type = "LiveMigratable";
  if (machine.state === "preparing" || machine.state === "starting") return [type, undefined];
  const obstacle = obstacleOf(
    vmi,
    machine.interfaces.some(({ addressFollows }) => addressFollows === true),
  );
  return [type, obstacle === undefined ? { status: "True" } : { status: "False", ...obstacle }];
}

/** The reasons under which an image that can't be had is known to tools. */
const SYNC_REASONS: Readonly<Record<string, string>> = {
  ImageNotFound: "ErrImagePull",
  ImagePullFailed: "ErrImagePull",
  ImagePullDenied: "ErrImagePull",
  RegistryUnreachable: "ErrImagePull",
};

function synchronized(machine: MachineStatus): Wanted {
  const { problem } = machine;
  if (problem === undefined) return ["Synchronized", undefined];
  const reason = SYNC_REASONS[problem.reason] ?? problem.reason;
  return ["Synchronized", { status: "False", reason, message: problem.message }];
}
