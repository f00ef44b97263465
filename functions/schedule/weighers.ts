/** How good a node is among those that fit: each weigher answers 0 (worst) to 1 (best). Pure. */
import { matchesTerm, preferredTerms } from "./node-affinity.ts";
import type { Candidate, Need } from "./placement.ts";

interface Weigher {
  readonly weight: number;
  /** Looks at all candidates once; then weighs each. */
  readonly scale: (need: Need, all: readonly Candidate[]) => (candidate: Candidate) => number;
}

export const weighers: Readonly<Record<string, Weigher>> = {
  /** Much memory left over after this instance. */
  freeMemory: {
    weight: 1,
    scale({ requests }, all) {
      return share(all, ({ room }) => room.memoryBytes - requests.memoryBytes);
    },
  },
  /** Few virtual machines there already. */
  spread: {
    weight: 1,
    scale(_need, all) {
      const most = largest(all.map(({ machines }) => machines));
      return ({ machines }) => (most <= 0 ? 1 : 1 - machines / most);
    },
  },
  /** Preferred node affinity: the weights of the terms that the node fulfils. */
  affinity: {
    weight: 2,
    scale({ spec }, all) {
      const terms = preferredTerms(spec.affinity);
      return share(all, ({ node }) =>
        terms.reduce((total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0), 0),
      );
    },
  },
};

/** Of the largest amount that any candidate has. */
function share(all: readonly Candidate[], amount: (candidate: Candidate) => number): (candidate: Candidate) => number {
  const most = largest(all.map(amount));
  return (candidate) => (most <= 0 ? 0 : amount(candidate) / most);
}

function largest(amounts: readonly number[]): number {
  return amounts.reduce((most, amount) => Math.max(most, amount), -Infinity);
}
