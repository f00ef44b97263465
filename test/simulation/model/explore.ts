/** Walks all states that a budget of faults can lead to, nearest first, and tells the way to the first that is wrong. */
import { moves } from "./protocol.ts";
import { begin, type Budget, type Rules, type State } from "./state.ts";

export interface Found {
  readonly states: number;
  /** False when there were more states than allowed. */
  readonly complete: boolean;
  /** The shortest way to a state in which an invariant does not hold. */
  readonly wrong: { readonly invariant: string; readonly way: readonly string[] } | undefined;
}

/** What does not hold in the state. */
export function violatedIn({ instance, nodes }: State): string | undefined {
  const running = nodes.flatMap(({ domain }, node) => (domain?.running === true ? [{ ...domain, node }] : []));
  if (running.length > 1) return "at most one";
  for (const { uid, node, boot } of running) {
    if (instance?.uid !== uid) return "nothing runs unowned";
    if (instance.phase === "Final") return "an end is an end";
    const { claim } = instance;
    if (claim?.node !== node || claim.boot !== boot) return "runs only under its claim";
  }
  return undefined;
}

export function explore(faults: Budget, rules: Rules, mostStates: number): Found {
  const first = begin(faults);
  const states: State[] = [first];
  const from: { readonly before: number; readonly name: string }[] = [{ before: -1, name: "" }];
  const known = new Set([JSON.stringify(first)]);
  for (let index = 0; index < states.length; index += 1) {
    const state = states[index];
    if (state === undefined) break;
    for (const { name, to } of moves(state, rules)) {
      const text = JSON.stringify(to);
      if (known.has(text)) continue;
      known.add(text);
      states.push(to);
      from.push({ before: index, name });
      const invariant = violatedIn(to);
      if (invariant !== undefined) {
        return { states: states.length, complete: false, wrong: { invariant, way: wayTo(states.length - 1, from) } };
      }
      if (states.length >= mostStates) return { states: states.length, complete: false, wrong: undefined };
    }
  }
  return { states: states.length, complete: true, wrong: undefined };
}

function wayTo(index: number, from: readonly { readonly before: number; readonly name: string }[]): string[] {
  const way: string[] = [];
  for (let at = from[index]; at !== undefined && at.before >= 0; at = from[at.before]) way.unshift(at.name);
  return way;
}
