/** What a subscriber's answer means for its delivery, in Knative's reading of status codes. */
import type { Answer, DeliverySpec } from "../broker-types.ts";
import { backoff, type Random } from "../chance.ts";
import { asFault } from "../fault.ts";

/** An answer with the HTTP status as it was received, where it is none of the codes of Answer. */
export type ExactAnswer = Answer & { readonly code?: number };
export type Failure = Extract<Answer, { readonly detail: string }> & { readonly code?: number };

/** `again`: tried again until the retries are used up. `never`: dead letter at once. */
export type Verdict = "done" | "again" | "never";

const RETRIABLE_BELOW_500: ReadonlySet<number> = new Set([404, 408, 409, 429]);

/** Any HTTP status. 1xx and 3xx are errors that are not retried. */
export function verdictOf(status: number): Verdict {
  if (status >= 200 && status < 300) return "done";
  return status >= 500 || RETRIABLE_BELOW_500.has(status) ? "again" : "never";
}

export function isFailure(answer: ExactAnswer): answer is Failure {
  return "detail" in answer;
}

const STATUS_OF_FAULT = { stale: 409, later: 503, refused: 422, bug: 422 } as const;

/** What a subscriber that threw would have answered. */
export function answerOf(thrown: unknown): Failure {
  const fault = asFault(thrown);
  return {
    status: STATUS_OF_FAULT[fault.kind],
    detail: `${fault.reason}: ${fault.message}`,
    ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
  };
}

/** A subscriber may ask for patience, but not for more than this. */
const MOST_RETRY_AFTER_SECONDS = 3600;

/** Milliseconds until the next attempt. `attempt` counts the attempts made, from 1. */
export function pauseBefore(spec: DeliverySpec, attempt: number, failure: Failure, random: Random): number {
  const { backoffDelayMilliseconds: delay, backoffMaxMilliseconds: most } = spec;
  const planned =
    spec.backoffPolicy === "exponential"
      ? backoff(attempt - 1, delay, most, random)
      : backoff(0, Math.min(delay * attempt, most), most, random);
  return Math.max(planned, retryAfterOf(failure) * 1000);
}

export function retryAfterOf(failure: Failure): number {
  const asked = "retryAfterSeconds" in failure ? (failure.retryAfterSeconds ?? 0) : 0;
  return Math.min(Math.max(asked, 0), MOST_RETRY_AFTER_SECONDS);
}
