import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryOutboxStore } from "#events/memory-outbox.ts";
import { silentLog } from "#events/log.ts";
import { sqliteOutboxStore, type OutboxStore } from "#events/outbox-store.ts";
import { openOutbox, type Outbox, type OutboxOptions, type SendAnswer } from "#events/outbox.ts";
import { event } from "./sample.ts";

const directory = mkdtempSync(join(tmpdir(), "virtive-outbox-"));
const open: Outbox[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((outbox) => outbox.close()));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

/** What makes the way to a store that is opened again and again and keeps what it was given. */
const stores = {
  "in SQLite": () => {
    const file = join(directory, `${(files += 1)}.db`);
    return () => sqliteOutboxStore(file, silentLog);
  },
  "in memory": () => {
    const store = memoryOutboxStore();
    return () => store;
  },
} as const satisfies Record<string, () => () => OutboxStore>;
let newStore: () => () => OutboxStore = stores["in SQLite"];

function bench(
  answers: (event: CloudEvent, attempt: number) => SendAnswer | Promise<SendAnswer> = () => ({ status: 202 }),
) {
  const clock = virtualClock();
  const start = clock.now().getTime();
  const openStore = newStore();
  const sent: [string, number][] = [];
  const attempts = new Map<string, number>();
  return {
    clock,
    sent,
    start: (options: Partial<OutboxOptions> = {}): Outbox => {
      const outbox = openOutbox({
        store: openStore(),
        clock,
        random: () => 0.5,
        async send(given) {
          sent.push([given.id, (clock.now().getTime() - start) / 1000]);
          const attempt = (attempts.get(given.id) ?? 0) + 1;
          attempts.set(given.id, attempt);
          return answers(given, attempt);
        },
        ...options,
      });
      open.push(outbox);
      return outbox;
    },
  };
}

/** A report of a machine: its uid is the machine's. */
function report(id: string, machine: string, type = "dev.virtive.machine.started"): CloudEvent {
  return event({ id, type, key: `ns/${machine}`, extensions: { uid: machine } });
}

