/** Samples of one thing measured many times, and what is told of them. Any unit: it comes out as it went in. */

export interface Summary {
  readonly min: number;
  readonly median: number;
  readonly p99: number;
  readonly max: number;
  readonly runs: number;
}

/**
 * @throws RangeError without a sample: a benchmark that measured nothing must not report; and with one that is no number:
 * it would be sorted behind all others, where neither median nor 99th percentile see it
 */
export function summarize(samples: Iterable<number>): Summary {
  const sorted = Float64Array.from(samples).sort();
  if (sorted.length === 0) throw new RangeError("there is no sample to summarize");
  const wrong = sorted.find((sample) => !Number.isFinite(sample));
  if (wrong !== undefined) throw new RangeError(`one of ${sorted.length} samples is ${wrong}: it was not measured`);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  return {
    min: at(0),
    median: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2,
    // By nearest rank: the smallest sample that 99 of 100 do not exceed.
    p99: at(Math.ceil(sorted.length * 0.99) - 1),
    max: at(sorted.length - 1),
    runs: sorted.length,
  };
}
