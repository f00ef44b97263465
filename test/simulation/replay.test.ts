import { describe, expect, it } from "vitest";
import { live } from "./history.ts";
import { planOf } from "./plan.ts";
import { only } from "./shrink.ts";
import { print } from "./story.ts";

const SEEDS = [1, 2, 3] as const;

describe("a history", () => {
  it.each(SEEDS)("is the same step by step when seed %i is lived again", async (seed) => {
    const [first, second] = [await live({ seed, told: true }), await live({ seed, told: true })];
    expect(first.lines.length).toBeGreaterThan(300);
    expect(second.lines.map(print).join("\n")).toBe(first.lines.map(print).join("\n"));
    expect(second.steps).toBe(first.steps);
  });

  it("is the same whether it is told or not", async () => {
    const [told, silent] = [await live({ seed: 4, told: true }), await live({ seed: 4 })];
    expect(silent.lines).toEqual([]);
    expect({ ...silent, lines: [] }).toEqual({ ...told, lines: [] });
  });

  it("is another with another seed", async () => {
    const [one, other] = [await live({ seed: 5 }), await live({ seed: 6 })];
    expect(one.steps).not.toBe(other.steps);
  });

  it("plays only what is kept of its plan", async () => {
    const plan = planOf(7);
    const { lines } = await live({ seed: 7, plan: only(plan, [0]), told: true });
    expect(lines.filter(({ who }) => who === "user" || who === "FAULT").length).toBe(1);
  });
});
