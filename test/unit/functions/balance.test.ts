import { describe, expect, it } from "vitest";
import type { Pod } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { proposeBalance } from "#functions/migrate/balance.ts";
import { anchorName, type Instance } from "#functions/instance.ts";
import { claimedInstance, node } from "./objects.ts";

const GIBIBYTE = 2 ** 30;

function guest(name: string, on: string, spec: Partial<Instance["spec"]> = {}): Instance {
  const vmi = claimedInstance("Running", { spec });
  const metadata = { ...vmi.metadata, name, uid: `uid-${name}` };
  return { ...vmi, metadata, status: { ...vmi.status, nodeName: on, claim: { node: on, bootID: "boot-1", epoch: 1 } } };
}

function podOf(vmi: Instance, gibibytes: number): Stored<Pod> {
  const memory = String(gibibytes * GIBIBYTE);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: anchorName(vmi),
      namespace: "default",
      uid: `pod-${vmi.metadata.name}`,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      nodeName: vmi.status?.nodeName ?? "",
      containers: [{ name: "compute", image: "anchor", resources: { requests: { memory } } }],
    },
  };
}

function host(name: string, unschedulable = false) {
  const object = node(name);
  const status = { ...object.status, allocatable: { cpu: "16", memory: `${10 * GIBIBYTE}`, pods: "110" } };
  return { ...object, status, ...(unschedulable ? { spec: { unschedulable } } : {}) };
}

const names = ({ moves }: ReturnType<typeof proposeBalance>) =>
  moves.map(({ guest: key, from, to }) => `${key} ${from} ${to}`);

describe("a proposal to balance", () => {
  it("moves guests from the fullest node until it is not worth it, and says why", () => {
    const instances = ["a", "b", "c", "d"].map((name) => guest(name, "node1"));
    const pods = instances.map((vmi) => podOf(vmi, 2));
    const proposal = proposeBalance({ nodes: [host("node1"), host("node2")], pods, instances }, 10);
    expect(names(proposal)).toEqual(["default/a node1 node2", "default/b node1 node2"]);
    expect(proposal.moves[0]?.because).toBe("80 % of node1 are asked for and 0 % of node2; then it is 60 % and 20 %");
    expect(proposal).toMatchObject({ before: { node1: 80, node2: 0 }, after: { node1: 40, node2: 40 } });
  });

  it("is empty where all is even, or the one guest would only be elsewhere", () => {
    const nodes = [host("node1"), host("node2")];
    const [a, b] = [guest("a", "node1"), guest("b", "node2")];
    expect(names(proposeBalance({ nodes, pods: [podOf(a, 2), podOf(b, 2)], instances: [a, b] }, 10))).toEqual([]);
    expect(names(proposeBalance({ nodes, pods: [podOf(a, 2)], instances: [a] }, 10))).toEqual([]);
  });

  it("leaves guests that can't move where they are, and nodes that take none alone", () => {
    const rooted = guest("rooted", "node1", { domain: { devices: {}, cpu: { model: "host-passthrough" } } });
    const [a, b] = [guest("a", "node1"), guest("b", "node1")];
    const pods = [podOf(rooted, 4), podOf(a, 2), podOf(b, 2)];
    const instances = [rooted, a, b];
    expect(names(proposeBalance({ nodes: [host("node1"), host("node2")], pods, instances }, 10))).toEqual([
      "default/a node1 node2",
      "default/b node1 node2",
    ]);
    expect(names(proposeBalance({ nodes: [host("node1"), host("node2", true)], pods, instances }, 10))).toEqual([]);
  });
});
