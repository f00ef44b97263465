/**
 * "Look again at" on a function host. The wishes are timers of this process, and the broker is told when one is due, so
 * that any host may take it, with the broker's retries. A host that ends tells what waits at once: the function looks
 * sooner and wishes again. A host that is killed loses its wishes; deadlines and the resync bring them back, later.
 */
import type { Key } from "#api/object.ts";
import { createWakes, wakeEvent, type Wake } from "#events/broker/wakes.ts";
import { systemRandom } from "#events/chance.ts";
import type { Clock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Log } from "#events/log.ts";
import { createOutlet } from "#events/source/outlet.ts";

export interface HostWakes {
  at(functionName: string, key: Key, time: Date): void;
  /** Tells all that waits now. Resolves when it is told, or the signal says that there is no more time. */
  handOver(signal: AbortSignal): Promise<void>;
}

export interface HostWakesOptions {
  readonly publish: (event: CloudEvent) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const SOURCE = "/virtive/functions";

export function createHostWakes({ publish, clock, log }: HostWakesOptions): HostWakes {
  const ending = new AbortController();
  const outlet = createOutlet({
    publish,
    gate: Promise.resolve(),
    signal: ending.signal,
    clock,
    random: systemRandom,
    log,
  });
  const tell = (wake: Wake): void => outlet.push(wakeEvent(wake, SOURCE, clock), `${wake.trigger} ${wake.key}`, true);
  const wakes = createWakes(clock, (trigger, key, time) => tell({ trigger, key, time }));
  return {
    at: (functionName, key, time) => wakes.at(functionName, key, time),
    async handOver(signal) {
      for (const wake of wakes.take()) tell(wake);
      const end = (): void => ending.abort();
      signal.addEventListener("abort", end, { once: true });
      await outlet.idle();
      signal.removeEventListener("abort", end);
    },
  };
}
