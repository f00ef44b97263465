import { describe, expect, it } from "vitest";
import { order } from "#functions/machine-order.ts";
import { claim, claimedInstance } from "./objects.ts";

const to = { node: "node2", bootID: "boot-there", epoch: 2, migration: "m1", pod: "target-pod" };

function orderedWith(bandwidthPerMigration: string): unknown {
  const vmi = claimedInstance("Running", {
    status: {
      claim: { ...claim, migratingTo: to },
      migrationState: {
        migrationUid: to.migration,
        startTimestamp: "2026-01-01T00:00:00Z",
        migrationConfiguration: { bandwidthPerMigration },
      },
    },
  });
  return order({ vmi, claim, desired: "running" });
}

describe("the order of a move", () => {
  it("carries the bandwidth that the policy allows", () => {
    expect(orderedWith("64Mi")).toMatchObject({
      order: { move: { parameters: { bandwidthBytesPerSecond: 64 * 2 ** 20 } } },
    });
  });

  it.each(["0", "9Ei", "1e31"])("has no limit of bandwidth where the policy says %s", (bandwidth) => {
    const made = orderedWith(bandwidth) as { readonly order: { readonly move: { readonly parameters: object } } };
    expect(made.order.move.parameters).not.toHaveProperty("bandwidthBytesPerSecond");
  });
});
