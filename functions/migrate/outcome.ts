/** How a migration begins and how it ends, as effects. Pure. */
import { Pod } from "#api/core.ts";
import { annotation, finalizer, GUEST_ARRIVED } from "#api/names.ts";
import { rfc3339, withCondition, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration, type MigrationPhase } from "#api/virtual-machine-instance-migration.ts";
import type { MachineStatus } from "#events/machine.ts";
import { nothing, statusPatch, type Decision, type Effect } from "../define.ts";
import { anchorName, isDeleting, type Instance } from "../instance.ts";
import { claimOf, type BootEnd, type Target } from "../machine-facts.ts";
import { order, wantedState, type FoundFiles } from "../machine-order.ts";
import type { Ends } from "./ends.ts";
import { inMigrationPhase, isOver, type Migration } from "./migrations.ts";
import type { Settings } from "./policy.ts";

export type MigrationState = NonNullable<NonNullable<Instance["status"]>["migrationState"]>;

interface Why {
  readonly reason: string;
  readonly message: string;
}

const POD_GRACE_SECONDS = 1;

export function phasePatch(
  migration: Migration,
  phase: MigrationPhase,
  now: Date,
  through: readonly MigrationPhase[] = [],
): readonly Effect[] {
  return statusPatch(VirtualMachineInstanceMigration, migration, inMigrationPhase(migration, phase, now, through));
}

export interface Beginning {
  readonly vmi: Instance;
  readonly migration: Migration;
  readonly pod: Stored<Pod>;
  readonly node: string;
  readonly bootID: string;
  /** Where the target's runtime is reached. */
  readonly address: string;
  readonly settings: Settings;
  readonly files: FoundFiles;
}

/** The claim names its heir, in one compare-and-set, before the target hears of it. */
export function beginning(
  { vmi, migration, pod, node, bootID, address, settings, files }: Beginning,
  now: Date,
): Decision {
  const claim = vmi.status?.claim;
  if (claim === undefined) return nothing("the instance has no claim to pass on");
  const epoch = Math.max(claim.epoch, claim.offered ?? 0) + 1;
  const { uid } = migration.metadata;
  const ends = { sourceNode: claim.node, targetNode: node, sourcePod: anchorName(vmi), targetPod: pod.metadata.name };
  const status = {
    ...vmi.status,
    claim: { ...claim, offered: epoch, migratingTo: { node, bootID, epoch, migration: uid, pod: pod.metadata.name } },
    migrationState: {
      ...ends,
      migrationUid: uid,
      targetNodeAddress: address,
      mode: "PreCopy",
      ...(settings.policy === undefined ? {} : { migrationPolicyName: settings.policy }),
      migrationConfiguration: settings.configuration,
      sourceState: { node: claim.node, pod: ends.sourcePod, migrationUID: uid },
      targetState: { node, pod: ends.targetPod, migrationUID: uid },
    },
  };
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, status),
      ...phasePatch(migration, "PreparingTarget", now, ["Scheduled"]),
      order({
        vmi,
        claim: { node, bootID, epoch },
        desired: "incoming",
        pod,
        files: files.files,
        receive: { migration: uid, from: claim.node },
      }),
    ],
    because: `the target's pod is Ready on ${node}: it may have the guest under epoch ${epoch}, and prepares for it${settings.policy === undefined ? "" : `; settings are those of policy ${settings.policy}`}`,
  };
}

/** The guest runs at the target: the claim is its, and what it left is let go. */
export function succeeded(ends: Ends, now: Date): Decision {
  const { vmi, to, pod, files } = ends;
  const from = claimOf(vmi)?.node;
  const took = tookTime(ends, now);
  return passedOn(ends, now, {
    phase: "Succeeded",
    state: { targetNodeDomainDetected: true, targetNodeDomainReadyTimestamp: rfc3339(now) },
    // The source may still have to hear that it arrived.
    order: (next) => ({
      do: "order",
      of: vmi,
      order: withoutVersion(
        order({
          vmi: next,
          claim: { node: to.node, bootID: to.bootID, epoch: to.epoch },
          desired: wantedState(vmi, annotation.paused),
          pod,
          files: files.files,
          receive: { migration: to.migration, from: from ?? "" },
        }),
      ),
    }),
    record: {
      do: "record",
      about: vmi,
      type: "Normal",
      reason: "Migrated",
      message: `The guest runs on ${to.node} now; it left ${from}${took}.`,
    },
    because: `the guest runs on ${to.node}: the claim is its, with epoch ${to.epoch}; it left ${from}${took}`,
  });
}

/** "", or how long it took, and how long the guest stood still, as far as anybody knows. */
function tookTime({ vmi, target }: Ends, now: Date): string {
  const began = vmi.status?.migrationState?.startTimestamp;
  if (began === undefined) return "";
  const move = target?.known === "yes" ? target.status.move : undefined;
  const downtime = move?.figures?.downtimeMilliseconds;
  const halted = downtime === undefined ? "" : `, ${Math.round(downtime)} ms of them halted`;
  return ` within ${Math.round((now.getTime() - Date.parse(began)) / 1000)} s${halted}`;
}

