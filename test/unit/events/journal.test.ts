import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { openJournal } from "#events/journal.ts";
import type { DecisionRecord, Journal, JournalEntry } from "#events/journal-entry.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { event } from "./sample.ts";

const directory = mkdtempSync(join(tmpdir(), "virtive-journal-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(directory, `${(files += 1)}.db`);

function decision(parts: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    function: "boot",
    key: "ns/a",
    because: "its pod is ready",
    effects: ["patch status of VirtualMachineInstance"],
    cause: "1",
    time: "2026-01-01T00:00:00Z",
    outcome: "done",
    milliseconds: 3,
    ...parts,
  };
}

function letter(key: string) {
  return {
    trigger: "boot",
    key,
    code: 422,
    detail: "poison",
    attempts: 1,
    time: "2026-01-01T00:00:00Z",
    event: event(),
  };
}

/** In short: what it is and about which key. */
function brief(entries: readonly JournalEntry[]): string[] {
  return entries.map((entry) => {
    switch (entry.entry) {
      case "event":
        return `event ${entry.event.extensions["partitionkey"]}`;
      case "decision":
        return `decision ${entry.decision.key}`;
      case "dead-letter":
        return `dead-letter ${entry.deadLetter.key}`;
    }
  });
}

const journals: readonly (readonly [string, (most?: number) => Journal])[] = [
  ["in memory", (most) => memoryJournal(most)],
  ["on disk", (most) => openJournal({ file: newFile(), ...(most === undefined ? {} : { mostRows: most }) })],
];

describe.each(journals)("the journal %s", (_, open) => {
  it("gives back what was put in, in order", () => {
    const journal = open();
    const cursors = [
      journal.appendEvent(event({ key: "ns/a", data: { deep: [1, { x: "é" }] } })),
      journal.appendDecision(decision()),
      journal.appendDeadLetter(letter("ns/a")),
    ];
    expect(journal.last).toBe(cursors[2]);
    expect(journal.read({ limit: 10 })).toEqual([
      { cursor: cursors[0], entry: "event", event: event({ key: "ns/a", data: { deep: [1, { x: "é" }] } }) },
      { cursor: cursors[1], entry: "decision", decision: decision() },
      { cursor: cursors[2], entry: "dead-letter", deadLetter: letter("ns/a") },
    ]);
    journal.close();
  });

  it("reads on after a cursor, by key, by type, by what it is, and no more than asked", () => {
    const journal = open();
    for (const key of ["ns/a", "ns/b", "ns/a"]) {
      journal.appendEvent(event({ key, type: `about.${key.at(-1)}` }));
      journal.appendDecision(decision({ key }));
    }
    const first = journal.read({ limit: 2 });
    expect(brief(first)).toEqual(["event ns/a", "decision ns/a"]);
    expect(brief(journal.read({ after: first.at(-1)?.cursor ?? 0, limit: 2 }))).toEqual([
      "event ns/b",
      "decision ns/b",
    ]);
    expect(brief(journal.read({ key: "ns/b", limit: 10 }))).toEqual(["event ns/b", "decision ns/b"]);
    expect(brief(journal.read({ type: "about.a", limit: 10 }))).toEqual(["event ns/a", "event ns/a"]);
    expect(brief(journal.read({ type: "boot", limit: 10 })).length).toBe(3);
    expect(brief(journal.read({ entry: "decision", key: "ns/a", limit: 10 }))).toEqual([
      "decision ns/a",
      "decision ns/a",
    ]);
    expect(journal.read({ limit: 0 })).toEqual([]);
    journal.close();
  });

  it("knows the latest decisions about a key, newest first", () => {
    const journal = open();
    for (const because of ["one", "two", "three"]) {
      journal.appendDecision(decision({ because }));
      journal.appendDecision(decision({ key: "ns/other", because }));
      journal.appendEvent(event({ key: "ns/a" }));
    }
    expect(journal.latestDecisions("ns/a", 2).map(({ because }) => because)).toEqual(["three", "two"]);
    journal.close();
  });

  it("is followed: first what is there, then what comes, until one has enough", async () => {
    const journal = open();
    for (let index = 0; index < 450; index += 1) journal.appendEvent(event({ id: String(index), key: "ns/a" }));
    journal.appendEvent(event({ key: "ns/b" }));
    const ending = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const entry of journal.follow({ key: "ns/a" }, ending.signal)) {
        seen.push(entry.cursor);
        if (seen.length === 450) {
          queueMicrotask(() => {
            journal.appendEvent(event({ key: "ns/b" }));
            journal.appendEvent(event({ key: "ns/a" }));
          });
        }
        if (seen.length === 451) ending.abort();
      }
    })();
    await reading;
    expect(seen).toEqual([...Array.from({ length: 450 }, (_each, index) => index + 1), 453]);
    journal.close();
  });

  it("ends a follower that waits when its signal aborts", async () => {
    const journal = open();
    const ending = new AbortController();
    const next = journal.follow({}, ending.signal)[Symbol.asyncIterator]().next();
    ending.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    journal.close();
  });

  it("keeps the newest entries within its bound", () => {
    const journal = open(1000);
    for (let index = 0; index < 5000; index += 1) journal.appendEvent(event({ id: String(index) }));
    journal.flush();
    const kept = journal.read({ limit: 10_000 });
    expect(kept.length).toBeLessThanOrEqual(1100);
    expect(kept.length).toBeGreaterThanOrEqual(890);
    expect(kept.at(-1)).toMatchObject({ cursor: 5000, event: { id: "4999" } });
    journal.close();
  });
});

