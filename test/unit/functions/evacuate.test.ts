import { describe, expect, it } from "vitest";
import { hash } from "node:crypto";
import type { MigrationPhase } from "#api/virtual-machine-instance-migration.ts";
import { evacuate } from "#functions/evacuate.ts";
import type { Migration } from "#functions/migrate/migrations.ts";
import { claim, claimedInstance, node, START, stored } from "./objects.ts";

const marked = claimedInstance("Running", { status: { evacuationNodeName: claim.node } });
const now = new Date(START.getTime() + 3600_000);

/** A try of a drain of node1, under the claim of that epoch. */
function tryOfDrain(phase: MigrationPhase, epoch: number = claim.epoch): Migration {
  const of = hash("sha256", `${marked.metadata.uid}/${epoch}`).slice(0, 5);
  return stored({
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstanceMigration",
    metadata: {
      name: `kubevirt-evacuation-${of}-0`,
      namespace: "default",
      annotations: { "kubevirt.io/evacuationMigration": claim.node, "virtive.dev/drain": claim.node },
    },
    spec: { vmiName: "web" },
    status: { phase },
  });
}

describe("evacuate, of a node that takes guests", () => {
  it("moves a guest that has come back since a drain and is to leave again", () => {
    // Epoch 0 went with that drain.
    const facts = { vmi: marked, migrations: [tryOfDrain("Succeeded", 0)], node: node() };
    const { effects } = evacuate.decide(facts, now);
    expect(effects.map((effect) => effect.do)).toEqual(["create", "record"]);
  });

  it("lets a guest stay whose drain was called off, and forgets that drain: who asks again is answered anew", () => {
    const failed = tryOfDrain("Failed");
    const { effects } = evacuate.decide({ vmi: marked, migrations: [failed], node: node() }, now);
    expect(effects).toMatchObject([
      { do: "remove", object: { metadata: { name: failed.metadata.name } } },
      { do: "patch", part: "status" },
    ]);
    const patch = effects.find((effect) => effect.do === "patch");
    expect(patch?.after).not.toHaveProperty("status.evacuationNodeName");
  });

  it("calls off what is open of the drain", () => {
    const { effects } = evacuate.decide({ vmi: marked, migrations: [tryOfDrain("Running")], node: node() }, now);
    expect(effects.map((effect) => effect.do)).toEqual(["remove", "patch"]);
  });
});
