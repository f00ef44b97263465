/** What must hold for a driver's next step, whatever the situation. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { next, type At, type Situation } from "#node-runtime/driver/next.ts";

const now = new Date("2026-01-01T00:00:00Z");
const around = fc.integer({ min: -400_000, max: 400_000 }).map((ms) => new Date(now.getTime() + ms));
const exit = { kind: "crashed", reason: "QemuExited", message: "" } as const;

const place: fc.Arbitrary<At> = fc.oneof(
  fc.constantFrom<At>({ at: "new" }, { at: "prepared" }, { at: "created" }, { at: "incoming" }, { at: "unsure" }),
  fc.constantFrom<At>({ at: "ended", exit }, { at: "stopped", exit }),
  fc.constantFrom<At>(
    { at: "live", vcpus: "running" },
    { at: "live", vcpus: "paused", pausedReason: "PausedByUser" },
    { at: "live", vcpus: "paused", pausedReason: "PausedIOError" },
    { at: "live", vcpus: "paused", pausedReason: "PausedMigration" },
  ),
);
const situation: fc.Arbitrary<Situation> = fc.record({
  place,
  desired: fc.constantFrom("running", "paused", "incoming", "stopped", "off"),
  moving: fc.record({
    leaves: fc.boolean(),
    stranded: fc.boolean(),
    unsettled: fc.boolean(),
    stayed: fc.boolean(),
    withdrawn: fc.boolean(),
    asked: fc.constantFrom("prepare", "finish", undefined),
  }),
  graceSeconds: fc.integer({ min: 0, max: 300 }),
  claimHolds: fc.boolean(),
  connected: fc.boolean(),
  looked: fc.boolean(),
  shutdown: fc.option(fc.record({ since: around, lastAsked: fc.option(around, { nil: undefined }) }), {
    nil: undefined,
  }),
  startBy: around,
  retryAt: fc.option(around, { nil: undefined }),
  problem: fc.option(fc.constant({ reason: "ImagePullFailed", message: "away" }), { nil: undefined }),
});

function always(law: (facts: Situation, step: ReturnType<typeof next>) => boolean): void {
  fc.assert(
    fc.property(situation, (facts) => law(facts, next(facts, now))),
    { numRuns: 2000 },
  );
}

describe("the next step", () => {
  it("never starts what this node has no claim for", () => {
    always(
      ({ place: { at }, claimHolds }, step) =>
        claimHolds || at === "live" || !["prepare", "create", "resume", "hold"].includes(step.do),
    );
  });

  it("never asks a hypervisor that is away for anything", () => {
    always(({ connected }, step) => connected || ["wait", "prepare", "doubt", "end", "takeDown"].includes(step.do));
  });

  it("never starts or keeps what is wished off", () => {
    always(
      ({ desired }, step) =>
        desired !== "off" || !["prepare", "create", "resume", "hold", "suspend", "shutdown"].includes(step.do),
    );
  });

  it("looks before it does anything else when a domain may exist", () => {
    always(({ place: { at } }, step) => at !== "unsure" || step.do === "look" || step.do === "wait");
  });

  it("looks before it says that a run ended without a domain", () => {
    always(({ looked }, step) => step.do !== "end" || looked);
  });

  it("never ends a guest by force that is wished to run, or within its grace", () => {
    always(({ place: { at }, desired, shutdown, graceSeconds }, step) => {
      if (at !== "live" || step.do !== "destroy" || desired === "off") return true;
      const since = shutdown?.since ?? now;
      return desired === "stopped" && since.getTime() + graceSeconds * 1000 <= now.getTime();
    });
  });

  it("waits for good only for an event: a state with a deadline names it", () => {
    always(({ place: { at }, connected }, step) => {
      if (step.do !== "wait") return true;
      if (step.until !== undefined) return step.until > now;
      // How long a guest may take to come in is for its source and for functions to say.
      return at === "stopped" || at === "live" || at === "incoming" || !connected;
    });
  });

  it("does nothing for what has stopped", () => {
    always(({ place: { at } }, step) => at !== "stopped" || (step.do === "wait" && step.until === undefined));
  });
});
