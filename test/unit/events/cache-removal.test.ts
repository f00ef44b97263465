import { describe, expect, it } from "vitest";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { createCache } from "#events/source/cache.ts";

async function world(finalizers: readonly string[]) {
  const cluster = memoryCluster({ clock: virtualClock() });
  const cache = createCache({ kinds: [VirtualMachineInstance], cluster, changed: () => undefined });
  const { object } = await cache.writer.create(VirtualMachineInstance, {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: { name: "a", namespace: "default", finalizers },
    spec: { domain: { devices: {} } },
  });
  const shelf = cache.shelf(VirtualMachineInstance);
  if (shelf !== undefined) shelf.ready = true;
  const seen = () => cache.reader.get(VirtualMachineInstance, { namespace: "default", name: "a" });
  return { cache, object, seen };
}

describe("what this process removes", () => {
  it("is known as going at once, before any watch tells", async () => {
    const { cache, object, seen } = await world(["virtive.dev/test"]);
    await cache.writer.remove(VirtualMachineInstance, object);
    expect((await seen())?.metadata.deletionTimestamp).toBeDefined();
  });

  it("stays as it was until the watch tells where nothing holds it", async () => {
    const { cache, object, seen } = await world([]);
    expect(await cache.writer.remove(VirtualMachineInstance, object)).toBeUndefined();
    expect((await seen())?.metadata.deletionTimestamp).toBeUndefined();
  });

  it("is known as gone at once when what held it is taken off", async () => {
    const { cache, object, seen } = await world(["virtive.dev/test"]);
    await cache.writer.remove(VirtualMachineInstance, object);
    const going = await seen();
    if (going === undefined) throw new Error("it is gone already");
    const free = { ...going, metadata: { ...going.metadata, finalizers: [] } };
    await cache.writer.patch(VirtualMachineInstance, going, free, "object");
    expect(await seen()).toBeUndefined();
  });
});
