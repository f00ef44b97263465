/**
 * The contract between events and those who consume them, after Knative's Broker, Trigger and delivery spec.
 * The in-process broker (`events/broker/`) and Knative's own both honour it.
 */
import type { Key } from "#api/object.ts";
import type { CloudEvent } from "./cloud-event.ts";

/** Subscriptions API filter dialects. An entry has exactly one; a list of filters is an AND. */
export type Filter =
  | { readonly exact: Readonly<Record<string, string>> }
  | { readonly prefix: Readonly<Record<string, string>> }
  | { readonly suffix: Readonly<Record<string, string>> }
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly not: Filter };

/** What a subscriber answers, as HTTP status codes in Knative's reading: see docs/events.md. */
export type Answer =
  | { readonly status: 200; readonly reply: CloudEvent }
  | { readonly status: 202 | 204 }
  | { readonly status: 409 | 429 | 500 | 503; readonly detail: string; readonly retryAfterSeconds?: number }
  | { readonly status: 400 | 422; readonly detail: string };

export interface DeliverySpec {
  /** Attempts after the first. */
  readonly retry: number;
  readonly backoffPolicy: "linear" | "exponential";
  /** Milliseconds; exponential: delay × 2^attempt, with jitter, capped at backoffMaxMilliseconds. */
  readonly backoffDelayMilliseconds: number;
  readonly backoffMaxMilliseconds: number;
  /** Milliseconds that one attempt may take. */
  readonly timeoutMilliseconds: number;
}

export interface Trigger {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly delivery: DeliverySpec;
  /**
   * The keys that this event concerns; at most one delivery a key runs at a time, over all triggers, and deliveries of
   * one trigger that wait for the same key become one. Default: the event's partitionkey, else its id.
   */
  readonly keys?: (event: CloudEvent) => Promise<readonly Key[]> | readonly Key[];
  readonly subscriber: (event: CloudEvent, key: Key, signal: AbortSignal) => Promise<Answer>;
}

export interface Broker {
  /** Takes the event: journaled, then delivered to each trigger whose filters match. Resolves once it is taken. */
  publish(event: CloudEvent): Promise<void>;
  addTrigger(trigger: Trigger): void;
  /** Wakes one trigger for one key at a time of its own choosing ("look again at"). The earliest wish wins. */
  wakeAt(trigger: string, key: Key, at: Date): void;
  /** Resolves when nothing is queued or running (retries and wakes in the future do not count). */
  idle(): Promise<void>;
  close(): Promise<void>;
}
