/** What to do next about a guest that both ends of a migration know of. Pure; the rule stands in move.ts. */
import type { Node, Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { rfc3339, type Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { POST_COPY_FAILED, type MachineStatus } from "#events/machine.ts";
import { nothing, statusPatch, type Decision, type Effect } from "../define.ts";
import { isDeleting, type Instance } from "../instance.ts";
import { claimOf, endOfBoot, type BootEnd, type MachineFact, type Target } from "../machine-facts.ts";
import { order, wantedState, type FoundFiles } from "../machine-order.ts";
import { migrationPhase, type Migration } from "./migrations.ts";
import { failed, lostOnTheWay, lostWithTarget, orderToEnd, orderToStay, phasePatch, succeeded } from "./outcome.ts";

export interface Ends {
  readonly vmi: Instance;
  readonly to: Target;
  /** Undefined: it is gone. */
  readonly migration: Migration | undefined;
  readonly pod: Stored<Pod> | undefined;
  readonly sourcePod: Stored<Pod> | undefined;
  readonly targetNode: Stored<Node> | undefined;
  readonly source: MachineFact | undefined;
  readonly target: MachineFact | undefined;
  readonly files: FoundFiles;
  /** Why it is not to go on, when it is not. */
  readonly calledOff: string | undefined;
}

export function advance(ends: Ends, now: Date): Decision {
  const target = ofThis(ends.target, ends.to.epoch);
  const source = ofThis(ends.source, claimOf(ends.vmi)?.epoch ?? 0);
  if (target?.state === "stopped" && target.exit?.reason === POST_COPY_FAILED)
    return lostOnTheWay(ends, target.exit, now);
  if (target?.move?.phase === "arrived" || (target !== undefined && hasArrived(target))) return succeeded(ends, now);
  const over = endOfTarget(ends, target);
  if (source !== undefined && isAsked(ends, source) && over !== undefined) {
    return source.state === "stopped" ? lostWithTarget(ends, over, now) : endHere(ends, source, over);
  }
  const proof = proofOfStaying(ends, source, target);
  if (proof !== undefined) return stays(ends, source, proof, now);
  // Called off once is called off: both ends have been told.
  const before = ends.vmi.status?.migrationState?.abortRequested === true ? "the migration was called off" : undefined;
  const why = ends.calledOff ?? before ?? sourceIsOver(ends, source);
  if (why !== undefined) return callOff(ends, source, target, why);
  return goOn(ends, source, target, now);
}

/** What the node says of the very claim; a record of another epoch is another run's. */
function ofThis(fact: MachineFact | undefined, epoch: number): MachineStatus | undefined {
  return fact?.known === "yes" && fact.status.claim.epoch === epoch ? fact.status : undefined;
}

/** Its order is an ordinary one by now: it was told so after it had arrived. */
function hasArrived({ move, desired, state }: MachineStatus): boolean {
  return move === undefined && desired !== "incoming" && (state === "running" || state === "paused");
}

/** Why it is certain that the guest never runs at the target; undefined while it is not. */
function proofOfStaying(
  ends: Ends,
  source: MachineStatus | undefined,
  target: MachineStatus | undefined,
): { readonly reason: string; readonly message: string } | undefined {
  const { to } = ends;
  const [here, there] = [source?.move, target?.move];
  if (here?.migration === to.migration && here.phase === "stayed") {
    return { reason: here.reason ?? "Stayed", message: here.message ?? "the guest stayed where it was" };
  }
  // It ended before anything was asked of the target.
  if (here?.migration === to.migration && here.phase === "copying" && source?.state === "stopped") {
    return { reason: "SourceEnded", message: "the guest ended while it was copied" };
  }
  if (there?.phase === "refused" || (target?.state === "stopped" && there === undefined)) {
    return {
      reason: there?.reason ?? "TargetRefused",
      message: there?.message ?? "the target never let the guest run",
    };
  }
  // Whether the target was asked before, only the source can say.
  const over = endOfTarget(ends, target);
  if (ends.source?.known !== "silent" && over !== undefined) {
    return { reason: REASONS[over.reason], message: `${to.node} ${over.what}` };
  }
  return undefined;
}

const REASONS = { NodeRebooted: "TargetRebooted", NodeConfirmedOff: "TargetConfirmedOff" } as const;

/** What a node that has booted anew still says of it is believed; when it says nothing, nothing of it runs there. */
function endOfTarget({ to, targetNode }: Ends, target: MachineStatus | undefined): BootEnd | undefined {
  return target === undefined ? endOfBoot(targetNode, to.bootID) : undefined;
}

/** The target was asked to let the guest run, and the source does not know what came of it. */
function isAsked({ to }: Ends, { move }: MachineStatus): boolean {
  return move?.migration === to.migration && move.phase === "switching";
}

/**
 * The target's boot is over, and may have run the guest. The claim passes once the source has ended what it has left: an
 * answer of the target that is still on its way would let it go on there, when the instance counts as ended.
 */
function endHere({ vmi, to }: Ends, source: MachineStatus, over: BootEnd): Decision {
  const because = `${to.node} was asked to let the guest run, and ${over.what}: the source ends what it has left`;
  if (source.desired === "off") return nothing(`${because}, and was told so`);
  return { effects: [orderToEnd(vmi, to, source)], because };
}

/**
 * It is certain that the guest stays. The migration is over once the source knows it too: it would go on asking a target
 * that is about to forget all of it.
 */
function stays(
  ends: Ends,
  source: MachineStatus | undefined,
  why: { readonly reason: string; readonly message: string },
  now: Date,
): Decision {
  const { vmi, to } = ends;
  if (ends.source?.known === "silent") {
    return nothing(
      `it never runs on ${to.node}: ${why.message}; ${claimOf(vmi)?.node} does not answer, and must know it`,
    );
  }
  const goes =
    source?.move?.migration === to.migration && (source.move.phase === "copying" || source.move.phase === "switching");
  if (source === undefined || !goes || !isLive(source)) return failed(ends, why, now);
  const because = `it never runs on ${to.node}: ${why.message}`;
  if (source.version === vmi.metadata.resourceVersion) return nothing(`${because}; the source was told`);
  // A machine that is to end does, whatever became of its move.
  if (isDeleting(vmi) || (source.desired !== "running" && source.desired !== "paused")) {
    return nothing(`${because}; the source is to end`);
  }
  return { effects: [orderToStay(ends)], because: `${because}: the source is told` };
}

function sourceIsOver({ vmi, source: fact, to }: Ends, source: MachineStatus | undefined): string | undefined {
  // Ended while the target was asked: it asks no more, and the target says which of both it was.
  const wasAsked = source?.move?.phase === "switching";
  if (source?.state === "stopped" && (source.move?.migration !== to.migration || wasAsked))
    return "the guest has ended at its source";
  if (fact?.known === "no") return `${claimOf(vmi)?.node} does not know the guest any more`;
  return undefined;
}

/**
 * The source is told to stay: without its order to move it asks nothing of the target any more. Then the target is told that
 * nobody comes: unless it is about to let the guest run, or has, it never will, in writing. That is the proof.
 */
function callOff(
  ends: Ends,
  source: MachineStatus | undefined,
  target: MachineStatus | undefined,
  why: string,
): Decision {
  const { vmi, to } = ends;
  const state = vmi.status?.migrationState ?? {};
  const silent = ends.target?.known === "silent";
  const told = target?.move?.withdrawn === true;
  const withdraw = silent || told ? [] : [orderTarget(ends, true)];
  if (state.abortRequested !== true) {
    const status = { ...vmi.status, migrationState: { ...state, abortRequested: true, abortStatus: "Aborting" } };
    return {
      effects: [
        ...statusPatch(VirtualMachineInstance, vmi, status),
        ...(source === undefined || isDeleting(vmi) || !isLive(source)
          ? []
          : orderSource(ends, { ...vmi, status }, source)),
        ...withdraw,
      ],
      because: `${why}: the source is told to stay, and ${to.node} that nobody comes`,
    };
  }
  if (told) return nothing(`${why}; ${to.node} was told that nobody comes, and will say what came of it`);
  if (silent) return nothing(`${why}; ${to.node} does not answer`);
  return { effects: withdraw, because: `${why}: ${to.node} is told that nobody comes` };
}

function isLive({ state }: MachineStatus): boolean {
  return state === "running" || state === "paused" || state === "stopping";
}

function goOn(ends: Ends, source: MachineStatus | undefined, target: MachineStatus | undefined, now: Date): Decision {
  const { vmi, to, migration } = ends;
  if (migration === undefined) return nothing("the migration is gone");
  if (ends.target?.known === "silent") return nothing(`${to.node} does not answer: ${ends.target.reason}`);
  const elsewhere = migrationPhase(migration) === "Running" ? addressed(ends, source) : [];
  if (target === undefined) {
    const lost = source?.move?.phase === "switching";
    return {
      effects: [...elsewhere, orderTarget(ends, lost)],
      because: lost ? `${to.node} has lost its record of the guest` : `${to.node} is told to expect the guest`,
    };
  }
  switch (migrationPhase(migration)) {
    // The claim names its heir already: that it is so far was not written.
    case "Scheduling":
    case "Scheduled":
    case "PreparingTarget":
    case "TargetReady":
      if (target.move?.phase === "preparing") return nothing(`${to.node} prepares for the guest`);
      return start(ends, migration, source, now);
    default: {
      if (elsewhere.length > 0) return { effects: elsewhere, because: `${to.node}'s runtime is reached elsewhere now` };
      if (source !== undefined && isLive(source) && source.move?.migration !== to.migration) {
        return { effects: orderSource(ends, vmi, source), because: "the source has not got the order to move" };
      }
      const mode = modeNow(ends, source);
      if (mode !== undefined) return mode;
      return nothing(`the guest is ${source?.move?.phase ?? "on its way"}`);
    }
  }
}

/** It does not go over any more while it runs where it was: users are told. It began so, and never comes back to that. */
function modeNow({ vmi, to }: Ends, source: MachineStatus | undefined): Decision | undefined {
  const state = vmi.status?.migrationState ?? {};
  const { migration, mode } = source?.move ?? {};
  if (migration !== to.migration || mode === undefined || mode === "PreCopy" || state.mode === mode) return undefined;
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, { ...vmi.status, migrationState: { ...state, mode } }),
      { do: "record", about: vmi, type: "Normal", reason: "MigrationMode", message: MODES[mode] },
    ],
    because: MODES[mode],
  };
}

