import { describe, expect, it } from "vitest";
import { systemClock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import { encode } from "#events/http.ts";
import { createIngress } from "#events/ingress.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder, MachineStatus } from "#events/machine.ts";
import type { NodeDoors } from "#functions/nodes.ts";
import { controlWithin, nodesWithin, type WithinEnv } from "#local/within.ts";
import { reportEvent } from "#node-runtime/reporter.ts";
import { heartbeat, machineStatus } from "../functions/objects.ts";
import { order } from "../runtime/orders.ts";

const NODE = "node1";

function bench(fault?: Fault) {
  const known = machineStatus("running", { uid: "known" });
  const taken: MachineOrder[] = [];
  const overDoors: string[] = [];
  const fail = (): void => {
    if (fault !== undefined) throw fault;
  };
  const served = {
    all: () => [known],
    status: (uid: string): MachineStatus | undefined => (uid === "known" ? known : undefined),
    async order(given: MachineOrder) {
      fail();
      taken.push(given);
      return known;
    },
    forget: async () => fail(),
    act: async () => fail(),
    xml: async () => "<domain/>",
  };
  const outside = (what: string) => async () => void overDoors.push(what);
  const doors = { machine: outside("machine"), order: outside("order"), forget: outside("forget") };
  const nodes = nodesWithin(doors as unknown as NodeDoors, (node) => (node === NODE ? { served } : undefined));
  return { nodes, known, taken, overDoors };
}

const ordered = order({ claim: { node: NODE, bootID: "boot-1", epoch: 1 } });

describe("a node of this process", () => {
  it("answers as over a connection, with copies", async () => {
    const { nodes, known, taken } = bench();
    const told = await nodes.machine(NODE, "known");
    expect(told).toEqual(known);
    expect(told).not.toBe(known);
    expect(await nodes.machine(NODE, "unknown")).toBeUndefined();
    expect(await nodes.machines(NODE)).toEqual([known]);
    await nodes.order(ordered);
    expect(taken).toEqual([ordered]);
    expect(taken[0]).not.toBe(ordered);
  });

  it.each([
    ["refused", "refused"],
    ["stale", "stale"],
    ["later", "later"],
    ["bug", "later"],
  ] as const)("that throws %s is told as %s, with its name", async (kind, told) => {
    const { nodes } = bench(new Fault(kind, "Tested", "no"));
    await expect(nodes.order(ordered)).rejects.toMatchObject({
      kind: told,
      reason: "Tested",
      message: `${NODE}: no`,
    });
    await expect(nodes.forget(NODE, "known", 1)).rejects.toMatchObject({ kind: told, reason: "Tested" });
    await expect(nodes.act(NODE, "known", 1, "reset")).rejects.toMatchObject({ kind: told, reason: "Tested" });
  });

  it("is the only one: others are reached through their doors", async () => {
    const { nodes, overDoors } = bench();
    await nodes.machine("node2", "known");
    await nodes.order(order({ claim: { node: "node2", bootID: "boot-1", epoch: 1 } }));
    await nodes.forget("node2", "known", 1);
    expect(overDoors).toEqual(["machine", "order", "forget"]);
  });
});

describe("the control plane of this process", () => {
  function ingress() {
    const published: CloudEvent[] = [];
    const app = createIngress({
      publish: async (event) => void published.push(event),
      identityOf: ({ env }) => {
        const { node } = env as WithinEnv;
        return node === undefined ? undefined : { node };
      },
      leaseSeconds: 10,
      clock: systemClock,
      log: silentLog,
    });
    return { app, published };
  }

  it("takes a node's reports and heartbeats, and those of no other", async () => {
    const { app, published } = ingress();
    const { signal } = new AbortController();
    const report = reportEvent("started", machineStatus("running"), systemClock);
    const { headers, body } = encode(report, "binary");
    expect(await controlWithin(app, NODE).post("/events", headers, body, signal)).toMatchObject({ status: 202 });
    expect(await controlWithin(app, "node2").post("/events", headers, body, signal)).toMatchObject({ status: 403 });
    const beat = JSON.stringify(heartbeat(NODE));
    const answer = await controlWithin(app, NODE).post("/heartbeat", {}, beat, signal);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { leaseSeconds: 10 }]);
    expect(published.map(({ type }) => type.split(".").at(-1))).toEqual(["started", "heartbeat"]);
  });
});
