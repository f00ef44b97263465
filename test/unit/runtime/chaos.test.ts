/**
 * Whatever befalls a node, in whatever order: at most one domain of a machine, vCPUs that run at most once an epoch,
 * sequence numbers that only grow, no claim of "stopped" while a guest runs; and once all is well again the machine
 * becomes what its order says. A failing seed repeats its run.
 */
import { describe, expect, it } from "vitest";
import { seededRandom, type Random } from "#events/chance.ts";
import { Fault } from "#events/fault.ts";
import type { Desired } from "#events/machine.ts";
import type { Misfortune, ModelCall } from "#node-runtime/model-calls.ts";
import { order } from "./orders.ts";
import { Rig } from "./rig.ts";

const { uid, claim } = order();
const SEEDS = 150;
const STEPS = 25;
const CALLS: readonly ModelCall[] = ["createPaused", "resume", "suspend", "shutdown", "destroy", "domain", "list"];
const MISFORTUNES: readonly Misfortune[] = ["later", "lost", "hang"];
const WISHES: readonly Desired[] = ["running", "running", "paused", "stopped", "off"];

class Run {
  readonly rig: Rig;
  readonly #random: Random;
  #version = 100;
  #epoch = 1;
  readonly history: string[] = [];

  constructor(rig: Rig, random: Random) {
    this.rig = rig;
    this.#random = random;
  }

  async step(): Promise<void> {
    const deeds: (() => Promise<void> | void)[] = [
      () => this.wish(this.#pick(WISHES)),
      () => this.wish(this.#pick(WISHES)),
      () => this.rig.hypervisor.befall(this.#pick(CALLS), this.#pick(MISFORTUNES)),
      () => void this.rig.volumes.failures.push(new Fault("later", "ImagePullFailed", "away")),
      () => void this.rig.network.failures.push(new Fault("later", "NetworkCommandFailed", "busy")),
      () => (this.rig.disk.full = !this.rig.disk.full),
      () => (this.rig.hypervisor.connected ? this.rig.hypervisor.disconnect() : this.rig.hypervisor.reconnect()),
      () => this.#befallGuest(),
      () => this.#restart(),
    ];
    const deed = Math.floor(this.#random() * deeds.length);
    this.history.push(`${deed}`);
    await deeds[deed]?.();
    await this.rig.clock.advance(Math.floor(this.#random() ** 3 * 20_000));
    this.check();
  }

  /** As functions do: a run that is over is followed by one of a higher epoch. */
  async wish(desired: Desired): Promise<void> {
    const status = this.rig.machines.status(uid);
    if (status?.state === "stopped" && desired === "running") this.#epoch = status.claim.epoch + 1;
    this.#version += 1;
    await this.rig
      .order({ desired, graceSeconds: 10, version: String(this.#version), claim: { ...claim, epoch: this.#epoch } })
      .catch((thrown: unknown) => {
        if (!(thrown instanceof Fault) || thrown.kind !== "later") throw thrown;
      });
  }

  async heal(): Promise<void> {
    this.rig.disk.full = false;
    this.rig.volumes.failures.length = 0;
    this.rig.network.failures.length = 0;
    this.rig.hypervisor.spare();
    if (!this.rig.hypervisor.connected) this.rig.hypervisor.reconnect();
    await this.rig.clock.advance(120_000);
  }

  check(): void {
    const { rig } = this;
    expect(rig.hypervisor.machines.length).toBeLessThanOrEqual(1);
    const status = rig.machines.status(uid);
    if (status?.state === "stopped") expect(rig.hypervisor.truth(uid)).not.toBe("running");
    const told = rig.told.map((each) => each.status);
    for (const [index, each] of told.entries()) {
      const before = told[index - 1];
      if (before !== undefined) expect(each.sequence).toBeGreaterThanOrEqual(before.sequence);
    }
  }

  async #restart(): Promise<void> {
    await this.rig.killRuntime();
    this.rig.disk.full = false;
    await this.rig.startRuntime();
  }

  #befallGuest(): void {
    if (this.rig.hypervisor.truth(uid) !== "running") return;
    const deed = this.#pick(["crash", "powerOff", "panic", "failDisk", "rebootByGuest"] as const);
    this.rig.hypervisor[deed](uid);
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}

describe("a node that everything befalls", () => {
  it.each(["running", "off"] as const)("ends as ordered, %s, with no second domain on the way", async (last) => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = seededRandom(seed);
      const rig = await Rig.start({ obeysAcpi: random() < 0.7 }, seed);
      const run = new Run(rig, random);
      try {
        for (let step = 0; step < STEPS; step += 1) await run.step();
        await run.heal();
        await run.wish(last);
        await rig.clock.advance(60_000);
        // A run that was over in the meantime is followed by the next.
        await run.wish(last);
        await rig.clock.advance(60_000);
        run.check();
        expect(rig.status().state).toBe(last === "running" ? "running" : "stopped");
        expect(rig.hypervisor.truth(uid)).toBe(last === "running" ? "running" : undefined);
        if (last === "off") expect(rig.volumes.present.size + rig.network.present.size).toBe(0);
      } catch (thrown) {
        throw new Error(`seed ${seed}, after ${run.history.join(" ")}: ${String(thrown)}`, { cause: thrown });
      }
    }
  });
});
