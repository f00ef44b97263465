/** An event's data as bytes, by its content type: JSON as values, text as text, the rest as bytes. */
import { Buffer } from "node:buffer";
import type { CloudEvent } from "./cloud-event.ts";
import { Fault } from "./fault.ts";

const JSON_TYPE = /^[a-z0-9!#$&^_.+-]+\/([a-z0-9!#$&^_.+-]+\+)?json$/;
const UTF8: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

export function mediaTypeOf(contentType: string | undefined): { readonly essence: string; readonly charset: string } {
  const [essence = "", ...parameters] = (contentType ?? "").split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))?.slice("charset=".length) ?? "utf-8";
  return { essence: essence.toLowerCase(), charset: charset.replace(/^"|"$/g, "").toLowerCase() };
}

/**
 * Undefined for an empty body. Without a content type a body that is JSON is read as JSON, another stays as it is:
 * text, or bytes. @throws Fault refused for what is not what it says it is
 */
export function dataOf(contentType: string | undefined, body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  const { essence, charset } = mediaTypeOf(contentType);
  if (essence === "") return guessed(body);
  const isJson = JSON_TYPE.test(essence);
  if (!isJson && !essence.startsWith("text/")) return body;
  if (!UTF8.has(charset)) {
    throw refused("UnsupportedCharset", "content-type", `charset "${charset}" is not read; utf-8 is`);
  }
  const text = textOf(body);
  if (text === undefined) throw refused("MalformedBody", "body", "is not UTF-8");
  if (!isJson) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    throw refused("MalformedBody", "body", `is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function guessed(body: Uint8Array): unknown {
  const text = textOf(body);
  if (text === undefined) return body;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Data for binary mode. Without a content type of its own it is sent as what it is. */
export function encodedData(event: CloudEvent): { readonly contentType: string; readonly body: string | Uint8Array } {
  const { data, datacontenttype } = event;
  if (data instanceof Uint8Array) return { contentType: datacontenttype ?? "application/octet-stream", body: data };
  const contentType = datacontenttype ?? "application/json";
  const { essence } = mediaTypeOf(contentType);
  const asIs = typeof data === "string" && !JSON_TYPE.test(essence);
  return { contentType, body: asIs ? data : JSON.stringify(data) };
}

/** Data for structured mode. */
export function jsonFields({ data }: CloudEvent): Readonly<Record<string, unknown>> {
  if (data === undefined) return {};
  if (data instanceof Uint8Array) return { data_base64: Buffer.from(data).toString("base64") };
  return { data };
}

function refused(reason: string, field: string, message: string): Fault {
  return new Fault("refused", reason, `${field}: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}
