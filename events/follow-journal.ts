/** The following of a journal: reads in pages and waits for news when there are none. One implementation for both. */
import type { Journal, JournalEntry, JournalQuery } from "./journal-entry.ts";

const PAGE = 200;

export interface News {
  tell(): void;
  /** Resolves at the next `tell`, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void>;
}

export function createNews(): News {
  let coming = Promise.withResolvers<void>();
  return {
    tell() {
      coming.resolve();
      coming = Promise.withResolvers();
    },
    next(signal) {
      const { promise } = coming;
      return new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const done = (): void => {
          signal.removeEventListener("abort", done);
          resolve();
        };
        signal.addEventListener("abort", done, { once: true });
        void promise.then(done);
      });
    },
  };
}

export async function* followJournal(
  journal: Pick<Journal, "read" | "last">,
  news: News,
  query: JournalQuery,
  signal: AbortSignal,
): AsyncGenerator<JournalEntry> {
  let after = query.after ?? 0;
  while (!signal.aborted) {
    const coming = news.next(signal);
    const { last } = journal;
    const page = journal.read({ ...query, after, limit: PAGE });
    for (const entry of page) {
      if (signal.aborted) return;
      yield entry;
      after = entry.cursor;
    }
    if (page.length === PAGE) continue;
    after = Math.max(after, last);
    await coming;
  }
}
