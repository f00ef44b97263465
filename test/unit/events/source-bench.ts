/** A source over a cluster in memory, and what it has told. */
import { ConfigMap } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import { memoryCluster, type MemoryCluster } from "#events/memory-cluster.ts";
import { startSource, type Source, type SourceOptions } from "#events/source/source.ts";

export const Machine: Kind = {
  group: "kubevirt.io",
  version: "v1",
  kind: "VirtualMachineInstance",
  plural: "virtualmachineinstances",
  namespaced: true,
};

interface Bench {
  readonly clock: VirtualClock;
  readonly cluster: MemoryCluster;
  readonly published: CloudEvent[];
  readonly start: (options?: Partial<SourceOptions>) => Source;
}

export function bench(): Bench {
  const clock = virtualClock();
  const cluster = memoryCluster({ clock, historyLength: 20 });
  const published: CloudEvent[] = [];
  return {
    clock,
    cluster,
    published,
    start: (options = {}) =>
      startSource({
        cluster,
        kinds: [ConfigMap],
        publish: async (event) => void published.push(event),
        deadlineOf: () => undefined,
        resyncSeconds: 0,
        clock,
        sourceName: "/test/source",
        random: () => 0.5,
        ...options,
      }),
  };
}

export function configMap(name: string, value = "1"): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "ns", name }, data: { value } };
}

export async function create(cluster: MemoryCluster, name: string): Promise<Stored<KubeObject>> {
  return (await cluster.create<KubeObject>(ConfigMap, configMap(name))).object;
}

export async function change(
  cluster: MemoryCluster,
  before: Stored<KubeObject>,
  value: string,
): Promise<Stored<KubeObject>> {
  const after: KubeObject & { data: unknown } = { ...before, data: { value } };
  return cluster.patch<KubeObject>(ConfigMap, before, after, "object");
}

export const told = (events: readonly CloudEvent[]): string[] =>
  events.map(({ type, extensions }) => `${type.split(".").at(-1)} ${extensions["name"] ?? extensions["partitionkey"]}`);

/** What the watches bring waits until it is let through. */
export function held(cluster: MemoryCluster): { readonly cluster: MemoryCluster; release(): void } {
  let waiting: (() => void)[] | undefined = [];
  return {
    cluster: {
      ...cluster,
      watch: (kind, version, notice, signal) =>
        cluster.watch(
          kind,
          version,
          (one) => {
            if (waiting === undefined) notice(one);
            else waiting.push(() => notice(one));
          },
          signal,
        ),
    },
    release() {
      const all = waiting ?? [];
      waiting = undefined;
      for (const tell of all) tell();
    },
  };
}
