/**
 * How far the watches of one control plane are behind: each kind's by itself, as each is a connection of its own. One that
 * takes over may also begin with a kind as it was a while ago: it has followed all the time, and was behind in this.
 */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { watchedKinds } from "#functions/registry.ts";

interface Snapshot<T extends KubeObject = KubeObject> {
  readonly items: readonly Stored<T>[];
  readonly resourceVersion: string;
}

/** Kinds as they were, by name. */
export type Earlier = Map<string, Promise<Snapshot>>;

export function earlier(cluster: MemoryCluster, kinds: readonly string[]): Earlier {
  const { signal } = new AbortController();
  const chosen = watchedKinds.filter(({ kind }) => kinds.includes(kind));
  return new Map(chosen.map((kind) => [kind.kind, cluster.snapshot(kind, signal)]));
}

export class Lags {
  readonly #until = new Map<string, number>();
  readonly #earlier: Earlier;

  constructor(earlier: Earlier = new Map()) {
    this.#earlier = earlier;
  }

  /** Watches of the kinds tell nothing before this time, in milliseconds of history; then all, in order. */
  hold(kinds: readonly string[], until: number): void {
    for (const kind of kinds) this.#until.set(kind, Math.max(until, this.heldUntil(kind)));
  }

  /** Milliseconds of history. */
  heldUntil(kind: string): number {
    return this.#until.size === 0 ? 0 : (this.#until.get(kind) ?? 0);
  }

  /** With what it begins, where that is not what is there now. The next list finds what is there. */
  first<T extends KubeObject>({ kind }: Kind<T>): Promise<Snapshot<T>> | undefined {
    const known = this.#earlier.get(kind);
    this.#earlier.delete(kind);
    return known as Promise<Snapshot<T>> | undefined;
  }
}
