import { describe, expect, it } from "vitest";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import type { MachineStatus } from "#events/machine.ts";
import type { Outbox } from "#events/outbox.ts";
import type { ControlAnswer } from "#node-runtime/control-client.ts";
import { inventoryOf, reportEvent, startReporter } from "#node-runtime/reporter.ts";
import { BOOT_ID } from "./orders.ts";
import { Rig } from "./rig.ts";

async function status(changes: Partial<MachineStatus> = {}): Promise<MachineStatus> {
  const rig = await Rig.start();
  return { ...(await rig.running()), ...changes };
}

interface Beat {
  readonly body: { readonly inventory: string; readonly hypervisorReady: boolean };
}

function started(answer: () => Promise<ControlAnswer> | ControlAnswer) {
  const clock = virtualClock();
  const beats: Beat[] = [];
  const added: CloudEvent[] = [];
  const state = { full: false, nudged: 0, machines: [] as MachineStatus[] };
  const outbox: Outbox = {
    add: (event) => {
      if (state.full) throw new Fault("later", "DiskFull", "no space is left");
      added.push(event);
    },
    waiting: 0,
    refused: () => [],
    nudge: () => void (state.nudged += 1),
    empty: async () => {},
    close: async () => {},
  };
  const reporter = startReporter({
    client: {
      post: async (_path, _headers, body) => {
        beats.push({ body: JSON.parse(String(body)) as Beat["body"] });
        return answer();
      },
      renew: () => {},
      close: () => {},
    },
    outbox,
    clock,
    log: silentLog,
    monotonic: () => clock.now().getTime(),
    machines: () => state.machines,
    hypervisorReady: () => true,
    node: {
      node: "node1",
      bootID: BOOT_ID,
      url: "https://127.0.0.1:1",
      capacity: { cpus: 2, memoryBytes: 1024, machines: 10 },
      accelerator: "tcg",
      versions: {},
    },
  });
  return { clock, reporter, beats, added, state };
}

const ok: ControlAnswer = { status: 200, body: '{"leaseSeconds":10}', retryAfterSeconds: undefined };

describe("a report", () => {
  it("is an event with the machine's key, and the same id however often it is made", async () => {
    const machine = await status();
    const event = reportEvent("started", machine, virtualClock());
    expect(event).toMatchObject({
      type: "dev.virtive.machine.started",
      source: "/virtive/node/node1",
      extensions: {
        partitionkey: "default/demo",
        uid: machine.uid,
        epoch: "1",
        bootid: BOOT_ID,
        sequence: String(machine.sequence),
      },
    });
    expect(reportEvent("started", machine, virtualClock(new Date("2027-01-01T00:00:00Z"))).id).toBe(event.id);
    expect(reportEvent("started", { ...machine, sequence: machine.sequence + 1 }, virtualClock()).id).not.toBe(
      event.id,
    );
  });

  it("that found no room on disk is made again with a heartbeat", async () => {
    const { clock, reporter, added, state } = started(() => ok);
    state.full = true;
    reporter.tell("started", await status());
    await clock.advance(3000);
    expect(added).toEqual([]);
    state.full = false;
    await clock.advance(3000);
    expect(added).toHaveLength(1);
  });
});

describe("the inventory", () => {
  it("is one hash for the same machines in any order, and another when a state or an epoch changes", async () => {
    const [a, b] = [await status({ uid: "a" }), await status({ uid: "b" })];
    expect(inventoryOf([a, b])).toBe(inventoryOf([b, a]));
    expect(inventoryOf([a])).not.toBe(inventoryOf([a, b]));
    expect(inventoryOf([a])).not.toBe(inventoryOf([{ ...a, state: "paused" }]));
    expect(inventoryOf([a])).not.toBe(inventoryOf([{ ...a, claim: { ...a.claim, epoch: 2 } }]));
    expect(inventoryOf([a])).toBe(inventoryOf([{ ...a, sequence: 99 }]));
  });
});

describe("the heartbeat", () => {
  it("beats every two seconds", async () => {
    const { clock, beats } = started(() => ok);
    await clock.advance(10_000);
    expect(beats.length).toBeGreaterThanOrEqual(5);
    expect(beats[0]?.body).toMatchObject({ node: "node1", hypervisorReady: true });
  });

  it("gives a lease that is counted from before it was sent, and ends when nobody answers", async () => {
    const clockOf = { silent: false };
    const { clock, reporter } = started(() => (clockOf.silent ? Promise.reject(new Fault("later", "X", "away")) : ok));
    expect(reporter.leaseValid()).toBe(false);
    await clock.advance(1);
    expect(reporter.leaseValid()).toBe(true);
    clockOf.silent = true;
    await clock.advance(9_998);
    expect(reporter.leaseValid()).toBe(true);
    await clock.advance(2);
    expect(reporter.leaseValid()).toBe(false);
  });

  it.each([
    ["a refusal", { ...ok, status: 403 }],
    ["no lease", { ...ok, body: "{}" }],
    ["a lease of nothing", { ...ok, body: '{"leaseSeconds":0}' }],
  ])("gives no lease when it is answered with %s", async (_what, answer) => {
    const { clock, reporter } = started(() => answer);
    await clock.advance(5000);
    expect(reporter.leaseValid()).toBe(false);
  });

  it("has the outbox try at once when the control plane is back", async () => {
    let away = true;
    const { clock, state } = started(() => (away ? Promise.reject(new Fault("later", "X", "away")) : ok));
    await clock.advance(5000);
    expect(state.nudged).toBe(0);
    away = false;
    await clock.advance(5000);
    expect(state.nudged).toBe(1);
  });

  it("stops when it is closed", async () => {
    const { clock, reporter, beats } = started(() => ok);
    await clock.advance(1);
    await reporter.close();
    const before = beats.length;
    await clock.advance(60_000);
    expect(beats.length).toBe(before);
  });
});
