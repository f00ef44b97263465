/**
 * When each node was heard last, in the memory of the process that hears them. So a heartbeat that says nothing new is
 * written nowhere. Who begins to listen has heard nobody: until it has listened for as long as a node may be silent, it
 * calls none silent.
 */
import { Node } from "#api/core.ts";
import type { Clock } from "#events/clock.ts";
import type { Heartbeat } from "#events/machine.ts";
import type { DeadlineOf } from "#events/source/deadlines.ts";
import { deadlineOf, silentFrom } from "./deadlines.ts";

export interface Heard {
  readonly said: Heartbeat;
  /** When it came in. */
  readonly at: Date;
}

export interface RollCall {
  readonly since: Date;
  heard(said: Heartbeat): Heard;
  /** Undefined: not since it listens. */
  last(node: string): Heard | undefined;
}

/** Nodes that are gone are forgotten when there are more than this; each was let in by its certificate. */
const MOST_NODES = 20_000;

/** As long as somebody listens: who leads anew begins a new one. */
export function createRollCall(clock: Clock): RollCall {
  const lasts = new Map<string, Heard>();
  return {
    since: clock.now(),
    heard(said) {
      const heard: Heard = { said, at: clock.now() };
      // The last one heard stands last.
      lasts.delete(said.node);
      lasts.set(said.node, heard);
      const [longest] = lasts.keys();
      if (lasts.size > MOST_NODES && longest !== undefined) lasts.delete(longest);
      return heard;
    },
    last: (node) => lasts.get(node),
  };
}

/**
 * Deadlines where heartbeats are kept: a Node's moves on with every heartbeat, without a write and without anybody being
 * woken. `listening`: the roll call that is kept now; undefined while nobody listens here.
 */
export function deadlinesHeard(listening: () => Pick<RollCall, "since" | "last"> | undefined): DeadlineOf {
  return (kind, object) => {
    const rollCall = kind.kind === Node.kind ? listening() : undefined;
    if (rollCall === undefined) return deadlineOf(kind, object);
    return silentFrom(object, { since: rollCall.since, lastHeard: rollCall.last(object.metadata.name)?.at });
  };
}
