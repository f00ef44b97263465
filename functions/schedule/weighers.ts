/** How good a node is among those that fit: each weigher answers 0 (worst) to 1 (best). Pure. */
import { label } from "#api/names.ts";
import { hasEnded } from "../instance.ts";
import { matchesTerm, preferredTerms } from "./node-affinity.ts";
import type { Candidate, Need } from "./placement.ts";

interface Weigher {
  readonly weight: number;
  weigh(need: Need, candidate: Candidate, all: readonly Candidate[]): number;
}

export const weighers: Readonly<Record<string, Weigher>> = {
  /** Much memory left over after this instance. */
  freeMemory: {
    weight: 1,
    weigh(need, candidate, all) {
      const left = ({ room }: Candidate): number => room.memoryBytes - need.requests.memoryBytes;
      return share(left(candidate), Math.max(...all.map(left)));
    },
  },
  /** Few virtual machines there already. */
  spread: {
    weight: 1,
    weigh(_need, candidate, all) {
      const most = Math.max(...all.map(machines));
      return most === 0 ? 1 : 1 - machines(candidate) / most;
    },
  },
  /** Preferred node affinity: the weights of the terms that the node fulfils. */
  affinity: {
    weight: 2,
    weigh(need, candidate, all) {
      const terms = preferredTerms(need.spec.affinity);
      const sum = ({ node }: Candidate): number =>
        terms.reduce((total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0), 0);
      return share(sum(candidate), Math.max(...all.map(sum)));
    },
  },
};

function share(part: number, most: number): number {
  return most <= 0 ? 0 : part / most;
}

function machines({ pods }: Candidate): number {
  return pods.filter((pod) => !hasEnded(pod) && pod.metadata.labels?.[label.component] === "virt-launcher").length;
}
