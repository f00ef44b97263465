/**
 * A figure: one measured thing, with what it is compared to and what is promised of it. The shape is that of
 * `npm run bench -- --json` (README.md beside this file) and stays: names are only ever added.
 */
import type { Summary } from "./samples.ts";

export type Unit = "ms" | "µs" | "s" | "MiB" | "KiB" | "1/s" | "count" | "%" | "exponent";

export interface Baseline {
  readonly title: string;
  /** In the figure's unit, measured in the same run. */
  readonly value: number;
  readonly samples?: Summary;
}

export interface Promised {
  /** `added`: the value less the baseline's. */
  readonly of: "value" | "ratio" | "added" | "p99" | "max";
  readonly at: "most" | "least";
  readonly limit: number;
}

export interface FigureSpec {
  /** Stable, in lower-case words with hyphens, once an item: programs compare by it. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** Which way is good. */
  readonly better: "less" | "more";
  /** The median, where there are samples. */
  readonly value: number;
  readonly samples?: Summary;
  readonly baseline?: Baseline;
  readonly promise?: Promised;
}

export interface Figure extends Omit<FigureSpec, "promise"> {
  /** value / baseline.value */
  readonly ratio?: number;
  readonly promise?: Promised & { readonly kept: boolean };
}

/** A figure from samples: its value is their median. */
export function sampled(spec: Omit<FigureSpec, "value" | "samples">, samples: Summary): FigureSpec {
  return { ...spec, value: samples.median, samples };
}

/** @throws RangeError when a value is no number, or what is promised was not measured: a promise must not hold by that */
export function figureOf(spec: FigureSpec): Figure {
  const { promise, baseline, ...rest } = spec;
  const measured = { ...rest, ...(baseline === undefined ? {} : { baseline, ratio: spec.value / baseline.value }) };
  if (!Number.isFinite(spec.value) || (baseline !== undefined && !Number.isFinite(measured.ratio))) {
    throw new RangeError(`${spec.name}: ${spec.value} beside ${baseline?.value} is no figure`);
  }
  if (promise === undefined) return measured;
  const value = promisedValue(spec, promise.of);
  if (value === undefined) throw new RangeError(`${spec.name}: ${promise.of} is promised and was not measured`);
  const kept = promise.at === "most" ? value <= promise.limit : value >= promise.limit;
  return { ...measured, promise: { ...promise, kept } };
}

/** What the promise is about. */
export function promisedValue(figure: FigureSpec, of: Promised["of"]): number | undefined {
  const { value, samples, baseline } = figure;
  switch (of) {
    case "value":
      return value;
    case "ratio":
      return baseline && value / baseline.value;
    case "added":
      return baseline && value - baseline.value;
    case "p99":
    case "max":
      return samples?.[of];
  }
}
