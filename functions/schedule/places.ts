/** Where a guest could run: all nodes, with what is on each. */
import { Node, Pod } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import type { Reader } from "#events/cluster.ts";
import type { PodsByNode } from "./placement.ts";

export interface Places {
  readonly nodes: readonly Stored<Node>[];
  readonly pods: PodsByNode;
}

export async function readPlaces(cluster: Reader): Promise<Places> {
  const nodes = await cluster.list(Node);
  const there = nodes.map(async ({ metadata: { name } }) => [name, await cluster.list(Pod, { node: name })] as const);
  return { nodes, pods: new Map(await Promise.all(there)) };
}
