/** Work that several callers want at the same time is done once; it is broken off when the last of them has gone. */

interface Running {
  readonly result: Promise<unknown>;
  readonly stop: AbortController;
  waiting: number;
}

export type Share = <T>(
  key: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** The key names the work wholly: two works of one key must have the same result. */
export function shareWork(): Share {
  const running = new Map<string, Running>();
  return async <T>(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>) => {
    signal?.throwIfAborted();
    const one = running.get(key) ?? start(running, key, work);
    one.waiting += 1;
    let gone: (() => void) | undefined;
    const left = new Promise<never>((_, reject) => {
      gone = () => {
        const reason: unknown = signal?.reason;
        reject(reason instanceof Error ? reason : new Error("aborted"));
      };
      signal?.addEventListener("abort", gone, { once: true });
    });
    try {
      // The key names the work, and so its type.
      return (await Promise.race([one.result, left])) as T;
    } finally {
      if (gone !== undefined) signal?.removeEventListener("abort", gone);
      one.waiting -= 1;
      if (one.waiting === 0) one.stop.abort(signal?.reason);
    }
  };
}

function start<T>(running: Map<string, Running>, key: string, work: (signal: AbortSignal) => Promise<T>): Running {
  const stop = new AbortController();
  const result = work(stop.signal).finally(() => {
    if (running.get(key) === one) running.delete(key);
  });
  // Who waits hears of a failure; when all have gone, nobody does.
  result.catch(() => undefined);
  const one: Running = { result, stop, waiting: 0 };
  running.set(key, one);
  // Who comes after the last has gone must not get what was broken off.
  stop.signal.addEventListener("abort", () => {
    if (running.get(key) === one) running.delete(key);
  });
  return one;
}
