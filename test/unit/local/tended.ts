/** What tends objects in the local shape, driven turn by turn: a broker that keeps its one trigger, and counts wishes to look again. */
import type { Broker, DeliverySpec, Trigger } from "#events/broker-types.ts";
import { flowEvents } from "#events/catalogue.ts";
import type { Clock } from "#events/clock.ts";
import { makeEvent } from "#events/make-event.ts";

export interface Tended {
  readonly broker: Broker;
  readonly delivery: DeliverySpec;
  readonly now: () => Date;
  /** Wishes to look again, so far. */
  again(): number;
  /** One turn at the key, such as pod/default/anchor. Answers what the broker is answered. */
  turn(key: string): Promise<unknown>;
}

export function tended(clock: Clock): Tended {
  let trigger: Trigger | undefined;
  let again = 0;
  const data = { node: "node-1", uid: "u", why: "test" };
  return {
    broker: {
      addTrigger: (added) => void (trigger = added),
      wakeAt: () => void (again += 1),
      publish: () => Promise.resolve(),
      idle: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    delivery: { attempts: 1 } as unknown as DeliverySpec,
    now: () => clock.now(),
    again: () => again,
    async turn(key) {
      const of = key.slice(key.indexOf("/") + 1);
      const event = makeEvent({ clock, source: "/test", type: flowEvents.differs, key: of, data });
      return trigger?.subscriber(event, key, new AbortController().signal);
    },
  };
}
