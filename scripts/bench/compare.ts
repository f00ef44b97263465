/**
 * Two reports side by side: `node scripts/bench/compare.ts BEFORE.json AFTER.json`. For each figure that both have: both
 * values, after over before, and the change of its ratio to its baseline, which says more where the machines or their load
 * differ. Ends with 1 when a promise that was kept is no longer, or was not measured where its item was to run.
 */
import { readFile } from "node:fs/promises";
import type { Figure } from "./figure.ts";
import { FORMAT, print, type Report } from "./report.ts";

export interface Compared {
  readonly item: string;
  readonly figure: string;
  readonly title: string;
  readonly before: Figure;
  readonly after: Figure;
  /** after / before; undefined where before is 0. */
  readonly change: number | undefined;
  /** The same of their ratios to their baselines. */
  readonly changeOfRatio: number | undefined;
  readonly broken: boolean;
}

/** Figures that only one of the reports has are left out. */
export function compare(before: Report, after: Report): readonly Compared[] {
  return Object.entries(after.items).flatMap(([item, { figures }]) => {
    const old = new Map(before.items[item]?.figures.map((figure) => [figure.name, figure]));
    return figures.flatMap((figure) => {
      const there = old.get(figure.name);
      return there === undefined ? [] : [comparedTo(item, there, figure)];
    });
  });
}

/** A promise that was kept and has no figure any more. */
export interface Unmeasured {
  readonly item: string;
  readonly figure: string;
  readonly why: string;
}

/** Of items that are in the later report: what failed keeps no promise. Items that can't run on its machine are left out. */
export function unmeasured(before: Report, after: Report): readonly Unmeasured[] {
  return Object.entries(after.items).flatMap(([item, { figures, failed, notRun }]) => {
    if (notRun !== undefined) return [];
    const there = new Set(figures.map(({ name }) => name));
    const gone = (before.items[item]?.figures ?? []).filter(
      ({ name, promise }) => promise?.kept === true && !there.has(name),
    );
    const why = failed === undefined ? "it has no such figure any more" : `it failed: ${failed.split("\n")[0]}`;
    return gone.map(({ name }) => ({ item, figure: name, why }));
  });
}

/** Items that did less in one of the reports than in the other: their figures are of other sizes. */
export function unlike(before: Report, after: Report): readonly string[] {
  return Object.entries(after.items).flatMap(([item, { quick }]) => {
    const was = before.items[item]?.quick;
    return was === undefined || was === quick ? [] : [item];
  });
}

function comparedTo(item: string, before: Figure, after: Figure): Compared {
  const quotient = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined || other === 0 ? undefined : one / other;
  return {
    item,
    figure: after.name,
    title: after.title,
    before,
    after,
    change: quotient(after.value, before.value),
    changeOfRatio: quotient(after.ratio, before.ratio),
    broken: before.promise?.kept === true && after.promise?.kept === false,
  };
}

/** @throws Error when it is no report of this format */
export function parseReport(text: string, path: string): Report {
  const parsed: unknown = JSON.parse(text);
  const format = typeof parsed === "object" && parsed !== null && "format" in parsed ? parsed.format : undefined;
  if (format !== FORMAT) throw new Error(`${path}: its format is ${JSON.stringify(format)}; "${FORMAT}" is wanted`);
  return parsed as Report;
}

function printed({ item, figure, before, after, change, changeOfRatio, broken }: Compared): string {
  const parts = [
    `${print(before.value, before.unit)} → ${print(after.value, after.unit)}`,
    ...(change === undefined ? [] : [`× ${change.toFixed(2)}`]),
    ...(changeOfRatio === undefined ? [] : [`its ratio × ${changeOfRatio.toFixed(2)}`]),
    ...(broken ? ["PROMISE BROKEN"] : []),
  ];
  return `${`${item} ${figure}`.padEnd(44)} ${parts.join(", ")}`;
}

async function main(paths: readonly string[]): Promise<number> {
  const [before, after] = await Promise.all(paths.map(async (path) => parseReport(await readFile(path, "utf8"), path)));
  if (before === undefined || after === undefined || paths.length !== 2) {
    console.error("usage: node scripts/bench/compare.ts BEFORE.json AFTER.json");
    return 2;
  }
  for (const { time, commit, machine } of [before, after]) {
    console.log(`${time}  ${commit ?? "no commit"}  ${machine.cpus} × ${machine.cpuModel}, Node ${machine.node}`);
  }
  const compared = compare(before, after);
  for (const each of compared) console.log(printed(each));
  for (const item of unlike(before, after))
    console.log(`${item}: one of the two is quick; their figures do not compare`);
  const lost = unmeasured(before, after);
  for (const { item, figure, why } of lost)
    console.log(`${`${item} ${figure}`.padEnd(44)} PROMISE NOT MEASURED: ${why}`);
  return lost.length > 0 || compared.some(({ broken }) => broken) ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
