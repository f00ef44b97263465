/** A journal in memory, for tests and the simulation. */
import {
  indexOf,
  MOST_ENTRIES_A_READ,
  type DecisionRecord,
  type Journal,
  type JournalEntry,
  type JournalQuery,
} from "./journal-entry.ts";
import { createNews, followJournal } from "./follow-journal.ts";

export function memoryJournal(mostEntries = 100_000): Journal {
  let entries: JournalEntry[] = [];
  let last = 0;
  const news = createNews();

  function append<T extends JournalEntry>(entry: T): number {
    entries.push(entry);
    if (entries.length > mostEntries * 1.1) entries = entries.slice(-mostEntries);
    news.tell();
    return entry.cursor;
  }

  /** The entries are in the order of their cursors, without gaps. */
  function after(cursor: number): JournalEntry[] {
    const first = entries[0]?.cursor ?? last + 1;
    return entries.slice(Math.max(0, cursor + 1 - first));
  }

  const journal: Journal = {
    appendEvent: (event) => append({ cursor: (last += 1), entry: "event", event }),
    appendDecision: (decision) => append({ cursor: (last += 1), entry: "decision", decision }),
    appendDeadLetter: (deadLetter) => append({ cursor: (last += 1), entry: "dead-letter", deadLetter }),
    read(query) {
      const found: JournalEntry[] = [];
      const limit = Math.min(query.limit, MOST_ENTRIES_A_READ);
      for (const entry of after(query.after ?? 0)) {
        if (found.length >= limit) break;
        if (asked(entry, query)) found.push(entry);
      }
      return found;
    },
    follow: (query, signal) => followJournal(journal, news, query, signal),
    latestDecisions(key, limit = 20) {
      const found: DecisionRecord[] = [];
      for (let index = entries.length - 1; index >= 0 && found.length < limit; index -= 1) {
        const entry = entries[index];
        if (entry?.entry === "decision" && entry.decision.key === key) found.push(entry.decision);
      }
      return found;
    },
    get last() {
      return last;
    },
    flush: () => undefined,
    close: () => undefined,
  };
  return journal;
}

function asked(entry: JournalEntry, query: JournalQuery): boolean {
  if (query.entry !== undefined && entry.entry !== query.entry) return false;
  const { key, type } = indexOf(entry);
  return (query.key === undefined || key === query.key) && (query.type === undefined || type === query.type);
}
