/** The smallest valid things that tests of the events room are about. */
import type { CloudEvent } from "#events/cloud-event.ts";
import type { DeliverySpec } from "#events/broker-types.ts";

export function event(parts: Partial<CloudEvent> & { readonly key?: string } = {}): CloudEvent {
  const { key, extensions, ...attributes } = parts;
  return {
    specversion: "1.0",
    id: "1",
    source: "/test",
    type: "test.happened",
    ...attributes,
    extensions: { ...(key === undefined ? {} : { partitionkey: key }), ...extensions },
  };
}

export function delivery(parts: Partial<DeliverySpec> = {}): DeliverySpec {
  return {
    retry: 3,
    backoffPolicy: "exponential",
    backoffDelayMilliseconds: 100,
    backoffMaxMilliseconds: 10_000,
    timeoutMilliseconds: 1000,
    ...parts,
  };
}
