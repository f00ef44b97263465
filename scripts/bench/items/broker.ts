/**
 * Events a second through the in-process broker, published by eight publishers that each wait until an event is taken,
 * and until the last is delivered; a second of CPU, since the machine may be busy with other things. Beside it, in turns, what a process can do at best without any of the broker's
 * promises: an EventEmitter that calls a listener which answers by a promise.
 */
import { EventEmitter } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { createBroker, type LocalBroker } from "#events/broker/broker.ts";
import { systemRandom } from "#events/chance.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { systemClock } from "#events/clock.ts";
import { openJournal } from "#events/journal.ts";
import type { Journal } from "#events/journal-entry.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { objectEvent } from "#events/source/object-event.ts";
import { objectEvents } from "#events/catalogue.ts";
import { changed } from "#functions/define.ts";
import { defaultConfig } from "#functions/config.ts";
import { functions } from "#functions/registry.ts";
import { cpuTimer } from "../cpu.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { runningInstance } from "../objects.ts";
import { summarize } from "../samples.ts";

const KEYS = 10_000;
const PUBLISHERS = 8;
const LEAST_EVENTS_A_SECOND = 100_000;

export const broker: BenchItem = {
  name: "broker",
  about: "events a second through the in-process broker, beside a bare EventEmitter",
  quick: true,
  mostSeconds: 300,
  run,
};

async function run({ quick, rounds = quick ? 5 : 10, signal, say }: BenchContext): Promise<readonly FigureSpec[]> {
  const count = quick ? 20_000 : 100_000;
  const events = Array.from({ length: KEYS }, (_, index) => eventOf(index));
  const directory = await mkdtemp(join(tmpdir(), "vt-bench-"));
  const one: number[] = [];
  const all: number[] = [];
  const disk: number[] = [];
  const bare: number[] = [];
  try {
    for (let round = -1; round < rounds; round += 1) {
      signal.throwIfAborted();
      const rates = {
        bare: await throughEmitter(events, count),
        one: await throughBroker(memoryJournal(), oneTrigger, events, count),
        all: await throughBroker(memoryJournal(), functionTriggers, events, count),
        disk: await onDisk(join(directory, `${round}.db`), events, count),
      };
      // The first round compiles.
      if (round < 0) continue;
      bare.push(rates.bare);
      one.push(rates.one);
      all.push(rates.all);
      disk.push(rates.disk);
      say(
        `round ${round + 1}: ${Object.entries(rates)
          .map(([name, rate]) => `${name} ${Math.round(rate)}`)
          .join(", ")} a second`,
      );
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const emitter = summarize(bare);
  const baseline = {
    title: "a bare EventEmitter with a listener that answers by a promise",
    value: emitter.median,
    samples: emitter,
  };
  const rate = { unit: "1/s", better: "more", baseline } as const;
  return [
    sampled(
      {
        name: "events",
        title: "events of 10,000 keys for one trigger, a second of CPU",
        promise: { of: "value", at: "least", limit: LEAST_EVENTS_A_SECOND },
        ...rate,
      },
      summarize(one),
    ),
    sampled(
      { name: "events-functions", title: "the same with the triggers of all functions", ...rate },
      summarize(all),
    ),
    sampled(
      { name: "events-journal", title: "the same with one trigger and the journal on disk", ...rate },
      summarize(disk),
    ),
  ];
}

function eventOf(index: number): CloudEvent {
  return objectEvent({
    type: objectEvents.updated,
    kind: VirtualMachineInstance,
    object: runningInstance(index),
    source: "/virtive/source",
    occasion: "update",
    clock: systemClock,
  });
}

async function throughEmitter(events: readonly CloudEvent[], count: number): Promise<number> {
  const emitter = new EventEmitter();
  const settled = Promise.resolve();
  let handled = 0;
  emitter.on("event", () => void settled.then(() => (handled += 1)));
  const cpuSeconds = cpuTimer();
  for (let index = 0; index < count; index += 1) {
    emitter.emit("event", events[index % KEYS]);
    await settled;
  }
  while (handled < count) await settled;
  return count / cpuSeconds();
}

type AddTriggers = (broker: LocalBroker) => void;

const subscriber = async () => ({ status: 204 }) as const;

const oneTrigger: AddTriggers = (broker) => {
  broker.addTrigger({ name: "one", filters: [{ all: changed(VirtualMachineInstance).filters }], subscriber });
};

const functionTriggers: AddTriggers = (broker) => {
  for (const { name, on } of functions(defaultConfig)) {
    broker.addTrigger({ name, filters: [{ any: on.map(({ filters }) => ({ all: filters })) }], subscriber });
  }
};

async function throughBroker(
  journal: Journal,
  addTriggers: AddTriggers,
  events: readonly CloudEvent[],
  count: number,
): Promise<number> {
  const broker = createBroker({ journal, clock: systemClock, random: systemRandom, log: silentLog });
  addTriggers(broker);
  let next = 0;
  const publisher = async (): Promise<void> => {
    for (let event = events[next++ % KEYS]; next <= count && event !== undefined; event = events[next++ % KEYS]) {
      await broker.publish(event);
    }
  };
  const cpuSeconds = cpuTimer();
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
  await broker.idle();
  const rate = count / cpuSeconds();
  const { published, triggers } = broker.metrics();
  const delivered = Object.values(triggers).reduce((sum, { delivered, coalesced }) => sum + delivered + coalesced, 0);
  if (published !== count || delivered < count)
    throw new Error(`${published} of ${count} published, ${delivered} delivered`);
  await broker.close();
  return rate;
}

async function onDisk(file: string, events: readonly CloudEvent[], count: number): Promise<number> {
  const journal = openJournal({ file });
  try {
    return await throughBroker(journal, oneTrigger, events, count);
  } finally {
    journal.close();
  }
}
