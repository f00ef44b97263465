import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { Records } from "#node-runtime/records.ts";
import { order } from "./orders.ts";
import { Rig } from "./rig.ts";

const { uid, claim } = order();
const seconds = (count: number): number => count * 1000;
const epoch = (number: number) => ({ ...claim, epoch: number });

async function stoppedRig(): Promise<Rig> {
  const rig = await Rig.start();
  await rig.running();
  await rig.order({ desired: "off", version: "101" });
  await rig.clock.advance(seconds(1));
  expect(rig.status().state).toBe("stopped");
  return rig;
}

describe("orders that a node refuses", () => {
  it.each([
    ["another node's", { claim: { ...claim, node: "node2" } }, "NodeMismatch"],
    ["another boot's", { claim: { ...claim, bootID: "other" } }, "BootIDMismatch"],
    ["those of a lower epoch", { claim: epoch(1), version: "999" }, "EpochTooOld"],
    ["those of a lower version of the same epoch", { claim: epoch(2), version: "99" }, "VersionTooOld"],
  ] as const)("are %s", async (_which, changes, reason) => {
    const rig = await Rig.start();
    await rig.running({ claim: epoch(2) });
    const before = rig.status();
    await expect(rig.order(changes)).rejects.toMatchObject({ kind: "stale", reason });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toEqual(before);
  });

  it("are not those that it has already", async () => {
    const rig = await Rig.start();
    const first = await rig.running();
    expect(await rig.order()).toEqual(first);
    await rig.clock.advance(seconds(1));
    expect(rig.reports()).toEqual(["preparing", "started"]);
  });

  it("are new ones when the disk is full, while what runs goes on", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.disk.full = true;
    await expect(rig.order({ uid: "other" })).rejects.toMatchObject({ kind: "later", reason: "DiskFull" });
    await expect(rig.order({ version: "101", desired: "off" })).rejects.toMatchObject({ reason: "DiskFull" });
    expect(rig.status()).toMatchObject({ state: "running", version: "100" });
    expect(rig.machines.status("other")).toBeUndefined();
    rig.disk.full = false;
    await rig.order({ version: "101", desired: "off" });
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("stopped");
  });

  it("are those of a lower epoch even after the machine was forgotten and the runtime restarted", async () => {
    const rig = await Rig.start();
    await rig.running({ claim: epoch(5) });
    await rig.order({ claim: epoch(5), desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    await rig.machines.forget(uid, 5);
    expect(rig.machines.all()).toEqual([]);
    await rig.killRuntime();
    await rig.startRuntime();
    for (const old of [4, 5]) {
      await expect(rig.order({ claim: epoch(old) })).rejects.toMatchObject({ reason: "EpochTooOld" });
    }
    await rig.order({ claim: epoch(6) });
  });

  it("does not need the epochs of an earlier boot: their orders name it", async () => {
    const rig = await Rig.start();
    await rig.running({ claim: epoch(5) });
    await rig.order({ claim: epoch(5), desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    await rig.machines.forget(uid, 5);
    await rig.killRuntime();
    await rig.startRuntime("second-boot");
    await expect(rig.order({ claim: epoch(5) })).rejects.toMatchObject({ reason: "BootIDMismatch" });
    expect(rig.disk.files.get("/state/epochs.log")).toBe("");
  });
});

describe("an epoch", () => {
  it("is kept also where the disk was full in the middle of its line before", async () => {
    const rig = await stoppedRig();
    rig.disk.tears = true;
    await expect(rig.machines.forget(uid, 1)).rejects.toMatchObject({ reason: "DiskFull" });
    await rig.machines.forget(uid, 1);
    await rig.killRuntime();
    await rig.startRuntime();
    await expect(rig.order({ version: "200" })).rejects.toMatchObject({ reason: "EpochTooOld" });
  });
});

describe("epochs of an earlier boot", () => {
  it("do not keep a runtime from coming back on a full disk", async () => {
    const rig = await stoppedRig();
    await rig.machines.forget(uid, 1);
    await rig.killRuntime();
    rig.disk.full = true;
    await rig.startRuntime("another-boot");
    expect(rig.machines.all()).toEqual([]);
  });
});

describe("a firmware UUID that two machines were given", () => {
  const spec = { domain: { ...order().spec.domain, firmware: { uuid: "shared" } } };

  it("is the first one's while that has not stopped", async () => {
    const rig = await Rig.start();
    await rig.running({ spec });
    const second = { uid: "second", name: "second", spec };
    await expect(rig.order(second)).rejects.toMatchObject({ kind: "later", reason: "UUIDTaken" });
    await rig.order({ spec, desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    await rig.running(second);
    expect(rig.status("second").state).toBe("running");
  });

  it.each([
    ["is off", { desired: "off" }],
    ["has stopped", { desired: "stopped" }],
    ["does not come", { desired: "incoming", receive: { migration: "m", from: "node2", withdrawn: true } }],
  ] as const)("is in nobody's way who is told that the second %s", async (_what, wish) => {
    const rig = await Rig.start();
    await rig.running({ spec });
    await rig.order({ uid: "second", name: "second", spec, ...wish });
    await rig.clock.advance(seconds(10));
    expect(rig.status("second").state).toBe("stopped");
    expect(rig.status().state).toBe("running");
    expect(rig.hypervisor.truth("shared")).toBe("running");
    const again = { uid: "second", name: "second", spec, claim: epoch(2) };
    await expect(rig.order(again)).rejects.toMatchObject({ reason: "UUIDTaken" });
    await rig.order({ spec, desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "OrderedOff" } });
  });

  it("is free again once a domain is ended that comes late, of a run that is over", async () => {
    const rig = await Rig.start();
    await rig.running({ spec });
    await rig.order({ spec, desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    rig.volumes.failures.push(new Fault("later", "ImagePullFailed", "away"));
    await rig.order({ uid: "second", spec });
    const late = rig.hypervisor.createPaused(
      `<domain><name>default_demo</name><uuid>shared</uuid><mark>${uid}/1</mark></domain>`,
    );
    await rig.clock.advance(seconds(30));
    await late;
    expect(rig.status("second").state).toBe("running");
    expect(rig.hypervisor.machines).toHaveLength(1);
  });

  it("never leads one to the other's domain", async () => {
    const rig = await Rig.start();
    const made = rig.hypervisor.createPaused("<domain><name>x</name><uuid>shared</uuid><mark>other/1</mark></domain>");
    await rig.clock.advance(10);
    await made;
    await rig.order({ spec });
    await rig.clock.advance(seconds(30));
    expect(rig.status()).toMatchObject({ state: "preparing", problem: { reason: "DomainExists" } });
    expect(rig.reports()).toEqual(["preparing", "troubled"]);
    await rig.order({ spec, desired: "off", version: "101" });
    await rig.clock.advance(seconds(30));
    expect(rig.status().state).toBe("stopped");
    expect(rig.hypervisor.truth("shared")).toBe("paused");
  });
});

describe("epochs", () => {
  it("start a stopped machine anew, with sequence numbers that go on", async () => {
    const rig = await stoppedRig();
    const before = rig.status().sequence;
    await rig.order({ claim: epoch(2), version: "200" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "running", claim: { epoch: 2 } });
    expect(rig.status().sequence).toBeGreaterThan(before);
    expect(rig.status().exit).toBeUndefined();
  });

  it("take over a running machine without touching it", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.order({ claim: epoch(2), version: "50" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "running", claim: { epoch: 2 }, version: "50" });
    expect(rig.hypervisor.started).toEqual([uid]);
  });

  it("leave a stopped machine stopped when it is ordered to run in the same one", async () => {
    const rig = await stoppedRig();
    await rig.order({ version: "102" });
    await rig.clock.advance(seconds(10));
    expect(rig.status().state).toBe("stopped");
  });

  it("wait for the end of the run before them", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.volumes.down = () => Promise.reject(new Fault("later", "Busy", "the disk is busy"));
    rig.hypervisor.crash(uid);
    await rig.clock.advance(10);
    expect(rig.status().state).toBe("stopping");
    await expect(rig.order({ claim: epoch(2) })).rejects.toMatchObject({ kind: "later", reason: "StillEnding" });
  });
});

describe("forgetting a machine", () => {
  it("is stale while it has not stopped, or for another epoch", async () => {
    const rig = await Rig.start();
    await rig.running();
    await expect(rig.machines.forget(uid, 1)).rejects.toMatchObject({ kind: "stale", reason: "NotStopped" });
    await expect(rig.machines.forget(uid, 2)).rejects.toMatchObject({ kind: "stale", reason: "EpochUnknown" });
    await rig.machines.forget("unknown", 1);
  });

  it("leaves the next run alone whose order comes in at the same time", async () => {
    const rig = await Rig.start();
    await rig.machines.order(order());
    await rig.machines.order(order({ desired: "off", version: "101" }));
    await rig.clock.advance(5000);
    expect(rig.machines.status(uid)?.state).toBe("stopped");
    const next = rig.machines.order(order({ claim: epoch(2), version: "102" }));
    await expect(rig.machines.forget(uid, 1)).rejects.toMatchObject({ kind: "stale", reason: "EpochTooOld" });
    await next;
    await rig.machines.order(order({ claim: epoch(2), version: "103" }));
    expect(rig.machines.status(uid)).toMatchObject({ claim: { epoch: 2 }, version: "103" });
  });

  it("answers an order off with the machine's end again, for a control plane that still believes in the run", async () => {
    const rig = await Rig.start();
    await rig.machines.order(order());
    await rig.clock.advance(1000);
    await rig.machines.order(order({ desired: "off", version: "101" }));
    await rig.clock.advance(5000);
    const last = rig.machines.status(order().uid)?.sequence ?? 0;
    await rig.machines.forget(order().uid, 1);
    await expect(rig.machines.order(order({ version: "102" }))).rejects.toMatchObject({ reason: "EpochTooOld" });
    await rig.machines.order(order({ desired: "off", version: "102" }));
    await rig.clock.advance(5000);
    expect(rig.machines.status(order().uid)).toMatchObject({ state: "stopped", claim: { epoch: 1 } });
    expect(rig.machines.status(order().uid)?.sequence).toBeGreaterThan(last);
  });

  it("leaves nothing but its epoch", async () => {
    const rig = await stoppedRig();
    await rig.machines.forget(uid, 1);
    expect([...rig.disk.files.keys()]).toEqual(["/state/epochs.log"]);
  });
});

describe("actions", () => {
  it("reset what runs, and are refused for what does not", async () => {
    const rig = await Rig.start();
    await rig.order();
    await expect(rig.machines.act(uid, 1, "reset")).rejects.toMatchObject({ kind: "refused", reason: "NotRunning" });
    await rig.clock.advance(seconds(1));
    const acted = rig.machines.act(uid, 1, "softreboot");
    await rig.clock.advance(10);
    await acted;
    expect(rig.reports().at(-1)).toBe("rebooted");
    await expect(rig.machines.act(uid, 2, "reset")).rejects.toMatchObject({ kind: "stale" });
  });
});

describe("a runtime that comes back", () => {
  it("takes up what runs, and keeps its sequence numbers going", async () => {
    const rig = await Rig.start();
    await rig.running();
    const before = rig.status();
    await rig.killRuntime();
    await rig.startRuntime();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "running", claim: before.claim, version: before.version });
    expect(rig.status().sequence).toBeGreaterThan(before.sequence);
    expect(rig.reports()).toEqual(["preparing", "started", "adopted"]);
    expect(rig.hypervisor.started).toEqual([uid]);
  });

  it("is asked only once it has looked: nothing is known of a guest that runs until then", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    await rig.startRuntime();
    expect(rig.status().state).toBe("unknown");
    const looked = rig.machines.looked(new AbortController().signal);
    await rig.clock.advance(seconds(1));
    await looked;
    expect(rig.status().state).toBe("running");
  });

  it("waits for no hypervisor that is away, and for one that does not answer as long as it is told", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    await rig.startRuntime();
    const patience = new AbortController();
    const looked = rig.machines.looked(patience.signal);
    patience.abort();
    await looked;
    await rig.killRuntime();
    rig.hypervisor.disconnect();
    await rig.startRuntime();
    await rig.machines.looked(new AbortController().signal);
    expect(rig.status().state).toBe("unknown");
  });

  it("tells what ended while it was away", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    rig.hypervisor.crash(uid);
    await rig.startRuntime();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "lost" } });
    expect(rig.network.present.size).toBe(0);
  });

  it("goes on with a start that was cut short, at whatever point", async () => {
    for (let moment = 0; moment < 25; moment += 1) {
      const rig = await Rig.start();
      await rig.order();
      await rig.clock.advance(moment);
      await rig.killRuntime();
      await rig.startRuntime();
      await rig.clock.advance(seconds(2));
      expect(rig.status().state).toBe("running");
      expect(rig.hypervisor.machines).toHaveLength(1);
      expect(rig.hypervisor.started).toEqual([uid]);
    }
  });

  it("starts nothing under a claim of an earlier boot: another node may run it by now", async () => {
    const rig = await Rig.start();
    rig.volumes.stuck = true;
    await rig.order();
    await rig.killRuntime();
    rig.volumes.stuck = false;
    await rig.startRuntime("the next boot");
    await rig.clock.advance(seconds(2));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "ClaimLost" } });
    expect(rig.hypervisor.started).toEqual([]);
  });

  it("goes on with a stop that was cut short, within the same grace", async () => {
    const rig = await Rig.start({ obeysAcpi: false });
    await rig.running();
    await rig.order({ desired: "stopped", graceSeconds: 90, version: "101" });
    await rig.clock.advance(seconds(20));
    await rig.killRuntime(); // 60 s pass
    await rig.startRuntime();
    await rig.clock.advance(seconds(5));
    expect(rig.status().state).toBe("stopping");
    await rig.clock.advance(seconds(10));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "GraceExpired" } });
  });

  it("ends what was ordered off, before it came down, by one who knows no more of it than its claim", async () => {
    const rig = await Rig.start();
    const spec = { domain: { ...order().spec.domain, firmware: { uuid: "its own" } } };
    await rig.running({ spec });
    rig.hypervisor.disconnect();
    await rig.order({ desired: "off", spec: { domain: { devices: {} } }, anchor: { podUID: "", podName: "" } });
    expect(rig.machines.usesPod("pod-1")).toBe(true);
    await rig.killRuntime();
    rig.hypervisor.reconnect();
    await rig.startRuntime();
    await rig.clock.advance(seconds(5));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "OrderedOff" } });
    expect(rig.hypervisor.machines).toEqual([]);
  });

  it("finishes a taking down that was cut short", async () => {
    const rig = await Rig.start();
    await rig.running();
    const down = rig.volumes.down.bind(rig.volumes);
    rig.volumes.down = () => Promise.reject(new Fault("later", "Busy", "the disk is busy"));
    rig.hypervisor.powerOff(uid);
    await rig.clock.advance(seconds(1));
    await rig.killRuntime();
    rig.volumes.down = down;
    await rig.startRuntime();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "shutdown", reason: "GuestShutdown" } });
    expect(rig.volumes.present.size).toBe(0);
  });

  it("keeps a stopped machine's end until it is forgotten", async () => {
    const rig = await stoppedRig();
    const before = rig.status();
    await rig.killRuntime();
    await rig.startRuntime();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: before.exit, since: before.since });
    expect(rig.reports().at(-1)).toBe("stopped");
  });

  it("sets a record aside that it can't read, takes no order for its machine, and leaves its domain alone", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    rig.disk.files.set(`/state/machines/${uid}/record.json`, "{");
    for (let run = 0; run < 2; run += 1) {
      await rig.startRuntime();
      await rig.clock.advance(seconds(1));
      expect(rig.machines.all()).toEqual([]);
      await expect(rig.order({ claim: epoch(9) })).rejects.toMatchObject({ kind: "later", reason: "RecordUnreadable" });
      expect(rig.hypervisor.truth(uid)).toBe("running");
      await rig.killRuntime();
    }
    expect(rig.disk.files.get(`/state/machines/${uid}/record.unreadable`)).toBe("{");
  });
});

