/**
 * When each node was heard last, in the memory of the process that hears them. So a heartbeat that says nothing new is
 * written nowhere. Who begins to listen has heard nobody: until it has listened for as long as a node may be silent, it
 * calls none silent.
 *
 * Who does not get to run hears nobody either: the machine was suspended, or other work held the process up. What nodes
 * said meanwhile waits at its sockets, and its timers, which are late, come first. So only the time in which it could
 * listen counts as a node's silence: a timer of its own tells how late timers are, and how far the wall clock was set.
 */
import { Node } from "#api/core.ts";
import type { Clock } from "#events/clock.ts";
import type { Heartbeat } from "#events/machine.ts";
import type { DeadlineOf } from "#events/source/deadlines.ts";
import { deadlineOf, silentFrom, type Listening } from "./deadlines.ts";

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
  /** The times from which the node's silence counts now: later by what the process could not listen since then. */
  listening(node: string): Listening;
  close(): void;
}

/** Between two looks at whether timers are late: that much of a time of not listening may go unnoticed. */
const LOOK_MILLISECONDS = 5_000;

/** Nodes that are gone are forgotten when there are more than this; each was let in by its certificate. */
const MOST_NODES = 20_000;

/** As long as somebody listens: who leads anew begins a new one. */
export function createRollCall(clock: Clock): RollCall {
  const lasts = new Map<string, Heard & { readonly deafBefore: number }>();
  const since = clock.now();
  let lookedAt = since.getTime();
  /** Milliseconds in which it could not listen, until the last look; below 0 where the wall clock was set back. */
  let deaf = 0;

  function look(): void {
    const now = clock.now().getTime();
    deaf += now - lookedAt - LOOK_MILLISECONDS;
    lookedAt = now;
    cancel = clock.schedule(LOOK_MILLISECONDS, look);
  }
  let cancel = clock.schedule(LOOK_MILLISECONDS, look);

  /** Until now: the next look may be overdue already. */
  function deafUntil(now: number): number {
    return deaf + Math.max(now - lookedAt - LOOK_MILLISECONDS, Math.min(0, now - lookedAt));
  }

  return {
    since,
    heard(said) {
      const at = clock.now();
      const heard = { said, at, deafBefore: deafUntil(at.getTime()) };
      // The last one heard stands last.
      lasts.delete(said.node);
      lasts.set(said.node, heard);
      const [longest] = lasts.keys();
      if (lasts.size > MOST_NODES && longest !== undefined) lasts.delete(longest);
      return heard;
    },
    last: (node) => lasts.get(node),
    listening(node) {
      const now = deafUntil(clock.now().getTime());
      const last = lasts.get(node);
      return {
        since: new Date(since.getTime() + now),
        lastHeard: last && new Date(last.at.getTime() + now - last.deafBefore),
      };
    },
    close: () => cancel(),
  };
}

/**
 * Deadlines where heartbeats are kept: a Node's moves on with every heartbeat, without a write and without anybody being
 * woken. `listening`: the roll call that is kept now; undefined while nobody listens here.
 */
export function deadlinesHeard(listening: () => Pick<RollCall, "listening"> | undefined): DeadlineOf {
  return (kind, object) => {
    const rollCall = kind.kind === Node.kind ? listening() : undefined;
    if (rollCall === undefined) return deadlineOf(kind, object);
    return silentFrom(object, rollCall.listening(object.metadata.name));
  };
}
