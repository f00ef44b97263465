import { describe, expect, test } from "vitest";
import { Fault } from "#events/fault.ts";
import type { Arrivals } from "#node-runtime/migration/peer-server.ts";
import type { FinishRequest, PeerAddress, Peers } from "#node-runtime/migration/peers.ts";
import { peersWithin } from "#node-runtime/migration/peers-within.ts";

const UID = "11111111-2222-4333-8444-555555555555";
const FINISH: FinishRequest = { migration: "m", epoch: 2, cookie: "" };

function at(node: string): PeerAddress {
  return { claim: { node, bootID: "b", epoch: 2 }, url: "https://127.0.0.1:1", uid: UID };
}

/** node-2 is in this process and expects the machine from node-1; all others are reached by `elsewhere`. */
function within(asking: string, arrivals: Partial<Arrivals> = {}): { readonly peers: Peers; readonly sent: string[] } {
  const sent: string[] = [];
  const elsewhere: Peers = {
    prepare: (to) => (sent.push(to.claim.node), Promise.resolve({ cookie: "far" })),
    finish: (to) => (sent.push(to.claim.node), Promise.resolve({ ran: true, cookie: "far" })),
    tunnel: (to) => (
      sent.push(to.claim.node),
      Promise.resolve({ wire: { memory: "tm", disks: "td" }, close: () => Promise.resolve() })
    ),
  };
  const there: Arrivals = {
    comesFrom: (uid) => (uid === UID ? "node-1" : undefined),
    prepareArrival: () => Promise.resolve({ cookie: "near" }),
    finishArrival: () => Promise.resolve({ ran: true, cookie: "near" }),
    ...arrivals,
  };
  const served = { arrivals: there, wireOf: (uid: string) => ({ memory: `${uid}m`, disks: `${uid}d` }) };
  return { peers: peersWithin(elsewhere, asking, (node) => (node === "node-2" ? served : undefined)), sent };
}

describe("a runtime's way to another of its process", () => {
  test("QEMU connects to the target's own sockets", async () => {
    const { peers, sent } = within("node-1");
    expect((await peers.tunnel(at("node-2"), "m")).wire).toEqual({ memory: `${UID}m`, disks: `${UID}d` });
    expect((await peers.finish(at("node-2"), FINISH)).cookie).toBe("near");
    expect(sent).toEqual([]);
  });

  test("a node that is elsewhere is reached as before", async () => {
    const { peers, sent } = within("node-1");
    expect((await peers.finish(at("node-3"), FINISH)).cookie).toBe("far");
    expect((await peers.tunnel(at("node-3"), "m")).wire.memory).toBe("tm");
    expect(sent).toEqual(["node-3", "node-3"]);
  });

  test("a machine comes from the node that it is expected from, or not at all", async () => {
    const { peers } = within("node-9");
    await expect(peers.finish(at("node-2"), FINISH)).rejects.toMatchObject({ kind: "refused", reason: "Forbidden" });
    await expect(peers.tunnel(at("node-2"), "m")).rejects.toMatchObject({ reason: "Forbidden" });
    const other = { ...at("node-2"), uid: "none" };
    await expect(within("node-1").peers.finish(other, FINISH)).rejects.toMatchObject({ reason: "Forbidden" });
  });

  test("what the peer says against it keeps its kind; what is the peer's own mistake may pass", async () => {
    const stale = new Fault("stale", "NotExpected", "another migration");
    const { peers } = within("node-1", { finishArrival: () => Promise.reject(stale) });
    await expect(peers.finish(at("node-2"), FINISH)).rejects.toMatchObject({
      kind: "stale",
      reason: "NotExpected",
      message: "node-2: another migration",
    });
    const broken = within("node-1", { finishArrival: () => Promise.reject(new TypeError("x")) });
    await expect(broken.peers.finish(at("node-2"), FINISH)).rejects.toMatchObject({ kind: "later" });
  });

  test("a question that does not fit the schema is not passed on", async () => {
    const { peers } = within("node-1");
    await expect(peers.finish(at("node-2"), { ...FINISH, epoch: 0 })).rejects.toMatchObject({ kind: "later" });
  });
});
