/** "Look again at": one wish a trigger and key, the earliest. Not stored: objects and their deadlines bring it back. */
import type { Key } from "#api/object.ts";
import type { Clock } from "../clock.ts";

export interface Wakes {
  at(trigger: string, key: Key, time: Date): void;
  forget(trigger: string): void;
  readonly waiting: number;
  close(): void;
}

export function createWakes(clock: Clock, due: (trigger: string, key: Key, time: Date) => void): Wakes {
  const wishes = new Map<string, { readonly trigger: string; readonly time: Date; readonly cancel: () => void }>();
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
      wishes.set(name, { trigger, time, cancel });
    },
    forget(trigger) {
      for (const [name, wish] of wishes) {
        if (wish.trigger !== trigger) continue;
        wish.cancel();
        wishes.delete(name);
      }
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