/**
 * The target's boot is over, and nobody knows whether it let the guest run before. Had it, the guest went on from
 * there and ended with that boot; so what it left must not go on from the moment in which it was halted. Claimed by a boot
 * that is over, it is found to have ended.
 */
export function lostWithTarget(ends: Ends, over: BootEnd, now: Date): Decision {
  const { vmi, to } = ends;
  const message = `${to.node} was asked to let the guest run, and ${over.what}: the guest may have run there, and has ended`;
  return passedOn(ends, now, {
    phase: "Failed",
    state: {
      failed: true,
      failureReason: `${over.reason === "NodeRebooted" ? "TargetRebooted" : "TargetConfirmedOff"}: ${message}`,
    },
    record: { do: "record", about: vmi, type: "Warning", reason: "FailedMigration", message: `${message}.` },
    because: message,
  });
}

/** It ran at the target before all of its memory was there, and ended there: the claim is the target's, which says so. */
export function lostOnTheWay(ends: Ends, exit: Why, now: Date): Decision {
  const message = `the guest ended on ${ends.to.node}: ${exit.message}`;
  return passedOn(ends, now, {
    phase: "Failed",
    state: { failed: true, failureReason: `${exit.reason}: ${message}` },
    record: { do: "record", about: ends.vmi, type: "Warning", reason: "FailedMigration", message: `${message}.` },
    because: message,
  });
}

interface Passing {
  readonly phase: "Succeeded" | "Failed";
  readonly state: Partial<MigrationState>;
  /** To the target, whose claim the instance has by then. */
  readonly order?: (next: Instance) => Effect;
  readonly record: Effect;
  readonly because: string;
}

/** The claim is the target's, whatever it does with it; what the guest left is let go. */
function passedOn(ends: Ends, now: Date, passing: Passing): Decision {
  const { vmi, to, migration, pod, sourcePod } = ends;
  const old = claimOf(vmi);
  const source = ends.source?.known === "yes" ? ends.source.status : undefined;
  const mode = source?.move?.migration === to.migration ? source.move.mode : undefined;
  const state: MigrationState = {
    ...vmi.status?.migrationState,
    ...(mode === undefined ? {} : { mode }),
    completed: true,
    endTimestamp: rfc3339(now),
    ...passing.state,
  };
  const status = {
    ...vmi.status,
    claim: { node: to.node, bootID: to.bootID, epoch: to.epoch, offered: to.epoch, pod: to.pod },
    nodeName: to.node,
    ...(pod === undefined ? {} : { activePods: { [pod.metadata.uid]: to.node } }),
    migrationState: state,
  };
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, status),
      ...(migration === undefined ? [] : endPatch(migration, passing.phase, state, now)),
      ...(passing.order === undefined ? [] : [passing.order({ ...vmi, status })]),
      ...(old === undefined || source === undefined || source.state === "stopped" || source.claim.epoch !== old.epoch
        ? []
        : [orderToEnd(vmi, to, source)]),
      ...removed(sourcePod),
      // The kubelet writes here too: should this be too late, the rest is done.
      ...(passing.phase === "Succeeded" ? served(pod, now) : []),
      passing.record,
    ],
    because: passing.because,
  };
}

/** Ends what the guest has left: it went on at the target, however that ended. */
export function orderToEnd(vmi: Instance, to: Target, source: MachineStatus): Effect {
  const settled = { migration: to.migration, at: "target" } as const;
  const off = order({ vmi, claim: source.claim, desired: "off", settled });
  return { do: "order", of: { version: source.version }, order: withoutVersion(off) };
}

/** Tells the source what functions have proof of: the guest never runs at the target. It says so itself then. */
export function orderToStay(ends: Ends): Effect {
  const { vmi, to, sourcePod, files } = ends;
  const old = vmi.status?.claim;
  if (old === undefined) throw new Error("a guest without a claim does not move");
  const { migratingTo: _gone, ...claim } = old;
  return {
    do: "order",
    of: vmi,
    order: withoutVersion(
      order({
        vmi: { ...vmi, status: { ...vmi.status, claim } },
        claim: { node: claim.node, bootID: claim.bootID, epoch: claim.epoch },
        desired: wantedState(vmi, annotation.paused),
        pod: sourcePod,
        files: files.files,
        settled: { migration: to.migration, at: "source" },
      }),
    ),
  };
}

function withoutVersion(effect: Effect) {
  if (effect.do !== "order") throw new Error("not an order");
  return effect.order;
}

