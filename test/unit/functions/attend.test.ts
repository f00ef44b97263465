import { describe, expect, it } from "vitest";
import type { Node } from "#api/core.ts";
import type { Stored } from "#api/object.ts";
import { attend, type AttendFacts } from "#functions/attend.ts";
import { defaultConfig } from "#functions/config.ts";
import type { Heartbeat } from "#events/machine.ts";
import type { Looks } from "#functions/define.ts";
import { Fault } from "#events/fault.ts";
import { heartbeat, node } from "./objects.ts";

const ours = attend({ ...defaultConfig, ownNodes: true });
const cluster = attend(defaultConfig);
const BEGIN = new Date("2026-01-01T00:00:00Z").getTime();

function at(seconds: number): Date {
  return new Date(BEGIN + seconds * 1000);
}

function heard(
  seconds: number,
  more: Partial<Heartbeat> = {},
  known: Stored<Node> | undefined = settled(),
): AttendFacts {
  return { name: "node1", node: known, heartbeat: confirmed(heartbeat("node1", more), seconds) };
}

/** The node itself says so too. */
function confirmed(said: Heartbeat, seconds: number): NonNullable<AttendFacts["heartbeat"]> {
  return { said, at: at(seconds), present: { known: "yes", bootID: said.bootID } };
}

