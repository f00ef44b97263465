/**
 * Both ends of a migration as drivers rely on them, held by libvirt between two real nodes and by the model: above all,
 * who runs the guest when something is lost in between.
 */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Incoming, MigrationParameters, Outgoing, Wire } from "#node-runtime/hypervisor.ts";
import type { Bench } from "./suite.ts";

export interface Pair {
  readonly source: Bench;
  readonly target: Bench;
  /** The source's domain as the target makes it. */
  incomingXml(xml: string): string;
  /** The ends of a tunnel between both. */
  readonly ends: { readonly source: Wire; readonly target: Wire };
  close(): Promise<void>;
}

const PATIENCE = { timeout: 20_000, interval: 20 } as const;
const MEBIBYTE = 1024 * 1024;
const plain: MigrationParameters = { disks: [], autoConverge: false };
/** Libvirt takes no less. */
const slow: MigrationParameters = { ...plain, bandwidthBytesPerSecond: MEBIBYTE };
const switchable: MigrationParameters = { ...slow, postCopy: true };

export function migrationSuite(options: {
  readonly name: string;
  readonly skip?: string | undefined;
  open(): Promise<Pair>;
}): void {
  const title = options.skip === undefined ? options.name : `${options.name} (skipped: ${options.skip})`;
  describe.skipIf(options.skip !== undefined)(`a migration, held by ${title}`, () => {
    let pair: Pair;
    let uuid: string;
    let name: string;
    let outgoing: Outgoing;
    let incoming: Incoming;

    beforeAll(async () => {
      pair = await options.open();
      await Promise.all([pair.source.hypervisor.ready(), pair.target.hypervisor.ready()]);
    });
    afterAll(() => pair?.close());
    afterEach(async () => {
      await Promise.all([outgoing?.close(), incoming?.close()]);
      await Promise.all([pair.source, pair.target].map(({ hypervisor }) => hypervisor.destroy(uuid)));
    });

    /** A running guest, and a domain at the target that waits for it. */
    async function prepared(parameters = plain): Promise<Uint8Array> {
      const { source, target } = pair;
      uuid = randomUUID();
      name = `m-${uuid.slice(0, 8)}`;
      await source.hypervisor.createPaused(source.xml({ name, uuid }));
      await source.hypervisor.resume(uuid);
      await source.guestIsUp(uuid);
      outgoing = await source.hypervisor.outgoing(uuid);
      incoming = await target.hypervisor.incoming();
      const begun = await outgoing.begin(parameters);
      const made = await incoming.prepare(pair.incomingXml(begun.xml), begun.cookie, pair.ends.target, parameters);
      return made.cookie;
    }

    async function copied(): Promise<Uint8Array> {
      const cookie = await prepared();
      return outgoing.copy(cookie, pair.ends.source, plain);
    }

    async function states(): Promise<readonly (string | undefined)[]> {
      const ends = [pair.source, pair.target].map(({ hypervisor }) => hypervisor.domain(uuid));
      return (await Promise.all(ends)).map((domain) => domain?.state);
    }

    it("runs the guest at the source until it is halted, then at neither end, then at the target alone", async () => {
      const cookie = await prepared();
      expect(await states()).toEqual(["running", "paused"]);
      const handed = await outgoing.copy(cookie, pair.ends.source, plain);
      expect(await states()).toEqual(["paused", "paused"]);
      const finished = await incoming.finish(handed, name, true, plain);
      expect(await states()).toEqual(["paused", "running"]);
      expect(finished.figures?.downtimeMilliseconds).toBeGreaterThanOrEqual(0);
      await outgoing.confirm(finished.cookie, true, plain);
      expect(await states()).toEqual([undefined, "running"]);
      await pair.target.guestIsUp(uuid);
    });

    it("lets the guest run at the source again when the target did not take it", async () => {
      const handed = await copied();
      const { cookie } = await incoming.finish(handed, name, false, plain);
      await outgoing.confirm(cookie, false, plain);
      await vi.waitFor(async () => expect(await states()).toEqual(["running", undefined]), PATIENCE);
      await pair.source.guestIsUp(uuid);
    });

    it("leaves the guest halted at the source when its connection is lost after the copying", async () => {
      await copied();
      await outgoing.close();
      expect((await states())[0]).toBe("paused");
      await expect(pair.source.hypervisor.domain(uuid)).resolves.toMatchObject({ reason: "Migration" });
      await pair.source.hypervisor.resume(uuid);
      expect((await states())[0]).toBe("running");
    });

    it("ends the incoming domain with the connection that made it", async () => {
      await copied();
      await incoming.close();
      await vi.waitFor(async () => expect((await states())[1]).toBeUndefined(), PATIENCE);
    });

    it("tells each round over the guest's memory", async () => {
      const rounds: number[] = [];
      const unlisten = pair.source.hypervisor.onEvent((event) => {
        if (event.event === "round" && event.uuid === uuid) rounds.push(event.round);
      });
      await copied();
      await vi.waitFor(() => expect(rounds.length).toBeGreaterThan(0), PATIENCE);
      unlisten();
      expect(rounds[0]).toBe(1);
      expect(rounds).toEqual(rounds.map((_, round) => round + 1));
    });

    /** It goes from round to round, and never gets there by itself. */
    async function outrun(parameters = slow): Promise<{ readonly copying: Promise<Uint8Array> }> {
      const cookie = await prepared(parameters);
      await pair.source.guestOutrunsCopying(uuid);
      const copying = outgoing.copy(cookie, pair.ends.source, parameters);
      copying.catch(() => undefined); // whoever waits for it is told
      const looks = async (): Promise<void> => {
        const figures = await outgoing.figures();
        expect(figures?.iterations).toBeGreaterThan(3);
        expect(figures?.bytesPerSecond).toBeGreaterThan(0);
        expect(figures?.dirtyBytesPerSecond).toBeGreaterThan(0);
      };
      await vi.waitFor(looks, { ...PATIENCE, timeout: 60_000 });
      expect(await states()).toEqual(["running", "paused"]);
      return { copying };
    }

    it.each(["may stand still for longer", "is halted"])(
      "copies a guest whose memory changes faster than it is copied, once it %s",
      async (what) => {
        const { copying } = await outrun();
        if (what === "is halted") {
          await outgoing.halt();
          expect(await states()).toEqual(["paused", "paused"]);
        } else await outgoing.tune({ bandwidthBytesPerSecond: MEBIBYTE, maxDowntimeMilliseconds: 2_000 });
        const finished = await incoming.finish(await copying, name, true, slow);
        expect(await states()).toEqual(["paused", "running"]);
        await outgoing.confirm(finished.cookie, true, slow);
        expect(await states()).toEqual([undefined, "running"]);
        // Between two answers it looks over what it has written: with a page that was not copied it would not answer again.
        await pair.target.guestIsUp(uuid);
        await pair.target.guestIsUp(uuid);
      },
    );

    it("lets a guest go on at the target before all of its memory is there, and all of it follows", async () => {
      const { copying } = await outrun(switchable);
      await outgoing.startPostCopy();
      const cookie = await copying;
      expect((await states())[0]).toBe("paused");
      await expect(pair.source.hypervisor.domain(uuid)).resolves.toMatchObject({ reason: "PostCopy" });
      const finished = await incoming.finish(cookie, name, true, switchable);
      expect(await states()).toEqual(["paused", "running"]);
      await expect(pair.target.hypervisor.domain(uuid)).resolves.toMatchObject({ reason: "Migrated" });
      await outgoing.confirm(finished.cookie, true, switchable);
      expect(await states()).toEqual([undefined, "running"]);
      await pair.target.guestIsUp(uuid);
      await pair.target.guestIsUp(uuid);
    });

    it("never lets a guest run again whose source is lost in post-copy", async () => {
      const { copying } = await outrun(switchable);
      await outgoing.startPostCopy();
      await copying;
      await outgoing.close();
      // What came over whole all the same, libvirt ends as moved; the rest stays halted.
      const look = async () => {
        const domain = await pair.source.hypervisor.domain(uuid);
        if (domain !== undefined) expect(domain).toMatchObject({ state: "paused", reason: "PostCopyFailed" });
      };
      await vi.waitFor(look, PATIENCE);
    });

    it("switches to post-copy only where it was begun with it", async () => {
      const { copying } = await outrun();
      await expect(outgoing.startPostCopy()).rejects.toMatchObject({ kind: "stale", reason: "NotInThisState" });
      expect((await states())[0]).toBe("running");
      await outgoing.abort();
      await expect(copying).rejects.toBeDefined();
    });

    it("lets a guest that was halted for its copying run again when that is called off", async () => {
      const { copying } = await outrun();
      await outgoing.halt();
      await outgoing.abort();
      await expect(copying).rejects.toMatchObject({ kind: "later" });
      await vi.waitFor(async () => expect((await states())[0]).toBe("running"), PATIENCE);
      await pair.source.guestIsUp(uuid);
    });

    it("aborts nothing where nothing is under way", async () => {
      await prepared();
      await pair.source.hypervisor.abortJob(randomUUID());
      expect((await states())[0]).toBe("running");
    });
  });
}
