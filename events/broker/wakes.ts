/** "Look again at": one wish a trigger and key, the earliest. Not stored: objects and their deadlines bring it back. */
import type { Key } from "#api/object.ts";
import { flowEvents } from "../catalogue.ts";
import type { Clock } from "../clock.ts";
import type { CloudEvent } from "../cloud-event.ts";
import { makeEvent } from "../make-event.ts";

export interface Wake {
  readonly trigger: string;
  readonly key: Key;
  readonly time: Date;
}

export interface Wakes {
  at(trigger: string, key: Key, time: Date): void;
  forget(trigger: string): void;
  /** All that wait, which nobody is told of any more. */
  take(): readonly Wake[];
  readonly waiting: number;
  close(): void;
}

export function createWakes(clock: Clock, due: (trigger: string, key: Key, time: Date) => void): Wakes {
  const wishes = new Map<string, Wake & { readonly cancel: () => void }>();
  return {
    at(trigger, key, time) {
      const name = `${trigger} ${key}`;
      const there = wishes.get(name);
      if (there !== undefined && there.time.getTime() <= time.getTime()) return;
      there?.cancel();
      const cancel = clock.schedule(time.getTime() - clock.now().getTime(), () => {
        wishes.delete(name);
        due(trigger, key, time);
      });
      wishes.set(name, { trigger, key, time, cancel });
    },
    forget(trigger) {
      for (const [name, wish] of wishes) {
        if (wish.trigger !== trigger) continue;
        wish.cancel();
        wishes.delete(name);
      }
    },
    take() {
      const taken = [...wishes.values()];
      for (const { cancel } of taken) cancel();
      wishes.clear();
      return taken.map(({ trigger, key, time }) => ({ trigger, key, time }));
    },
    get waiting() {
      return wishes.size;
    },
    close() {
      for (const wish of wishes.values()) wish.cancel();
      wishes.clear();
    },
  };
}

/** What tells the trigger that its time has come. The same wish is the same event, whoever tells it. */
export function wakeEvent({ trigger, key, time }: Wake, source: string, clock: Clock): CloudEvent {
  return makeEvent({
    type: flowEvents.wake,
    source,
    key,
    id: `wake.${trigger}.${key}.${time.getTime()}`,
    extensions: { trigger },
    data: { trigger, key },
    clock,
  });
}