describe("the journal on disk", () => {
  it("goes on with its cursors when it is opened again", () => {
    const file = newFile();
    const first = openJournal({ file });
    first.appendEvent(event({ id: "before" }));
    first.close();
    const second = openJournal({ file });
    expect(second.appendEvent(event({ id: "after" }))).toBe(2);
    expect(second.read({ limit: 10 }).map(({ cursor }) => cursor)).toEqual([1, 2]);
    second.close();
  });

  it("keeps within its bound of bytes", () => {
    const journal = openJournal({ file: newFile(), mostBytes: 1024 * 1024 });
    const data = "x".repeat(4000);
    for (let index = 0; index < 1000; index += 1) {
      journal.appendEvent(event({ data }));
      if (index % 50 === 0) journal.flush();
    }
    journal.flush();
    const kept = journal.read({ limit: 10_000 }).length;
    expect(kept).toBeLessThan(270);
    expect(kept).toBeGreaterThan(200);
    journal.close();
  });

  it("writes soon by itself, in small batches", async () => {
    const clock = virtualClock();
    const file = newFile();
    const journal = openJournal({ file, clock });
    for (let index = 0; index < 100; index += 1) journal.appendEvent(event());
    const onDisk = (): number => {
      const other = openJournal({ file });
      const { last } = other;
      other.close();
      return last;
    };
    await clock.advance(50);
    expect(onDisk()).toBe(64);
    await clock.advance(50);
    expect(onDisk()).toBe(100);
    await clock.advance(2000);
    expect(clock.waiting).toBe(0);
    journal.close();
  });

  it("moves its log into the file in a quiet moment", async () => {
    const clock = virtualClock();
    const file = newFile();
    const journal = openJournal({ file, clock });
    for (let index = 0; index < 300; index += 1) {
      journal.appendEvent(event({ data: "x".repeat(4000) }));
      await clock.advance(5);
    }
    const before = statSync(file).size;
    await clock.advance(2000);
    expect(before).toBeLessThan(100_000);
    expect(statSync(file).size).toBeGreaterThan(1_000_000);
    journal.close();
  });

  it("is begun anew when its file is damaged, which is kept aside", () => {
    const file = newFile();
    writeFileSync(file, "this is no database, but long enough to be taken for one ".repeat(100));
    const journal = openJournal({ file });
    expect(journal.appendEvent(event())).toBe(1);
    expect(journal.read({ limit: 10 }).length).toBe(1);
    expect(existsSync(`${file}.damaged`)).toBe(true);
    journal.close();
  });

  it("is not felt by those who append", () => {
    const journal = openJournal({ file: newFile() });
    const entry = event({ data: { text: "x".repeat(4000) } });
    const began = performance.now();
    for (let index = 0; index < 1000; index += 1) journal.appendEvent(entry);
    expect((performance.now() - began) / 1000).toBeLessThan(0.1);
    journal.close();
  });
});
