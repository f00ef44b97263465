/**
 * A broker as Knative's is at its worst, in place of ours: no order, no turns by key, nothing coalesced; events late, doubled,
 * and until faults stop also lost after they were taken. It tries again what is answered so, with the delivery of the chart.
 */
import type { Key } from "#api/object.ts";
import type { Broker, Trigger } from "#events/broker-types.ts";
import { codeOf } from "#events/broker/delivery.ts";
import { answerOf, isFailure, verdictOf, type Failure } from "#events/broker/answers.ts";
import { compileFilters, type Matches } from "#events/broker/filters.ts";
import { createWakes, wakeEvent } from "#events/broker/wakes.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { DeadLetter } from "#events/journal-entry.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

export interface LooseBrokerParts {
  readonly process: Process;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly took: (event: CloudEvent) => void;
  readonly gaveUp: (letter: DeadLetter) => void;
}

/** As the chart's Triggers have it. */
const RETRIES = 12;
const FIRST_RETRY_MILLISECONDS = 50;
/** One in so many. */
const LOST = 25;
const DOUBLED = 10;
const LATE = 10;
const LATEST_MILLISECONDS = 20_000;

export function looseBroker(parts: LooseBrokerParts): Pick<Broker, "publish" | "addTrigger" | "wakeAt"> {
  const { process, scheduler, weather } = parts;
  const { clock } = process;
  const triggers: { readonly trigger: Trigger; readonly matches: Matches }[] = [];
  const wakes = createWakes(
    clock,
    (trigger, key, time) => void publish(wakeEvent({ trigger, key, time }, "/loose", clock)),
  );

  async function publish(event: CloudEvent): Promise<void> {
    parts.took(event);
    if (!weather.over && weather.oneIn(LOST)) return;
    const { trigger: woken } = event.extensions;
    for (const { trigger, matches } of triggers) {
      if (woken === undefined ? !matches(event) : woken !== trigger.name) continue;
      for (let copies = weather.oneIn(DOUBLED) ? 2 : 1; copies > 0; copies -= 1) later(trigger, event, 0);
    }
  }

  function later(trigger: Trigger, event: CloudEvent, milliseconds: number): void {
    const late = weather.between(0, weather.oneIn(LATE) ? LATEST_MILLISECONDS : 50);
    scheduler.after(process, milliseconds + late, () => void deliver(trigger, event, 0));
  }

  async function deliver(trigger: Trigger, event: CloudEvent, attempt: number): Promise<void> {
    const failure = await attempted(trigger, event);
    if (failure === undefined || !process.alive) return;
    if (verdictOf(codeOf(failure)) === "again" && attempt < RETRIES) {
      const pause = FIRST_RETRY_MILLISECONDS * 2 ** attempt;
      scheduler.after(process, pause, () => void deliver(trigger, event, attempt + 1));
      return;
    }
    parts.gaveUp({
      trigger: trigger.name,
      key: event.extensions["partitionkey"] ?? event.id,
      code: codeOf(failure),
      detail: failure.detail,
      attempts: attempt + 1,
      time: clock.now().toISOString(),
      event,
    });
  }

  /** The host's part: all keys of the event, the worst answer. */
  async function attempted(trigger: Trigger, event: CloudEvent): Promise<Failure | undefined> {
    try {
      const isWake = event.extensions["trigger"] !== undefined;
      const own: readonly Key[] = [event.extensions["partitionkey"] ?? event.id];
      const keys = isWake || trigger.keys === undefined ? own : await trigger.keys(event);
      const { signal } = new AbortController();
      const answers = await Promise.all(keys.map((key) => trigger.subscriber(event, key, signal)));
      return answers.find(isFailure);
    } catch (thrown) {
      return answerOf(thrown);
    }
  }

  return {
    publish,
    addTrigger(trigger) {
      triggers.push({ trigger, matches: compileFilters(trigger.filters, trigger.name) });
    },
    wakeAt: (trigger, key, at) => wakes.at(trigger, key, at),
  };
}
