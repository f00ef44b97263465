/** A guest moves to another node: names of nodes need not be what their label kubernetes.io/hostname says. */
import { describe, expect, it } from "vitest";
import type { MachineFact } from "#functions/machine-facts.ts";
import { move, type MoveFacts } from "#functions/migrate/move.ts";
import { defaultConfig } from "#functions/config.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { matchesTerm, requiredTerms } from "#functions/schedule/node-affinity.ts";
import { claim, claimedInstance, machineStatus, node, pod, START, stored } from "./objects.ts";

const vmi = claimedInstance("Running");
const labels = { "kubernetes.io/hostname": "worker-1", "zone": "a" };

describe("the pod of a migration's target", () => {
  const moving = { migration: { name: "m", uid: "m1" }, addedNodeSelector: {}, notOn: claim.node };

  it.each([
    ["without other wishes", {}],
    [
      "beside its guest's own wishes",
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }] }],
            },
          },
        },
      },
    ],
  ] as const)("keeps away from the node that the guest leaves, %s", (_what, spec) => {
    const made = anchorOf({ ...vmi, spec: { ...vmi.spec, ...spec } }, undefined, defaultConfig, [], moving);
    const terms = requiredTerms(made.spec.affinity) ?? [];
    const mayBeOn = (name: string): boolean => terms.some((term) => matchesTerm(term, node(name, { labels })));
    expect([mayBeOn(claim.node), mayBeOn("node2")]).toEqual([false, true]);
  });
});

describe("move", () => {
  it("fails a migration whose target's pod is on the guest's own node: the node would never take the guest in", () => {
    const migration = stored({
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstanceMigration",
      metadata: { name: "m", namespace: "default" },
      spec: { vmiName: "web" },
      status: { phase: "Scheduling" as const },
    });
    const source: MachineFact = { known: "yes", status: machineStatus("running", { claim }) };
    const facts: MoveFacts = {
      vmi,
      migrations: [migration],
      pod: pod(vmi, {}, claim.node),
      targetNode: node(claim.node),
      arrivedPod: undefined,
      sourcePod: undefined,
      source,
      target: undefined,
      files: { files: {}, missing: [] },
      settings: { configuration: {} },
    };
    const { effects, because } = move.decide(facts, START);
    expect(because).toContain("node1");
    expect(effects).toMatchObject([
      { do: "patch", after: { status: { phase: "Failed" } } },
      { do: "remove", kind: { kind: "Pod" } },
      { do: "record", reason: "FailedMigration" },
    ]);
  });
});
