import { describe, expect, it } from "vitest";
import { explore } from "./explore.ts";
import { protocol } from "./protocol.ts";
import { asBuilt, type Budget, type Rules } from "./state.ts";

const CALM: Budget = {
  losses: 0,
  doubles: 0,
  crashes: 0,
  reboots: 0,
  forgets: 0,
  partitions: 0,
  exits: 0,
  deletions: 0,
};
const MOST_STATES = 400_000;

/** Each with what it needs to go wrong. */
const budgets: readonly Partial<Budget>[] = [
  { losses: 1, doubles: 1, deletions: 1 },
  { crashes: 1, exits: 1, deletions: 1 },
  { reboots: 1, doubles: 1 },
  { reboots: 1, losses: 1 },
  { exits: 1, losses: 1 },
  { partitions: 1, deletions: 1 },
  // Twice, with the heartbeat of the boot in between held up.
  { reboots: 2 },
  // An order of a run that has ended is under way when the epochs are lost.
  { forgets: 1, exits: 1 },
  { forgets: 1, deletions: 1 },
  { forgets: 1, doubles: 1 },
  { forgets: 1, reboots: 1 },
  { forgets: 2 },
];

describe("the protocol of claim, boot, stop and release", () => {
  it.each(budgets)("holds its invariants in every state that %o leads to", { timeout: 120_000 }, (faults) => {
    const found = explore(protocol({ ...CALM, ...faults }, asBuilt), MOST_STATES);
    expect(found.wrong).toBeUndefined();
    expect(found.complete).toBe(true);
    expect(found.states).toBeGreaterThan(100);
  });

  it.each([
    ["bootChecked", { reboots: 1, doubles: 1 }],
    ["ageChecked", { doubles: 1, exits: 1 }],
    ["claimFirst", {}],
    ["silenceIsUnknown", { partitions: 1 }],
    ["nodeAsked", { reboots: 2 }],
    ["answerCompared", { reboots: 2 }],
    ["lossIsNewBoot", { forgets: 1, exits: 1 }],
    ["clearsFirst", { forgets: 1 }],
  ] as const satisfies readonly (readonly [keyof Rules, Partial<Budget>])[])(
    "needs %s: without it a way leads to a state that is wrong",
    { timeout: 120_000 },
    (rule, faults) => {
      const rules = { ...asBuilt, [rule]: false };
      const { wrong } = explore(protocol({ ...CALM, ...faults }, rules), MOST_STATES);
      expect(wrong?.way.length).toBeGreaterThan(0);
    },
  );
});
