/**
 * What every hypervisor does, as its drivers rely on it. The same tests run on libvirt with real QEMU processes and on
 * the model that the simulation uses, so that the model cannot drift from what is real.
 */
import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { DomainEvent, Hypervisor } from "#node-runtime/hypervisor.ts";

/** A hypervisor, and a hand on what is below it. */
export interface Bench {
  readonly hypervisor: Hypervisor;
  /** XML of a small guest that echoes what it reads on its console, and heeds the power button. */
  xml(identity: { readonly name: string; readonly uuid: string }): string;
  /** The guest has booted and runs (it was resumed): it reads its console and heeds the power button from now on. */
  guestIsUp(uuid: string): Promise<void>;
  guestPowersItselfOff(uuid: string): Promise<void>;
  guestPanics(uuid: string): Promise<void>;
  /** From now on its memory changes faster than a move copies a MiB a second. */
  guestOutrunsCopying(uuid: string): Promise<void>;
  /** The domain's process is killed from outside. */
  processIsKilled(uuid: string): Promise<void>;
  /** The hypervisor's daemon dies and comes back; domains live on. */
  daemonRestarts(): Promise<void>;
  close(): Promise<void>;
}

export interface SuiteOptions {
  readonly name: string;
  /** Why it cannot run here, when it cannot. */
  readonly skip?: string | undefined;
  /** Text that the guest echoes. */
  readonly echoed: string;
  open(): Promise<Bench>;
}

/** Milliseconds: a guest on a busy machine without KVM takes seconds for what it does. */
const PATIENCE = { timeout: 20_000, interval: 10 } as const;

