/**
 * Known-bad variants: each takes away one of the things that hold the whole together, by a seam, and the simulator must
 * notice. A simulator that catches nothing proves nothing.
 */
import { asTheyAre, type Seams } from "./seams.ts";

export interface Mutation {
  /** What is wrong with it. */
  readonly wrong: string;
  /** It must be caught by the time that so many seeds, from 1, have been lived. */
  readonly withinSeeds: number;
  readonly seams: () => Seams;
}

export const mutations = {
  "no-resync": {
    wrong: "nodes and instances are never compared",
    withinSeeds: 100,
    seams: () => ({
      ...asTheyAre,
      functions: (definitions) => definitions.filter(({ name }) => name !== "resync"),
    }),
  },
} as const satisfies Record<string, Mutation>;

/** @throws when there is none of the name */
export function mutationOf(name: string): Mutation {
  const found = Object.entries(mutations).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found;
  throw new Error(`there is no mutation "${name}"; there are: ${Object.keys(mutations).join(", ")}`);
}
