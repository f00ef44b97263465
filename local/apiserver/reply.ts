/** Answers as HTTP responses. */
import { statusBody, StatusError } from "./status.ts";
import { plainJson, written, type Representation } from "./representation.ts";

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
): Response {
  const { body, contentType } = written(text, representation);
  if (warnings.length === 0)
    return new Response(body, {
      status: code,
      headers: { "content-type": contentType, "cache-control": "no-cache, private" },
    });
  return new Response(body, { status: code, headers: headersOf(contentType, warnings) });
}

/** JSON that is made while it is sent, at the client's pace. */
export function replyPieces(pieces: Iterator<string, void>, warnings: readonly string[]): Response {
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(Buffer.from(value, "utf8"));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: headersOf("application/json", warnings) });
}

export function replyJson(value: object, code = 200): Response {
  return reply(JSON.stringify(value), { code });
}

/** Whatever was thrown. What is no StatusError is a fault of this server and says nothing of its inside. */
export function replyError(thrown: unknown, warnings: readonly string[] = []): Response {
  const error =
    thrown instanceof StatusError
      ? thrown
      : new StatusError(500, "InternalError", "Internal error occurred: see the server's log");
  const response = reply(JSON.stringify(statusBody(error)), { code: error.code, warnings });
  const retry = error.details?.retryAfterSeconds;
  if (retry !== undefined) response.headers.set("retry-after", String(retry));
  return response;
}
