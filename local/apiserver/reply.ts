/** Answers, and what becomes of them over HTTP. */
import { statusBody, StatusError } from "./status.ts";
import { plainJson, written, type Representation } from "./representation.ts";

export interface Reply {
  readonly code: number;
  /** The whole text, or pieces that are made while they are sent, at the client's pace. */
  readonly body: string | Iterator<string, void>;
  readonly contentType: string;
  readonly warnings: readonly string[];
  readonly retryAfterSeconds?: number;
}

/** Warnings of one answer; more would not fit into headers. */
const MAX_WARNINGS = 20;
const MAX_WARNING_CHARACTERS = 256;

/** The value of a Warning header: printable ASCII, quoted. */
function warningValue(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, MAX_WARNING_CHARACTERS);
  return `299 - "${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

export function headersOf(contentType: string, warnings: readonly string[]): Headers {
  const headers = new Headers({ "content-type": contentType, "cache-control": "no-cache, private" });
  for (const warning of [...new Set(warnings)].slice(0, MAX_WARNINGS)) headers.append("warning", warningValue(warning));
  return headers;
}

/** @param text JSON */
export function reply(
  text: string,
  {
    code = 200,
    warnings = [],
    representation = plainJson,
  }: { code?: number; warnings?: readonly string[]; representation?: Representation } = {},
): Reply {
  return { code, warnings, ...written(text, representation) };
}

export function replyJson(value: object, code = 200): Reply {
  return reply(JSON.stringify(value), { code });
}

/** Whatever was thrown. What is no StatusError is a fault of this server and says nothing of its inside. */
export function replyError(thrown: unknown): Reply {
  const error =
    thrown instanceof StatusError
      ? thrown
      : new StatusError(500, "InternalError", "Internal error occurred: see the server's log");
  const retryAfterSeconds = error.details?.retryAfterSeconds;
  const said = reply(JSON.stringify(statusBody(error)), { code: error.code });
  return retryAfterSeconds === undefined ? said : { ...said, retryAfterSeconds };
}

/** The body as one text. */
export function textOf({ body }: Reply): string {
  return typeof body === "string" ? body : [...{ [Symbol.iterator]: () => body }].join("");
}

export function responseOf({ code, body, contentType, warnings, retryAfterSeconds }: Reply): Response {
  const simple = warnings.length === 0 && retryAfterSeconds === undefined;
  // A plain object costs a fraction of Headers, and almost all answers need no more.
  const headers = simple
    ? { "content-type": contentType, "cache-control": "no-cache, private" }
    : headersOf(contentType, warnings);
  if (retryAfterSeconds !== undefined && headers instanceof Headers)
    headers.set("retry-after", String(retryAfterSeconds));
  return new Response(typeof body === "string" ? body : streamOf(body), { status: code, headers });
}

function streamOf(pieces: Iterator<string, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(Buffer.from(value, "utf8"));
      },
    },
    { highWaterMark: 0 },
  );
}
