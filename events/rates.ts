/** How often somebody may ask. */
import type { Clock } from "./clock.ts";

/** Tokens that refill: `perSecond` a second, at most twice as many at once. Identities that went quiet are dropped. */
export function createRates(clock: Clock, perSecond: number): { take(identity: string): boolean } {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(identity) {
      const now = clock.now().getTime();
      const there = buckets.get(identity) ?? { tokens: 2 * perSecond, at: now };
      // A wall clock that is set back takes no tokens away.
      const passed = Math.max(0, now - there.at);
      const tokens = Math.min(2 * perSecond, there.tokens + (passed / 1000) * perSecond);
      buckets.delete(identity);
      buckets.set(identity, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      const [oldest] = buckets.keys();
      if (buckets.size > 10_000 && oldest !== undefined) buckets.delete(oldest);
      return tokens >= 1;
    },
  };
}
