import { describe, expect, it } from "vitest";
import { explore } from "./explore.ts";
import { asBuilt, type Budget, type Rules } from "./hand-over-state.ts";
import { handOver } from "./hand-over.ts";

const CALM: Budget = {
  losses: 0,
  doubles: 0,
  crashes: 0,
  sourceRestarts: 0,
  targetRestarts: 0,
  reboots: 0,
  overtakings: 0,
  silences: 0,
  failures: 0,
  aborts: 0,
};
const MOST_STATES = 400_000;

/** All pairs hold too; these are the ones that have taught something, or that reach most. */
const budgets: readonly Partial<Budget>[] = [
  { losses: 1, doubles: 1, crashes: 1 },
  { losses: 1, sourceRestarts: 1 },
  { losses: 1, targetRestarts: 1 },
  { doubles: 1, reboots: 1 },
  { reboots: 1, failures: 1 },
  { reboots: 1, targetRestarts: 1 },
  { reboots: 1, sourceRestarts: 1 },
  { reboots: 1, aborts: 1 },
  { reboots: 1, overtakings: 1 },
  { silences: 1, aborts: 1 },
  { sourceRestarts: 1, targetRestarts: 1 },
];

describe("the protocol of a move", () => {
  it.each(budgets)(
    "holds its invariants, and settles, in every state that %o leads to",
    { timeout: 120_000 },
    (faults) => {
      const found = explore(handOver({ ...CALM, ...faults }, asBuilt, 1), MOST_STATES);
      expect(found.wrong).toBeUndefined();
      expect(found.complete).toBe(true);
      expect(found.states).toBeGreaterThan(100);
    },
  );

  it.each([
    { aborts: 1 },
    { failures: 1, doubles: 1 },
    { targetRestarts: 1 },
    { reboots: 2 },
    { reboots: 1, losses: 1 },
  ] as const)("holds them with another migration after one that failed: %o", { timeout: 120_000 }, (faults) => {
    const found = explore(handOver({ ...CALM, ...faults }, asBuilt, 2), MOST_STATES);
    expect(found.wrong).toBeUndefined();
    expect(found.complete).toBe(true);
  });

  it.each([
    ["askedOnDisk", { sourceRestarts: 1 }, 1],
    ["mayRunOnDisk", { targetRestarts: 1 }, 1],
    ["asksUntilAnswered", {}, 1],
    ["withdrawalKept", { aborts: 1 }, 1],
    ["proofWanted", { aborts: 1 }, 1],
    ["endsWithTarget", { reboots: 1 }, 1],
    ["sourceEndsFirst", { reboots: 1, failures: 1 }, 1],
    ["targetFirst", { targetRestarts: 1 }, 2],
    ["epochChecked", { doubles: 1, failures: 1 }, 2],
    ["silenceIsUnknown", { silences: 1 }, 1],
  ] as const satisfies readonly (readonly [keyof Rules, Partial<Budget>, 1 | 2])[])(
    "needs %s: without it a way leads to a state that is wrong",
    { timeout: 120_000 },
    (rule, faults, migrations) => {
      const rules = { ...asBuilt, [rule]: false };
      const { wrong } = explore(handOver({ ...CALM, ...faults }, rules, migrations), MOST_STATES);
      expect(wrong?.way.length).toBeGreaterThan(0);
    },
  );
});
