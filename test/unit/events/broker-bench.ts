/** A broker on a virtual clock, with subscribers that note what they get and when. */
import { createBroker, type BrokerOptions, type LocalBroker, type TriggerSpec } from "#events/broker/broker.ts";
import type { Answer } from "#events/broker-types.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { virtualClock, type VirtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { Journal } from "#events/journal-entry.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { delivery } from "./sample.ts";

interface Bench {
  readonly broker: LocalBroker;
  readonly clock: VirtualClock;
  readonly journal: Journal;
  /** Adds a trigger whose subscriber answers these in turn, then 204; tells what it was given and when. */
  readonly subscribe: (spec: Partial<TriggerSpec> & { readonly answers?: readonly (Answer | Fault)[] }) => Delivered[];
}

interface Delivered {
  readonly event: CloudEvent;
  readonly key: string;
  readonly seconds: number;
}

export function bench(options: Partial<BrokerOptions> = {}): Bench {
  const clock = virtualClock();
  const start = clock.now().getTime();
  const journal = memoryJournal();
  const broker = createBroker({ journal, clock, random: () => 0.5, log: silentLog, ...options });
  return {
    broker,
    clock,
    journal,
    subscribe({ answers = [], ...spec }) {
      const delivered: Delivered[] = [];
      const left = [...answers];
      broker.addTrigger({
        name: "t",
        filters: [],
        delivery: delivery(),
        async subscriber(given, key) {
          delivered.push({ event: given, key, seconds: (clock.now().getTime() - start) / 1000 });
          const answer = left.shift() ?? { status: 204 };
          if (answer instanceof Fault) throw answer;
          return answer;
        },
        ...spec,
      });
      return delivered;
    },
  };
}

export const ids = (delivered: readonly Delivered[]): string[] => delivered.map((each) => each.event.id);

export const times = (delivered: readonly Delivered[]): number[] => delivered.map((each) => each.seconds);

/** A subscriber that answers when it is told to. */
export function gated(): {
  readonly subscriber: TriggerSpec["subscriber"];
  readonly started: string[];
  open(answer?: Answer): void;
} {
  const started: string[] = [];
  const waiting: ((answer: Answer) => void)[] = [];
  return {
    started,
    subscriber: (given, key) => {
      started.push(`${given.id} ${key}`);
      return new Promise((resolve) => waiting.push(resolve));
    },
    open(answer = { status: 204 }) {
      waiting.shift()?.(answer);
    },
  };
}
