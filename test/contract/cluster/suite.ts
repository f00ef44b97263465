/**
 * What functions rely on of any cluster. Held are the cluster in memory, the embedded API server and, where there is
 * one, a real Kubernetes: what passes here behaves alike on all of them.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigMap, Namespace } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import type { Cluster, WatchNotice } from "#events/cluster.ts";

export interface ClusterUnderTest {
  readonly cluster: Cluster;
  /** Breaks all watches. "within": there are no connections, since it is called within one process. */
  readonly disconnect: (() => void) | "within";
  /** Makes versions up to now too old to watch from. */
  compact(): void | Promise<void>;
  stop(): Promise<void>;
}

interface Text extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
interface Machine extends KubeObject {
  readonly spec: { readonly runStrategy: string; readonly template: object };
  readonly status?: { readonly printableStatus?: string; readonly created?: boolean };
}

const TextKind = ConfigMap as Kind<Text>;
const MachineKind = VirtualMachine as unknown as Kind<Machine>;
const NAMESPACE = "contract";

function text(name: string, data: Readonly<Record<string, string>> = { a: "1" }): Text {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: NAMESPACE, name }, data };
}

function machine(name: string): Machine {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { namespace: NAMESPACE, name },
    spec: {
      runStrategy: "Halted",
      template: { spec: { domain: { devices: {} } } },
    },
  };
}

