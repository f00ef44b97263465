/**
 * Whose filters match an event. Filters see attributes only, and most look at the same few: what was found for an event
 * with these values holds for the next one with them.
 */
import type { Filter } from "../broker-types.ts";
import { attribute, type CloudEvent } from "../cloud-event.ts";
import { attributesOf, type Matches } from "./filters.ts";

export interface Candidate<T> {
  readonly filters: readonly Filter[];
  /** The filters, compiled. */
  readonly matches: Matches;
  readonly value: T;
}

/** Combinations of values that are remembered; some attributes differ from event to event. */
const MOST_MATCHED = 1024;

/** Answers the values of those that match, in the order of the candidates. */
export function createMatching<T>(candidates: readonly Candidate<T>[]): (event: CloudEvent) => readonly T[] {
  const names = [...new Set(candidates.flatMap(({ filters }) => attributesOf(filters)))];
  const known = new Map<string, readonly T[]>();
  return (event) => {
    let values = "";
    for (const name of names) {
      const value = attribute(event, name) ?? "";
      // With its length: no value can pass for two.
      values += `${value.length} ${value}`;
    }
    const there = known.get(values);
    if (there !== undefined) return there;
    const found = candidates.filter(({ matches }) => matches(event)).map(({ value }) => value);
    if (known.size >= MOST_MATCHED) known.clear();
    known.set(values, found);
    return found;
  };
}
