/**
 * Who delivers here keeps no order: Knative sends as many events of one machine at a time as there are. So a host takes
 * them one at a time a key, over all its functions, and deliveries of the same kind that wait for the same turn become one,
 * since each would find the same state. Between hosts compare-and-set keeps it right.
 */
import type { Key } from "#api/object.ts";
import type { Answer } from "#events/broker-types.ts";
import { nodeEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";

export interface KeyTurns {
  run(functionName: string, event: CloudEvent, key: Key, work: () => Promise<Answer>): Promise<Answer>;
  readonly waiting: number;
}

interface Lane {
  last: Promise<unknown>;
  /** By function and type of event: some functions look at more for some types. */
  readonly waiting: Map<string, Promise<Answer>>;
}

/** @param most runs that may wait; more are answered 503 */
export function createKeyTurns(most: number): KeyTurns {
  const lanes = new Map<Key, Lane>();
  let waiting = 0;
  return {
    run(functionName, event, key, work) {
      let lane = lanes.get(key);
      if (lane === undefined) lanes.set(key, (lane = { last: Promise.resolve(), waiting: new Map() }));
      const mine = lane;
      // A heartbeat is state: each one is looked at.
      const name = `${functionName} ${event.type === nodeEvents.heartbeat.type ? event.id : event.type}`;
      const there = mine.waiting.get(name);
      if (there !== undefined) return there;
      if (waiting >= most) {
        const detail = `TooBusy: ${most} runs wait already`;
        return Promise.resolve({ status: 503, detail, retryAfterSeconds: 1 });
      }
      waiting += 1;
      const turn = mine.last.then(() => {
        waiting -= 1;
        mine.waiting.delete(name);
        return work();
      });
      mine.waiting.set(name, turn);
      const ended = turn.then(
        () => undefined,
        () => undefined,
      );
      mine.last = ended;
      void ended.then(() => {
        if (mine.last === ended && mine.waiting.size === 0) lanes.delete(key);
      });
      return turn;
    },
    get waiting() {
      return waiting;
    },
  };
}