export function clusterContract(title: string, start: () => Promise<ClusterUnderTest>): void {
  describe(title, () => {
    let under: ClusterUnderTest;
    let cluster: Cluster;
    let names = 0;
    const fresh = (): string => `t${(names += 1)}`;

    beforeAll(async () => {
      under = await start();
      cluster = under.cluster;
      await cluster.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    });
    afterAll(async () => under.stop());

    async function created<T extends KubeObject>(kind: Kind<T>, object: T): Promise<Stored<T>> {
      const answer = await cluster.create(kind, object);
      expect(answer.created).toBe(true);
      return answer.object;
    }

    describe("creating", () => {
      it("fills in uid, version and time", async () => {
        const { metadata, data } = await created(TextKind, text(fresh()));
        expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
        expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(data).toEqual({ a: "1" });
      });

      it("says when the name is taken, and by what", async () => {
        const first = await created(TextKind, text(fresh()));
        const second = await cluster.create(TextKind, text(first.metadata.name, { a: "2" }));
        expect(second.created).toBe(false);
        expect(second.object.metadata.uid).toBe(first.metadata.uid);
        expect(second.object.data).toEqual({ a: "1" });
      });

      it("refuses a name that is none", async () => {
        await expect(cluster.create(TextKind, text("Not A Name"))).rejects.toMatchObject({ kind: "refused" });
      });

      it("leaves a status out that the creator made up", async () => {
        const made = { ...machine(fresh()), status: { created: true } };
        expect((await created(MachineKind, made)).status?.created).toBeUndefined();
      });
    });

    describe("reading", () => {
      it("answers undefined for what is not there", async () => {
        expect(await cluster.get(TextKind, { namespace: NAMESPACE, name: "never" })).toBeUndefined();
      });

      it("says kind and version of the items of a list", async () => {
        const { metadata } = await created(TextKind, text(fresh()));
        const found = (await cluster.list(TextKind)).find((item) => item.metadata.uid === metadata.uid);
        expect(found).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
      });

      it("lists by namespace and by all of the labels", async () => {
        const name = fresh();
        const labelled = (suffix: string, labels: Readonly<Record<string, string>>): Text => ({
          ...text(`${name}${suffix}`),
          metadata: { namespace: NAMESPACE, name: `${name}${suffix}`, labels },
        });
        await created(TextKind, labelled("a", { run: name, app: "x" }));
        await created(TextKind, labelled("b", { run: name, app: "y" }));
        const listed = async (query: Parameters<Cluster["list"]>[1]): Promise<string[]> =>
          (await cluster.list(TextKind, query)).map((item) => item.metadata.name).toSorted();
        expect(await listed({ labels: { run: name } })).toEqual([`${name}a`, `${name}b`]);
        expect(await listed({ namespace: NAMESPACE, labels: { run: name, app: "y" } })).toEqual([`${name}b`]);
        expect(await listed({ namespace: "elsewhere", labels: { run: name } })).toEqual([]);
      });
    });

    describe("patching", () => {
      it("writes the difference: sets, changes and takes away", async () => {
        const before = await created(TextKind, text(fresh(), { keep: "1", change: "1", drop: "1" }));
        const after = await cluster.patch(
          TextKind,
          before,
          { ...before, data: { keep: "1", change: "2", add: "1" } },
          "object",
        );
        expect(after.data).toEqual({ keep: "1", change: "2", add: "1" });
        expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
        expect(after.metadata.uid).toBe(before.metadata.uid);
        expect(await cluster.get(TextKind, before.metadata)).toEqual(after);
      });

      it("writes nothing when nothing differs", async () => {
        const before = await created(TextKind, text(fresh()));
        expect(await cluster.patch(TextKind, before, { ...before, data: { a: "1" } }, "object")).toBe(before);
      });

      it("is stale when the object changed since it was read", async () => {
        const before = await created(TextKind, text(fresh()));
        await cluster.patch(TextKind, before, { ...before, data: { a: "2" } }, "object");
        const second = cluster.patch(TextKind, before, { ...before, data: { a: "3" } }, "object");
        await expect(second).rejects.toMatchObject({ kind: "stale" });
        expect((await cluster.get(TextKind, before.metadata))?.data).toEqual({ a: "2" });
      });

      it("is stale when the object is gone, or another has its name", async () => {
        const before = await created(TextKind, text(fresh()));
        await cluster.remove(TextKind, before);
        const change = (): Promise<unknown> => cluster.patch(TextKind, before, { ...before, data: {} }, "object");
        await expect(change()).rejects.toMatchObject({ kind: "stale" });
        await created(TextKind, text(before.metadata.name));
        await expect(change()).rejects.toMatchObject({ kind: "stale" });
      });

      it("keeps status and the rest apart", async () => {
        const before = await created(MachineKind, machine(fresh()));
        const both = {
          ...before,
          spec: { ...before.spec, runStrategy: "Manual" },
          status: { printableStatus: "Starting" },
        };
        const status = await cluster.patch(MachineKind, before, both, "status");
        expect([status.spec.runStrategy, status.status?.printableStatus]).toEqual(["Halted", "Starting"]);
        const wanted = { ...status, spec: both.spec, status: { printableStatus: "Running" } };
        const object = await cluster.patch(MachineKind, status, wanted, "object");
        expect([object.spec.runStrategy, object.status?.printableStatus]).toEqual(["Manual", "Starting"]);
      });

      it("counts generations of the spec, not of the status or of labels", async () => {
        const first = await created(MachineKind, machine(fresh()));
        const status = await cluster.patch(MachineKind, first, { ...first, status: { created: true } }, "status");
        const labelled = { ...status, metadata: { ...status.metadata, labels: { a: "b" } } };
        const label = await cluster.patch(MachineKind, status, labelled, "object");
        const spec = await cluster.patch(
          MachineKind,
          label,
          { ...label, spec: { ...label.spec, runStrategy: "Manual" } },
          "object",
        );
        expect([first, status, label, spec].map(({ metadata }) => metadata.generation)).toEqual([1, 1, 1, 2]);
      });
    });

    describe("removing", () => {
      it("removes, and may be repeated", async () => {
        const object = await created(TextKind, text(fresh()));
        await cluster.remove(TextKind, object);
        expect(await cluster.get(TextKind, object.metadata)).toBeUndefined();
        await cluster.remove(TextKind, object);
      });

      it("spares another object of the same name", async () => {
        const first = await created(TextKind, text(fresh()));
        await cluster.remove(TextKind, first);
        const second = await created(TextKind, text(first.metadata.name));
        await cluster.remove(TextKind, first);
        expect((await cluster.get(TextKind, second.metadata))?.metadata.uid).toBe(second.metadata.uid);
      });

      it("waits for finalizers, and is done when the last one is taken off", async () => {
        const held = {
          ...text(fresh()),
          metadata: { ...text("x").metadata, name: fresh(), finalizers: ["test.dev/held"] },
        };
        const object = await created(TextKind, held);
        await cluster.remove(TextKind, object);
        const going = await cluster.get(TextKind, object.metadata);
        if (going === undefined) throw new Error("it went in spite of its finalizer");
        expect(going.metadata.deletionTimestamp).toBeDefined();
        await cluster.remove(TextKind, object);
        const free = { ...going, metadata: { ...going.metadata, finalizers: [] } };
        await cluster.patch(TextKind, going, free, "object");
        expect(await cluster.get(TextKind, object.metadata)).toBeUndefined();
      });
    });

    describe("watching", () => {
      /** Collects notices until the condition holds. */
      async function watched(
        version: string,
        until: (notices: readonly WatchNotice<Text>[]) => boolean,
        meanwhile?: () => Promise<void>,
      ): Promise<readonly WatchNotice<Text>[]> {
        const notices: WatchNotice<Text>[] = [];
        const ending = new AbortController();
        const watching = cluster.watch(
          TextKind,
          version,
          (notice) => {
            if (notice.type === "BOOKMARK") return;
            notices.push(notice);
            if (until(notices)) ending.abort();
          },
          ending.signal,
        );
        await meanwhile?.();
        await watching;
        return notices;
      }

      const summary = (notices: readonly WatchNotice<Text>[]): string[] =>
        notices.map((notice) =>
          notice.type === "BOOKMARK" ? "BOOKMARK" : `${notice.type} ${notice.object.data?.["a"]}`,
        );

      it("tells what happens after the snapshot, in order", async () => {
        const name = fresh();
        const { resourceVersion } = await cluster.snapshot(TextKind, new AbortController().signal);
        const notices = await watched(
          resourceVersion,
          (so) => so.at(-1)?.type === "DELETED",
          async () => {
            const first = await created(TextKind, text(name));
            const second = await cluster.patch(TextKind, first, { ...first, data: { a: "2" } }, "object");
            await cluster.remove(TextKind, second);
          },
        );
        expect(summary(notices)).toEqual(["ADDED 1", "MODIFIED 2", "DELETED 2"]);
        const versions = notices.map((notice) =>
          notice.type === "BOOKMARK" ? 0 : Number(notice.object.metadata.resourceVersion),
        );
        expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      });

      it("resumes after any version that was seen", async () => {
        const first = await created(TextKind, text(fresh()));
        const second = await cluster.patch(TextKind, first, { ...first, data: { a: "2" } }, "object");
        await cluster.patch(TextKind, second, { ...second, data: { a: "3" } }, "object");
        expect(summary(await watched(first.metadata.resourceVersion, (so) => so.length === 2))).toEqual([
          "MODIFIED 2",
          "MODIFIED 3",
        ]);
      });

      it("has all that was created before in the snapshot", async () => {
        const object = await created(TextKind, text(fresh()));
        const { items, resourceVersion } = await cluster.snapshot(TextKind, new AbortController().signal);
        expect(items).toContainEqual(object);
        expect(Number(resourceVersion)).toBeGreaterThanOrEqual(Number(object.metadata.resourceVersion));
      });

      it("ends quietly when its signal aborts", async () => {
        const { resourceVersion } = await cluster.snapshot(TextKind, new AbortController().signal);
        const ending = new AbortController();
        const watching = cluster.watch(TextKind, resourceVersion, () => undefined, ending.signal);
        ending.abort();
        await expect(watching).resolves.toBeUndefined();
      });

      it("is stale from a version that is too old", async () => {
        const object = await created(TextKind, text(fresh()));
        await cluster.patch(TextKind, object, { ...object, data: { a: "2" } }, "object");
        await under.compact();
        const watching = cluster.watch(
          TextKind,
          object.metadata.resourceVersion,
          () => undefined,
          AbortSignal.timeout(5000),
        );
        await expect(watching).rejects.toMatchObject({ kind: "stale" });
      });

      it("is stale from a version that is yet to come, as after a restoration", async () => {
        const { resourceVersion } = await cluster.snapshot(TextKind, new AbortController().signal);
        const later = String(Number(resourceVersion) + 1_000_000);
        const watching = cluster.watch(TextKind, later, () => undefined, AbortSignal.timeout(5000));
        await expect(watching).rejects.toMatchObject({ kind: "stale" });
      });

      it("ends when the connection breaks, or when its reader leaves where there is none", async () => {
        const { disconnect } = under;
        const { resourceVersion } = await cluster.snapshot(TextKind, new AbortController().signal);
        const leaves = new AbortController();
        const heard = Promise.withResolvers<void>();
        const watching = cluster.watch(TextKind, resourceVersion, () => heard.resolve(), leaves.signal);
        // What has not begun yet can't break.
        await created(TextKind, text(fresh()));
        await heard.promise;
        if (disconnect === "within") {
          leaves.abort();
          await expect(watching).resolves.toBeUndefined();
          return;
        }
        disconnect();
        // That it ends is what counts; where it says why, it is something that passes.
        const why: unknown = await watching.catch((thrown: unknown) => thrown);
        if (why !== undefined) expect(why).toMatchObject({ kind: "later" });
      });
    });
  });
}
