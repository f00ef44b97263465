import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PersistentVolumeClaim, Pod } from "#api/core.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { runClaims } from "#local/claims.ts";
import { tended, type Tended } from "./tended.ts";

const clock = virtualClock(new Date("2026-11-24T10:00:00Z"));
const at = { namespace: "default", name: "data" };

let directory: string;
let cluster: MemoryCluster;
let tender: Tended;
let turn: () => Promise<unknown>;
/** What the cache says, where it is behind. */
let behind: boolean;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "virtive-claims-"));
  cluster = memoryCluster({ clock });
  behind = false;
  tender = tended(clock);
  runClaims({
    directory,
    reader: {
      get: (kind, of) => (behind ? Promise.resolve(undefined) : cluster.get(kind, of)),
      list: (kind, of) => cluster.list(kind, of),
    },
    cluster,
    ...tender,
  });
  turn = async () => expect(await tender.turn("persistentvolumeclaim/default/data")).toEqual({ status: 204 });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const folders = (): Promise<string[]> => readdir(join(directory, "default"));

async function bound(): Promise<void> {
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
  await cluster.create(PersistentVolumeClaim, { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: at, spec });
  await turn();
  await writeFile(join(directory, "default", "data", "disk.img"), "what a guest wrote");
}

/** As `kubectl patch --type=merge -p '{"metadata": {"finalizers": null}}'` does. */
async function letGoByHand(): Promise<void> {
  const claim = await cluster.get(PersistentVolumeClaim, at);
  if (claim === undefined) throw new Error("there is no claim");
  const { finalizers: _taken, ...metadata } = claim.metadata;
  await cluster.patch(PersistentVolumeClaim, claim, { ...claim, metadata }, "object");
}

async function pod(): Promise<void> {
  const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: "data" } }];
  const spec = { containers: [{ name: "compute", image: "anchor" }], volumes };
  await cluster.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { ...at, name: "anchor" }, spec });
}

async function remove(kind: typeof PersistentVolumeClaim | typeof Pod, name: string): Promise<void> {
  const object = await cluster.get<never>(kind as never, { ...at, name });
  if (object !== undefined) await cluster.remove(kind, object);
}

describe("a claim's folder", () => {
  it("goes with the claim when that is deleted", async () => {
    await bound();
    await remove(PersistentVolumeClaim, "data");
    expect(await folders()).toEqual(["data"]);
    await turn();
    expect(await folders()).toEqual([]);
    expect(await cluster.get(PersistentVolumeClaim, at)).toBeUndefined();
  });

  it("goes also when somebody has taken the finalizer off, once no pod uses it", async () => {
    await bound();
    await pod();
    await letGoByHand();
    await remove(PersistentVolumeClaim, "data");
    expect(await cluster.get(PersistentVolumeClaim, at)).toBeUndefined();
    await turn();
    expect([await folders(), tender.again()]).toEqual([["data"], 1]);
    await remove(Pod, "anchor");
    await turn();
    expect([await folders(), tender.again()]).toEqual([[], 1]);
  });

  it("stays while the claim is there, also where a cache does not know it yet, and beside others", async () => {
    await bound();
    await mkdir(join(directory, "default", "data-2"));
    behind = true;
    await turn();
    expect(await readdir(join(directory, "default", "data"))).toEqual(["disk.img"]);
    await remove(PersistentVolumeClaim, "data");
    behind = false;
    await turn();
    expect(await folders()).toEqual(["data-2"]);
  });

  it("is none of a claim that never was", async () => {
    await turn();
    expect(await readdir(directory)).toEqual([]);
  });
});
