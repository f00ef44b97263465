/** Numbers of a benchmark: milliseconds in, minimum, median and maximum out. */

export interface Summary {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly runs: number;
}

export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((one, other) => one - other);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  return {
    min: at(0),
    median: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2,
    max: at(sorted.length - 1),
    runs: sorted.length,
  };
}

export function printSummary(name: string, { min, median, max, runs }: Summary): string {
  const part = (value: number): string => value.toFixed(1).padStart(8);
  return `${name.padEnd(34)} min ${part(min)}  median ${part(median)}  max ${part(max)}  ms, ${runs} runs`;
}
