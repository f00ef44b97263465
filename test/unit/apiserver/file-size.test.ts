/** The store's file: bounded by what is there and by the window of changes, however much is written. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Store } from "#local/apiserver/store/store.ts";

const MIB = 1024 * 1024;

let directory = "";
let store: Store | undefined;
let versions = new Map<string, number>();

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "virtive-file-"));
  versions = new Map();
});

afterEach(() => {
  store?.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(changes: number): Store {
  store = new Store({
    directory,
    window: { changes, characters: 32 * MIB },
    fieldsOf: () => ({}),
    first: "definitions",
    onFirst: () => {},
  });
  return store;
}

/** Bytes of the database and of its write-ahead log. */
function bytes(): number {
  return ["", "-wal"].reduce((sum, end) => {
    const stat = statSync(path.join(directory, `apiserver.sqlite${end}`), { throwIfNoEntry: false });
    return sum + (stat?.size ?? 0);
  }, 0);
}

/** Text undefined: removes. */
async function put(into: Store, name: string, text: string | undefined): Promise<void> {
  const metadata = { name, namespace: "ns", uid: `uid-${name}` };
  const after = text === undefined ? undefined : { apiVersion: "v1", kind: "Thing", metadata, text };
  const expect_ = versions.get(name) ?? 0;
  const outcome = await into.write({ resource: "things", namespace: "ns", name, expect: expect_, after });
  if (!outcome.done) throw new Error(`${name} had moved`);
  versions.set(name, text === undefined ? 0 : outcome.object.version);
}

/** Writes each of the objects once, in one commit. */
async function round(into: Store, objects: number, text: string | undefined): Promise<void> {
  await Promise.all(Array.from({ length: objects }, (_, index) => put(into, `thing-${index}`, text)));
}

test("stays bounded over 100,000 writes", { timeout: 120_000 }, async () => {
  const into = open(4096);
  const text = "x".repeat(300);
  let early = 0;
  let late = 0;
  for (let written = 0; written < 100_000; written += 500) {
    await round(into, 500, text);
    if (written < 20_000) early = Math.max(early, bytes());
    else late = Math.max(late, bytes());
  }
  expect(into.version).toBe(100_000);
  // 4096 changes and an eighth, 500 objects, about half a KiB each: 3 MiB; and the log, which is cut at 8 MiB.
  expect(late).toBeLessThan(14 * MIB);
  expect(late).toBeLessThan(early * 1.2);
});

test("gives back to the file system what is no longer used", { timeout: 60_000 }, async () => {
  const into = open(500);
  for (let batch = 0; batch < 10; batch++) {
    const names = Array.from({ length: 200 }, (_, index) => `large-${batch}-${index}`);
    await Promise.all(names.map((name) => put(into, name, "x".repeat(20_000))));
  }
  const full = bytes();
  expect(full).toBeGreaterThan(40 * MIB);
  await Promise.all([...versions.keys()].map((name) => put(into, name, undefined)));
  for (let written = 0; written < 20; written++) await round(into, 200, "small");
  expect(bytes()).toBeLessThan(full / 2);
});

test("makes a file of the first layout give back as well, and keeps what is in it", async () => {
  const old = new DatabaseSync(path.join(directory, "apiserver.sqlite"));
  old.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE objects (resource TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (resource, key)) STRICT;
    CREATE TABLE history (version INTEGER PRIMARY KEY, resource TEXT NOT NULL, key TEXT NOT NULL, before TEXT) STRICT;
    PRAGMA user_version = 1;`);
  const object = { apiVersion: "v1", kind: "Thing", metadata: { name: "a", namespace: "ns", uid: "u" } };
  old.prepare("INSERT INTO objects VALUES ('things', 'ns/a', 7, ?)").run(JSON.stringify(object));
  old.close();
  const into = open(500);
  expect(into.get("things", "ns", "a")?.version).toBe(7);
  expect(into.version).toBe(7);
  into.close();
  const now = new DatabaseSync(path.join(directory, "apiserver.sqlite"), { readOnly: true });
  expect(now.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
  now.close();
});
