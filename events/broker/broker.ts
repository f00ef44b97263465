/**
 * The in-process broker: takes events, keeps them in the journal, and delivers each to the triggers whose filters
 * match, one at a time a key. It keeps Knative's delivery contract (docs/events.md) and adds order by key, coalescing
 * and wakes. What waits is not kept over a restart: the source tells again what exists.
 */
import type { Key } from "#api/object.ts";
import type { Broker, DeliverySpec, Trigger } from "../broker-types.ts";
import type { Random } from "../chance.ts";
import type { CloudEvent } from "../cloud-event.ts";
import type { Clock } from "../clock.ts";
import { asFault, Fault } from "../fault.ts";
import type { DeadLetter, Journal } from "../journal-entry.ts";
import type { Log } from "../log.ts";
import { answerOf, pauseBefore, verdictOf, type Failure } from "./answers.ts";
import { codeOf, createDeliveries, isUrgent, type Deliveries, type TriggerMetrics } from "./delivery.ts";
import { checkDelivery, DEFAULT_DELIVERY } from "./delivery-spec.ts";
import type { Matches } from "./filters.ts";
import { createLanes } from "./lanes.ts";
import { createMatching, matchesOf } from "./matching.ts";
import { arrive, deadLetterOf, replyTo, type Passing } from "./passing.ts";
import { createWaitingRoom } from "./waiting-room.ts";
import { createWakes, wakeEvent } from "./wakes.ts";

export interface BrokerOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For triggers that bring none of their own. */
  readonly deliveryDefaults?: DeliverySpec;
  /** Keys that are worked on side by side. Default 64. */
  readonly parallel?: number;
  /**
   * Deliveries that may wait before publishers are made to wait. Default 2000: a queue is time that what happens waits
   * behind all that exists, which is told at a start; what waits outside it is made less by its publisher. What nodes
   * say, or should have said, may fill twice as much.
   */
  readonly mostWaiting?: number;
  /** How long a publisher is made to wait before it is told "later". Default 1000. */
  readonly patienceMilliseconds?: number;
}

export interface BrokerMetrics {
  readonly published: number;
  /** Deliveries that wait for their turn. */
  readonly waiting: number;
  readonly running: number;
  /** Deliveries that wait for their next attempt. */
  readonly pausing: number;
  /** Wishes to look again. */
  readonly wakes: number;
  readonly triggers: Readonly<Record<string, Readonly<TriggerMetrics>>>;
}

/** As Trigger; without `delivery` the broker's own applies, as a whole. */
export type TriggerSpec = Omit<Trigger, "delivery"> & { readonly delivery?: DeliverySpec };

export interface LocalBroker extends Broker {
  /** @throws Fault refused when a filter or the delivery is wrong, or the name is taken */
  addTrigger(trigger: TriggerSpec): void;
  /** What waits for it is dropped. No such trigger: nothing to do. */
  removeTrigger(name: string): void;
  /** A trigger for events whose delivery was given up; what it fails at is only logged. */
  addDeadLetterTrigger(trigger: TriggerSpec): void;
  /** Delivers a dead letter again to the trigger that it was meant for. False when that is gone. */
  redeliver(deadLetter: DeadLetter): boolean;
  metrics(): BrokerMetrics;
}

interface Registered {
  readonly trigger: Trigger;
  readonly matches: Matches;
  readonly deliveries: Deliveries;
}

const SOURCE = "/virtive/broker";

