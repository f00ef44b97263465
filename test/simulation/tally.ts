/** What a run of many histories covered. */
import type { History } from "./history.ts";

export interface Tally {
  histories: number;
  steps: number;
  decisions: number;
  events: number;
  writes: number;
  simulatedHours: number;
  /** Of the threads that lived them. */
  cpuSeconds: number;
  readonly faults: Record<string, number>;
  readonly failures: { readonly seed: number; readonly invariant: string; readonly message: string }[];
}

export function emptyTally(): Tally {
  return {
    histories: 0,
    steps: 0,
    decisions: 0,
    events: 0,
    writes: 0,
    simulatedHours: 0,
    cpuSeconds: 0,
    faults: {},
    failures: [],
  };
}

export function addHistory(tally: Tally, seed: number, history: History): void {
  const { steps, decisions, events, writes, simulated, faults, violation } = history;
  addTally(tally, {
    histories: 1,
    steps,
    decisions,
    events,
    writes,
    simulatedHours: simulated / 3_600_000,
    cpuSeconds: 0,
    faults: { ...faults },
    failures: violation === undefined ? [] : [{ seed, invariant: violation.invariant, message: violation.message }],
  });
}

export function addTally(tally: Tally, more: Tally): void {
  for (const name of ["histories", "steps", "decisions", "events", "writes", "simulatedHours", "cpuSeconds"] as const) {
    tally[name] += more[name];
  }
  for (const [kind, count] of Object.entries(more.faults)) tally.faults[kind] = (tally.faults[kind] ?? 0) + count;
  tally.failures.push(...more.failures);
}

export function report(tally: Tally, took: { readonly seconds: number; readonly workers: number }): void {
  const { histories, steps, decisions, events, writes, simulatedHours, cpuSeconds, faults, failures } = tally;
  // By the time that the cores gave us: a machine that others use as well is not slower code.
  const rate = histories / cpuSeconds;
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  process.stdout.write(
    `${count(histories)} histories (${count(simulatedHours)} hours of their time): ${count(steps)} steps, ` +
      `${count(events)} events, ${count(decisions)} decisions, ${count(writes)} writes\n` +
      `${took.seconds.toFixed(1)} s with ${took.workers} workers, ${cpuSeconds.toFixed(1)} s of CPU: ` +
      `${rate.toFixed(1)} histories a second of one core\n` +
      `faults that struck: ${Object.entries(faults)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([kind, number]) => `${kind} ${count(number)}`)
        .join(", ")}\n`,
  );
  process.stdout.write(failures.length === 0 ? "every invariant held\n" : `${failures.length} seeds failed\n`);
  for (const { seed, message } of failures.slice(0, 20)) process.stdout.write(`  seed ${seed}: ${message}\n`);
}
