import { describe, expect, it } from "vitest";
import { Fault } from "#events/fault.ts";
import { order } from "./orders.ts";
import { Rig } from "./rig.ts";

const { uid } = order();
const seconds = (count: number): number => count * 1000;
const broken = (count: number): Fault[] =>
  Array.from({ length: count }, () => new Fault("later", "NetworkCommandFailed", "dnsmasq ended with 2"));

/** A guest that runs, and a runtime that finds it so after it was away. */
async function adopted(failures: readonly Fault[]): Promise<Rig> {
  const rig = await Rig.start();
  await rig.running();
  await rig.killRuntime();
  rig.serving.failures.push(...failures);
  rig.told.length = 0;
  await rig.startRuntime();
  await rig.clock.advance(100);
  return rig;
}

describe("NAT and DHCP of a guest that was found running", () => {
  it("are brought up again", async () => {
    const rig = await adopted([]);
    expect(rig.serving.prepared).toBe(2);
    await rig.clock.advance(seconds(120));
    expect(rig.serving.prepared).toBe(2);
    expect(rig.reports()).toEqual(["adopted"]);
  });

  it("are tried until they serve: the problem is told once, stays while it lasts, and its end is told", async () => {
    const rig = await adopted(broken(6));
    expect(rig.status()).toMatchObject({
      state: "running",
      problem: { reason: "NetworkCommandFailed", message: "dnsmasq ended with 2" },
    });
    // Longer than the trouble of a step is remembered.
    await rig.until(() => rig.serving.failures.length === 1);
    expect(rig.status().problem).toBeDefined();
    await rig.until(() => rig.serving.prepared === 8);
    expect(rig.status()).toMatchObject({ state: "running" });
    expect(rig.status().problem).toBeUndefined();
    expect(rig.reports()).toEqual(["adopted", "troubled", "recovered"]);
    await rig.clock.advance(seconds(300));
    expect(rig.serving.prepared).toBe(8);
  });

  it("tell another problem anew", async () => {
    const rig = await adopted([...broken(2), new Fault("later", "DhcpServerStays", "it does not end"), ...broken(1)]);
    await rig.until(() => rig.serving.prepared === 6);
    expect(rig.reports()).toEqual(["adopted", "troubled", "troubled", "troubled", "recovered"]);
  });

  it("are tried less and less often", async () => {
    const rig = await adopted(broken(100));
    await rig.clock.advance(seconds(60));
    const inTheFirstMinute = rig.serving.prepared;
    await rig.clock.advance(seconds(600));
    expect(inTheFirstMinute).toBeLessThan(12);
    expect(rig.serving.prepared - inTheFirstMinute).toBeGreaterThanOrEqual(20);
    expect(rig.serving.prepared - inTheFirstMinute).toBeLessThan(60);
  });

  it("do not keep the guest from being stopped, nor come up after it", async () => {
    const rig = await adopted(broken(100));
    await rig.order({ desired: "off", version: "101" });
    await rig.clock.advance(seconds(1));
    expect(rig.status()).toMatchObject({ state: "stopped", exit: { reason: "OrderedOff" } });
    expect(rig.status().problem).toBeUndefined();
    const tried = rig.serving.prepared;
    rig.serving.failures.length = 0;
    await rig.clock.advance(seconds(300));
    expect(rig.serving.prepared).toBe(tried);
    expect(rig.serving.present.size + rig.network.present.size).toBe(0);
  });

  it("are looked at again whenever the hypervisor was away", async () => {
    const rig = await Rig.start();
    await rig.running();
    expect(rig.serving.prepared).toBe(1);
    // The node's namespaces may have gone with it.
    await rig.serving.down(uid);
    rig.hypervisor.disconnect();
    rig.hypervisor.reconnect();
    await rig.clock.advance(seconds(1));
    expect(rig.status().state).toBe("running");
    expect(rig.serving.present).toContain(uid);
  });

  it.each(["at its start", "when it is found"])(
    "are waited for by a runtime that lets go %s: nothing acts after it",
    async (when) => {
      const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
      const rig = when === "at its start" ? await Rig.start() : await adopted([]);
      rig.serving.gate = gate;
      if (when === "at its start") await rig.running();
      else {
        await rig.killRuntime();
        await rig.startRuntime();
        await rig.clock.advance(100);
      }
      let closed = false;
      const closing = rig.machines.close().then(() => (closed = true));
      await rig.clock.advance(seconds(5));
      expect(closed).toBe(false);
      goOn();
      await Promise.all([closing, rig.clock.advance(seconds(5))]);
      expect(rig.serving.present).toContain(uid);
    },
  );
});
