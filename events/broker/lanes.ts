/**
 * Work by key: of one key at most one piece runs at a time; different keys run side by side, up to a bound, and take
 * turns, so that a busy key does not hold up the others.
 */
import type { Key } from "#api/object.ts";

export interface Lanes {
  /** Runs it when its turn comes. `run` must not reject. */
  add(key: Key, run: () => Promise<void>): void;
  readonly waiting: number;
  readonly running: number;
  /** Resolves when nothing runs any more. What waits is dropped and nothing new starts. */
  close(): Promise<void>;
}

interface Lane {
  readonly queue: (() => Promise<void>)[];
  busy: boolean;
}

/** `quiet` is called whenever nothing waits and nothing runs, `eased` whenever less waits than before. */
export function createLanes(parallel: number, quiet: () => void, eased: () => void): Lanes {
  const lanes = new Map<Key, Lane>();
  /** Keys with work, none of it running, in the order of their turns. */
  let turns: Key[] = [];
  let waiting = 0;
  let running = 0;
  let scheduled = false;
  let closed = false;
  const closing = Promise.withResolvers<void>();

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      while (running < parallel && turns.length > 0) start(turns.shift() ?? "");
    });
  }

  function start(key: Key): void {
    const lane = lanes.get(key);
    const run = lane?.queue.shift();
    if (lane === undefined || run === undefined) return;
    waiting -= 1;
    running += 1;
    lane.busy = true;
    eased();
    void run().finally(() => {
      running -= 1;
      lane.busy = false;
      if (lane.queue.length > 0) turns.push(key);
      else lanes.delete(key);
      if (closed && running === 0) closing.resolve();
      schedule();
      if (waiting === 0 && running === 0) quiet();
    });
  }

  return {
    add(key, run) {
      if (closed) return;
      let lane = lanes.get(key);
      if (lane === undefined) lanes.set(key, (lane = { queue: [], busy: false }));
      if (!lane.busy && lane.queue.length === 0) turns.push(key);
      lane.queue.push(run);
      waiting += 1;
      schedule();
    },
    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    async close() {
      closed = true;
      turns = [];
      waiting = 0;
      for (const lane of lanes.values()) lane.queue.length = 0;
      if (running > 0) await closing.promise;
    },
  };
}
