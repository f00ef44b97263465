/**
 * How the local shape's stand-ins for Kubernetes' own controllers (`kubelet.ts`, `claims.ts`) wake: on one kind's changes,
 * one run an object at a time, tried again when it fails.
 */
import { partsOf, type Kind } from "#api/object.ts";
import type { Answer, Broker, DeliverySpec } from "#events/broker-types.ts";
import { asFault } from "#events/fault.ts";

export interface Tending {
  readonly broker: Broker;
  readonly delivery: DeliverySpec;
}

/** An object that is looked at. Its turn is its own: a machine of the same name has another. */
export interface Tended {
  readonly namespace: string;
  readonly name: string;
  /** Looks again at this time. */
  again(at: Date): Answer;
}

export const DONE: Answer = { status: 204 };

/** `tend`: @throws Fault, and is asked again */
export function tendAll(
  { broker, delivery }: Tending,
  kind: Kind,
  trigger: string,
  tend: (at: Tended) => Promise<Answer>,
): void {
  const prefix = `${kind.kind.toLowerCase()}/`;
  broker.addTrigger({
    name: trigger,
    filters: [{ prefix: { type: "dev.knative.apiserver.resource." } }, { exact: { kind: kind.kind } }],
    delivery,
    keys: (event) => [`${prefix}${event.extensions["namespace"] ?? ""}/${event.extensions["name"] ?? ""}`],
    subscriber: async (_event, key) => {
      const again = (at: Date): Answer => {
        broker.wakeAt(trigger, key, at);
        return DONE;
      };
      try {
        return await tend({ ...partsOf(key.slice(prefix.length)), again });
      } catch (error) {
        // Whatever it is, the object has to be looked at again: there is nobody to give it up to.
        const fault = asFault(error);
        return { status: fault.kind === "stale" ? 409 : 503, detail: `${fault.reason}: ${fault.message}` };
      }
    },
  });
}
