/** The figures of a race as Markdown: medians over repetitions. */
import type { Phase } from "./run.ts";
import { MILESTONES } from "./observer.ts";

/** Rarer calls of others, a VM, are not told. */
const TOLD = 0.2;

interface Result {
  readonly group: string;
  readonly phases: readonly Phase[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
}

export function table(results: readonly Result[]): string {
  const groups = Map.groupBy(results, ({ group }) => group);
  return [...groups].map(([group, runs]) => textOf(group, runs)).join("\n");
}

function textOf(group: string, runs: readonly Result[]): string {
  const lines = [`## ${group} (${runs.length} times)`];
  for (const name of ["start", "stop", "delete"] as const) {
    const phases = runs.flatMap((run) => run.phases.filter((phase) => phase.name === name));
    const of = (value: (phase: Phase) => number): number => median(phases.map(value));
    const rate = of(({ count, seconds }) => count / seconds);
    lines.push(
      `${name}: ${of(({ seconds }) => seconds).toFixed(2)} s, ${rate.toFixed(1)} VM/s, load ${of(({ load }) => load).toFixed(1)}, ` +
        `${of(({ writes }) => writes).toFixed(2)} writes of ours and ${of(({ puts }) => puts).toFixed(1)} etcd puts a VM`,
    );
    for (const milestone of MILESTONES) {
      const found = phases.flatMap(({ milestones }) => milestones[milestone] ?? []);
      if (found.length === 0 || (name !== "start" && !milestone.endsWith("Gone"))) continue;
      const [p50, p95, most] = (["p50", "p95", "most"] as const).map((part) =>
        median(found.map((one) => one[part])).toFixed(0),
      );
      lines.push(`  ${milestone.padEnd(13)} p50 ${p50}  p95 ${p95}  max ${most} ms`);
    }
    const processes = Object.keys(phases[0]?.cpu ?? {});
    const cpu = processes.map((process) => {
      const seconds = of((phase) => phase.cpu[process] ?? 0).toFixed(1);
      return `${process} ${seconds} (${of((phase) => phase.memoryMiB[process] ?? 0).toFixed(0)} MiB)`;
    });
    lines.push(`  CPU s per 1,000: ${cpu.join(", ")}`);
    const calls = Object.entries(phases.at(-1)?.calls ?? {}).map(([call, count]) => `${call} ${count.toFixed(2)}`);
    lines.push(`  calls of ours a VM: ${calls.join("; ")}`);
    const others = Object.entries(phases.at(-1)?.others ?? {}).filter(([, count]) => count >= TOLD);
    lines.push(`  of others: ${others.map(([call, count]) => `${call} ${count.toFixed(2)}`).join("; ")}`);
  }
  return `${lines.join("\n")}\n`;
}
