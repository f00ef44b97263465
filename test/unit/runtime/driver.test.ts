import { describe, expect, it } from "vitest";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { order } from "./orders.ts";
import { restless, Rig } from "./rig.ts";

const { uid } = order();
const seconds = (count: number): number => count * 1000;

describe("a driver that starts a machine", () => {
  it("prepares, creates, resumes, and tells it", async () => {
    const rig = await Rig.start();
    const accepted = await rig.order();
    expect(accepted).toMatchObject({ uid, state: "preparing", claim: { epoch: 1 }, version: "100" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "running", accelerator: "tcg" });
    expect(rig.hypervisor.truth(uid)).toBe("running");
    expect(rig.reports()).toEqual(["preparing", "started"]);
    expect(rig.volumes.present).toContain(uid);
    expect(rig.network.present).toContain(uid);
  });

  it.each(["running", "paused"] as const)(
    "lets no vCPU run before its order would outlive a power cut: %s",
    async (desired) => {
      const rig = await Rig.start();
      const onDisk = Promise.withResolvers<void>();
      rig.orderLasts = () => onDisk.promise;
      await rig.running({ desired });
      expect(rig.status().state).toBe("starting");
      // The disk has failed: it is asked again, and the vCPUs wait.
      rig.orderLasts = () => Promise.reject(new Fault("later", "DiskFailed", "it is broken"));
      onDisk.reject(new Fault("later", "DiskFailed", "it is broken"));
      await rig.clock.advance(seconds(20));
      expect(rig.hypervisor.truth(uid)).toBe("paused");
      expect(rig.hypervisor.started).toEqual([]);
      expect(rig.status().problem).toMatchObject({ reason: "DiskFailed" });
      rig.orderLasts = undefined;
      await rig.clock.advance(seconds(40));
      expect(rig.status().state).toBe(desired);
    },
  );

  it("starts it paused when that is wished, and runs it when that is", async () => {
    const rig = await Rig.start();
    await rig.running({ desired: "paused" });
    expect(rig.status()).toMatchObject({ state: "paused", pausedReason: "PausedByUser" });
    expect(rig.hypervisor.started).toEqual([]);
    await rig.order({ desired: "running", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("running");
    expect(rig.reports()).toEqual(["preparing", "paused", "started"]);
  });

  it("tries again what may work later, tells the problem once, and forgets it when it is over", async () => {
    const rig = await Rig.start();
    rig.volumes.failures.push(...[1, 2, 3].map(() => new Fault("later", "ImagePullFailed", "the registry is away")));
    await rig.order();
    await rig.clock.advance(10);
    expect(rig.status()).toMatchObject({ state: "preparing", problem: { reason: "ImagePullFailed" } });
    await rig.clock.advance(seconds(20));
    expect(rig.status().state).toBe("running");
    expect(rig.status().problem).toBeUndefined();
    expect(rig.reports()).toEqual(["preparing", "troubled", "started"]);
    expect(rig.volumes.prepared).toBe(4);
  });

  it.each(["volumes", "hypervisor"] as const)("ends as failed when %s refuse it for good", async (who) => {
    const rig = await Rig.start();
    if (who === "volumes") rig.volumes.failures.push(new Fault("refused", "ImageNotFound", "no such image"));
    else rig.hypervisor.befall("createPaused", "refused");
    await rig.order();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "failed" } });
    expect(rig.volumes.present.size + rig.network.present.size).toBe(0);
    expect(rig.reports()).toEqual(["preparing", "stopped"]);
  });

  it("gives up after five minutes without running vCPUs", async () => {
    const rig = await Rig.start();
    rig.volumes.failures.push(...Array.from({ length: 100 }, () => new Fault("later", "ImagePullFailed", "away")));
    await rig.order();
    await rig.clock.advance(seconds(299));
    expect(rig.status().state).toBe("preparing");
    await rig.clock.advance(seconds(2));
    expect(rig.status()).toMatchObject({
      state: "stopped",
      exit: { kind: "failed", reason: "StartTimedOut", message: expect.stringContaining("away") as string },
    });
  });

  it("cuts a preparation short when a stop is wished", async () => {
    const rig = await Rig.start();
    rig.volumes.stuck = true;
    await rig.order();
    await rig.clock.advance(seconds(1));
    await rig.order({ desired: "stopped", version: "101" });
    await rig.clock.advance(10);
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "destroyed", reason: "StoppedBeforeStart" } });
    expect(rig.hypervisor.calls.map(({ call }) => call)).not.toContain("createPaused");
  });

  it("looks before it creates again when an answer was lost, and never makes two", async () => {
    const rig = await Rig.start();
    rig.hypervisor.befall("createPaused", "lost");
    await rig.order();
    await rig.clock.advance(seconds(20));
    expect(rig.status().state).toBe("running");
    expect(rig.hypervisor.calls.filter(({ call }) => call === "createPaused")).toHaveLength(1);
    expect(rig.hypervisor.machines).toHaveLength(1);
  });

  it("creates again when the call never took effect", async () => {
    const rig = await Rig.start();
    rig.hypervisor.befall("createPaused", "hang", "later");
    await rig.order();
    await rig.clock.advance(seconds(30));
    expect(rig.status().state).toBe("running");
    expect(rig.hypervisor.machines).toHaveLength(1);
  });

  it("finds that the vCPUs run when the answer to resume was lost", async () => {
    const rig = await Rig.start();
    rig.hypervisor.befall("resume", "lost");
    await rig.order();
    await rig.clock.advance(seconds(20));
    expect(rig.status().state).toBe("running");
    expect(rig.hypervisor.calls.filter(({ call }) => call === "resume")).toHaveLength(1);
  });

  it("ends it without ever running it when it is wished off while it is created", async () => {
    const rig = await Rig.start();
    await rig.order();
    await rig.clock.settle();
    await rig.order({ desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "destroyed" } });
    expect(rig.hypervisor.started).toEqual([]);
    expect(rig.hypervisor.machines).toEqual([]);
  });

  it("never creates a domain for a first order to be off", async () => {
    const rig = await Rig.start();
    await rig.order({ desired: "off" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "StoppedBeforeStart" } });
    expect(rig.hypervisor.calls.map(({ call }) => call)).not.toContain("createPaused");
  });
});

