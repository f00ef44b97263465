/**
 * Time as the rooms see it. Everything that waits or dates takes a Clock, so that tests and the simulation can decide
 * when it is.
 */

export interface Clock {
  now(): Date;
  /** Runs `action` once, `milliseconds` from now (not before the caller returns). Answers the way to call it off. */
  schedule(milliseconds: number, action: () => void): () => void;
}

let lastTime = NaN;
let lastText = "";
/** The second that it is in: all of it up to the milliseconds. */
let second = NaN;
let untilSecond = "";

/** RFC 3339 with milliseconds. Most that happens in one second is written down more than once. */
export function isoTime(date: Date): string {
  const time = date.getTime();
  if (time === lastTime) return lastText;
  const milliseconds = ((time % 1000) + 1000) % 1000;
  if (time - milliseconds !== second) {
    untilSecond = date.toISOString().slice(0, -4);
    second = time - milliseconds;
  }
  lastTime = time;
  lastText = `${untilSecond}${milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""}${milliseconds}Z`;
  return lastText;
}

/** Node's timers hold 31 bits of milliseconds; a longer wait is made of several. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own time. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  schedule(milliseconds, action) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(Math.max(left, 0), LONGEST_TIMER);
      timer = setTimeout(() => (left > step ? wait(left - step) : action()), step);
      timer.unref();
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  },
};

export interface VirtualClock extends Clock {
  /**
   * Lets this much time pass: runs what becomes due, in order of time (then of scheduling), and lets promises settle
   * before the first and after each.
   */
  advance(milliseconds: number): Promise<void>;
  /** Jumps to the next due action and runs it. False when nothing is scheduled. */
  step(): Promise<boolean>;
  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void>;
  /** When the next action is due. */
  next(): Date | undefined;
  /** How many actions wait. */
  readonly waiting: number;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

export function virtualClock(start: Date = new Date("2026-01-01T00:00:00Z")): VirtualClock {
  let time = start.getTime();
  let order = 0;
  const due = new Set<Due>();

  function first(): Due | undefined {
    let best: Due | undefined;
    for (const candidate of due) {
      if (best === undefined || candidate.at < best.at || (candidate.at === best.at && candidate.order < best.order)) {
        best = candidate;
      }
    }
    return best;
  }

  /** Promise chains of any practical length; a macrotask lets every microtask that is queued by then run first. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async function run(action: Due): Promise<void> {
    due.delete(action);
    time = Math.max(time, action.at);
    action.action();
    await settle();
  }

  return {
    now: () => new Date(time),
    schedule(milliseconds, action) {
      const entry: Due = { at: time + Math.max(0, milliseconds), order: (order += 1), action };
      due.add(entry);
      return () => void due.delete(entry);
    },
    async advance(milliseconds) {
      const end = time + milliseconds;
      await settle();
      for (let next = first(); next !== undefined && next.at <= end; next = first()) await run(next);
      time = end;
    },
    async step() {
      await settle();
      const next = first();
      if (next === undefined) return false;
      await run(next);
      return true;
    },
    settle,
    next() {
      const next = first();
      return next === undefined ? undefined : new Date(next.at);
    },
    get waiting() {
      return due.size;
    },
  };
}

/** Resolves after this much time; at once when the signal aborts. */
export function wait(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.schedule(milliseconds, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
