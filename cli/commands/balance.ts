/** `virtive balance --dry-run`: which moves would spread what guests ask for more evenly over the nodes. Nothing is moved. */
import type { Node, Pod } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { defaultConfig } from "#functions/config.ts";
import type { Instance } from "#functions/instance.ts";
import { proposeBalance, type Balance } from "#functions/migrate/balance.ts";
import type { Client } from "../client.ts";

/** @throws ApiError */
export async function balance(client: Pick<Client, "send">): Promise<Balance> {
  const all = async <T>(path: string): Promise<readonly T[]> =>
    (await client.send<{ readonly items: readonly T[] }>("GET", path)).items;
  const [nodes, pods, instances] = await Promise.all([
    all<Stored<Node>>("/api/v1/nodes"),
    all<Stored<Pod>>("/api/v1/pods"),
    all<Instance>("/apis/kubevirt.io/v1/virtualmachineinstances"),
  ]);
  return proposeBalance({ nodes, pods, instances }, defaultConfig.cpuAllocationRatio);
}

export function textOfBalance({ moves, before, after }: Balance): string {
  const loads = (of: Balance["before"]): string =>
    Object.entries(of)
      .map(([node, load]) => `${node} ${Math.round(load)} %`)
      .join(", ");
  if (moves.length === 0) return `No move would gain enough. Asked for: ${loads(before)}.`;
  return [
    ...moves.map(({ guest, from, to, because }) => `${guest}: from ${from} to ${to}: ${because}`),
    `Asked for: ${loads(before)}; with these moves: ${loads(after)}.`,
  ].join("\n");
}