describe("a driver of a running machine", () => {
  it("pauses and resumes it as wished", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.order({ desired: "paused", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "paused", pausedReason: "PausedByUser" });
    expect(rig.hypervisor.truth(uid)).toBe("paused");
    await rig.order({ desired: "running", version: "102" });
    await rig.clock.advance(seconds(1));
    expect(rig.hypervisor.truth(uid)).toBe("running");
    expect(rig.reports()).toEqual(["preparing", "started", "paused", "resumed"]);
  });

  it("asks the guest to shut down, and takes everything down after it", async () => {
    const rig = await Rig.start({ shutdownMilliseconds: 3000 });
    await rig.running();
    await rig.order({ desired: "stopped", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("stopping");
    expect(rig.volumes.present).toContain(uid);
    await rig.clock.advance(seconds(3));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "shutdown", reason: "ShutdownAsked" } });
    expect(rig.volumes.present.size + rig.network.present.size).toBe(0);
    expect(rig.reports()).toEqual(["preparing", "started", "stopping", "stopped"]);
  });

  it("asks every five seconds, and ends the guest that does not listen when its grace is over", async () => {
    const rig = await Rig.start({ obeysAcpi: false });
    await rig.running();
    await rig.order({ desired: "stopped", graceSeconds: 12, version: "101" });
    await rig.clock.advance(seconds(11.9));
    expect(rig.status().state).toBe("stopping");
    expect(rig.hypervisor.calls.filter(({ call }) => call === "shutdown")).toHaveLength(3);
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "destroyed", reason: "GraceExpired" } });
  });

  it("ends it at once when it is wished off, also while it shuts down", async () => {
    const rig = await Rig.start({ obeysAcpi: false });
    await rig.running();
    await rig.order({ desired: "stopped", graceSeconds: 600, version: "101" });
    await rig.clock.advance(seconds(2));
    await rig.order({ desired: "off", version: "102" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "destroyed", reason: "OrderedOff" } });
  });

  it("lets a guest live that did not listen when the wish to stop it is taken back", async () => {
    const rig = await Rig.start({ obeysAcpi: false });
    await rig.running();
    await rig.order({ desired: "stopped", graceSeconds: 30, version: "101" });
    await rig.clock.advance(seconds(20));
    await rig.order({ desired: "running", version: "102" });
    await rig.clock.advance(seconds(60));
    expect(rig.status().state).toBe("running");
    // Its grace counts anew.
    await rig.order({ desired: "stopped", graceSeconds: 30, version: "103" });
    await rig.clock.advance(seconds(20));
    expect(rig.status().state).toBe("stopping");
  });

  it("runs a paused guest again so that it can shut down", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.order({ desired: "paused", version: "101" });
    await rig.clock.advance(seconds(1));
    await rig.order({ desired: "stopped", version: "102" });
    await rig.clock.advance(seconds(10));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "shutdown" } });
  });

  it.each([
    ["powers off", "powerOff", { kind: "shutdown", reason: "GuestShutdown" }],
    ["panics", "panic", { kind: "crashed", reason: "GuestPanicked" }],
    ["loses its QEMU", "crash", { kind: "crashed", reason: "QemuExited" }],
  ] as const)("tells how it ended when the guest %s", async (_what, deed, exit) => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor[deed](uid);
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit });
    expect(rig.network.present.size).toBe(0);
  });

  it("goes on when the guest reboots, and tells it", async () => {
    const rig = await Rig.start();
    await rig.running();
    const before = rig.status().sequence;
    rig.hypervisor.rebootByGuest(uid);
    expect(rig.reports().at(-1)).toBe("rebooted");
    expect(rig.status()).toMatchObject({ state: "running", sequence: before + 1 });
  });

  it("tries to run a guest again whose disk failed", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.failDisk(uid);
    expect(rig.status()).toMatchObject({
      state: "paused",
      pausedReason: "PausedIOError",
      problem: { reason: "IOError" },
    });
    await rig.clock.advance(seconds(2));
    expect(rig.status().state).toBe("running");
    await rig.clock.advance(seconds(31));
    expect(rig.status().problem).toBeUndefined();
  });

  // Between deciding to wait and setting the alarm, what is waited for may come.
  it.each(Array.from({ length: 12 }, (_, early) => early))(
    "forgets a trouble when alarms ring %i ms early",
    async (early) => {
      const rig = await Rig.start({}, 1, { clock: restless(virtualClock(), early) });
      await rig.running();
      rig.hypervisor.failDisk(uid);
      await rig.clock.advance(seconds(5));
      expect(rig.status()).toMatchObject({ state: "running", problem: { reason: "IOError" } });
      await rig.clock.advance(seconds(40));
      expect(rig.status().problem).toBeUndefined();
      expect(rig.reports().at(-1)).toBe("recovered");
    },
  );

  it.each(["at its first instruction", "when it is tried again"])("sees a disk that fails %s", async (when) => {
    const first = when === "at its first instruction";
    const rig = await Rig.start({ diskFails: first });
    await rig.running();
    if (!first) {
      rig.hypervisor.behave(uid, { diskFails: true });
      rig.hypervisor.failDisk(uid);
    }
    // Long enough for some tries: each is halted again before its call is answered.
    await rig.clock.advance(seconds(20));
    await rig.clock.settle();
    expect(rig.hypervisor.truth(uid)).toBe("paused");
    expect(rig.status()).toMatchObject({ state: "paused", pausedReason: "PausedIOError" });
    expect(rig.status().problem).toMatchObject({ reason: "IOError" });
    rig.hypervisor.behave(uid, { diskFails: false });
    await rig.clock.advance(seconds(31));
    expect(rig.hypervisor.truth(uid)).toBe("running");
    expect(rig.status()).toMatchObject({ state: "running" });
  });

  it("tells the guest's system once its agent answers", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.startAgent(uid);
    await rig.clock.settle();
    expect(rig.status()).toMatchObject({
      agentConnected: true,
      guestOSInfo: { id: "model", prettyName: "Model guest" },
    });
  });

  it("finds an agent that was there before its runtime: only changes are events", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.startAgent(uid);
    await rig.clock.settle();
    await rig.killRuntime();
    await rig.startRuntime();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "running", agentConnected: true, guestOSInfo: { id: "model" } });
    rig.hypervisor.stopAgent(uid);
    await rig.clock.settle();
    expect(rig.status().agentConnected).toBe(false);
  });

  it("takes no agent for there that does not answer", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.killRuntime();
    await rig.startRuntime();
    await rig.clock.advance(seconds(10));
    expect(rig.status()).toMatchObject({ state: "running", agentConnected: false });
  });

  it("gives every change a higher sequence number", async () => {
    const rig = await Rig.start();
    await rig.running();
    await rig.order({ desired: "stopped", version: "101" });
    await rig.clock.advance(seconds(10));
    const sequences = rig.told.map(({ status }) => status.sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });
});

