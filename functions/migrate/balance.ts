/**
 * Which guests to move so that what is asked for is spread more evenly over the nodes. Pure: it proposes, and moves
 * nothing. A node's load is the larger of its shares of memory and CPU that pods ask for.
 *
 * Greedy: of the fullest node the guest whose move leaves the fuller of both nodes least full, while that gains enough
 * to be worth a move.
 */
import type { Node, Pod } from "#api/core.ts";
import { bytesOf, milliOf } from "#api/quantity.ts";
import { keyOf, type Key, type Stored } from "#api/object.ts";
import { anchorName, isDeleting, type Instance } from "../instance.ts";
import { claimOf, targetOf } from "../machine-facts.ts";
import { place, type PodsByNode } from "../schedule/placement.ts";
import { requestsOf, usageOf } from "../schedule/resources.ts";
import { hindrance, refusal } from "./migratable.ts";

export interface Cluster {
  readonly nodes: readonly Stored<Node>[];
  readonly pods: readonly Stored<Pod>[];
  readonly instances: readonly Instance[];
}

export interface Proposal {
  /** namespace/name of the instance. */
  readonly guest: Key;
  readonly from: string;
  readonly to: string;
  /** A sentence without its full stop. */
  readonly because: string;
}

export interface Balance {
  readonly moves: readonly Proposal[];
  /** Node → percent of it that is asked for, as it is and with all moves done. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

/** Percent that the fuller of both nodes must get emptier by. */
const WORTH_A_MOVE = 5;
const MOST_MOVES = 20;

export function proposeBalance({ nodes, pods, instances }: Cluster, cpuAllocationRatio: number): Balance {
  let there: PodsByNode = new Map(
    nodes.map(({ metadata: { name } }) => [name, pods.filter(({ spec }) => spec.nodeName === name)]),
  );
  const before = loads(nodes, there);
  const moves: Proposal[] = [];
  const moved = new Set<Key>();
  while (moves.length < MOST_MOVES) {
    const guests = instances.filter((vmi) => !moved.has(keyOf(vmi)) && canMove(vmi));
    const best = bestMove(nodes, there, guests, cpuAllocationRatio);
    if (best === undefined) break;
    moved.add(best.move.guest);
    moves.push(best.move);
    there = best.then;
  }
  return { moves, before, after: loads(nodes, there) };
}

function canMove(vmi: Instance): boolean {
  return refusal(vmi) === undefined && hindrance(vmi) === undefined && targetOf(vmi) === undefined && !isDeleting(vmi);
}

interface Candidate {
  readonly move: Proposal;
  readonly then: PodsByNode;
  readonly gain: number;
}

function bestMove(
  nodes: readonly Stored<Node>[],
  there: PodsByNode,
  guests: readonly Instance[],
  cpuAllocationRatio: number,
): Candidate | undefined {
  const now = loads(nodes, there);
  const byLoad = [...nodes].sort((one, other) => loadIn(now, other) - loadIn(now, one));
  const fullest = byLoad[0];
  if (fullest === undefined) return undefined;
  const from = fullest.metadata.name;
  const high = loadIn(now, fullest);
  let best: Candidate | undefined;
  for (const vmi of guests.filter((one) => claimOf(one)?.node === from)) {
    const need = { spec: vmi.spec, requests: requestsOf(vmi.spec, cpuAllocationRatio) };
    for (const node of byLoad.slice(1)) {
      // Where it has no room, or may not go, its own filters say.
      if (place(need, [node], there).node === undefined) continue;
      const to = node.metadata.name;
      const then = withMoved(there, vmi, from, to);
      const after = loads([fullest, node], then);
      const fuller = Math.max(loadIn(after, fullest), loadIn(after, node));
      const gain = high - fuller;
      if (gain < WORTH_A_MOVE || gain <= (best?.gain ?? 0)) continue;
      const because = `${percent(high)} of ${from} are asked for and ${percent(loadIn(now, node))} of ${to}; then it is ${percent(loadIn(after, fullest))} and ${percent(loadIn(after, node))}`;
      best = { move: { guest: keyOf(vmi), from, to, because }, then, gain };
    }
  }
  return best;
}

function withMoved(there: PodsByNode, vmi: Instance, from: string, to: string): PodsByNode {
  const here = there.get(from) ?? [];
  const name = anchorName(vmi);
  const isIts = ({ metadata }: Pod): boolean => metadata.name === name && metadata.namespace === vmi.metadata.namespace;
  return new Map([
    ...there,
    [from, here.filter((pod) => !isIts(pod))],
    [to, [...(there.get(to) ?? []), ...here.filter(isIts)]],
  ]);
}

function loads(nodes: readonly Node[], there: PodsByNode): Readonly<Record<string, number>> {
  return Object.fromEntries(
    nodes.map((node) => {
      const { name } = node.metadata;
      const used = usageOf(there.get(name) ?? []);
      const { allocatable, capacity } = node.status ?? {};
      const has = (what: "cpu" | "memory"): string => allocatable?.[what] ?? capacity?.[what] ?? "0";
      const share = (asked: number, all: number): number => (all <= 0 ? 0 : (100 * asked) / all);
      return [
        name,
        Math.max(share(used.memoryBytes, bytesOf(has("memory"))), share(used.milliCPU, milliOf(has("cpu")))),
      ];
    }),
  );
}

function loadIn(of: Readonly<Record<string, number>>, { metadata }: Node): number {
  return of[metadata.name] ?? 0;
}

function percent(load: number): string {
  return `${Math.round(load)} %`;
}
