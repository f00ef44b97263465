import { describe, expect, it } from "vitest";
import { ConfigMap, Node, Pod } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { memoryCluster, type MemoryClusterOptions } from "#events/memory-cluster.ts";

/** What test/contract/cluster asks of any cluster is not repeated here. */
function bench(options: Partial<MemoryClusterOptions> = {}) {
  const clock = virtualClock();
  return { clock, cluster: memoryCluster({ clock, ...options }) };
}

function pod(name: string, nodeName?: string, owner?: Stored<KubeObject>): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: "ns",
      name,
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: "v1", kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid },
            ],
          }),
    },
    spec: { containers: [], terminationGracePeriodSeconds: 60, ...(nodeName === undefined ? {} : { nodeName }) },
  };
}

const at = (name: string): { namespace: string; name: string } => ({ namespace: "ns", name });

describe("a pod in memory", () => {
  it("goes at once while no node has it", async () => {
    const { cluster } = bench();
    const { object } = await cluster.create(Pod, pod("a"));
    await cluster.remove(Pod, object);
    expect(await cluster.get(Pod, at("a"))).toBeUndefined();
  });

  it("waits for its node to say that it is gone", async () => {
    const { cluster } = bench();
    const { object } = await cluster.create(Pod, pod("a", "node1"));
    await cluster.remove(Pod, object);
    expect((await cluster.get(Pod, at("a")))?.metadata).toMatchObject({
      deletionTimestamp: "2026-01-01T00:01:00Z",
      deletionGracePeriodSeconds: 60,
    });
    await cluster.remove(Pod, object, { gracePeriodSeconds: 0 });
    expect(await cluster.get(Pod, at("a"))).toBeUndefined();
  });
});

describe("status at creation", () => {
  it("is kept for nodes, whose kubelet registers them with it, and Pending for pods", async () => {
    const { cluster } = bench();
    const node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n" },
      spec: {},
      status: { capacity: { cpu: "2" } },
    };
    expect((await cluster.create(Node, node)).object.status?.capacity).toEqual({ cpu: "2" });
    const withStatus = { ...pod("a"), status: { phase: "Running" as const } };
    expect((await cluster.create(Pod, withStatus)).object.status).toEqual({ phase: "Pending" });
  });
});

describe("admission", () => {
  it("defaults what is created, status included, and refuses what is wrong", async () => {
    const { cluster } = bench({
      admission(_kind: Kind, object, old) {
        if (object.metadata.labels?.["bad"] !== undefined)
          throw new Fault("refused", "Invalid", "metadata.labels: bad");
        return old === undefined ? ({ ...object, status: { phase: "Pending" } } as KubeObject) : object;
      },
    });
    const { object } = await cluster.create(Pod, pod("a"));
    expect(object.status?.phase).toBe("Pending");
    const bad = { ...object, metadata: { ...object.metadata, labels: { bad: "1" } } };
    await expect(cluster.patch(Pod, object, bad, "object")).rejects.toMatchObject({ kind: "refused" });
  });
});

describe("garbage collection, where it is asked for", () => {
  it("removes what was owned by what is gone, and what that owned", async () => {
    const { cluster, clock } = bench({ collectGarbage: true });
    const { object: owner } = await cluster.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: at("owner"),
    });
    const { object: owned } = await cluster.create(Pod, pod("owned", undefined, owner));
    await cluster.create(Pod, pod("grandchild", undefined, owned));
    await cluster.create(Pod, pod("other"));
    await cluster.remove(ConfigMap, owner);
    await clock.settle();
    expect((await cluster.list(Pod)).map(({ metadata }) => metadata.name)).toEqual(["other"]);
  });

  it("removes what is made for an owner that is gone by then", async () => {
    const { cluster, clock } = bench({ collectGarbage: true });
    const { object: owner } = await cluster.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: at("owner"),
    });
    await cluster.remove(ConfigMap, owner);
    await cluster.create(Pod, pod("late", undefined, owner));
    await clock.settle();
    expect(await cluster.list(Pod)).toEqual([]);
  });

  it("is not done otherwise", async () => {
    const { cluster, clock } = bench();
    const { object: owner } = await cluster.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: at("owner"),
    });
    await cluster.create(Pod, pod("owned", undefined, owner));
    await cluster.remove(ConfigMap, owner);
    await clock.settle();
    expect((await cluster.list(Pod)).length).toBe(1);
  });
});

describe("what a cluster in memory tells tests", () => {
  it("is each write that changed something", async () => {
    const { cluster } = bench();
    const writes: string[] = [];
    const stop = cluster.onWrite(({ verb, part, kind, key }) => writes.push(`${verb} ${part} ${kind} ${key}`));
    const { object } = await cluster.create(Pod, pod("a"));
    await cluster.create(Pod, pod("a"));
    const running = await cluster.patch(Pod, object, { ...object, status: { phase: "Running" } }, "status");
    await cluster.patch(Pod, running, { ...running }, "object");
    await cluster.remove(Pod, running);
    await cluster.remove(Pod, running);
    stop();
    await cluster.create(Pod, pod("b"));
    expect(writes).toEqual(["create object Pod ns/a", "patch status Pod ns/a", "remove object Pod ns/a"]);
  });

  it("is a fault from every call while it is refused", async () => {
    const { cluster } = bench();
    cluster.refuse(new Fault("later", "APIServerUnreachable", "down"));
    await expect(cluster.list(Pod)).rejects.toMatchObject({ reason: "APIServerUnreachable" });
    cluster.refuse(undefined);
    expect(await cluster.list(Pod)).toEqual([]);
  });

  it("can't be changed through what it lends", async () => {
    const { cluster } = bench();
    const given = pod("a");
    const { object } = await cluster.create(Pod, given);
    expect(() => ((object.spec as { nodeName?: string }).nodeName = "x")).toThrow(TypeError);
    (given.spec as { nodeName?: string }).nodeName = "mine";
    expect((await cluster.get(Pod, at("a")))?.spec.nodeName).toBeUndefined();
  });

  it("is the same every time", async () => {
    const run = async (): Promise<unknown> => {
      const { cluster } = bench();
      const { object } = await cluster.create(Pod, pod("a"));
      return cluster.patch(Pod, object, { ...object, status: { phase: "Running" } }, "status");
    };
    expect(await run()).toEqual(await run());
  });
});
