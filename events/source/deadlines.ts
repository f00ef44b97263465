/**
 * Time as a source of events. A deadline is a function of an object; none is stored. The heap holds the present
 * deadline of every object, so that a restart, which lists all objects again, loses none. A deadline may move on although
 * its object stays as it is (that of a node which is heard): so it is asked for again when its time has come.
 */
import { keyOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Clock } from "../clock.ts";
import { asFault } from "../fault.ts";
import type { Log } from "../log.ts";

export type DeadlineOf = (kind: Kind, object: Stored<KubeObject>) => Date | undefined;

export interface Deadlines {
  /** The object is now like this, or what its deadline goes by has changed: it is computed anew. */
  changed(kind: Kind, object: Stored<KubeObject>): void;
  gone(kind: Kind, object: Stored<KubeObject>): void;
  close(): void;
}

export interface DeadlinesOptions {
  readonly clock: Clock;
  readonly deadlineOf: DeadlineOf;
  /** `repetition` counts from 0: an object that stays past its deadline is told about again, ever more rarely. */
  readonly due: (kind: Kind, object: Stored<KubeObject>, deadline: Date, repetition: number) => void;
  readonly log: Log;
}

/** An object that did not change although its deadline was told is told about again after this; doubled each time. */
const AGAIN_MILLISECONDS = 10_000;
const AGAIN_AT_MOST_MILLISECONDS = 300_000;

interface Pending {
  readonly kind: Kind;
  readonly object: Stored<KubeObject>;
  readonly deadline: Date;
  readonly repetition: number;
  /** Milliseconds since the epoch; later than the deadline for repetitions. */
  readonly at: number;
}

export function startDeadlines({ clock, deadlineOf, due, log }: DeadlinesOptions): Deadlines {
  const current = new Map<string, Pending>();
  let heap: Pending[] = [];
  let alarm: { readonly at: number; readonly cancel: () => void } | undefined;

  function compute(kind: Kind, object: Stored<KubeObject>): Date | undefined {
    try {
      return deadlineOf(kind, object);
    } catch (thrown) {
      log.error({ kind: kind.kind, key: keyOf(object) }, `no deadline could be computed: ${asFault(thrown).message}`);
      return undefined;
    }
  }

  /** One timer, for the earliest deadline that still stands. */
  function arm(): void {
    let first = heap[0];
    while (first !== undefined && current.get(nameOf(first.kind, first.object)) !== first) {
      pop(heap);
      first = heap[0];
    }
    if (alarm !== undefined && alarm.at === first?.at) return;
    alarm?.cancel();
    alarm = undefined;
    if (first === undefined) return;
    const { at } = first;
    alarm = { at, cancel: clock.schedule(at - clock.now().getTime(), ring) };
  }

  function ring(): void {
    alarm = undefined;
    const now = clock.now().getTime();
    for (let first = heap[0]; first !== undefined && first.at <= now; first = heap[0]) {
      pop(heap);
      const name = nameOf(first.kind, first.object);
      if (current.get(name) !== first) continue;
      if (!stands(name, first, now)) continue;
      const pause = Math.min(AGAIN_MILLISECONDS * 2 ** first.repetition, AGAIN_AT_MOST_MILLISECONDS);
      add(name, { ...first, repetition: first.repetition + 1, at: now + pause });
      due(first.kind, first.object, first.deadline, first.repetition);
    }
    arm();
  }

  /** Whether it is still due. One that has moved on takes its new place. */
  function stands(name: string, pending: Pending, now: number): boolean {
    const at = compute(pending.kind, pending.object)?.getTime();
    if (at === undefined) current.delete(name);
    else if (at > now) set(name, pending.kind, pending.object, new Date(at));
    else return true;
    return false;
  }

  function set(name: string, kind: Kind, object: Stored<KubeObject>, deadline: Date): void {
    add(name, { kind, object, deadline, repetition: 0, at: deadline.getTime() });
  }

  function add(name: string, pending: Pending): void {
    current.set(name, pending);
    push(heap, pending);
    if (heap.length > 2 * current.size + 64) {
      heap = [];
      for (const standing of current.values()) push(heap, standing);
    }
  }

  return {
    changed(kind, object) {
      const name = nameOf(kind, object);
      const deadline = compute(kind, object);
      const there = current.get(name);
      if (deadline === undefined) {
        if (there === undefined) return;
        current.delete(name);
      } else {
        set(name, kind, object, deadline);
      }
      arm();
    },
    gone(kind, object) {
      if (current.delete(nameOf(kind, object))) arm();
    },
    close() {
      alarm?.cancel();
      current.clear();
      heap = [];
    },
  };
}

function nameOf(kind: Kind, object: KubeObject): string {
  return `${kind.group}/${kind.plural}/${keyOf(object)}`;
}

/** A binary heap by time. */
function push(heap: Pending[], pending: Pending): void {
  let index = heap.length;
  heap.push(pending);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.at <= pending.at) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = pending;
}

function pop(heap: Pending[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const [one, other] = [heap[left], heap[left + 1]];
    if (one === undefined) break;
    const [child, smaller] = other !== undefined && other.at < one.at ? [left + 1, other] : [left, one];
    if (last.at <= smaller.at) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