export function hypervisorSuite(options: SuiteOptions): void {
  const title = options.skip === undefined ? options.name : `${options.name} (skipped: ${options.skip})`;
  describe.skipIf(options.skip !== undefined)(`the hypervisor's contract, held by ${title}`, () => {
    let bench: Bench;
    let hypervisor: Hypervisor;
    const told: DomainEvent[] = [];
    const made: string[] = [];

    beforeAll(async () => {
      bench = await options.open();
      hypervisor = bench.hypervisor;
      await hypervisor.ready();
      hypervisor.onEvent((event) => told.push(event));
    });
    afterEach(async () => {
      for (const uuid of made.splice(0)) await hypervisor.destroy(uuid);
    });
    afterAll(async () => {
      await bench?.close();
    });

    function identity(): { readonly name: string; readonly uuid: string } {
      const uuid = randomUUID();
      made.push(uuid);
      return { name: `contract-${uuid.slice(0, 8)}`, uuid };
    }
    async function created(): Promise<string> {
      const guest = identity();
      await hypervisor.createPaused(bench.xml(guest));
      return guest.uuid;
    }
    async function running(): Promise<string> {
      const uuid = await created();
      await hypervisor.resume(uuid);
      return uuid;
    }
    /** What was told of the domain's life. That there is no agent may be told too, at any time: these guests have none. */
    const eventsOf = (uuid: string) =>
      told.filter((event) => event.uuid === uuid && event.event !== "agent-disconnected");
    const namesOf = (uuid: string) => eventsOf(uuid).map(({ event }) => event);
    async function stopped(uuid: string): Promise<DomainEvent> {
      await vi.waitUntil(() => namesOf(uuid).includes("stopped"), PATIENCE);
      return eventsOf(uuid).at(-1) as DomainEvent;
    }

    describe("creating", () => {
      it("gives a paused domain that is listed under its UUID and name", async () => {
        const guest = identity();
        await hypervisor.createPaused(bench.xml(guest));
        expect(await hypervisor.domain(guest.uuid)).toEqual({ ...guest, state: "paused", reason: "User" });
        expect(await hypervisor.list()).toContainEqual({ ...guest, state: "paused", reason: "User" });
        expect(await hypervisor.xml(guest.uuid)).toContain(guest.uuid);
      });

      it("tells started, then suspended", async () => {
        const uuid = await created();
        await vi.waitUntil(() => eventsOf(uuid).length === 2, PATIENCE);
        expect(eventsOf(uuid)).toEqual([
          { uuid, event: "started" },
          { uuid, event: "suspended", reason: "User" },
        ]);
      });

      it("is stale when the UUID or the name is taken, and leaves what is there", async () => {
        const guest = identity();
        await hypervisor.createPaused(bench.xml(guest));
        const taken = { kind: "stale", reason: "DomainExists" };
        await expect(hypervisor.createPaused(bench.xml(guest))).rejects.toMatchObject(taken);
        const namesake = { ...identity(), name: guest.name };
        await expect(hypervisor.createPaused(bench.xml(namesake))).rejects.toMatchObject(taken);
        const newName = { ...guest, name: `${guest.name}-other` };
        await expect(hypervisor.createPaused(bench.xml(newName))).rejects.toMatchObject(taken);
        expect(await hypervisor.domain(guest.uuid)).toMatchObject({ state: "paused" });
      });

      it("is refused when the XML is none", async () => {
        await expect(hypervisor.createPaused("<domain>")).rejects.toMatchObject({ kind: "refused" });
      });
    });

    describe("resuming and suspending", () => {
      it("let the vCPUs run and halt, as often as asked", async () => {
        const uuid = await running();
        expect(await hypervisor.domain(uuid)).toMatchObject({ state: "running" });
        await hypervisor.resume(uuid);
        await hypervisor.suspend(uuid);
        expect(await hypervisor.domain(uuid)).toMatchObject({ state: "paused", reason: "User" });
        await hypervisor.suspend(uuid);
        await hypervisor.resume(uuid);
        await vi.waitUntil(() => eventsOf(uuid).length >= 5, PATIENCE);
        expect(namesOf(uuid)).toEqual(["started", "suspended", "resumed", "suspended", "resumed"]);
      });
    });

    describe("ending", () => {
      it("by destroy: gone at once, and told", async () => {
        const uuid = await running();
        await hypervisor.destroy(uuid);
        expect(await hypervisor.domain(uuid)).toBeUndefined();
        expect((await hypervisor.list()).map((domain) => domain.uuid)).not.toContain(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "destroyed" });
        await hypervisor.destroy(uuid);
      });

      it("by destroy while paused", async () => {
        const uuid = await created();
        await hypervisor.destroy(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "destroyed" });
      });

      it("by the guest itself: shutting down, then stopped by shutdown", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        await bench.guestPowersItselfOff(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "shutdown" });
        expect(namesOf(uuid).slice(-2)).toEqual(["shutting-down", "stopped"]);
        expect(await hypervisor.domain(uuid)).toBeUndefined();
      });

      it("by a guest that heeds the power button", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        await hypervisor.shutdown(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "shutdown" });
      });

      it("by the death of its process: crashed", async () => {
        const uuid = await running();
        await bench.processIsKilled(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "crashed" });
        expect(namesOf(uuid)).not.toContain("panicked");
        expect(await hypervisor.domain(uuid)).toBeUndefined();
      });

      it("by a panic: panicked, then stopped, crashed", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        await bench.guestPanics(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "crashed" });
        expect(namesOf(uuid)).toContain("panicked");
      });

      it("frees the name and the UUID", async () => {
        const guest = identity();
        for (let run = 0; run < 2; run += 1) {
          await hypervisor.createPaused(bench.xml(guest));
          await hypervisor.destroy(guest.uuid);
        }
        expect(await hypervisor.domain(guest.uuid)).toBeUndefined();
      });
    });

    describe("a reset", () => {
      it("is told as a reboot, and the domain runs on", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        await hypervisor.reset(uuid);
        await vi.waitUntil(() => namesOf(uuid).includes("rebooted"), PATIENCE);
        expect(await hypervisor.domain(uuid)).toMatchObject({ state: "running" });
      });
    });

    describe("the console", () => {
      it("carries what the guest says and reads", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        const console = await hypervisor.console(uuid);
        const heard = listen(console);
        console.write(options.echoed);
        await vi.waitUntil(() => heard.text().includes(options.echoed), PATIENCE);
        console.destroy();
      });

      it("ends, without error, when the domain does", async () => {
        const uuid = await running();
        const heard = listen(await hypervisor.console(uuid));
        await hypervisor.destroy(uuid);
        await vi.waitUntil(() => heard.ended(), PATIENCE);
        expect(heard.error()).toBeUndefined();
      });

      it("goes to who opened it last", async () => {
        const uuid = await running();
        await bench.guestIsUp(uuid);
        const first = listen(await hypervisor.console(uuid));
        const console = await hypervisor.console(uuid);
        const second = listen(console);
        await vi.waitUntil(() => first.ended(), PATIENCE);
        expect(first.error()).toBeUndefined();
        console.write(options.echoed);
        await vi.waitUntil(() => second.text().includes(options.echoed), PATIENCE);
        console.destroy();
      });
    });

    describe("a UUID that nobody has", () => {
      it("is undefined to look at, nothing to destroy, and stale for all the rest", async () => {
        const uuid = randomUUID();
        expect(await hypervisor.domain(uuid)).toBeUndefined();
        await hypervisor.destroy(uuid);
        const verbs = ["resume", "suspend", "shutdown", "reboot", "reset", "console", "xml"] as const;
        for (const verb of verbs) {
          await expect(hypervisor[verb](uuid), verb).rejects.toMatchObject({ kind: "stale", reason: "NoDomain" });
        }
      });
    });

    describe("a guest without an agent", () => {
      it("is told to be asked later", async () => {
        const uuid = await running();
        await expect(hypervisor.agent(uuid, { execute: "guest-ping" }, 1)).rejects.toMatchObject({
          kind: "later",
          reason: "AgentUnresponsive",
        });
      });
    });

    describe("a daemon that dies and comes back", () => {
      it("is told as disconnected and connected; its domains have lived on, and are heard of again", async () => {
        const uuid = await running();
        const connections: boolean[] = [];
        const off = hypervisor.onConnection((connected) => connections.push(connected));
        await bench.daemonRestarts();
        await vi.waitUntil(() => connections.includes(true), PATIENCE);
        off();
        expect(connections).toEqual([false, true]);
        expect(hypervisor.connected).toBe(true);
        expect(await hypervisor.domain(uuid)).toMatchObject({ uuid, state: "running" });
        // A daemon that is still finding its domains again loses the event of one that ends meanwhile. One that obeys
        // has been found.
        await hypervisor.suspend(uuid);
        await hypervisor.resume(uuid);
        await hypervisor.destroy(uuid);
        expect(await stopped(uuid)).toEqual({ uuid, event: "stopped", how: "destroyed" });
      });
    });
  });
}

function listen(console: Duplex): { text(): string; ended(): boolean; error(): Error | undefined } {
  let text = "";
  let ended = false;
  let failure: Error | undefined;
  console.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  console.on("error", (error) => (failure = error));
  console.on("close", () => (ended = true));
  return { text: () => text, ended: () => ended, error: () => failure };
}