export function createBroker(options: BrokerOptions): LocalBroker {
  const { journal, clock, random, log, parallel = 64, mostWaiting = 2000, patienceMilliseconds = 1000 } = options;
  const deliveryDefaults = options.deliveryDefaults ?? DEFAULT_DELIVERY;
  const triggers = new Map<string, Registered>();
  const deadLetterTriggers = new Map<string, Registered>();
  const lanes = createLanes(parallel, quiet, () => room.eased());
  const wakes = createWakes(clock, wake);
  let ending = false;
  /** Ways to call off what would find out keys again. */
  const routings = new Set<() => void>();
  /** Made anew when an event comes after the triggers have changed. */
  let matching: ((event: CloudEvent) => readonly Registered[]) | undefined;
  let published = 0;
  /** Routings that find out keys. */
  let busy = 0;
  let idlers: (() => void)[] = [];

  function quiet(): void {
    if (busy > 0 || lanes.waiting > 0 || lanes.running > 0) return;
    const resolved = idlers;
    idlers = [];
    for (const resolve of resolved) resolve();
  }

  async function counted<T>(work: Promise<T>): Promise<T> {
    busy += 1;
    try {
      return await work;
    } finally {
      busy -= 1;
      queueMicrotask(quiet);
    }
  }

  /** Deliveries of all triggers that wait for their next attempt. */
  let pausing = 0;
  const room = createWaitingRoom({
    clock,
    patienceMilliseconds,
    isFull: (urgent) => lanes.waiting + pausing >= (urgent ? 2 : 1) * mostWaiting,
    refusal: `${mostWaiting} deliveries wait already`,
  });

  /** Taken when it returns, where there is room. */
  function publish(event: CloudEvent): Promise<void> {
    return admit(event, isUrgent(event));
  }

  function admit(event: CloudEvent, urgent: boolean): Promise<void> {
    try {
      const passing = arrive(event, clock.now());
      return room.enter(() => take(passing), urgent);
    } catch (thrown) {
      return Promise.reject(asFault(thrown));
    }
  }

  function take(passing: Passing): void {
    published += 1;
    journal.appendEvent(passing.event);
    matching ??= createMatching(
      [...triggers.values()].map((value) => ({ filters: value.trigger.filters, matches: value.matches, value })),
    );
    for (const registered of matching(passing.event)) route(registered, passing);
  }

  /** Finds the keys that the event concerns for this trigger. When that takes a look at the world, it may fail. */
  function route(registered: Registered, passing: Passing): void {
    const { trigger, deliveries } = registered;
    const own = ownKey(passing.event);
    if (trigger.keys === undefined) return deliveries.deliver(passing, own);
    const deliverAll = (keys: readonly Key[]): void => {
      for (const key of keys.length < 2 ? keys : new Set(keys)) deliveries.deliver(passing, key);
    };
    try {
      const keys = trigger.keys(passing.event);
      if (!(keys instanceof Promise)) return deliverAll(keys);
      void counted(keys.then(deliverAll, (thrown: unknown) => keysFailed(registered, passing, thrown, 1)));
    } catch (thrown) {
      keysFailed(registered, passing, thrown, 1);
    }
  }

  function keysFailed(registered: Registered, passing: Passing, thrown: unknown, attempts: number): void {
    const { trigger, deliveries } = registered;
    const failure = answerOf(thrown);
    if (ending || triggers.get(trigger.name) !== registered) return;
    if (verdictOf(codeOf(failure)) === "never" || attempts > trigger.delivery.retry) {
      return giveUp(trigger.name, passing, ownKey(passing.event), failure, attempts);
    }
    const again = async (): Promise<void> => {
      try {
        const keys = (await trigger.keys?.(passing.event)) ?? [];
        for (const key of new Set(keys)) deliveries.deliver(passing, key);
      } catch (error) {
        keysFailed(registered, passing, error, attempts + 1);
      }
    };
    const cancel = clock.schedule(pauseBefore(trigger.delivery, attempts, failure, random), () => {
      routings.delete(cancel);
      void counted(again());
    });
    routings.add(cancel);
  }

  function giveUp(trigger: string, passing: Passing, key: Key, failure: Failure, attempts: number): void {
    const { event } = passing;
    const code = codeOf(failure);
    journal.appendDeadLetter({
      trigger,
      key,
      code,
      detail: failure.detail,
      attempts,
      time: clock.now().toISOString(),
      event,
    });
    log.error({ trigger, key, event: event.id, type: event.type, code, attempts }, `gave up: ${failure.detail}`);
    const letter = { ...passing, event: deadLetterOf(event, { trigger, code, detail: failure.detail }) };
    for (const registered of deadLetterTriggers.values()) {
      if (registered.matches(letter.event)) registered.deliveries.deliver(letter, key);
    }
  }

  function register(spec: TriggerSpec, into: Map<string, Registered>): void {
    const { name } = spec;
    if (triggers.has(name) || deadLetterTriggers.has(name)) {
      throw new Fault("refused", "TriggerExists", `there is a trigger "${name}" already`);
    }
    const trigger: Trigger = { ...spec, delivery: spec.delivery ?? deliveryDefaults };
    checkDelivery(trigger.delivery, `trigger ${name}: delivery`);
    const final = into === deadLetterTriggers;
    into.set(name, {
      trigger,
      matches: matchesOf(trigger.filters, `trigger ${name}: filters`),
      deliveries: createDeliveries({
        trigger,
        lanes,
        clock,
        random,
        paused(more) {
          pausing += more;
          if (more < 0) room.eased();
        },
        reply: (answered, { reply }) => publishReply(name, answered, reply),
        giveUp: (passing, key, failure, attempts) =>
          final
            ? log.error({ trigger: name, key, event: passing.event.id }, `dead letter not delivered: ${failure.detail}`)
            : giveUp(name, passing, key, failure, attempts),
      }),
    });
    matching = undefined;
  }

  async function publishReply(trigger: string, answered: Passing, reply: CloudEvent): Promise<void> {
    try {
      // It comes out of the queue: were it to wait for room, it would wait for what it keeps from running.
      await admit(replyTo(answered, reply), true);
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.kind === "later") throw fault;
      log.error({ trigger, event: reply.id, cause: answered.event.id }, `reply dropped: ${fault.message}`);
    }
  }

  function wake(name: string, key: Key, time: Date): void {
    const registered = triggers.get(name);
    if (registered === undefined || ending) return;
    const passing = arrive(wakeEvent({ trigger: name, key, time }, SOURCE, clock), clock.now());
    journal.appendEvent(passing.event);
    registered.deliveries.deliver(passing, key);
  }

  return {
    publish,
    addTrigger: (spec) => register(spec, triggers),
    addDeadLetterTrigger: (spec) => register(spec, deadLetterTriggers),
    removeTrigger(name) {
      for (const map of [triggers, deadLetterTriggers]) {
        map.get(name)?.deliveries.close();
        map.delete(name);
      }
      matching = undefined;
      wakes.forget(name);
    },
    redeliver({ trigger, key, event }) {
      const registered = triggers.get(trigger);
      registered?.deliveries.deliver(arrive(event, clock.now()), key);
      return registered !== undefined;
    },
    wakeAt: (trigger, key, at) => {
      if (!ending) wakes.at(trigger, key, at);
    },
    idle() {
      return new Promise((resolve) => {
        idlers.push(resolve);
        queueMicrotask(quiet);
      });
    },
    async close() {
      ending = true;
      room.close();
      for (const cancel of routings) cancel();
      wakes.close();
      for (const { deliveries } of [...triggers.values(), ...deadLetterTriggers.values()]) deliveries.close();
      await lanes.close();
      quiet();
    },
    metrics: () => ({
      published,
      waiting: lanes.waiting,
      running: lanes.running,
      pausing,
      wakes: wakes.waiting,
      triggers: Object.fromEntries(
        [...triggers, ...deadLetterTriggers].map(([name, { deliveries }]) => [name, { ...deliveries.metrics }]),
      ),
    }),
  };
}

function ownKey(event: CloudEvent): Key {
  return event.extensions["partitionkey"] ?? event.id;
}