/** A node that has told all that heartbeats of the test tell, at second 0. */
function settled(): Stored<Node> {
  const [made] = ours.decide({ name: "node1", node: undefined, heartbeat: confirmed(heartbeat(), 0) }, at(0)).effects;
  if (made?.do !== "create") throw new Error("no node was made");
  const { metadata, ...rest } = made.object;
  const stored = node("node1");
  return {
    ...stored,
    ...rest,
    metadata: {
      ...metadata,
      uid: stored.metadata.uid,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
  };
}

/** Somebody has listened since the second, and heard the node last at another. */
function kept(since: number, last: number | undefined, known: Stored<Node> | undefined = settled()): AttendFacts {
  const heartbeatKept = last === undefined ? undefined : confirmed(heartbeat("node1"), last);
  return { name: "node1", node: known, heartbeat: heartbeatKept, listening: listening(since, heartbeatKept) };
}

function listening(since: number, heard: AttendFacts["heartbeat"]): NonNullable<AttendFacts["listening"]> {
  return { since: at(since), lastHeard: heard?.at };
}

describe("attend", () => {
  it("makes a Node of the first heartbeat where Nodes are ours", () => {
    expect(settled()).toMatchObject({
      metadata: {
        labels: { "kubernetes.io/hostname": "node1", "kubevirt.io/schedulable": "true" },
        annotations: { "virtive.dev/runtime-url": "https://node1:1", "virtive.dev/boot-id": "boot-1" },
      },
      status: {
        capacity: { cpu: "4", memory: "8388608Ki", pods: "110" },
        addresses: [{ type: "InternalIP", address: "node1" }, { type: "Hostname" }],
      },
    });
    expect(settled().status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "RuntimeReady=True",
      "Ready=True",
    ]);
  });

  it("makes none where they are the kubelet's, and leaves Ready and capacity to it", () => {
    expect(cluster.decide(heard(0, {}, undefined), at(0)).effects).toEqual([]);
    const theirs = {
      ...settled(),
      status: { capacity: { cpu: "64" }, conditions: [{ type: "Ready", status: "False" as const }] },
    };
    const { effects } = cluster.decide(heard(1, {}, theirs), at(1));
    const patch = effects.find((effect) => effect.do === "patch" && effect.part === "status");
    const after = patch?.do === "patch" ? (patch.after as Node) : undefined;
    expect(after?.status?.capacity).toEqual({ cpu: "64" });
    expect(after?.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "Ready=False",
      "RuntimeReady=True",
    ]);
  });

  it("writes a heartbeat down every 8 s, and at once when it says something new", () => {
    expect(ours.decide(heard(2), at(2)).effects).toEqual([]);
    expect(ours.decide(heard(7.9), at(7.9)).effects).toEqual([]);
    expect(ours.decide(heard(8), at(8)).effects).toHaveLength(1);
    expect(ours.decide(heard(2, { inventory: "other" }), at(2)).effects).toEqual([]);
    expect(ours.decide(heard(2, { bootID: "boot-2" }), at(2)).effects).toHaveLength(2);
    expect(ours.decide(heard(2, { hypervisorReady: false }), at(2)).effects).toHaveLength(2);
  });

  it("does not believe a heartbeat that comes late: it may tell of an earlier boot", () => {
    expect(ours.decide(heard(-5, { bootID: "boot-0" }), at(1)).because).toMatch(/overtaken/);
    expect(ours.decide(heard(2, { bootID: "boot-0" }), at(23)).because).toMatch(/overtaken/);
  });

  it("believes another boot when the node itself says so, and nobody else", () => {
    const said = heartbeat("node1", { bootID: "boot-2" });
    const facts = heard(2, { bootID: "boot-2" });
    const present = (fact: object | undefined): AttendFacts =>
      ({ ...facts, heartbeat: { said, at: at(2), ...(fact === undefined ? {} : { present: fact }) } }) as AttendFacts;
    expect(ours.decide(facts, at(2)).effects).toHaveLength(2);
    const late = ours.decide(present({ known: "yes", bootID: "boot-3" }), at(2));
    expect(late.effects).toEqual([]);
    expect(late.because).toMatch(/present boot of node1 is boot-3/);
    const silent = ours.decide(present({ known: "no", reason: "it does not answer" }), at(2));
    expect(silent.effects).toEqual([]);
    expect(silent.because).toMatch(/can't be asked: it does not answer/);
    expect(ours.decide(present(undefined), at(2)).effects).toEqual([]);
  });

  it("asks the node where the heartbeat says that it listens, and only about a boot that is not known", async () => {
    const asked: string[] = [];
    const read = async (bootID: string, known: Stored<Node> | undefined, attends = ours) => {
      const data = heartbeat("node1", { bootID });
      const looks = {
        cluster: { get: async () => known, list: async () => [] },
        nodes: {
          identity: async (node: string, url: string) => {
            asked.push(`${node} ${url}`);
            if (bootID === "boot-9") throw new Fault("later", "NodeUnreachable", "it does not answer");
            return { node, bootID: "boot-2" };
          },
        },
        event: { type: "dev.virtive.node.heartbeat", time: at(2).toISOString(), data },
      } as unknown as Looks;
      const facts = await attends.read(looks, "/node1");
      return facts?.heartbeat?.present;
    };
    expect(await read("boot-1", settled())).toBeUndefined();
    expect(await read("boot-1", undefined, cluster)).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await read("boot-2", settled())).toEqual({ known: "yes", bootID: "boot-2" });
    expect(await read("boot-1", undefined)).toEqual({ known: "yes", bootID: "boot-2" });
    expect(await read("boot-9", settled())).toEqual({ known: "no", reason: "it does not answer" });
    expect(asked).toEqual(Array(3).fill("node1 https://node1:1"));
  });

  it("writes a heartbeat that is kept down every 5 minutes", () => {
    for (const second of [2, 8, 299]) expect(ours.decide(kept(0, second), at(second)).effects).toEqual([]);
    expect(ours.decide(kept(0, 300), at(300)).effects).toHaveLength(1);
    const { effects } = ours.decide(
      { ...heard(2, { hypervisorReady: false }), listening: listening(0, undefined) },
      at(2),
    );
    expect(effects).toHaveLength(2);
  });

  it("says of a node whose heartbeats are kept that it is silent 20 s after the last", () => {
    expect(ours.decide(kept(0, 100), at(119)).effects).toEqual([]);
    const { effects, because } = ours.decide(kept(0, 100), at(120));
    expect(effects).toHaveLength(2);
    expect(because).toMatch(/not been heard for 20 s/);
  });

  it("calls no node silent before it has listened for 20 s itself, whatever was written down", () => {
    expect(ours.decide(kept(1000, undefined), at(1019)).effects).toEqual([]);
    expect(ours.decide(kept(1000, undefined), at(1020)).effects).toHaveLength(2);
  });

  it("takes the newer of what the event tells and what is kept", async () => {
    const rollCall = {
      listening: () => listening(0, undefined),
      last: () => ({ said: heartbeat("node1", { hypervisorReady: false }), at: at(4) }),
    };
    const read = (time: number) =>
      ours.read(
        {
          cluster: { get: async () => settled(), list: async () => [] },
          nodes: {},
          event: { type: "dev.virtive.node.heartbeat", time: at(time).toISOString(), data: heartbeat("node1") },
          rollCall,
        } as unknown as Looks,
        "/node1",
      );
    expect((await read(2))?.heartbeat).toMatchObject({ at: at(4), said: { hypervisorReady: false } });
    expect((await read(6))?.heartbeat).toMatchObject({ at: at(6), said: { hypervisorReady: true } });
  });

  it("says that a node is silent 20 s after the last heartbeat, and no sooner", () => {
    const silence = { name: "node1", node: settled(), heartbeat: undefined };
    expect(ours.decide(silence, at(19)).effects).toEqual([]);
    const { effects } = ours.decide(silence, at(20));
    const [patch] = effects;
    const after = patch?.do === "patch" ? (patch.after as Node) : undefined;
    expect(after?.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "RuntimeReady=Unknown",
      "Ready=Unknown",
    ]);
  });

  it("labels a Node with the CPUs that guests can have there, once it has been asked for them", async () => {
    const cpu = { vendor: "AMD", hostModel: "EPYC", models: ["EPYC", "qemu64"], features: ["aes"] };
    const versions = { qemu: "10", cpu: "one" };
    const known = settled();
    const asked: string[] = [];
    const looks = {
      cluster: { get: async () => known },
      nodes: { identity: async (name: string) => (asked.push(name), { node: name, bootID: "boot-1", cpu }) },
      event: { type: "dev.virtive.node.heartbeat", data: heartbeat("node1", { versions }), time: at(1).toISOString() },
    } as unknown as Looks;
    const facts = await cluster.read(looks, "/node1");
    expect(asked).toEqual(["node1"]);
    if (facts === undefined) return expect.fail("nothing is known");
    const [patch] = cluster.decide(facts, at(1)).effects;
    const { labels, annotations } = patch?.do === "patch" ? patch.after.metadata : {};
    expect(labels).toEqual({
      "kubernetes.io/hostname": "node1",
      "kubernetes.io/os": "linux",
      "kubevirt.io/schedulable": "true",
      "virtive.dev/accelerator": "tcg",
      "cpu-vendor.node.kubevirt.io/AMD": "true",
      "host-model-cpu.node.kubevirt.io/EPYC": "true",
      "cpu-model.node.kubevirt.io/EPYC": "true",
      "cpu-model.node.kubevirt.io/qemu64": "true",
      "cpu-feature.node.kubevirt.io/aes": "true",
    });
    expect(annotations).toMatchObject({ "virtive.dev/cpu": "one" });
    // Another answer replaces it.
    const labelled = { ...known, metadata: { ...known.metadata, labels, annotations } } as Stored<Node>;
    const present = { known: "yes" as const, bootID: "boot-1", cpu: { models: ["qemu64"], features: [] } };
    const said = heartbeat("node1", { versions: { qemu: "10", cpu: "two" } });
    const again = cluster.decide({ name: "node1", node: labelled, heartbeat: { said, at: at(2), present } }, at(2));
    const [next] = again.effects;
    const names = Object.keys(next?.do === "patch" ? (next.after.metadata.labels ?? {}) : {});
    expect(names.filter((name) => name.includes(".node.kubevirt.io/"))).toEqual(["cpu-model.node.kubevirt.io/qemu64"]);
  });
});
