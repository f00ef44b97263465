/** Walks all states that steps lead to from the first, nearest first, and tells the way to the first that is wrong. */

export interface Step<State> {
  readonly name: string;
  readonly to: State;
  /** Fate's: what must come about does not wait for it. */
  readonly fault?: true;
}

/** A small machine of states. */
export interface Model<State> {
  readonly first: State;
  /** All that may happen next. */
  steps(state: State): readonly Step<State>[];
  /** Name of the invariant that does not hold in the state. */
  violatedIn(state: State): string | undefined;
  /** States of which one must be reachable from everywhere, without further faults. */
  readonly settledIn?: (state: State) => boolean;
}

export interface Found {
  readonly states: number;
  /** False when there were more states than allowed, or one was wrong. */
  readonly complete: boolean;
  /** The shortest way to a state in which an invariant does not hold, or from which nothing settles. */
  readonly wrong: { readonly invariant: string; readonly way: readonly string[] } | undefined;
}

export function explore<State>(model: Model<State>, mostStates: number): Found {
  const states: State[] = [model.first];
  const from: { readonly before: number; readonly name: string }[] = [{ before: -1, name: "" }];
  const known = new Map([[JSON.stringify(model.first), 0]]);
  /** Of each state, those that lead to it without a fault. */
  const leads: number[][] = [[]];
  for (let index = 0; index < states.length; index += 1) {
    const state = states[index];
    if (state === undefined) break;
    for (const { name, to, fault } of model.steps(state)) {
      const text = JSON.stringify(to);
      const there = known.get(text);
      const next = there ?? states.length;
      if (there === undefined) {
        known.set(text, next);
        states.push(to);
        from.push({ before: index, name });
        leads.push([]);
      }
      if (fault !== true) leads[next]?.push(index);
      if (there !== undefined) continue;
      const invariant = model.violatedIn(to);
      if (invariant !== undefined) {
        return { states: states.length, complete: false, wrong: { invariant, way: wayTo(next, from) } };
      }
      if (states.length >= mostStates) return { states: states.length, complete: false, wrong: undefined };
    }
  }
  const stuck = model.settledIn === undefined ? -1 : unsettled(states, leads, model.settledIn);
  const wrong = stuck === -1 ? undefined : { invariant: "all settles", way: wayTo(stuck, from) };
  return { states: states.length, complete: wrong === undefined, wrong };
}

/** The nearest state from which no way leads to a settled one; -1 when there is none. */
function unsettled<State>(
  states: readonly State[],
  leads: readonly (readonly number[])[],
  settledIn: (state: State) => boolean,
): number {
  const reaches = states.map(settledIn);
  const open = reaches.flatMap((yes, index) => (yes ? [index] : []));
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    for (const before of leads[index] ?? []) {
      if (reaches[before] === true) continue;
      reaches[before] = true;
      open.push(before);
    }
  }
  return reaches.indexOf(false);
}

function wayTo(index: number, from: readonly { readonly before: number; readonly name: string }[]): string[] {
  const way: string[] = [];
  for (let at = from[index]; at !== undefined && at.before >= 0; at = from[at.before]) way.unshift(at.name);
  return way;
}