const MODES = {
  PostCopy:
    "The guest goes on at the target, and the rest of its memory follows: it changed faster than it could be copied.",
  Paused: "The guest is halted until the rest of its memory is copied: it changed faster than it could be.",
} as const;

/** A target's runtime that was started again may listen elsewhere: the source is told. */
function addressed(ends: Ends, source: MachineStatus | undefined): readonly Effect[] {
  const { vmi, targetNode } = ends;
  const url = targetNode?.metadata.annotations?.[annotation.runtimeURL];
  const state = vmi.status?.migrationState ?? {};
  if (url === undefined || url === state.targetNodeAddress || source === undefined) return [];
  const status = { ...vmi.status, migrationState: { ...state, targetNodeAddress: url } };
  return [...statusPatch(VirtualMachineInstance, vmi, status), ...orderSource(ends, { ...vmi, status }, source)];
}

function start(ends: Ends, migration: Migration, source: MachineStatus | undefined, now: Date): Decision {
  const { vmi, to } = ends;
  if (source === undefined) return nothing("the source does not say how the guest is");
  const url = ends.targetNode?.metadata.annotations?.[annotation.runtimeURL];
  const state = {
    ...vmi.status?.migrationState,
    startTimestamp: rfc3339(now),
    ...(url === undefined ? {} : { targetNodeAddress: url }),
  };
  const status = { ...vmi.status, migrationState: state };
  const next = { ...vmi, status };
  return {
    effects: [
      ...statusPatch(VirtualMachineInstance, vmi, status),
      ...phasePatch(migration, "Running", now, ["TargetReady"]),
      ...orderSource(ends, next, source),
      {
        do: "record",
        about: vmi,
        type: "Normal",
        reason: "Migrating",
        message: `The guest moves from ${claimOf(vmi)?.node} to ${to.node}.`,
      },
    ],
    because: `${to.node} is ready: ${claimOf(vmi)?.node} is told to move the guest`,
  };
}

/** The source's order as the instance, `next`, has it after this decision. A guest that is to stop is `stop`'s. */
function orderSource(ends: Ends, next: Instance, source: MachineStatus): readonly Effect[] {
  const claim = claimOf(ends.vmi);
  if (claim === undefined || source.desired === "stopped" || source.desired === "off") return [];
  const wanted = order({
    vmi: next,
    claim,
    desired: wantedState(ends.vmi, annotation.paused),
    pod: ends.sourcePod,
    files: ends.files.files,
  });
  return wanted.do === "order" ? [{ ...wanted, of: ends.vmi }] : [];
}

function orderTarget({ vmi, to, pod, files }: Ends, withdrawn: boolean): Effect {
  return order({
    vmi,
    claim: { node: to.node, bootID: to.bootID, epoch: to.epoch },
    desired: "incoming",
    pod,
    files: files.files,
    receive: {
      migration: to.migration,
      from: claimOf(vmi)?.node ?? "",
      ...(withdrawn ? { withdrawn } : {}),
    },
  });
}
