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

describe("a known-bad variant is caught:", () => {
  it.each(Object.entries(mutations))("%s", { timeout: 300_000 }, async (_name, mutation) => {
    const seed = await caughtBy(mutation);
    expect(seed).toBeLessThanOrEqual(mutation.withinSeeds);
  });
});
