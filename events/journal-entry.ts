/**
 * What the journal keeps: events that the broker took, decisions that functions made, deliveries that were given up.
 * `events/journal.ts` keeps it in SQLite, `events/memory-journal.ts` in memory.
 */
import type { Key } from "#api/object.ts";
import type { CloudEvent } from "./cloud-event.ts";

export interface DecisionRecord {
  readonly function: string;
  readonly key: Key;
  /** One sentence: why this, or why nothing. */
  readonly because: string;
  /** Each effect in a few words. */
  readonly effects: readonly string[];
  /** id of the event that woke the function. */
  readonly cause: string;
  /** RFC 3339: when it was decided. */
  readonly time: string;
  /** RFC 3339: when the function will look again. */
  readonly at?: string;
  /** "done", "nothing" (there was nothing to do), "gone" (there is no such object), or the fault's kind and reason. */
  readonly outcome: string;
  readonly milliseconds: number;
}

export interface DeadLetter {
  readonly trigger: string;
  readonly key: Key;
  /** HTTP status of the last attempt. */
  readonly code: number;
  readonly detail: string;
  readonly attempts: number;
  /** RFC 3339: when it was given up. */
  readonly time: string;
  readonly event: CloudEvent;
}

/** `cursor` grows from entry to entry, over all kinds of entries and across restarts. */
export type JournalEntry =
  | { readonly cursor: number; readonly entry: "event"; readonly event: CloudEvent }
  | { readonly cursor: number; readonly entry: "decision"; readonly decision: DecisionRecord }
  | { readonly cursor: number; readonly entry: "dead-letter"; readonly deadLetter: DeadLetter };

export interface JournalQuery {
  /** Only entries after this cursor. Default 0: from the oldest that is kept. */
  readonly after?: number;
  readonly entry?: JournalEntry["entry"];
  /** Entries about this key: an event's partitionkey, a decision's or dead letter's key. */
  readonly key?: Key;
  /** An event's type; a dead letter's event's type; for decisions the function's name. */
  readonly type?: string;
}

export interface Journal {
  /** Each answers the entry's cursor. The entry is on disk within a fraction of a second. */
  appendEvent(event: CloudEvent): number;
  appendDecision(decision: DecisionRecord): number;
  appendDeadLetter(deadLetter: DeadLetter): number;
  /** Oldest first. `limit` at most 10,000. */
  read(query: JournalQuery & { readonly limit: number }): readonly JournalEntry[];
  /**
   * Entries after the cursor and then each new one, until the signal aborts. A reader who is slow is served from the
   * journal, so nothing piles up for it; what the journal's bound has removed by then is skipped.
   */
  follow(query: JournalQuery, signal: AbortSignal): AsyncIterable<JournalEntry>;
  /** Newest first, at most `limit` (default 20). */
  latestDecisions(key: Key, limit?: number): readonly DecisionRecord[];
  /** Cursor of the newest entry; 0 when there is none. */
  readonly last: number;
  /** Puts on disk what waits. */
  flush(): void;
  close(): void;
}

/** The columns by which entries are found. */
export function indexOf(entry: JournalEntry): { readonly key: Key; readonly type: string } {
  switch (entry.entry) {
    case "event":
      return { key: entry.event.extensions["partitionkey"] ?? "", type: entry.event.type };
    case "decision":
      return { key: entry.decision.key, type: entry.decision.function };
    case "dead-letter":
      return { key: entry.deadLetter.key, type: entry.deadLetter.event.type };
  }
}

export const MOST_ENTRIES_A_READ = 10_000;
