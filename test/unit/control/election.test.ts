import { describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { startElection, type Election, type Term } from "#control/election.ts";
import { beginOnceReady, fencedWriter } from "#control/loop.ts";
import { Lease } from "#control/kinds.ts";

function world() {
  const clock = virtualClock();
  const cluster = memoryCluster({ clock });
  const start = (name: string) => {
    const terms: Term[] = [];
    let cut = false;
    const guarded = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        if (cut) throw new Fault("later", "APIServerUnreachable", "the network is cut");
        return work(...args);
      };
    };
    const door = {
      ...cluster,
      get: guarded(cluster.get.bind(cluster) as never),
      create: guarded(cluster.create.bind(cluster) as never),
      patch: guarded(cluster.patch.bind(cluster) as never),
    } as unknown as Reader & Writer;
    const election: Election = startElection({
      cluster: door,
      namespace: "virtive",
      name: "virtive-control",
      holder: () => ({ name, address: "10.0.0.1", apiPort: 1, ingressPort: 2 }),
      lead: (term) => void terms.push(term),
      clock,
      monotonic: () => clock.now().getTime(),
      log: silentLog,
    });
    return { election, terms, cut: (value: boolean) => (cut = value) };
  };
  return { clock, cluster, start };
}

describe("an election", () => {
  it("has one winner, whom the others know", async () => {
    const { clock, start } = world();
    const [one, other] = [start("one"), start("other")];
    await clock.advance(10_000);
    expect([one, other].filter(({ election }) => election.leading)).toHaveLength(1);
    expect(one.terms.length + other.terms.length).toBe(1);
    expect(other.election.leader()).toEqual(one.election.leader());
    expect(one.election.leader()?.name).toMatch(/one|other/);
  });

  it("has at every moment one leader at most, and a new one within 3 s of the old one's silence", async () => {
    const { clock, start } = world();
    const replicas = [start("a"), start("b"), start("c")];
    await clock.advance(1_000);
    for (let round = 0; round < 6; round += 1) {
      const leader = replicas.find(({ election }) => election.leading);
      if (leader === undefined) return expect.fail("nobody leads");
      leader.cut(true);
      let without = 0;
      for (let passed = 0; passed < 6_000; passed += 50) {
        await clock.advance(50);
        const leaders = replicas.filter(({ election }) => election.leading);
        expect(leaders.length).toBeLessThanOrEqual(1);
        if (leaders.length === 0 || leaders[0] === leader) without = passed + 50;
      }
      expect(without).toBeLessThanOrEqual(3_000);
      expect(leader.terms.at(-1)?.holds()).toBe(false);
      leader.cut(false);
      await clock.advance(1_000);
      expect(leader.terms.at(-1)?.signal.aborted).toBe(true);
    }
  });

  it("has its loop also when the lease was not renewed just when all was ready for it", async () => {
    const { clock, start } = world();
    const one = start("one");
    await clock.advance(1_000);
    const term = one.terms[0];
    if (term === undefined) return expect.fail("nobody leads");
    const ready = Promise.withResolvers<void>();
    let begun = 0;
    const beginning = beginOnceReady(term, ready.promise, () => (begun += 1));
    one.cut(true);
    await clock.advance(3_000);
    expect(one.election.leading).toBe(false);
    ready.resolve();
    await beginning;
    one.cut(false);
    await clock.advance(1_000);
    expect([one.election.leading, one.terms.length, begun]).toEqual([true, 1, 1]);
  });

  it("has no loop of a term that ended before all was ready", async () => {
    const { clock, start } = world();
    const one = start("one");
    await clock.advance(1_000);
    const term = one.terms[0];
    if (term === undefined) return expect.fail("nobody leads");
    const ready = Promise.withResolvers<void>();
    const beginning = beginOnceReady(term, ready.promise, () => expect.fail("its term is over"));
    await one.election.close();
    ready.resolve();
    await beginning;
  });

  it("is given back by who ends in order: another takes over within a renewal", async () => {
    const { clock, cluster, start } = world();
    const first = start("first");
    await clock.advance(1_000);
    const second = start("second");
    await clock.advance(1_000);
    const closing = first.election.close();
    await clock.advance(0);
    await closing;
    await clock.advance(500);
    expect(second.election.leading).toBe(true);
    const lease = await cluster.get(Lease, { namespace: "virtive", name: "virtive-control" });
    expect(lease?.spec).toMatchObject({ leaseDurationSeconds: 2, leaseTransitions: 1 });
  });

  it("goes on with a term that was suspended where nobody else has led meanwhile, and begins anew after long", async () => {
    const { clock, start } = world();
    const alone = start("alone");
    await clock.advance(1_000);
    alone.cut(true);
    await clock.advance(5_000);
    expect(alone.election.leading).toBe(false);
    alone.cut(false);
    await clock.advance(1_000);
    expect(alone.election.leading).toBe(true);
    expect(alone.terms).toHaveLength(1);
    alone.cut(true);
    await clock.advance(15_000);
    alone.cut(false);
    await clock.advance(1_000);
    expect(alone.terms).toHaveLength(2);
    expect(alone.terms[0]?.signal.aborted).toBe(true);
    expect(alone.election.leading).toBe(true);
  });

  it("fences a leader whose term is over: it writes nothing more", async () => {
    const { clock, cluster, start } = world();
    const leader = start("leader");
    await clock.advance(1_000);
    const [term] = leader.terms;
    if (term === undefined) return expect.fail("nobody leads");
    const writer = fencedWriter(cluster, term);
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "x", namespace: "y" } };
    await writer.create(Lease, lease);
    leader.cut(true);
    await clock.advance(2_500);
    await expect(writer.create(Lease, lease)).rejects.toMatchObject({ kind: "later", reason: "NotLeader" });
  });
});
