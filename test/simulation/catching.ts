/** The known-bad variants as tests, in more than one file: files run side by side. */
import { describe, expect, it } from "vitest";
import { live } from "./history.ts";
import { mutations, settingOf, type Mutation } from "./mutations.ts";

async function caughtBy(mutation: Mutation): Promise<number | undefined> {
  const { seams, withinSeeds } = mutation;
  for (let seed = 1; seed <= withinSeeds; seed += 1) {
    const { violation } = await live({ seed, seams: seams(), setting: settingOf(mutation) });
    if (violation !== undefined) return seed;
  }
  return undefined;
}

/** Each variant of the histories that are chosen by their kind. */
export function areCaught(where: string, chosen: (kind: Mutation["kind"]) => boolean): void {
  const all = Object.entries<Mutation>(mutations).filter(([, { kind }]) => chosen(kind));
  describe(`a known-bad variant is caught in ${where}:`, () => {
    it.each(all)("%s", { timeout: 300_000 }, async (_name, mutation) => {
      const seed = await caughtBy(mutation);
      expect(seed).toBeLessThanOrEqual(mutation.withinSeeds);
    });
  });
}
