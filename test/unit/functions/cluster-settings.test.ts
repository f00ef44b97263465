import { expect, it } from "vitest";
import { KubeVirt } from "#api/kubevirt.ts";
import type { Stored } from "#api/object.ts";
import { kubevirtIn } from "#functions/cluster-settings.ts";
import type { Looks } from "#functions/define.ts";
import { tally } from "#functions/tally.ts";
import { node, stored } from "./objects.ts";

const kubevirt = (namespace: string, second: number, evictionStrategy: string): Stored<KubeVirt> =>
  stored<KubeVirt>(
    {
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: { namespace, name: "kubevirt" },
      spec: { configuration: { evictionStrategy } },
    },
    { namespace, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
  );
const [a, b, c] = [kubevirt("a", 5, "None"), kubevirt("b", 3, "LiveMigrate"), kubevirt("c", 3, "External")];

it.each([
  ["none", [], undefined],
  ["the only one", [a], a],
  ["the oldest, wherever a list has it", [a, b, c], b],
  ["of two of one second the first by name", [c, b], b],
])("of KubeVirt objects it takes %s", async (_what, found, taken) => {
  expect(await kubevirtIn({ list: async () => found as never })).toBe(taken);
});

it("a function goes by the one that admission goes by", async () => {
  const reader = {
    get: async () => node("node1", { spec: { unschedulable: true } }) as never,
    list: async (kind: unknown) => (kind === KubeVirt ? [a, b] : []) as never,
  };
  expect(await tally.read({ cluster: reader } as unknown as Looks, "/node1")).toMatchObject({
    strategy: "LiveMigrate",
  });
});
