/**
 * One history: its plan is played, all faults stop, and what should be must come to be, within the bound that deadlines
 * give. The same seed and plan give the same history, step by step.
 */
import { planOf, SETTING, type Planned, type Setting } from "./plan.ts";
import { Violation } from "./safety.ts";
import { START } from "./scheduler.ts";
import { asTheyAre, type Seams } from "./seams.ts";
import { latestRetry, unsettled } from "./settling.ts";
import { Stage } from "./stage.ts";
import type { Line } from "./story.ts";

export interface HistoryOptions {
  readonly seed: number;
  readonly setting?: Setting;
  /** The seed's own plan unless given. */
  readonly plan?: readonly Planned[];
  readonly seams?: Seams;
  /** Keep what is told: slower. */
  readonly told?: boolean;
  /** Milliseconds of history after which to stop, for looking at it. */
  readonly until?: number;
}

export interface History {
  readonly violation: { readonly invariant: string; readonly message: string; readonly at: number } | undefined;
  readonly lines: readonly Line[];
  readonly steps: number;
  /** Milliseconds of simulated time. */
  readonly simulated: number;
  readonly writes: number;
  readonly events: number;
  readonly decisions: number;
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
}

/** After the last fault: two rounds of resync, the longest back-off of what is tried again, a guest's grace. */
const SETTLE_MILLISECONDS = 240_000;
/** With the longest back-off of a VM that failed to start, and its start deadline: what still fails then fails for ever. */
const LONGEST_SETTLE_MILLISECONDS = 900_000;
const LOOK_EVERY_MILLISECONDS = 5_000;
const QUIET_MILLISECONDS = 30_000;

export async function live(options: HistoryOptions): Promise<History> {
  const { seed, setting = SETTING, seams = asTheyAre, told = false } = options;
  const plan = options.plan ?? planOf(seed, setting);
  const stage = new Stage({ seed, setting, seams, told });
  const { scheduler, story } = stage;
  const fate = scheduler.process("plan");
  for (const { at, deed } of plan) scheduler.after(fate, at, () => stage.perform(deed));
  const end = Math.min(setting.minutes * 60_000, options.until ?? Infinity);
  let violation: History["violation"];
  try {
    await scheduler.run(
      end,
      () => stage.safety.check(),
      () => false,
    );
    if (options.until === undefined) await settle(stage);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    violation = { invariant: thrown.invariant, message: thrown.message, at: scheduler.now };
    story.tell("VIOLATED", thrown.message);
  }
  return {
    violation,
    lines: story.lines,
    steps: scheduler.steps,
    simulated: scheduler.now,
    writes: stage.writes,
    events: stage.events,
    decisions: stage.decisions,
    faults: { ...stage.faults, ...stage.weather.struck },
  };
}

async function settle(stage: Stage): Promise<void> {
  const { scheduler, safety } = stage;
  stage.heal();
  // What stands still or is on its way when faults stop must come first: until then all may look well.
  await scheduler.run(
    Math.max(stage.thawsAt, stage.weather.heldUntil) + LOOK_EVERY_MILLISECONDS,
    () => safety.check(),
    () => false,
  );
  let by = scheduler.now + SETTLE_MILLISECONDS;
  const end = scheduler.now + LONGEST_SETTLE_MILLISECONDS;
  for (;;) {
    await scheduler.run(
      scheduler.now + LOOK_EVERY_MILLISECONDS,
      () => safety.check(),
      () => false,
    );
    const why = unsettled(stage);
    if (why.length === 0) break;
    // A crash-looping machine may wait for its next start.
    by = Math.min(end, Math.max(by, latestRetry(stage) - START + 60_000));
    if (scheduler.now > by) throw new Violation("all settles", why.join("; "));
  }
  await scheduler.run(
    scheduler.now + QUIET_MILLISECONDS,
    () => safety.check(),
    () => false,
  );
  const why = unsettled(stage);
  if (why.length > 0) throw new Violation("what has settled stays", why.join("; "));
}