describe("a driver whose machine's wall clock is set back", () => {
  /** What it shows goes back by three hours when it is told to; what was scheduled comes in its own time. */
  function wallClock(): { readonly wall: VirtualClock; readonly setBack: () => void } {
    const clock = virtualClock();
    let ahead = 0;
    const now = (): Date => new Date(clock.now().getTime() + ahead);
    return {
      wall: Object.assign(Object.create(clock) as VirtualClock, { now }),
      setBack: () => void (ahead = -seconds(3 * 3600)),
    };
  }

  it("tries again when it would have, not hours later", async () => {
    const { wall, setBack } = wallClock();
    const rig = await Rig.start({}, 1, { clock: wall });
    rig.network.failures.push(
      ...Array.from({ length: 3 }, () => new Fault("later", "NetworkCommandFailed", "ip ended with 2")),
    );
    await rig.order();
    await rig.clock.advance(100);
    expect(rig.status().problem).toMatchObject({ reason: "NetworkCommandFailed" });
    setBack();
    await rig.clock.advance(seconds(60));
    expect(rig.status()).toMatchObject({ state: "running" });
    expect(rig.status().problem).toBeUndefined();
  });

  it("ends a guest that does not shut down when its grace is over, counted anew", async () => {
    const { wall, setBack } = wallClock();
    const rig = await Rig.start({ obeysAcpi: false }, 1, { clock: wall });
    await rig.running();
    await rig.order({ desired: "stopped", graceSeconds: 30, version: "101" });
    await rig.clock.advance(seconds(10));
    setBack();
    await rig.clock.advance(seconds(45));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "GraceExpired" } });
  });
});

