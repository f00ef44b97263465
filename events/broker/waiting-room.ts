/**
 * Back-pressure: what comes while the queue is full waits outside it, in the order in which it came, and not for long.
 * Whoever comes later never passes it: a publisher that publishes again at once would starve all that wait.
 */
import type { Clock } from "../clock.ts";
import { asFault, Fault } from "../fault.ts";

export interface WaitingRoom {
  /** Runs `take` when there is room: at once, or in its turn. Rejects with what it throws, or with Fault later. */
  enter(take: () => void, urgent: boolean): Promise<void>;
  /** Less waits than before: lets in as many as there is room for. */
  eased(): void;
  /** Whoever waits is told "later", and so is who comes. */
  close(): void;
}

export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly patienceMilliseconds: number;
  readonly isFull: (urgent: boolean) => boolean;
  /** What is told to one that has waited long enough. */
  readonly refusal: string;
}

interface Waiting {
  readonly enter: () => void;
  readonly refuse: (fault: Fault) => void;
}

const TAKEN = Promise.resolve();

export function createWaitingRoom({ clock, patienceMilliseconds, isFull, refusal }: WaitingRoomOptions): WaitingRoom {
  const urgentOnes = new Set<Waiting>();
  const others = new Set<Waiting>();
  let closed = false;

  function letIn(waiting: Set<Waiting>, urgent: boolean): void {
    for (const one of waiting) {
      if (isFull(urgent)) return;
      one.enter();
    }
  }

  function waitIn(waiting: Set<Waiting>, take: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const left = (): void => {
        cancel();
        waiting.delete(one);
      };
      const refuse = (fault: Fault): void => {
        left();
        reject(fault);
      };
      const enter = (): void => {
        left();
        try {
          take();
          resolve();
        } catch (thrown) {
          reject(asFault(thrown));
        }
      };
      const one: Waiting = { enter, refuse };
      const cancel = clock.schedule(patienceMilliseconds, () =>
        refuse(new Fault("later", "BrokerFull", refusal, { retryAfterSeconds: 1 })),
      );
      waiting.add(one);
    });
  }

  return {
    enter(take, urgent) {
      if (closed) return Promise.reject(closing());
      const waiting = urgent ? urgentOnes : others;
      if (waiting.size > 0 || isFull(urgent)) return waitIn(waiting, take);
      take();
      return TAKEN;
    },
    eased() {
      letIn(urgentOnes, true);
      letIn(others, false);
    },
    close() {
      closed = true;
      for (const one of [...urgentOnes, ...others]) one.refuse(closing());
    },
  };
}

function closing(): Fault {
  return new Fault("later", "BrokerClosed", "the broker is shutting down");
}
