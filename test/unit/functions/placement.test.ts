import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pod } from "#api/core.ts";
import { defaultConfig } from "#functions/config.ts";
import { anchorName } from "#functions/instance.ts";
import { anchorOf } from "#functions/schedule/anchor.ts";
import { explain, place, type Placement, type PodsByNode } from "#functions/schedule/placement.ts";
import { overheadBytes, requestsOf, usageOf } from "#functions/schedule/resources.ts";
import { instanceSpec, node, storedInstance } from "./objects.ts";

const MiB = 2 ** 20;

function placed(
  spec: Partial<typeof instanceSpec>,
  nodes: readonly ReturnType<typeof node>[],
  pods: readonly Pod[] = [],
): Placement {
  const whole = { ...instanceSpec, ...spec };
  return place({ spec: whole, requests: requestsOf(whole, 10) }, nodes, byNode(pods));
}

function byNode(pods: readonly Pod[]): PodsByNode {
  return Map.groupBy(pods, ({ spec }) => spec.nodeName ?? "");
}

function whyNot(
  spec: Partial<typeof instanceSpec>,
  candidate: ReturnType<typeof node>,
  pods: readonly Pod[] = [],
): string {
  const placement = placed(spec, [candidate], pods);
  return placement.node === undefined ? (placement.reasons["node1"] ?? "") : `it was placed: ${placement.because}`;
}

function using(nodeName: string, memory: string, cpu = "100m", phase: "Running" | "Succeeded" = "Running"): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "other", namespace: "default", labels: { "kubevirt.io": "virt-launcher" } },
    spec: { nodeName, containers: [{ name: "c", image: "i", resources: { requests: { memory, cpu } } }] },
    status: { phase },
  };
}

describe("what a pod of others asks for", () => {
  const asking = (memory: string) => ({ name: "c", image: "i", resources: { requests: { memory } } });
  const sidecar = (memory: string) => ({ ...asking(memory), restartPolicy: "Always" });

  it.each([
    ["its containers", {}, 1024],
    ["containers that stay beside them", { initContainers: [sidecar("512Mi"), sidecar("512Mi")] }, 2048],
    ["one that comes before them, if that is more", { initContainers: [asking("3Gi")] }, 3072],
    ["one that comes after such as stay", { initContainers: [sidecar("1Gi"), asking("2Gi")] }, 3072],
    ["one that comes before them, if that is less", { initContainers: [asking("512Mi")] }, 1024],
    ["its sandbox", { overhead: { memory: "256Mi" } }, 1280],
    ["all of it together", { resources: { requests: { memory: "2Gi" } } }, 2048],
  ])("is %s", (_what, more, expected) => {
    const pod: Pod = { ...using("node1", "1Gi"), spec: { nodeName: "node1", containers: [asking("1Gi")], ...more } };
    expect(usageOf([pod]).memoryBytes / MiB).toBe(expected);
  });
});

function affinity(required: object | undefined, preferred: readonly object[] = []): Partial<typeof instanceSpec> {
  const terms =
    required === undefined ? {} : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [required] } };
  const wishes = { preferredDuringSchedulingIgnoredDuringExecution: preferred };
  return { affinity: { nodeAffinity: { ...terms, ...wishes } } as NonNullable<(typeof instanceSpec)["affinity"]> };
}

describe("a node is taken out", () => {
  const ready = node();
  it.each([
    ["that is not ready", {}, node("node1", { heard: "False" }), /not Ready/],
    ["that is cordoned", {}, node("node1", { spec: { unschedulable: true } }), /cordoned/],
    [
      "that has a taint",
      {},
      node("node1", { spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] } }),
      /gpu=yes:NoSchedule is not tolerated/,
    ],
    ["without the label of nodeSelector", { nodeSelector: { zone: "b" } }, ready, /zone=b/],
    [
      "that required affinity does not match",
      affinity({ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] }),
      ready,
      /required node affinity/,
    ],
    [
      "with too little memory",
      {},
      node("node1", { memory: "300Mi" }),
      /300 MiB of memory are free, 661 MiB are needed/,
    ],
    ["with too little CPU", {}, node("node1", { cpu: "50m" }), /50m of CPU are free, 100m are needed/],
  ] as const)("%s", (_what, spec, candidate, why) => {
    expect(whyNot(spec, candidate)).toMatch(why);
  });

  it("whose runtime has not reported", () => {
    const silent = node();
    const bare = { ...silent, metadata: { ...silent.metadata, annotations: {} } };
    expect(whyNot({}, bare)).toMatch(/no node runtime/);
  });

  it("that is full by what pods there ask for; ended pods ask for nothing", () => {
    expect(whyNot({}, node("node1", { memory: "1Gi" }), [using("node1", "600Mi")])).toMatch(/memory/);
    expect(placed({}, [node("node1", { memory: "1Gi" })], [using("node1", "600Mi", "1", "Succeeded")]).node).toBe(
      "node1",
    );
    expect(placed({}, [node("node1", { memory: "1Gi" })], [using("node2", "600Mi")]).node).toBe("node1");
  });

  it("never with a taint that is tolerated or only preferred", () => {
    const tainted = node("node1", { spec: { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] } });
    expect(placed({ tolerations: [{ key: "gpu", operator: "Exists" }] }, [tainted]).node).toBe("node1");
    expect(placed({ tolerations: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] }, [tainted]).node).toBe("node1");
    expect(placed({ tolerations: [{ key: "gpu", value: "no" }] }, [tainted]).node).toBeUndefined();
    const soft = node("node1", { spec: { taints: [{ key: "gpu", effect: "PreferNoSchedule" }] } });
    expect(placed({}, [soft]).node).toBe("node1");
  });

  it("and the reasons are told together", () => {
    const nodes = [node("node1", { heard: "False" }), node("node2", { spec: { unschedulable: true } })];
    const placement = placed({}, nodes);
    expect(placement.node === undefined && explain(placement.reasons)).toBe(
      "0 of 2 nodes can take it: node1: the node is not Ready; node2: it is cordoned.",
    );
    expect(explain({})).toMatch(/there are no nodes/);
  });
});

