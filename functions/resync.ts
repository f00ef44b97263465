/**
 * resync: compares what a node holds with what the instances say, so that no lost event, report or order stays lost.
 * Wakes every 60 s for all nodes and whenever a Node says something new (not for its heartbeats). Orders off what no
 * instance claims, and tells of what differs; the functions that own the difference then look.
 */
import { Node } from "#api/core.ts";
import { conditionOf, keyOf, partsOf, type Key } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { flowEvents } from "#events/catalogue.ts";
import { sameJson } from "#events/json.ts";
import type { MachineStatus } from "#events/machine.ts";
import { changed, defineFunction, nothing, told, type Effect } from "./define.ts";
import { hasBeen, isDeleting, isFinal, phaseOf, type Instance } from "./instance.ts";
import { claimOf, runtimeIsHeard, targetOf } from "./machine-facts.ts";
import { phaseFrom, statusFrom } from "./observe/status.ts";

export interface ResyncFacts {
  readonly node: string;
  readonly heard: boolean;
  readonly machines: readonly MachineStatus[];
  /** Those on the node, and those of the machines: an instance that another node claims is a difference too. */
  readonly instances: readonly Instance[];
}

export const resync = defineFunction<ResyncFacts>({
  name: "resync",
  purpose: "Compares what nodes hold with what instances say; ends what nobody claims, tells what differs.",
  on: [
    changed(Node),
    told([flowEvents.resync], async (_event, cluster) => {
      const nodes = await cluster.list(Node);
      return nodes.map(keyOf);
    }),
  ],
  reads: ["Node.get", "Node.list", "VirtualMachineInstance.get", "VirtualMachineInstance.list"],
  writes: ["order off (unclaimed)", "forget (unclaimed)", `emit ${flowEvents.differs.type}`],

  async read({ cluster, present = cluster, nodes }, key) {
    const { name } = partsOf(key);
    const node = await cluster.get(Node, { name });
    if (node === undefined) return undefined;
    const heard = runtimeIsHeard(node);
    if (!heard) return { node: name, heard, machines: [], instances: [] };
    // In this order: an instance exists before its machine does, so none is missed.
    const machines = await nodes.machines(name);
    const here = await cluster.list(VirtualMachineInstance, { node: name });
    const known = new Set(here.map((vmi) => vmi.metadata.uid));
    const elsewhere = machines.filter(({ uid }) => !known.has(uid));
    const there = await Promise.all(elsewhere.map((machine) => present.get(VirtualMachineInstance, machine)));
    return { node: name, heard, machines, instances: [...here, ...there.filter((vmi) => vmi !== undefined)] };
  },

  decide({ node, heard, machines, instances }, now) {
    if (!heard) return nothing(`${node} is not heard`);
    const byUID = new Map(instances.map((vmi) => [vmi.metadata.uid, vmi]));
    const effects: Effect[] = [];
    const reasons: string[] = [];
    for (const machine of machines) {
      const vmi = byUID.get(machine.uid);
      const claim = vmi === undefined ? undefined : claimOf(vmi);
      const to = vmi === undefined ? undefined : targetOf(vmi);
      if (vmi !== undefined && to?.node === node && to.epoch === machine.claim.epoch) {
        effects.push(differs(keyOf(vmi), node, machine.uid, "a guest is to come, or has come"));
        reasons.push(`${keyOf(vmi)}: a guest is to come, or has come`);
        continue;
      }
      if (vmi === undefined || (claim !== undefined && (claim.node !== node || claim.epoch > machine.claim.epoch))) {
        const what = unclaimed(node, machine);
        if (what === undefined) continue;
        effects.push(what);
        reasons.push(`${machine.namespace}/${machine.name} (${machine.uid}) is claimed by nobody here`);
      } else {
        const why = difference(vmi, machine, now);
        if (why === undefined) continue;
        effects.push(differs(keyOf(vmi), node, vmi.metadata.uid, why));
        reasons.push(`${keyOf(vmi)}: ${why}`);
      }
    }
    const held = new Set(machines.map((machine) => machine.uid));
    for (const vmi of instances) {
      if (claimOf(vmi)?.node !== node || isFinal(vmi) || held.has(vmi.metadata.uid)) continue;
      effects.push(differs(keyOf(vmi), node, vmi.metadata.uid, "the node does not know it"));
      reasons.push(`${keyOf(vmi)}: the node does not know it`);
    }
    if (effects.length === 0) return nothing(`${node} holds ${machines.length} machines, all as their instances say`);
    return { effects, because: reasons.slice(0, 10).join("; ") };
  },
});

/** Nobody may run it: it is ended, and once it is, forgotten. Its own claim goes with the order: a node takes no older. */
function unclaimed(node: string, machine: MachineStatus): Effect | undefined {
  const { uid, namespace, name, claim, version, state, desired, move } = machine;
  if (state === "stopped") return { do: "forget", node, uid, epoch: claim.epoch };
  // Halted for a migration of a run that is over here, wherever it went on: until it is told so, it waits for the target's word.
  const halted = move?.phase === "switching" && move.role === "source";
  if (desired === "off" && !halted) return undefined;
  return {
    do: "order",
    of: { version },
    order: {
      uid,
      namespace,
      name,
      claim,
      desired: "off",
      graceSeconds: 0,
      ...(halted ? { settled: { migration: move.migration, at: "target" as const } } : {}),
      anchor: { podUID: "", podName: "" },
      spec: { domain: { devices: {} } },
      files: {},
    },
  };
}

/** What its functions would change if they looked now. */
function difference(vmi: Instance, machine: MachineStatus, now: Date): string | undefined {
  if (targetOf(vmi) !== undefined && machine.state === "stopped") return "the guest moves, and has left";
  if (isFinal(vmi)) return machine.state === "stopped" ? "the node still keeps its record" : undefined;
  const phase = phaseFrom(vmi, machine);
  if (phase !== phaseOf(vmi)) return `the machine is ${machine.state}, the instance ${phaseOf(vmi)}`;
  const paused = conditionOf(vmi, "Paused")?.status === "True";
  if (hasBeen(vmi, "Running") && paused !== (machine.state === "paused")) return `the machine is ${machine.state}`;
  const troubled = conditionOf(vmi, "Synchronized")?.status === "False";
  if (troubled !== (machine.problem !== undefined) && machine.state !== "unknown") {
    return troubled
      ? "what stood in the machine's way is over"
      : `the machine is in trouble: ${machine.problem?.reason}`;
  }
  if (isDeleting(vmi) && (machine.desired === "running" || machine.desired === "paused")) {
    return `the instance is being deleted, the machine is ordered ${machine.desired}`;
  }
  const settled = phaseOf(vmi) === "Running" && claimOf(vmi)?.epoch === machine.claim.epoch;
  return !settled || sameJson(vmi.status, statusFrom(vmi, machine, now))
    ? undefined
    : "the instance says something else of the guest";
}

function differs(key: Key, node: string, uid: string, why: string): Effect {
  return { do: "emit", type: flowEvents.differs, key, data: { node, uid, why }, extensions: { node, uid } };
}
