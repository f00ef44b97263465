/** What the broker writes on events that pass through it: hop count, time of arrival, and on dead letters the error. */
import { Buffer } from "node:buffer";
import type { CloudEvent } from "../cloud-event.ts";
import { isoTime } from "../clock.ts";
import { Fault } from "../fault.ts";

/** Hops that replies may make before one is taken for a loop. */
const FIRST_TTL = 255;
const TTL = "knativebrokerttl";
const ARRIVAL = "knativearrivaltime";
/** So that its base64 stays within 1024 characters. */
const ERROR_BYTES = 768;

/** An event on its way through the broker: as subscribers see it, and how many hops are left for replies to it. */
export interface Passing {
  readonly event: CloudEvent;
  readonly ttl: number;
}

/** @throws Fault refused when its hops are used up */
export function arrive(event: CloudEvent, now: Date): Passing {
  const given = event.extensions[TTL];
  const ttl = given === undefined ? FIRST_TTL : Number(given) - 1;
  if (!Number.isInteger(ttl) || ttl <= 0) {
    throw new Fault(
      "refused",
      "HopsExhausted",
      `event ${event.id} has made ${FIRST_TTL} hops or has a wrong ${TTL}: "${given}"`,
    );
  }
  const arrived: Record<string, string> = { ...event.extensions };
  if (given !== undefined) delete arrived[TTL];
  arrived[ARRIVAL] = isoTime(now);
  return { ttl, event: withExtensions(event, arrived) };
}

/** The reply to an event, with the hops that the event has left. */
export function replyTo(passing: Passing, reply: CloudEvent): CloudEvent {
  return withExtensions(reply, { ...reply.extensions, [TTL]: String(passing.ttl) });
}

export interface DeliveryError {
  readonly trigger: string;
  readonly code: number;
  readonly detail: string;
}

/** The event with what became of it, in the attributes that Knative's dead letters have. */
export function deadLetterOf(event: CloudEvent, { trigger, code, detail }: DeliveryError): CloudEvent {
  const data = Buffer.from(detail).subarray(0, ERROR_BYTES).toString("base64");
  return withExtensions(event, {
    ...event.extensions,
    knativeerrordest: `/triggers/${trigger}`,
    knativeerrorcode: String(code),
    ...(data === "" ? {} : { knativeerrordata: data }),
  });
}

function withExtensions(event: CloudEvent, extensions: Readonly<Record<string, string>>): CloudEvent {
  return Object.freeze({ ...event, extensions: Object.freeze(extensions) });
}
