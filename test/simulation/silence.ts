/** Whether a node's silence is noticed: no status may go on saying for long what nobody has heard. */
import { Node } from "#api/core.ts";
import { conditionOf } from "#api/object.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { Violation } from "./safety.ts";

export interface Silence {
  heard(node: string): void;
  /** For so many seconds the control plane or its API can't be expected to notice anything. */
  disturbed(seconds: number): void;
  unnoticed(): Violation | undefined;
}

/** Three times what it should take: writes are tried again, and wall clocks jump. */
const LONGEST_MILLISECONDS = 60_000;

export function watchSilence(cluster: MemoryCluster, nodes: readonly string[], now: () => number): Silence {
  const heardAt = new Map<string, number>(nodes.map((name) => [name, 0]));
  let calmFrom = 0;
  return {
    heard: (node) => void heardAt.set(node, now()),
    disturbed: (seconds) => (calmFrom = Math.max(calmFrom, now() + seconds * 1000)),
    unnoticed() {
      for (const [name, at] of heardAt) {
        const silent = now() - Math.max(at, calmFrom);
        const node = cluster.objects(Node).get(`/${name}`);
        if (silent <= LONGEST_MILLISECONDS || node === undefined) continue;
        if (conditionOf(node, "RuntimeReady")?.status !== "True") continue;
        return new Violation("silence is noticed", `${name} is silent for ${silent / 1000} s and said to be ready`);
      }
      return undefined;
    },
  };
}