describe("of the nodes that fit", () => {
  it("the one with more memory left is taken", () => {
    expect(placed({}, [node("node1"), node("node2", { memory: "16Gi" })]).node).toBe("node2");
  });

  it("the one with fewer machines is taken", () => {
    expect(placed({}, [node("node1"), node("node2")], [using("node1", "1Mi")]).node).toBe("node2");
  });

  it("the preferred one is taken although it is fuller", () => {
    const wish = affinity(undefined, [
      { weight: 50, preference: { matchExpressions: [{ key: "disk", operator: "Exists" }] } },
    ]);
    const nodes = [node("node1", { memory: "16Gi" }), node("node2", { labels: { disk: "ssd" } })];
    expect(placed(wish, nodes).node).toBe("node2");
  });

  it("the first by name is taken among equals, and why is told", () => {
    const placement = placed({}, [node("node2"), node("node1")]);
    expect(placement.node).toBe("node1");
    expect(placement.node !== undefined && placement.because).toMatch(/node1 is best of 2 of 2 nodes \(freeMemory/);
  });

  it("none is ever given more than it has", () => {
    const amount = fc.integer({ min: 1, max: 4096 });
    fc.assert(
      fc.property(
        amount,
        fc.array(amount, { maxLength: 5 }),
        fc.array(amount, { maxLength: 8 }),
        (guest, sizes, used) => {
          const spec = { ...instanceSpec, domain: { ...instanceSpec.domain, memory: { guest: `${guest}Mi` } } };
          const nodes = sizes.map((size, index) => node(`node${index}`, { memory: `${size}Mi` }));
          const pods = used.map((size, index) => using(`node${index % Math.max(1, sizes.length)}`, `${size}Mi`));
          const placement = place({ spec, requests: requestsOf(spec, 10) }, nodes, byNode(pods));
          if (placement.node === undefined) {
            expect(Object.keys(placement.reasons)).toHaveLength(nodes.length);
            return;
          }
          const size = sizes[nodes.findIndex((one) => one.metadata.name === placement.node)] ?? 0;
          const taken = pods.reduce(
            (sum, pod, index) => sum + (pod.spec.nodeName === placement.node ? (used[index] ?? 0) : 0),
            0,
          );
          expect(size - taken).toBeGreaterThanOrEqual(requestsOf(spec, 10).memoryBytes / MiB);
        },
      ),
    );
  });
});

describe("the anchor pod", () => {
  const vmi = storedInstance(
    {},
    {
      spec: { nodeSelector: { zone: "b" }, terminationGracePeriodSeconds: 60 },
      meta: { labels: { app: "web" }, annotations: { "note": "x", "virtive.dev/paused": "true" } },
    },
  );
  const pod = anchorOf(vmi, "node1", defaultConfig);

  it("is found by the labels and annotations that tools look for", () => {
    expect(pod.metadata.name).toMatch(/^virt-launcher-web-[0-9a-f]{5}$/);
    expect(pod.metadata.labels).toEqual({
      "app": "web",
      "kubevirt.io": "virt-launcher",
      "kubevirt.io/created-by": vmi.metadata.uid,
      "vm.kubevirt.io/name": "web",
      "vmi.kubevirt.io/id": "web",
    });
    expect(pod.metadata.annotations).toEqual({
      "note": "x",
      "kubevirt.io/domain": "web",
      "kubectl.kubernetes.io/default-container": "compute",
    });
    expect(pod.metadata.ownerReferences?.[0]).toMatchObject({ uid: vmi.metadata.uid, controller: true });
  });

  it("asks for the guest's memory, its overhead and a share of CPU", () => {
    // 64 + 8 + 32 + 4 fixed, 512/512 tables, 8 a vCPU, 32 graphics.
    expect(overheadBytes(vmi.spec)).toBe(149 * MiB);
    expect(pod.spec.containers[0]?.resources?.requests).toEqual({ cpu: "100m", memory: String((512 + 149) * MiB) });
  });

  it("is unprivileged and one run only", () => {
    expect(pod.spec).toMatchObject({
      nodeName: "node1",
      schedulerName: "virtive",
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 90,
      nodeSelector: { "zone": "b", "kubevirt.io/schedulable": "true" },
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(pod.spec.containers[0]?.["securityContext"]).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("has a name that is another one for another instance, and never too long", () => {
    const long = storedInstance({}, { meta: { name: "a".repeat(253), uid: "one" } });
    expect(anchorName(long)).toHaveLength(154);
    expect(anchorName(long)).not.toBe(anchorName({ ...long, metadata: { ...long.metadata, uid: "two" } }));
    const labels = Object.values(anchorOf(long, undefined, defaultConfig).metadata.labels ?? {});
    expect(labels.every((value) => value.length <= 63)).toBe(true);
  });
});
