/** What an outbox keeps, in memory: outlives the outbox, as a file does, when it is handed to the next one. */
import type { Key } from "#api/object.ts";
import { MOST_REFUSED, type OutboxStore, type RefusedEvent, type WaitingEvent } from "./outbox-store.ts";

interface Entry extends WaitingEvent {
  readonly key: Key;
  readonly machine: string;
}

export function memoryOutboxStore(): OutboxStore {
  let entries: Entry[] = [];
  let refused: RefusedEvent[] = [];
  let numbers = 0;

  function keep(holds: (entry: Entry) => boolean): number {
    const before = entries.length;
    entries = entries.filter(holds);
    return before - entries.length;
  }

  return {
    add: (entry) => void entries.push({ ...entry, number: (numbers += 1) }),
    first: (key) => entries.find((entry) => entry.key === key),
    forget: (number) => keep((entry) => entry.number !== number),
    keys: () => [...new Set(entries.map(({ key }) => key))],
    count: () => entries.length,
    dropSuperseded(by) {
      const newest = new Map(entries.map((entry) => [about(entry, by), entry.number]));
      return keep((entry) => newest.get(about(entry, by)) === entry.number);
    },
    dropOldest(most) {
      const dropped = entries.slice(0, most).length;
      entries = entries.slice(most);
      return dropped;
    },
    setAside(event) {
      refused = [event, ...refused].slice(0, MOST_REFUSED);
    },
    refused: () => refused,
    close: () => undefined,
  };
}

function about({ machine, event }: Entry, by: "type" | "machine"): string {
  return by === "type" ? `${machine} ${event.type}` : machine;
}
