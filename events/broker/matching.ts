/**
 * Whose filters match an event. Filters see attributes only, and most look at the same few: what was found for an event
 * with these values holds for the next one with them.
 */
import type { Filter } from "../broker-types.ts";
import { attribute, type CloudEvent } from "../cloud-event.ts";
import { attributesOf, compileFilters, type Matches } from "./filters.ts";

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
  const root: Branch<T> = { next: new Map(), found: undefined };
  let known = 0;
  return (event) => {
    let branch = root;
    for (const name of names) branch = branchFor(branch, attribute(event, name) ?? "");
    if (branch.found !== undefined) return branch.found;
    if (known >= MOST_MATCHED) {
      root.next.clear();
      known = 0;
    }
    known += 1;
    branch.found = candidates.filter(({ matches }) => matches(event)).map(({ value }) => value);
    return branch.found;
  };
}

/**
 * The filters, compiled, with what they have answered: once for a list of filters, however many brokers it is given to. A
 * list that was handed over is not changed any more. @throws Fault refused, as `compileFilters`
 */
export function matchesOf(filters: readonly Filter[], at: string): Matches {
  const known = compiled.get(filters);
  if (known !== undefined) return known;
  const matching = createMatching([{ filters, matches: compileFilters(filters, at), value: true }]);
  const made: Matches = (event) => matching(event).length > 0;
  compiled.set(filters, made);
  return made;
}

const compiled = new WeakMap<readonly Filter[], Matches>();

/** By the value of one attribute after the other: no text is made of them. */
interface Branch<T> {
  readonly next: Map<string, Branch<T>>;
  /** At the last attribute, once it was asked for. */
  found: readonly T[] | undefined;
}

function branchFor<T>({ next }: Branch<T>, value: string): Branch<T> {
  const there = next.get(value);
  if (there !== undefined) return there;
  const fresh: Branch<T> = { next: new Map(), found: undefined };
  next.set(value, fresh);
  return fresh;
}
