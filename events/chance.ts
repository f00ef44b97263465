/** Randomness as the rooms see it: injected, so that a simulation is repeated by its seed. */

/** A number in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = Math.random;

/** The same sequence for the same seed (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Milliseconds to wait before the next attempt: first × 2^attempt, at most `most`, spread by ±20 % so that what failed
 * together is not tried again together. `attempt` counts from 0.
 */
export function backoff(attempt: number, first: number, most: number, random: Random): number {
  const plain = Math.min(first * 2 ** Math.min(attempt, 32), most);
  return plain * (0.8 + 0.4 * random());
}
