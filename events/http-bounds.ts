/** What HTTP carries of an event, bounded: headers, their values, bodies. */
import { Fault } from "./fault.ts";

/** As node:http, fetch or a test has them. */
export type HeadersIn = Readonly<Record<string, string | readonly string[] | undefined>>;

const MOST_HEADERS = 128;
const MOST_HEADER_BYTES = 32 * 1024;

/** Names in lower case, repeated ones refused where they are the event's. @throws Fault refused */
export function boundedHeaders(headers: HeadersIn): Readonly<Record<string, string>> {
  const bounded: Record<string, string> = {};
  let count = 0;
  let size = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    const lower = name.toLowerCase();
    const text = typeof value === "string" ? value : value.join(", ");
    count += 1;
    size += lower.length + text.length;
    if (lower.startsWith("ce-") && (typeof value !== "string" || lower in bounded)) {
      const message = "is there more than once";
      throw new Fault("refused", "BadAttribute", `${lower}: ${message}`, {
        causes: [{ reason: "FieldValueDuplicate", field: lower, message }],
      });
    }
    bounded[lower] = text;
  }
  if (count > MOST_HEADERS || size > MOST_HEADER_BYTES) {
    throw new Fault(
      "refused",
      "EventTooLarge",
      `more than ${MOST_HEADERS} headers or ${MOST_HEADER_BYTES} bytes of them`,
    );
  }
  return bounded;
}

/** A header value as the specification encodes it: space, quote, percent and all but printable ASCII as %XX. */
export function encodedValue(value: string): string {
  return value.toWellFormed().replace(/[^\u0021-\u007e]|["%]/gu, (character) => {
    return [...new TextEncoder().encode(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
      .join("");
  });
}

/** The reverse: quotes off, then one round of decoding. @throws Fault refused when what comes out is not UTF-8 */
export function decodedValue(value: string, field: string): string {
  const unquoted =
    value.startsWith('"') && value.endsWith('"') && value.length > 1 ? unescaped(value.slice(1, -1)) : value;
  try {
    return unquoted.replace(/(%[0-9A-Fa-f]{2})+/g, (run) => decodeURIComponent(run));
  } catch (thrown) {
    const message = "is percent-encoded, but not as UTF-8";
    throw new Fault("refused", "BadAttribute", `${field}: ${message}`, {
      causes: [{ reason: "FieldValueInvalid", field, message }],
      cause: thrown,
    });
  }
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, "$1");
}

/** The whole body, unless it is larger than allowed. @throws Fault refused EventTooLarge; later when it breaks off */
export async function readBody(message: Request | Response, most: number): Promise<Uint8Array> {
  const tooLarge = (): Fault =>
    new Fault("refused", "EventTooLarge", `the body has more than the ${most} bytes allowed`);
  if (Number(message.headers.get("content-length") ?? 0) > most) throw tooLarge();
  if (message.body === null) return new Uint8Array(0);
  const reader = message.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const part = await next(reader);
    if (part === undefined) break;
    size += part.byteLength;
    if (size > most) {
      await reader.cancel();
      throw tooLarge();
    }
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (thrown) {
    throw new Fault("later", "BodyBroken", "the body broke off", { cause: thrown });
  }
}