describe("records of an earlier life of the node", () => {
  it.each([
    ["torn", (files: Map<string, string>) => files.set(`/state/machines/${uid}/record.json`, "{")],
    ["not there", (files: Map<string, string>) => files.delete(`/state/machines/${uid}/record.json`)],
    ["set aside", (files: Map<string, string>) => files.set(`/state/machines/${uid}/record.unreadable`, "{")],
  ])("are dropped where they are %s, and a new run begins", async (what, damage) => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    rig.hypervisor.powerCut();
    if (what === "set aside") rig.disk.files.delete(`/state/machines/${uid}/record.json`);
    rig.disk.files.set(`/state/machines/${uid}/volumes/disk`, "of a run that is over");
    damage(rig.disk.files);
    await Records.dropUnreadable({ directory: "/state", disk: rig.disk, log: silentLog });
    expect([...rig.disk.files.keys()]).toEqual([]);
    rig.hypervisor.reconnect();
    await rig.startRuntime("another boot");
    await rig.running({ claim: { ...claim, bootID: "another boot", epoch: 1 } });
    expect(rig.status().state).toBe("running");
  });

  it("are kept where they can be read: how their runs ended is still to be told", async () => {
    const rig = await stoppedRig();
    const before = [...rig.disk.files.entries()];
    await Records.dropUnreadable({ directory: "/state", disk: rig.disk, log: silentLog });
    expect([...rig.disk.files.entries()]).toEqual(before);
  });
});

