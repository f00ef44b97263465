/**
 * Where an instance runs, when it is ours to say: filters take nodes out, weighers rank the rest. Every node that is
 * taken out says why. Pure.
 *
 * ```
 *   nodes ──► filters (all must pass) ──► weighers (0 to 1 each, times weight) ──► the best; by name among equals
 *                 └─► "node2: 512 MiB free, 1024 MiB needed"
 * ```
 */
import type { Node, Pod } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { filters } from "./filters.ts";
import { roomOn, usageOf, type Resources, type Room } from "./resources.ts";
import { weighers } from "./weighers.ts";

export interface Candidate {
  readonly node: Node;
  readonly room: Room;
  /** Virtual machines there that have not ended. */
  readonly machines: number;
}

/** Node → the pods on it. */
export type PodsByNode = ReadonlyMap<string, readonly Pod[]>;

export interface Need {
  readonly spec: VirtualMachineInstanceSpec;
  readonly requests: Resources;
}

export type Placement =
  | { readonly node: string; readonly because: string }
  /** Node → why not. */
  | { readonly node: undefined; readonly reasons: Readonly<Record<string, string>> };

const NONE: readonly Pod[] = [];

export function place(need: Need, nodes: readonly Stored<Node>[], pods: PodsByNode): Placement {
  const reasons: Record<string, string> = {};
  const fitting: Candidate[] = [];
  for (const node of nodes) {
    const used = usageOf(pods.get(node.metadata.name) ?? NONE);
    const candidate = { node, room: roomOn(node, used), machines: used.machines };
    const why = filters.map((filter) => filter(need, candidate)).find((reason) => reason !== undefined);
    if (why === undefined) fitting.push(candidate);
    else reasons[node.metadata.name] = why;
  }
  const best = rank(need, fitting)[0];
  if (best === undefined) return { node: undefined, reasons };
  const name = best.candidate.node.metadata.name;
  const scores = best.scores.map(([weigher, score]) => `${weigher} ${score.toFixed(2)}`).join(", ");
  const others = nodes.length === 1 ? "the only node" : `best of ${fitting.length} of ${nodes.length} nodes`;
  return { node: name, because: `${name} is ${others} (${scores})` };
}

interface Ranked {
  readonly candidate: Candidate;
  readonly total: number;
  readonly scores: readonly (readonly [name: string, score: number])[];
}

function rank(need: Need, candidates: readonly Candidate[]): readonly Ranked[] {
  const scales = Object.entries(weighers).map(([name, { weight, scale }]) => {
    return { name, weight, weigh: scale(need, candidates) };
  });
  return candidates
    .map((candidate) => {
      const scores = scales.map(({ name, weigh }) => [name, weigh(candidate)] as const);
      const total = scales.reduce((sum, { weight }, index) => sum + weight * (scores[index]?.[1] ?? 0), 0);
      return { candidate, total, scores };
    })
    .sort(
      (one, other) =>
        other.total - one.total || compare(one.candidate.node.metadata.name, other.candidate.node.metadata.name),
    );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** For a condition: every node with its reason, or that there are no nodes. */
export function explain(reasons: Readonly<Record<string, string>>): string {
  const entries = Object.entries(reasons);
  if (entries.length === 0) return "No node can take it: there are no nodes.";
  const shown = entries.slice(0, 20).map(([node, reason]) => `${node}: ${reason}`);
  const more = entries.length > shown.length ? ` and ${entries.length - shown.length} more` : "";
  return `0 of ${entries.length} nodes can take it: ${shown.join("; ")}${more}.`;
}
