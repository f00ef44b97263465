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
import { roomOn, type Resources, type Room } from "./resources.ts";
import { weighers } from "./weighers.ts";

export interface Candidate {
  readonly node: Node;
  readonly room: Room;
  /** Anchor pods there that have not ended. */
  readonly pods: readonly Pod[];
}

export interface Need {
  readonly spec: VirtualMachineInstanceSpec;
  readonly requests: Resources;
}

export type Placement =
  | { readonly node: string; readonly because: string }
  /** Node → why not. */
  | { readonly node: undefined; readonly reasons: Readonly<Record<string, string>> };

export function place(need: Need, nodes: readonly Stored<Node>[], pods: readonly Pod[]): Placement {
  const reasons: Record<string, string> = {};
  const fitting: Candidate[] = [];
  for (const node of nodes) {
    const there = pods.filter((pod) => pod.spec.nodeName === node.metadata.name);
    const candidate = { node, room: roomOn(node, there), pods: there };
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
  return candidates
    .map((candidate) => {
      const entries = Object.entries(weighers);
      const scores = entries.map(([name, weigher]) => [name, weigher.weigh(need, candidate, candidates)] as const);
      const total = scores.reduce((sum, [name, score]) => sum + score * (weighers[name]?.weight ?? 0), 0);
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
