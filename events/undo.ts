/** What has come up and must go down again: in the reverse order, all of it, whatever fails on the way. */

export interface Undo {
  add(close: () => Promise<void>): void;
  /** @throws the first failure, once everything has been closed */
  run(): Promise<void>;
}

export function undoList(): Undo {
  const closers: (() => Promise<void>)[] = [];
  return {
    add: (close) => void closers.push(close),
    async run() {
      const failures: unknown[] = [];
      for (const close of closers.splice(0).toReversed()) {
        await close().catch((failure: unknown) => failures.push(failure));
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Runs `start` with an empty list; when it fails, what it had added goes down again and the failure is told. */
export async function orUndo<T>(start: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = undoList();
  try {
    return await start(undo);
  } catch (failure) {
    await undo.run().catch(() => undefined); // the first failure is the one to tell
    throw failure;
  }
}