describe("domains that no driver has", () => {
  it("are ended when records say that their run is over", async () => {
    const rig = await stoppedRig();
    // A create whose answer was lost took effect after its machine was given up.
    const late = rig.hypervisor.createPaused(
      `<domain><name>default_demo</name><uuid>${uid}</uuid><mark>${uid}/1</mark></domain>`,
    );
    await rig.clock.advance(seconds(1));
    await late;
    expect(rig.hypervisor.machines).toEqual([]);
  });

  it.each([
    ["carry no mark of ours", "<domain><name>x</name><uuid>someone</uuid></domain>"],
    [
      "are of a machine that no record knows",
      "<domain><name>x</name><uuid>someone</uuid><mark>someone/1</mark></domain>",
    ],
  ])("are left alone when they %s", async (_which, xml) => {
    const rig = await Rig.start();
    const made = rig.hypervisor.createPaused(xml);
    await rig.clock.advance(10);
    await made;
    rig.hypervisor.disconnect();
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.hypervisor.truth("someone")).toBe("paused");
  });
});

describe("a runtime that has lost its records", () => {
  async function forgetful(): Promise<Rig> {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    rig.disk.files.clear();
    await rig.startRuntime();
    return rig;
  }

  it("ends the domain of a machine that is ordered off before it says that it has stopped", async () => {
    const rig = await forgetful();
    await rig.order({ desired: "off" });
    expect(rig.status().state).not.toBe("stopped");
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("stopped");
    expect(rig.hypervisor.machines).toEqual([]);
  });

  it("knows nothing of such a machine while the hypervisor is away", async () => {
    const rig = await forgetful();
    rig.hypervisor.disconnect();
    await rig.order({ desired: "off" });
    await rig.clock.advance(seconds(60));
    expect(rig.status().state).toBe("unknown");
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("stopped");
    expect(rig.hypervisor.machines).toEqual([]);
  });

  it("takes the domain up when the machine is ordered to run", async () => {
    const rig = await forgetful();
    await rig.order();
    await rig.clock.advance(seconds(5));
    expect(rig.status().state).toBe("running");
    expect(rig.hypervisor.started).toEqual([uid]);
  });
});

describe("ending all", () => {
  it("shuts every guest down, forces those that do not listen, and resolves when all are gone", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.running({ uid: "deaf", name: "deaf" });
    rig.hypervisor.behave("deaf", { obeysAcpi: false });
    let ended = false;
    void rig.machines.stopAll(20).then(() => (ended = true));
    await rig.clock.advance(seconds(19));
    expect(ended).toBe(false);
    expect(rig.status().state).toBe("stopped");
    await rig.clock.advance(seconds(2));
    expect(ended).toBe(true);
    expect(rig.status("deaf")).toMatchObject({ state: "stopped", exit: { reason: "GraceExpired" } });
    expect(rig.hypervisor.machines).toEqual([]);
  });
});
