/** The report of a run, for programs (--json) and for people. */
import { promisedValue, type Figure, type Unit } from "./figure.ts";
import type { MachineFacts } from "./machine.ts";

/** Raised when a reader of older reports would misread a newer one; what is only added does not raise it. */
export const FORMAT = "virtive-bench/1";

export interface ItemReport {
  readonly about: string;
  readonly quick: boolean;
  readonly seconds: number;
  /** Load average of the last minute, as it was before and after. */
  readonly load: { readonly before: number; readonly after: number };
  readonly figures: readonly Figure[];
  /** Why there are no figures. */
  readonly notRun?: string;
  readonly failed?: string;
}

export interface Report {
  readonly format: typeof FORMAT;
  /** RFC 3339. */
  readonly time: string;
  readonly commit?: string;
  readonly machine: MachineFacts;
  readonly items: Readonly<Record<string, ItemReport>>;
}

/** Lines for people. */
export function printItem(name: string, report: ItemReport): string {
  const { load } = report;
  const head = `${name}: ${report.about} (${report.seconds.toFixed(0)} s, load ${load.before} → ${load.after})`;
  if (report.notRun !== undefined) return `${head}\n  not run: ${report.notRun}`;
  if (report.failed !== undefined) return `${head}\n  FAILED: ${report.failed}`;
  return [head, ...report.figures.flatMap(printFigure)].join("\n");
}

function printFigure(figure: Figure): string[] {
  const { title, unit, samples, baseline, ratio, promise } = figure;
  const lines = [`  ${title.padEnd(58)} ${print(figure.value, unit)}`];
  if (samples !== undefined) {
    const { min, median, p99, max, runs } = samples;
    const parts = Object.entries({ min, median, ...(runs >= 100 ? { p99 } : {}), max });
    lines.push(`      ${parts.map(([name, value]) => `${name} ${print(value, unit)}`).join(", ")} of ${runs}`);
  }
  if (baseline !== undefined && ratio !== undefined) {
    lines.push(`      beside ${baseline.title}: ${print(baseline.value, unit)}, ratio ${significant(ratio)}`);
  }
  if (promise !== undefined) {
    const { of, at, limit, kept } = promise;
    const value = significant(promisedValue(figure, of) ?? Number.NaN);
    const wish = `${of === "value" ? "" : `${of} `}at ${at} ${of === "ratio" ? limit : print(limit, unit)}`;
    lines.push(`      promised: ${wish}; ${kept ? "kept" : `NOT kept (${value})`}`);
  }
  return lines;
}

export function print(value: number, unit: Unit): string {
  if (unit === "count" || unit === "exponent") return significant(value);
  return unit === "1/s" ? `${significant(value)} a second` : `${significant(value)} ${unit}`;
}

/** Three digits that count, none of them an exponent. */
function significant(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