/** It is certain that the guest never runs at the target: it goes on where it was, if it lives. */
export function failed(ends: Ends, why: Why, now: Date): Decision {
  const { vmi, to, migration, pod } = ends;
  const old = vmi.status?.claim;
  if (old === undefined) return nothing("the instance has no claim");
  const { migratingTo: _gone, ...claim } = old;
  const aborted = vmi.status?.migrationState?.abortRequested === true;
  const state: MigrationState = {
    ...vmi.status?.migrationState,
    completed: true,
    failed: true,
    failureReason: `${why.reason}: ${why.message}`,
    endTimestamp: rfc3339(now),
    ...(aborted ? { abortStatus: "Succeeded" } : {}),
  };
  const status = { ...vmi.status, claim, migrationState: state };
  const source = ends.source?.known === "yes" ? ends.source.status : undefined;
  const stays = source !== undefined && source.claim.epoch === claim.epoch && source.state !== "stopped";
  const unasked = stays && (source.desired === "running" || source.desired === "paused") && !isDeleting(vmi);
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, status),
      ...(migration === undefined ? [] : endPatch(migration, "Failed", state, now)),
      ...(unasked ? [orderToStay(ends)] : []),
      ...targetOff(ends),
      ...removed(pod),
      {
        do: "record",
        about: vmi,
        type: "Warning",
        reason: "FailedMigration",
        message: `The guest did not move to ${to.node}: ${why.message}.`,
      },
    ],
    because: `it never runs on ${to.node}: ${why.message}`,
  };
}

/** What waits there for nobody would be in the way of the next migration. */
function targetOff({ vmi, to, target }: Ends): readonly Effect[] {
  if (target?.known !== "yes" || target.status.claim.epoch !== to.epoch || target.status.state === "stopped") return [];
  const claim = { node: to.node, bootID: to.bootID, epoch: to.epoch };
  const off = withoutVersion(order({ vmi, claim, desired: "off" }));
  return [{ do: "order", of: { version: target.status.version }, order: off }];
}

/** The end of a migration as its instance says it; undefined while it says none. */
export function noted(vmi: Instance, migration: Migration, now: Date): Decision | undefined {
  const state = vmi.status?.migrationState;
  if (state?.migrationUid !== migration.metadata.uid || state.completed !== true) return undefined;
  const phase = state.failed === true ? "Failed" : "Succeeded";
  return {
    effects: endPatch(migration, phase, state, now),
    because: `its instance says that it has ${phase.toLowerCase()}`,
  };
}

/** Nothing was promised to any node yet. */
export function failedBefore(
  vmi: Instance,
  migration: Migration,
  pod: Stored<Pod> | undefined,
  why: Why,
  now: Date,
): Decision {
  const state = {
    ...migration.status?.migrationState,
    failed: true,
    completed: true,
    failureReason: `${why.reason}: ${why.message}`,
  };
  return {
    effects: [
      ...endPatch(migration, "Failed", state, now),
      ...removed(pod),
      { do: "record", about: vmi, type: "Warning", reason: "FailedMigration", message: why.message },
    ],
    because: why.message,
  };
}

/** Their instance is gone: nothing is left to move. */
export function lost(migrations: readonly Migration[], now: Date): Decision {
  const why = { reason: "InstanceNotFound", message: "There is no such instance." };
  const state = { failed: true, completed: true, failureReason: `${why.reason}: ${why.message}` };
  const open = migrations.filter((migration) => !isOver(migration));
  return {
    effects: [
      ...open.flatMap((one) => endPatch(one, "Failed", state, now)),
      ...cleared(migrations.filter(isOver), undefined),
    ],
    because: open.length === 0 ? "the instance is gone, and so are its migrations" : why.message,
  };
}

/** Takes the finalizers of what is over off, and the pod that one of them left. */
export function cleared(over: readonly Migration[], pod: Stored<Pod> | undefined): readonly Effect[] {
  return [
    ...over.flatMap((migration): Effect[] => {
      const finalizers = migration.metadata.finalizers ?? [];
      if (!finalizers.includes(finalizer.migration)) return [];
      const metadata = { ...migration.metadata, finalizers: finalizers.filter((name) => name !== finalizer.migration) };
      return [
        {
          do: "patch",
          kind: VirtualMachineInstanceMigration,
          before: migration,
          after: { ...migration, metadata },
          part: "object",
        },
      ];
    }),
    ...removed(pod),
  ];
}

function endPatch(
  migration: Migration,
  phase: "Succeeded" | "Failed",
  state: MigrationState,
  now: Date,
): readonly Effect[] {
  const status = { ...inMigrationPhase(migration, phase, now), migrationState: state };
  // With its end it holds nothing any more.
  return [...statusPatch(VirtualMachineInstanceMigration, migration, status), ...cleared([migration], undefined)];
}

/** The guest runs in this pod, which a migration made: Services lead to it from now on. */
export function served(pod: Stored<Pod> | undefined, now: Date): readonly Effect[] {
  const waits = pod?.spec.readinessGates?.some(({ conditionType }) => conditionType === GUEST_ARRIVED) === true;
  if (pod === undefined || !waits || isDeleting(pod)) return [];
  const conditions = withCondition(pod.status?.conditions, { type: GUEST_ARRIVED, status: "True" }, now);
  return statusPatch(Pod, pod, { ...pod.status, conditions });
}

function removed(pod: Stored<Pod> | undefined): readonly Effect[] {
  if (pod === undefined || isDeleting(pod)) return [];
  return [{ do: "remove", kind: Pod, object: pod, gracePeriodSeconds: POD_GRACE_SECONDS }];
}