describe.each(Object.entries(stores))("the outbox %s", (_name, make) => {
  beforeAll(() => {
    newStore = make;
  });

  it("lets go of each signal that a send was given", async () => {
    const { clock, start } = bench();
    const signals: AbortSignal[] = [];
    const outbox = start({
      send: async (_event, signal) => {
        signals.push(signal);
        return { status: 202 };
      },
    });
    outbox.add(report("1", "a"));
    outbox.add(report("2", "a"));
    await clock.advance(0);
    await outbox.empty();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
  });

  it("sends what it is given and keeps nothing of it", async () => {
    const { clock, sent, start } = bench();
    const outbox = start();
    outbox.add(report("1", "a"));
    outbox.add(report("2", "b"));
    expect(outbox.waiting).toBe(2);
    await outbox.empty();
    expect(sent.map(([id]) => id)).toEqual(["1", "2"]);
    expect(outbox.waiting).toBe(0);
    await clock.advance(60_000);
    expect(sent.length).toBe(2);
  });

  it("keeps the order of each key while others go on", async () => {
    const { clock, sent, start } = bench(({ id }, attempt) => ({ status: id === "a1" && attempt < 4 ? 503 : 202 }));
    const outbox = start();
    for (const [id, machine] of [
      ["a1", "a"],
      ["a2", "a"],
      ["b1", "b"],
    ] as const) {
      outbox.add(report(id, machine));
    }
    await clock.advance(5000);
    expect(sent.map(([id]) => id)).toEqual(["a1", "b1", "a1", "a1", "a1", "a2"]);
    expect(sent.filter(([id]) => id === "a1").map(([, at]) => at)).toEqual([0, 0.1, 0.3, 0.7]);
  });

  it("waits as long as it is asked to, and no longer when it is nudged", async () => {
    const { clock, sent, start } = bench((_event, attempt) =>
      attempt < 3 ? { status: 429, retryAfterSeconds: 60 } : { status: 202 },
    );
    const outbox = start();
    outbox.add(report("1", "a"));
    await clock.advance(59_000);
    expect(sent.length).toBe(1);
    await clock.advance(1000);
    expect(sent.length).toBe(2);
    outbox.nudge();
    await clock.settle();
    expect(sent.length).toBe(3);
    expect(outbox.waiting).toBe(0);
  });

  it("tries again when there is no answer, also none in time", async () => {
    const { clock, sent, start } = bench((_event, attempt) => {
      if (attempt === 1) throw new Error("connection refused");
      return attempt === 2 ? new Promise(() => undefined) : { status: 202 };
    });
    const outbox = start({ timeoutMilliseconds: 1000 });
    outbox.add(report("1", "a"));
    await clock.advance(60_000);
    expect(sent.map(([, at]) => at)).toEqual([0, 0.1, 1.3]);
    expect(outbox.waiting).toBe(0);
  });

  it("sets aside what is refused for good and goes on", async () => {
    const { clock, sent, start } = bench(({ id }) =>
      id === "1" ? { status: 400, detail: "malformed" } : { status: 202 },
    );
    const outbox = start();
    outbox.add(report("1", "a"));
    outbox.add(report("2", "a"));
    await clock.settle();
    expect(sent.map(([id]) => id)).toEqual(["1", "2"]);
    expect(outbox.refused()).toEqual([{ event: report("1", "a"), status: 400, detail: "malformed" }]);
  });

  it("keeps only the newest hundred of those", async () => {
    const { start } = bench(() => ({ status: 422 }));
    const outbox = start();
    for (let index = 0; index < 130; index += 1) outbox.add(report(String(index), "a"));
    await outbox.empty();
    const ids = outbox.refused().map(({ event: { id } }) => id);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([100, "129", "30"]);
  });

  it("sends after a restart what was not taken before", async () => {
    let down = true;
    const { clock, sent, start } = bench(() => ({ status: down ? 503 : 202 }));
    const first = start();
    first.add(report("1", "a"));
    first.add(report("2", "a"));
    await clock.advance(1000);
    await first.close();
    down = false;
    sent.length = 0;
    const second = start();
    expect(second.waiting).toBe(2);
    await second.empty();
    expect(sent.map(([id]) => id)).toEqual(["1", "2"]);
  });

  it("drops superseded statuses of the same machine when too much waits, never its newest", async () => {
    let down = true;
    const { clock, sent, start } = bench(() => ({ status: down ? 503 : 202 }));
    const outbox = start({ mostEvents: 10 });
    for (let index = 0; index < 40; index += 1) {
      outbox.add(report(`a${index}`, "a"));
      outbox.add(
        report(`b${index}`, "b", index % 2 === 0 ? "dev.virtive.machine.paused" : "dev.virtive.machine.resumed"),
      );
    }
    expect(outbox.waiting).toBeLessThanOrEqual(10);
    down = false;
    sent.length = 0;
    outbox.nudge();
    await clock.advance(20_000);
    const ids = sent.map(([id]) => id);
    expect(ids).toContain("a39");
    expect(ids).toContain("b39");
    expect(ids.filter((id) => id.startsWith("b"))).toEqual(ids.filter((id) => id.startsWith("b")).toSorted());
  });

  it("drops the oldest when all are of different machines", async () => {
    const { start } = bench(() => ({ status: 503 }));
    const outbox = start({ mostEvents: 10 });
    for (let index = 0; index < 15; index += 1) outbox.add(report(String(index), `m${index}`));
    expect(outbox.waiting).toBe(10);
  });

  it("sends what is added at any moment while a sender of the same key ends", async () => {
    const { clock, sent, start } = bench();
    const outbox = start();
    for (let moments = 0; moments < 30; moments += 1) {
      outbox.add(report(`${moments} first`, `m${moments}`));
      for (let moment = 0; moment < moments; moment += 1) await Promise.resolve();
      outbox.add(report(`${moments} second`, `m${moments}`));
      await clock.settle();
    }
    expect(outbox.waiting).toBe(0);
    expect(sent.length).toBe(60);
  });

  it("goes on after its disk could not be read for a while", async () => {
    const { clock, sent, start } = bench();
    const store = newStore()();
    let broken = true;
    const outbox = start({
      store: {
        ...store,
        first(key) {
          if (broken) throw new Error("disk I/O error");
          return store.first(key);
        },
      },
    });
    outbox.add(report("a", "one"));
    await clock.advance(30_000);
    expect(sent).toEqual([]);
    broken = false;
    await clock.advance(30_000);
    expect(sent.map(([id]) => id)).toEqual(["a"]);
    expect(outbox.waiting).toBe(0);
  });

  it("takes nothing more once it is closed", async () => {
    const { start } = bench();
    const outbox = start();
    await outbox.close();
    expect(() => outbox.add(report("1", "a"))).toThrow(/shutting down/);
  });
});
