/** A trigger's subscriber behind HTTP: a function of a user, in any language, as Knative would call it. */
import type { Trigger } from "../broker-types.ts";
import { asFault } from "../fault.ts";
import { encode, readEvent, type Mode } from "../http.ts";
import { readBody } from "../http-bounds.ts";
import { verdictOf, type ExactAnswer } from "./answers.ts";

export interface HttpSubscriberOptions {
  readonly format?: Mode;
  /** The Authorization header of each request; undefined: none. */
  readonly authorization?: () => Promise<string | undefined>;
  readonly fetch?: typeof globalThis.fetch;
}

/** Of an error's body only this much is kept. */
const MOST_DETAIL_BYTES = 4096;
const LATEST_RETRY_SECONDS = 3600;

/**
 * Posts each event to the URL and reads the answer as docs/events.md says: a reply event only from 200, an empty body
 * or an event from any 2xx, Retry-After from 429 and 503. Redirects are not followed.
 */
export function httpSubscriber(url: string, options: HttpSubscriberOptions = {}): Trigger["subscriber"] {
  const { format = "binary", authorization = async () => undefined, fetch = globalThis.fetch } = options;
  return async (event, _key, signal): Promise<ExactAnswer> => {
    const { headers, body } = encode(event, format);
    let response: Response;
    try {
      const proof = await authorization();
      response = await fetch(url, {
        method: "POST",
        headers: { ...headers, prefer: "reply", ...(proof === undefined ? {} : { authorization: proof }) },
        body,
        redirect: "manual",
        signal,
      });
    } catch (thrown) {
      return { status: 503, detail: `${url} can't be reached: ${reasonOf(thrown)}` };
    }
    const verdict = verdictOf(response.status);
    return verdict === "done" ? accepted(response) : failed(response, verdict);
  };
}

async function accepted(response: Response): Promise<ExactAnswer> {
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => undefined); // taken it is, however its body ended
    return { status: 202 };
  }
  try {
    const hasEvent =
      response.headers.has("ce-id") || /^application\/cloudevents/i.test(response.headers.get("content-type") ?? "");
    if (hasEvent) return { status: 200, reply: await readEvent(response) };
    const body = await readBody(response, MOST_DETAIL_BYTES);
    if (body.byteLength === 0) return { status: 204 };
  } catch (thrown) {
    return { status: 500, code: 502, detail: `the answer is no event: ${asFault(thrown).message}` };
  }
  return { status: 500, code: 502, detail: "the answer has a body that is no event; it must be empty or one event" };
}

async function failed(response: Response, verdict: "again" | "never"): Promise<ExactAnswer> {
  const code = response.status;
  const detail = await detailOf(response);
  if (verdict === "never") return { status: code === 422 ? 422 : 400, code, detail };
  const retryAfterSeconds = retryAfter(response.headers.get("retry-after"));
  return {
    status: code === 409 || code === 429 || code === 503 ? code : 500,
    code,
    detail,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

async function detailOf(response: Response): Promise<string> {
  try {
    return new TextDecoder().decode(await readBody(response, MOST_DETAIL_BYTES));
  } catch {
    // A long or broken error page says no more than its status.
    return `HTTP ${response.status}`;
  }
}

/** Seconds, given as such or as a date. */
export function retryAfter(header: string | null | undefined, now: Date = new Date()): number | undefined {
  if (header == null || header.trim() === "") return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) : (Date.parse(header) - now.getTime()) / 1000;
  if (Number.isNaN(seconds)) return undefined;
  return Math.min(Math.max(Math.ceil(seconds), 0), LATEST_RETRY_SECONDS);
}

function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}
