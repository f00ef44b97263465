/**
 * Whether a node's silence is noticed, and nobody called silent who speaks: no status may go on saying for long what nobody
 * has heard, nor say that somebody is silent whom the control plane could not listen to.
 */
import { Node } from "#api/core.ts";
import { conditionOf, type Stored } from "#api/object.ts";
import type { MemoryCluster, Write } from "#events/memory-cluster.ts";
import { SILENCE_SECONDS } from "#functions/deadlines.ts";
import { Violation } from "./safety.ts";

export interface Silence {
  heard(node: string): void;
  /** A control plane begins to listen. */
  begins(): void;
  /** For so many seconds the control plane hears nobody. */
  deaf(seconds: number): void;
  /** Its wall clock was set. */
  set(): void;
  /** For so many seconds there is another one, which hears nobody. */
  crowded(seconds: number): void;
  /** For so many seconds the control plane or its API can't be expected to notice anything. */
  disturbed(seconds: number): void;
  unnoticed(): Violation | undefined;
  /** What was written may say that a node is silent. */
  called(write: Write): Violation | undefined;
}

/** Three times what it should take: writes are tried again, and wall clocks jump. */
const LONGEST_MILLISECONDS = 60_000;
/** On its way from a decision to the API server a write takes at most so long: heard since then counts for nothing. */
const LATEST_WRITE_MILLISECONDS = 3_500;
/** What the control plane may not have noticed of each time in which it heard nobody, or of how far its clock was set. */
const UNNOTICED_MILLISECONDS = 5_000;

export function watchSilence(cluster: MemoryCluster, nodes: readonly string[], now: () => number): Silence {
  /** The last times at which each was heard, newest last. */
  const times = new Map<string, number[]>(nodes.map((name) => [name, [0]]));
  const calledSilent = new Set<string>();
  let calmFrom = 0;
  let listensFrom = 0;
  let crowdedUntil = 0;
  let deafTimes: { readonly from: number; readonly to: number }[] = [];
  let setTimes: number[] = [];

  const lastOf = (name: string, before = Infinity): number =>
    Math.max(listensFrom, ...(times.get(name) ?? []).filter((at) => at <= before));

  /** Milliseconds of listening since then, as the control plane may believe. */
  function listened(since: number): number {
    let milliseconds = now() - since;
    for (const { from, to } of deafTimes) {
      const part = Math.min(to, now()) - Math.max(from, since);
      if (part > 0) milliseconds -= Math.max(0, part - UNNOTICED_MILLISECONDS);
    }
    return milliseconds + setTimes.filter((at) => at >= since).length * UNNOTICED_MILLISECONDS;
  }

  return {
    heard(node) {
      const heard = times.get(node) ?? [];
      heard.push(now());
      while ((heard[0] ?? Infinity) < now() - LONGEST_MILLISECONDS && heard.length > 1) heard.shift();
      times.set(node, heard);
    },
    begins() {
      listensFrom = now();
      deafTimes = [];
      setTimes = [];
    },
    deaf(seconds) {
      // It may stand still already: no time counts twice.
      const from = Math.max(now(), ...deafTimes.map((one) => one.to));
      const to = now() + seconds * 1000;
      if (to > from) deafTimes.push({ from, to });
    },
    set: () => void setTimes.push(now()),
    crowded: (seconds) => (crowdedUntil = Math.max(crowdedUntil, now() + seconds * 1000 + LATEST_WRITE_MILLISECONDS)),
    disturbed: (seconds) => (calmFrom = Math.max(calmFrom, now() + seconds * 1000)),
    unnoticed() {
      for (const name of times.keys()) {
        const silent = now() - Math.max(times.get(name)?.at(-1) ?? 0, calmFrom);
        const node = cluster.objects(Node).get(`/${name}`);
        if (silent <= LONGEST_MILLISECONDS || node === undefined) continue;
        if (conditionOf(node, "RuntimeReady")?.status !== "True") continue;
        return new Violation("silence is noticed", `${name} is silent for ${silent / 1000} s and said to be ready`);
      }
      return undefined;
    },
    called({ kind, object }) {
      if (kind !== Node.kind) return undefined;
      const { name } = object.metadata;
      const isSilent = conditionOf(object as Stored<Node>, "RuntimeReady")?.status === "Unknown";
      if (!isSilent) return void calledSilent.delete(name);
      if (calledSilent.has(name)) return undefined;
      calledSilent.add(name);
      if (now() < crowdedUntil) return undefined;
      const last = lastOf(name, now() - LATEST_WRITE_MILLISECONDS);
      const milliseconds = listened(last);
      if (milliseconds >= SILENCE_SECONDS * 1000 - 100) return undefined;
      const seconds = (milliseconds / 1000).toFixed(1);
      return new Violation(
        "who speaks is not called silent",
        `${name} is called silent after ${seconds} s in which control could listen`,
      );
    },
  };
}
