/**
 * Work by key: of one key at most one piece runs at a time; different keys run side by side, up to a bound, and take
 * turns, so that a busy key does not hold up the others. Keys with urgent work come first, but never for long: every
 * fourth turn is another's who waits.
 */
import type { Key } from "#api/object.ts";

export interface Lanes {
  /** Runs it when its turn comes. `run` must not reject. Urgent: what waits before it of the same key is urgent with it. */
  add(key: Key, run: () => Promise<void>, urgent?: boolean): void;
  /** What waits of the key has become urgent. */
  hurry(key: Key): void;
  readonly waiting: number;
  readonly running: number;
  /** Resolves when nothing runs any more. What waits is dropped and nothing new starts. */
  close(): Promise<void>;
}

interface Lane {
  readonly queue: (() => Promise<void>)[];
  busy: boolean;
  /** So many of the first pieces are urgent. */
  urgent: number;
  /** Among whose turns it stands. */
  place: Turn | undefined;
}

type Turn = "urgent" | "ordinary";

/** Urgent turns in a row while others wait. */
const MOST_URGENT_IN_A_ROW = 3;

/** `quiet` is called whenever nothing waits and nothing runs, `eased` whenever less waits than before. */
export function createLanes(parallel: number, quiet: () => void, eased: () => void): Lanes {
  const lanes = new Map<Key, Lane>();
  /** Keys with work, none of it running, in the order of their turns. One that has moved is passed over in its old place. */
  const turns: Record<Turn, Key[]> = { urgent: [], ordinary: [] };
  let inARow = 0;
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
      while (running < parallel) {
        const key = nextKey();
        if (key === undefined) return;
        start(key);
      }
    });
  }

  function nextKey(): Key | undefined {
    return inARow < MOST_URGENT_IN_A_ROW
      ? (nextOf("urgent") ?? nextOf("ordinary"))
      : (nextOf("ordinary") ?? nextOf("urgent"));
  }

  function nextOf(turn: Turn): Key | undefined {
    const keys = turns[turn];
    while (keys.length > 0) {
      const key = keys.shift();
      if (key === undefined || lanes.get(key)?.place !== turn) continue;
      inARow = turn === "urgent" ? inARow + 1 : 0;
      return key;
    }
    return undefined;
  }

  function queueUp(key: Key, lane: Lane): void {
    const turn: Turn = lane.urgent > 0 ? "urgent" : "ordinary";
    if (lane.busy || lane.queue.length === 0 || lane.place === turn || lane.place === "urgent") return;
    lane.place = turn;
    turns[turn].push(key);
  }

  function start(key: Key): void {
    const lane = lanes.get(key);
    const run = lane?.queue.shift();
    if (lane === undefined || run === undefined) return;
    waiting -= 1;
    running += 1;
    lane.busy = true;
    lane.place = undefined;
    lane.urgent = Math.max(0, lane.urgent - 1);
    eased();
    void run().then(() => ended(key, lane));
  }

  function ended(key: Key, lane: Lane): void {
    running -= 1;
    lane.busy = false;
    if (lane.queue.length > 0) queueUp(key, lane);
    else lanes.delete(key);
    if (closed && running === 0) closing.resolve();
    schedule();
    if (waiting === 0 && running === 0) quiet();
  }

  return {
    add(key, run, urgent = false) {
      if (closed) return;
      let lane = lanes.get(key);
      if (lane === undefined) lanes.set(key, (lane = { queue: [], busy: false, urgent: 0, place: undefined }));
      lane.queue.push(run);
      if (urgent) lane.urgent = lane.queue.length;
      waiting += 1;
      queueUp(key, lane);
      schedule();
    },
    hurry(key) {
      const lane = lanes.get(key);
      if (lane === undefined) return;
      lane.urgent = lane.queue.length;
      queueUp(key, lane);
    },
    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    async close() {
      closed = true;
      turns.urgent.length = 0;
      turns.ordinary.length = 0;
      waiting = 0;
      for (const lane of lanes.values()) lane.queue.length = 0;
      if (running > 0) await closing.promise;
    },
  };
}
