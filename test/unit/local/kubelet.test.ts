import { beforeEach, describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import { label } from "#api/names.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { runKubelet } from "#local/kubelet.ts";
import { tended, type Tended } from "./tended.ts";

const clock = virtualClock(new Date("2026-11-24T10:00:00Z"));
const at = { namespace: "default", name: "anchor" };

let cluster: MemoryCluster;
let made: Set<string>;
let used: Set<string>;
let tender: Tended;
/** One turn of the kubelet at the pod. */
let turn: () => Promise<unknown>;

beforeEach(() => {
  cluster = memoryCluster({ clock });
  made = new Set();
  used = new Set();
  tender = tended(clock);
  runKubelet({
    nodes: new Set(["node-1"]),
    network: {
      ensure: (uid) => Promise.resolve({ podIP: `10.0.0.${made.add(uid).size}` }),
      end: (uid) => Promise.resolve(void made.delete(uid)),
    },
    inUse: (_node, uid) => used.has(uid),
    reader: cluster,
    cluster,
    ...tender,
  });
  turn = () => tender.turn("pod/default/anchor");
});

async function pod(): Promise<string> {
  const metadata = { ...at, labels: { [label.component]: "virt-launcher" } };
  const spec = { nodeName: "node-1", containers: [{ name: "anchor", image: "anchor" }] };
  const { object } = await cluster.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec });
  await turn();
  return object.metadata.uid;
}

async function removedAtOnce(): Promise<void> {
  const found = await cluster.get(Pod, at);
  if (found !== undefined) await cluster.remove(Pod, found, { gracePeriodSeconds: 0 });
  await turn();
}

describe("the kubelet of the local shape", () => {
  it("takes the network of a pod down that is there no more, as with kubectl delete --force", async () => {
    const uid = await pod();
    expect([...made]).toEqual([uid]);
    await removedAtOnce();
    expect([...made]).toEqual([]);
  });

  it("but only once no machine uses it", async () => {
    const uid = await pod();
    used.add(uid);
    await removedAtOnce();
    expect([[...made], tender.again()]).toEqual([[uid], 1]);
    used.clear();
    await turn();
    expect([...made]).toEqual([]);
  });

  it("keeps two pods of one name apart, of which one has gone", async () => {
    const first = await pod();
    used.add(first);
    await removedAtOnce();
    const second = await pod();
    expect([...made]).toEqual([first, second]);
    expect((await cluster.get(Pod, at))?.status?.phase).toBe("Running");
    used.clear();
    await turn();
    expect([...made]).toEqual([second]);
  });
});
