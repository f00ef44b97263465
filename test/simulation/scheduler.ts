/**
 * Owns time and order: everything that crosses a door (a call, an answer, a report, a timer) is parked here and released
 * one at a time, by virtual time and then by the order of parking. Nothing depends on real time. Between two releases all
 * promises settle, so that a history is the same sequence of steps for the same seed.
 */
import { seededRandom } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";

export const START = Date.parse("2026-01-01T00:00:00Z");

/**
 * What is killed, frozen and has a wall clock of its own: a control plane, a runtime, a libvirtd. What it has parked when
 * it is killed is never released: killed between two of its effects.
 */
export interface Process {
  readonly name: string;
  readonly clock: Clock;
  alive: boolean;
  /** Run when it is killed: what others hold for it is let go. */
  readonly bequests: (() => void)[];
  /** Milliseconds of history until which it stands still. */
  frozenUntil: number;
  /** Milliseconds that its wall clock is ahead. Its timers count real time all the same. */
  skew: number;
}

interface Parked {
  at: number;
  readonly order: number;
  readonly process: Process;
  run: (() => void) | undefined;
  /** Is released even when the process is gone: it is on its way through the network, or the disk's. */
  readonly outlives: boolean;
}

export interface Scheduler {
  /** Milliseconds since the history began. */
  readonly now: number;
  /** Releases so far. */
  readonly steps: number;
  process(name: string): Process;
  kill(process: Process): void;
  /** Runs the action after the time, if the process still lives then. */
  after(process: Process, milliseconds: number, action: () => void): () => void;
  /** Resolves after the time; never when the process dies. */
  park(process: Process, milliseconds: number): Promise<void>;
  /** Something that its sender can't call back. */
  send(process: Process, milliseconds: number, action: () => void): void;
  /** Releases one after the other until `done` holds, `until` is reached, or nothing is parked. */
  run(until: number, afterStep: () => void, done: () => boolean): Promise<void>;
}

/** Releases a turn of Node's event loop: each is followed by its promises; the loop itself is the dearest part. */
const RELEASES_A_TURN = 128;

/** Between so many looks at a clock at most, code that runs takes a millisecond. */
const MOST_LOOKS_A_MILLISECOND = 4;

/** `seed`: of its own chance, by which time passes while code runs, and timers ring early or late. */
export function createScheduler(seed: number): Scheduler {
  const random = seededRandom(seed ^ 0xc10c);
  const heap: Parked[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;
  let looksLeft = 0;

  /** Two looks within one step need not see the same time. */
  function look(): number {
    looksLeft -= 1;
    if (looksLeft < 0) {
      looksLeft = Math.floor(random() * MOST_LOOKS_A_MILLISECOND);
      now += 1;
    }
    return Math.floor(now);
  }

  function add(entry: Parked): void {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  function take(): Parked | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let child = left;
      let smaller = heap[left];
      if (smaller === undefined) break;
      const other = heap[left + 1];
      if (other !== undefined && isBefore(other, smaller)) {
        child = left + 1;
        smaller = other;
      }
      if (!isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  function park(process: Process, milliseconds: number, run: () => void, outlives: boolean): Parked {
    const entry: Parked = { at: now + Math.max(0, milliseconds), order: (order += 1), process, run, outlives };
    add(entry);
    return entry;
  }

  /** The next that may be released; what belongs to the dead is dropped, what belongs to the frozen is put off. */
  function next(until: number): Parked | undefined {
    for (let first = heap[0]; first !== undefined && first.at <= until; first = heap[0]) {
      take();
      const { process } = first;
      if (first.run === undefined || (!process.alive && !first.outlives)) continue;
      if (process.frozenUntil > first.at && process.alive && !first.outlives) {
        first.at = process.frozenUntil;
        add(first);
        continue;
      }
      return first;
    }
    return undefined;
  }

  const scheduler: Scheduler = {
    get now() {
      return now;
    },
    get steps() {
      return steps;
    },
    process(name) {
      const process: Process = {
        name,
        alive: true,
        bequests: [],
        frozenUntil: 0,
        skew: 0,
        clock: {
          now: () => new Date(START + look() + process.skew),
          // Node's timers ring up to a millisecond before the wall clock says so, or after.
          schedule: (milliseconds, action) => scheduler.after(process, milliseconds + 2 * random() - 1, action),
        },
      };
      return process;
    },
    kill(process) {
      process.alive = false;
      for (const letGo of process.bequests.splice(0)) letGo();
    },
    after(process, milliseconds, action) {
      if (!process.alive) return () => undefined;
      const entry = park(process, milliseconds, action, false);
      return () => {
        entry.run = undefined;
      };
    },
    park: (process, milliseconds) => new Promise((resolve) => void park(process, milliseconds, resolve, false)),
    send(process, milliseconds, action) {
      park(process, milliseconds, action, true);
    },
    run(until, afterStep, done) {
      return new Promise((resolve, reject) => {
        let ended = false;
        const release = (last: boolean): void => {
          if (ended) return;
          try {
            afterStep();
            const entry = done() ? undefined : next(until);
            if (entry === undefined) {
              ended = true;
              if (!done()) now = Math.max(now, until);
              resolve();
              return;
            }
            now = Math.max(now, entry.at);
            steps += 1;
            entry.run?.();
            entry.run = undefined;
          } catch (thrown) {
            ended = true;
            reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
            return;
          }
          if (last) turn();
        };
        const turn = (): void => {
          for (let count = 1; count <= RELEASES_A_TURN; count += 1) setImmediate(release, count === RELEASES_A_TURN);
        };
        turn();
      });
    },
  };
  return scheduler;
}

function isBefore(one: Parked, other: Parked): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
