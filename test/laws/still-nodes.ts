/** Nodes that take orders and do nothing by themselves. */
import { Fault } from "#events/fault.ts";
import type { MachineOrder, MachineStatus, Nodes } from "#events/machine.ts";
import { machineStatus } from "../unit/functions/objects.ts";

export const NODE = "node1";

/** Where migrations go. */
export const OTHER_NODE = "node2";

/** What the node is at by now; instances and Nodes may know another. */
export const NEW_BOOT = "boot-3";

/** Nodes that take orders and do nothing by themselves. */
export interface StillNodes extends Nodes {
  readonly machinesHere: Map<string, MachineStatus>;
  /** Of the node that migrations go to. */
  readonly machinesThere: Map<string, MachineStatus>;
  readonly answers: boolean;
}

export function stillNodes(answers: boolean): StillNodes {
  const machinesHere = new Map<string, MachineStatus>();
  const machinesThere = new Map<string, MachineStatus>();
  const reach = (node: string): Map<string, MachineStatus> => {
    if (!answers || (node !== NODE && node !== OTHER_NODE))
      throw new Fault("later", "NodeUnreachable", `${node} does not answer`);
    return node === NODE ? machinesHere : machinesThere;
  };
  return {
    machinesHere,
    machinesThere,
    answers,
    async identity(node) {
      reach(node);
      return { node, bootID: NEW_BOOT };
    },
    async machine(node, uid) {
      return reach(node).get(uid);
    },
    async machines(node) {
      return [...reach(node).values()];
    },
    async order(order: MachineOrder) {
      const held = reach(order.claim.node);
      const old = held.get(order.uid);
      if (old !== undefined && old.claim.epoch > order.claim.epoch) throw new Fault("stale", "EpochTooOld", "older");
      const fresh = old === undefined || order.claim.epoch > old.claim.epoch;
      const { uid, namespace, name, claim, version, desired } = order;
      const base = fresh ? machineStatus("preparing", { uid, namespace, name, claim }) : old;
      const next = { ...base, version, desired, ...movingBy(base, order) };
      held.set(uid, next);
      return next;
    },
    async forget(node, uid, epoch) {
      const held = reach(node);
      const old = held.get(uid);
      if (old !== undefined && (old.state !== "stopped" || old.claim.epoch !== epoch)) {
        throw new Fault("stale", "NotStopped", "it is not stopped");
      }
      held.delete(uid);
    },
    async act(node) {
      reach(node);
    },
  };
}

/** What a node says of a move right after it has taken an order. */
function movingBy(
  { move: before }: MachineStatus,
  { move, receive, settled, desired }: MachineOrder,
): Pick<MachineStatus, "move"> {
  // Nobody's run: there is no next step that would follow from its end.
  const ends = desired === "off" && settled?.at === "target" && settled.migration === before?.migration;
  if (ends && before?.phase === "switching") return { move: { ...before, phase: "moved" } };
  if (move !== undefined && before?.migration !== move.migration) {
    return { move: { migration: move.migration, role: "source", phase: "copying" } };
  }
  if (receive === undefined || before?.role === "source") return before === undefined ? {} : { move: before };
  const { migration, withdrawn } = receive;
  const phase = before?.migration === migration ? before.phase : "preparing";
  return { move: { migration, role: "target", phase, ...(withdrawn === true ? { withdrawn } : {}) } };
}
