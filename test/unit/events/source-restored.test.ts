/** An etcd that was restored to what it was before: objects go back, at versions that were told before or never were. */
import { describe, expect, it } from "vitest";
import { ConfigMap } from "#api/core.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import type { WatchNotice, Watcher } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import { bench, configMap, told } from "./source-bench.ts";

type Notice = WatchNotice<KubeObject>;

const object = (name: string, version: number, value: string): Stored<KubeObject> => ({
  ...configMap(name, value),
  metadata: {
    namespace: "ns",
    name,
    uid: `uid-${name}`,
    resourceVersion: String(version),
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
});

/** An API server of which the test says what it holds; a watch from what it has not come to is stale, as `Watcher` says. */
function server() {
  let items: readonly Stored<KubeObject>[] = [];
  let version = 0;
  let watch: { readonly notice: (notice: Notice) => void; readonly end: (fault: Fault) => void } | undefined;
  const watcher: Watcher = {
    snapshot: async () => ({ items: items as never, resourceVersion: String(version) }),
    watch: (_kind, from, notice) =>
      new Promise((_resolve, reject) => {
        if (Number(from) > version) return reject(new Fault("stale", "VersionAhead", "yet to come"));
        watch = { notice: notice as never, end: reject };
      }),
  };
  return {
    watcher,
    holds(at: number, ...now: readonly Stored<KubeObject>[]): void {
      [items, version] = [now, at];
    },
    tells: (notice: Notice): void => watch?.notice(notice),
    ends: (fault: Fault): void => watch?.end(fault),
  };
}

const valueOf = (one: KubeObject | undefined): unknown =>
  (one as { readonly data?: { value: unknown } } | undefined)?.data;

describe.each([
  ["goes on from where it was, so that versions are lower", 25, new Fault("later", "APIServerUnreachable", "gone")],
  ["goes on from far ahead, as etcd's manual advises", 1_000_025, new Fault("stale", "Expired", "compacted")],
])("an API server that is restored and %s", (_how, at, fault) => {
  it("is believed: what has changed back is told, what is no more, and what is there again", async () => {
    const { clock, cluster, published, start } = bench();
    const api = server();
    const [kept, changed, deleted] = [object("kept", 10, "1"), object("changed", 11, "1"), object("deleted", 12, "1")];
    api.holds(20, kept, changed, deleted);
    const { reader } = start({ cluster: { ...cluster, ...api.watcher } });
    await clock.settle();
    api.tells({ type: "MODIFIED", object: object("changed", 101, "2") });
    api.tells({ type: "ADDED", object: object("made", 102, "1") });
    api.tells({ type: "DELETED", object: { ...deleted, metadata: { ...deleted.metadata, resourceVersion: "103" } } });
    await clock.settle();
    published.length = 0;
    api.holds(at, kept, changed, deleted);
    api.ends(fault);
    await clock.advance(10_000);
    expect(told(published).toSorted()).toEqual(["add deleted", "delete made", "update changed"]);
    const listed = await reader.list(ConfigMap);
    expect(listed.map(({ metadata }) => metadata.name).toSorted()).toEqual(["changed", "deleted", "kept"]);
    expect(valueOf(await reader.get(ConfigMap, { namespace: "ns", name: "changed" }))).toEqual({ value: "1" });
    // And from there it is heard again.
    api.tells({ type: "MODIFIED", object: object("kept", at + 1, "3") });
    await clock.settle();
    expect(valueOf(await reader.get(ConfigMap, { namespace: "ns", name: "kept" }))).toEqual({ value: "3" });
    expect(told(published).at(-1)).toBe("update kept");
  });
});

it("a list that was under way does not undo what this process has written meanwhile", async () => {
  const { clock, cluster, published, start } = bench();
  const lists: PromiseWithResolvers<void>[] = [];
  let slow = false;
  const source = start({
    cluster: {
      ...cluster,
      async snapshot(kind, signal) {
        const list = await cluster.snapshot(kind, signal);
        if (slow) await (lists[lists.push(Promise.withResolvers<void>()) - 1]?.promise ?? Promise.resolve());
        return list;
      },
    },
  });
  await clock.settle();
  const { object: kept } = await source.writer.create<KubeObject>(ConfigMap, configMap("kept"));
  slow = true;
  cluster.disconnect(new Fault("stale", "Expired", "compacted"));
  await clock.settle();
  expect(lists.length).toBe(1);
  const after = { ...kept, data: { value: "2" } } as KubeObject;
  await source.writer.patch<KubeObject>(ConfigMap, kept, after, "object");
  await source.writer.create<KubeObject>(ConfigMap, configMap("new"));
  await clock.settle();
  published.length = 0;
  lists[0]?.resolve();
  await clock.settle();
  expect(told(published)).toEqual([]);
  expect(valueOf(await source.reader.get(ConfigMap, { namespace: "ns", name: "kept" }))).toEqual({ value: "2" });
  expect((await source.reader.list(ConfigMap)).length).toBe(2);
});