describe("a driver whose hypervisor goes away", () => {
  it("knows nothing while it is away, and finds the machine as it is when it is back", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.disconnect();
    expect(rig.status().state).toBe("unknown");
    await rig.clock.advance(seconds(30));
    expect(rig.status().state).toBe("unknown");
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("running");
    expect(rig.reports()).toEqual(["preparing", "started", "unknown", "adopted"]);
  });

  it("tells that a machine was lost which ended in the meantime", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.disconnect();
    rig.hypervisor.crash(uid);
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { kind: "lost" } });
  });

  it("stops it once it is back when that was wished in the meantime", async () => {
    const rig = await Rig.start();
    await rig.running();
    rig.hypervisor.disconnect();
    await rig.order({ desired: "off", version: "101" });
    await rig.clock.advance(seconds(10));
    expect(rig.hypervisor.truth(uid)).toBe("running");
    expect(rig.status().state).toBe("unknown");
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("stopped");
    expect(rig.hypervisor.truth(uid)).toBeUndefined();
  });

  it("starts a machine that was ordered while it was away once it is back", async () => {
    const rig = await Rig.start();
    rig.hypervisor.disconnect();
    await rig.order();
    await rig.clock.advance(seconds(5));
    expect(rig.status().state).toBe("preparing");
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("running");
    expect(rig.reports()).toEqual(["preparing", "started"]);
  });
});
