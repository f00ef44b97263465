import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject } from "#local/apiserver/json-value.ts";
import { MAX_OBJECT_BYTES, Store } from "#local/apiserver/store/store.ts";
import { parsed } from "#local/apiserver/store/stored-object.ts";
import type { Change } from "#local/apiserver/store/window.ts";

let directory = "";
let store: Store;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "virtive-store-"));
  store = open();
});

afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(changes = 1000, characters = 1_000_000): Store {
  return new Store({
    directory,
    window: { changes, characters },
    fieldsOf: () => ({}),
    first: "definitions",
    onFirst: () => {},
  });
}

function thing(name: string, more: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name, namespace: "ns", uid: `uid-${name}`, ...metadata },
    ...more,
  };
}

async function put(name: string, expect_ = 0, more: JsonObject = {}): Promise<number> {
  const outcome = await store.write({
    resource: "things",
    namespace: "ns",
    name,
    expect: expect_,
    after: thing(name, more),
  });
  if (!outcome.done) throw new Error(`${name} had moved`);
  return outcome.object.version;
}

async function remove(name: string, version: number): Promise<void> {
  await store.write({ resource: "things", namespace: "ns", name, expect: version, after: undefined });
}

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

test("gives each write the next version and keeps it in the object", async () => {
  const first = await put("a");
  const second = await put("b");
  expect(second).toBe(first + 1);
  const found = store.get("things", "ns", "b");
  expect(found === undefined ? undefined : parsed(found)).toMatchObject({
    metadata: { resourceVersion: String(second) },
  });
});

test("lets one of two writes win that expect the same version", async () => {
  const version = await put("a");
  const wish = (n: number) =>
    store.write({ resource: "things", namespace: "ns", name: "a", expect: version, after: thing("a", { n }) });
  const outcomes = await Promise.all([wish(1), wish(2)]);
  expect(outcomes.map(({ done }) => done)).toEqual([true, false]);
  expect(parsed(store.get("things", "ns", "a")!)["n"]).toBe(1);
});

test("tells of concurrent writes in one go, in order", async () => {
  const seen: (readonly Change[])[] = [];
  store.onChange((changes) => void seen.push(changes));
  await Promise.all([put("a"), put("b"), put("c")]);
  expect(seen.map((changes) => changes.map(({ key }) => key))).toEqual([["ns/a", "ns/b", "ns/c"]]);
});

test("shows nobody a write that the death of its process would take back", async () => {
  const writing = put("a");
  expect(store.get("things", "ns", "a")).toBeUndefined();
  await writing;
  const other = store;
  other.close();
  store = open();
  expect(store.get("things", "ns", "a")).toBeDefined();
});

test("tells when writes are on disk, once for all that waited", async () => {
  await store.onDisk();
  const told: (readonly string[])[] = [];
  store.onSynced((changes) => void told.push(changes.map(({ key }) => key)));
  const versions = await Promise.all([put("a"), put("c"), put("b")]);
  expect(store.synced).toBeLessThan(versions[0]);
  await store.onDisk();
  expect(store.synced).toBe(versions[2]);
  expect(told).toEqual([["ns/a", "ns/c", "ns/b"]]);
});

test("lists in order of key, a namespace apart from one whose name it begins", async () => {
  for (const [namespace, name] of [
    ["b", "1"],
    ["a-b", "2"],
    ["a", "3"],
    ["a", "1"],
  ] as const) {
    const after = thing(name, {}, { namespace, uid: `${namespace}-${name}` });
    await store.write({ resource: "things", namespace, name, expect: 0, after });
  }
  expect(store.list("things").map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    "a-b/2",
    "a/1",
    "a/3",
    "b/1",
  ]);
  expect(names(store.list("things", "a"))).toEqual(["1", "3"]);
});

test("goes on after a restart with the same objects, history and versions", async () => {
  const first = await put("a", 0, { n: 1 });
  const second = await put("a", first, { n: 2 });
  const gone = await put("gone");
  await remove("gone", gone);
  store.close();
  store = open();
  expect(store.version).toBe(second + 2);
  const changes = store.changesAfter("things", 0, 100);
  expect(
    changes.map(({ key, before, after }) => [key, before && parsed(before)["n"], after && parsed(after)["n"]]),
  ).toEqual([
    ["ns/a", undefined, 1],
    ["ns/a", 1, 2],
    ["ns/gone", undefined, undefined],
    ["ns/gone", undefined, undefined],
  ]);
  expect(changes.map(({ before, after }) => [before !== undefined, after !== undefined])).toEqual([
    [false, true],
    [true, true],
    [false, true],
    [true, false],
  ]);
  expect(await put("b")).toBe(second + 3);
});

test("shows lists as they were", async () => {
  const a = await put("a", 0, { n: 1 });
  const b = await put("b");
  await put("a", a, { n: 2 });
  await remove("b", b);
  await put("c");
  expect(names(store.listAt("things", "ns", a))).toEqual(["a"]);
  expect(store.listAt("things", "ns", b).map((object) => [object.name, parsed(object)["n"]])).toEqual([
    ["a", 1],
    ["b", undefined],
  ]);
  expect(names(store.list("things", "ns"))).toEqual(["a", "c"]);
});

test("forgets what is over its bounds, in memory and on disk, and never the newest change", async () => {
  store.close();
  store = open(16);
  let version = await put("a");
  for (let index = 0; index < 100; index++) version = await put("a", version, { index });
  expect(store.compacted).toBeGreaterThan(version - 20);
  expect(store.changesAfter("things", store.compacted, 100).length).toBeLessThanOrEqual(18);
  const { compacted } = store;
  store.close();
  store = open(16);
  expect(store.compacted).toBeGreaterThanOrEqual(compacted);
  expect(store.version).toBe(version);
});

test("bounds the characters that history holds", async () => {
  store.close();
  store = open(1000, 10_000);
  let version = await put("a");
  for (let index = 0; index < 50; index++) version = await put("a", version, { text: "x".repeat(1000), index });
  expect(store.changesAfter("things", store.compacted, 1000).length).toBeLessThan(12);
});

test("refuses an object that is too large and writes the others of the same commit", async () => {
  const large = put("large", 0, { text: "x".repeat(MAX_OBJECT_BYTES) });
  const small = put("small");
  await expect(large).rejects.toMatchObject({ code: 413, reason: "RequestEntityTooLarge" });
  expect(await small).toBe(1);
});

test("knows who names an object as owner", async () => {
  await put("owner");
  const after = thing(
    "child",
    {},
    { ownerReferences: [{ apiVersion: "v1", kind: "Thing", name: "owner", uid: "uid-owner" }] },
  );
  await store.write({ resource: "things", namespace: "ns", name: "child", expect: 0, after });
  expect(names(store.dependentsOf("uid-owner"))).toEqual(["child"]);
  await remove("child", 2);
  expect(store.dependentsOf("uid-owner")).toEqual([]);
});

test("refuses a second process on the same file", async () => {
  await put("a");
  expect(() => open()).toThrow(/locked/);
});
