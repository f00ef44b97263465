/**
 * CloudEvents over HTTP, and the one door to the npm package `cloudevents`. The package maps attributes to headers and
 * back and knows the specification's schema; what it lets through or gets wrong is checked or done here: versions,
 * times, names, character sets, percent-encoding, data. Batches are refused. Everything is bounded.
 */
import { Buffer } from "node:buffer";
import { CloudEvent as PackagedEvent, HTTP, ValidationError } from "cloudevents";
import type { CloudEvent } from "./cloud-event.ts";
import { dataOf, encodedData, jsonFields, mediaTypeOf } from "./http-data.ts";
import { boundedHeaders, decodedValue, encodedValue, readBody, type HeadersIn } from "./http-bounds.ts";
import { Fault } from "./fault.ts";

export { makeEvent } from "./make-event.ts";

export type Mode = "binary" | "structured";

export interface HttpMessage {
  /** Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface DecodeOptions {
  /** Bytes of the body. Default 262,144. */
  readonly mostBytes?: number;
  /**
   * Undo percent-encoding in attribute values that came as headers, as the specification says. Off by default: the
   * SDKs of Knative, Java and JavaScript neither encode nor decode, and a value of theirs may hold a plain "%".
   */
  readonly percentDecode?: boolean;
}

export const MOST_BODY_BYTES = 256 * 1024;
const STRUCTURED = "application/cloudevents+json";
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)$/;
/** Longer than the 20 characters that the specification recommends, since it only recommends. */
const NAME = /^[a-z0-9]{1,64}$/;
/** Attributes of other versions, which the package treats specially, and what data is called. */
const NOT_EXTENSIONS: ReadonlySet<string> = new Set(["data", "schemaurl", "datacontentencoding"]);
const LONGEST_VALUE = 8192;
const MOST_EXTENSIONS = 64;

/**
 * The event as an HTTP message. Values that a header can't carry are percent-encoded in binary mode.
 * @throws Fault bug for a time that is none
 */
export function encode(event: CloudEvent, mode: Mode): HttpMessage {
  const { data, extensions, ...attributes } = event;
  if (event.time !== undefined && !isTime(event.time)) {
    throw new Fault("bug", "BadEventAttribute", `event ${event.id}: time "${event.time}" is not an RFC 3339 time`);
  }
  if (mode === "structured") {
    const body = JSON.stringify({ ...extensions, ...attributes, ...jsonFields(event) });
    return { headers: { "content-type": `${STRUCTURED}; charset=utf-8` }, body };
  }
  // Extensions do not go through the package: one called as a member of every object ("constructor") breaks it.
  const packaged = new PackagedEvent({ ...attributes }, false);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(extensions)) headers[`ce-${name}`] = encodedValue(value);
  for (const [name, value] of Object.entries(HTTP.binary(packaged).headers)) {
    if (name.startsWith("ce-") && typeof value === "string") headers[name] = encodedValue(value);
  }
  // The package rounds times to milliseconds and makes up one that is missing.
  if (event.time === undefined) delete headers["ce-time"];
  else headers["ce-time"] = encodedValue(event.time);
  if (data === undefined) return { headers, body: "" };
  const { contentType, body } = encodedData(event);
  return { headers: { ...headers, "content-type": contentType }, body };
}

function isTime(time: string): boolean {
  return TIME.test(time) && !Number.isNaN(Date.parse(time));
}

/** @throws Fault refused: reason EventTooLarge where a bound is exceeded, else a reason that says what is wrong */
export function decode(
  message: { readonly headers: HeadersIn; readonly body: Uint8Array | string },
  options: DecodeOptions = {},
): CloudEvent {
  const body = typeof message.body === "string" ? Buffer.from(message.body) : message.body;
  const most = options.mostBytes ?? MOST_BODY_BYTES;
  if (body.byteLength > most) throw tooLarge(`the body has ${body.byteLength} bytes; allowed are ${most}`);
  const headers = boundedHeaders(message.headers);
  const contentType = headers["content-type"];
  const essence = mediaTypeOf(contentType).essence;
  if (essence.startsWith("application/cloudevents-batch")) {
    throw refused("BatchNotSupported", "content-type", "batches are not taken; send each event by itself");
  }
  return essence.startsWith("application/cloudevents")
    ? decodeStructured(contentType, body)
    : decodeBinary(headers, body, options.percentDecode === true);
}

/** Reads an event from a request or response, no more of its body than allowed. @throws Fault as `decode`; later */
export async function readEvent(message: Request | Response, options: DecodeOptions = {}): Promise<CloudEvent> {
  const most = options.mostBytes ?? MOST_BODY_BYTES;
  const body = await readBody(message, most);
  return decode({ headers: Object.fromEntries(message.headers), body }, options);
}

function decodeBinary(headers: Readonly<Record<string, string>>, body: Uint8Array, percentDecode: boolean): CloudEvent {
  const attributes: Record<string, string> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith("ce-")) continue;
    const name = header.slice("ce-".length);
    if (name === "datacontenttype") {
      throw refused("BadAttribute", header, "must not be sent: the content type stands in Content-Type");
    }
    attributes[name] = percentDecode ? decodedValue(value, header) : value;
  }
  if (Object.keys(attributes).length === 0) {
    throw refused("NotACloudEvent", "headers", `neither ce-* headers nor Content-Type ${STRUCTURED}`);
  }
  const checked = checkedAttributes(attributes, "ce-");
  const contentType = headers["content-type"];
  const data = dataOf(contentType, body);
  return packed(checked, contentType, data);
}

function decodeStructured(contentType: string | undefined, body: Uint8Array): CloudEvent {
  const { essence } = mediaTypeOf(contentType);
  if (essence !== STRUCTURED) {
    throw refused("UnsupportedFormat", "content-type", `"${essence}" is not read; ${STRUCTURED} is`);
  }
  const document = dataOf(contentType, body);
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw refused("MalformedBody", "body", "must be a JSON object");
  }
  const { data, data_base64: binary, datacontenttype, ...rest } = document as Readonly<Record<string, unknown>>;
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    // JSON has attributes that are not set as null.
    if (value === null) continue;
    if (typeof value === "string") attributes[name] = value;
    else if (typeof value === "boolean" || Number.isInteger(value)) attributes[name] = JSON.stringify(value);
    else throw refused("BadAttribute", name, "must be a text, a whole number, true or false");
  }
  if (datacontenttype !== undefined && datacontenttype !== null && typeof datacontenttype !== "string") {
    throw refused("BadAttribute", "datacontenttype", "must be a text");
  }
  const checked = checkedAttributes(attributes, "");
  return packed(checked, datacontenttype ?? undefined, binary === undefined ? data : binaryData(binary, data));
}

function binaryData(binary: unknown, data: unknown): Uint8Array {
  if (data !== undefined) throw refused("MalformedBody", "data_base64", "may not stand beside data");
  if (typeof binary !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(binary) || binary.length % 4 !== 0) {
    throw refused("MalformedBody", "data_base64", "must be base64");
  }
  return new Uint8Array(Buffer.from(binary, "base64"));
}

/** Names and values as the specification has them; the package checks less. */
function checkedAttributes(attributes: Record<string, string>, prefix: string): Record<string, string> {
  if (Object.keys(attributes).length > MOST_EXTENSIONS) throw tooLarge(`more than ${MOST_EXTENSIONS} attributes`);
  for (const [name, value] of Object.entries(attributes)) {
    const field = `${prefix}${name}`;
    if (!NAME.test(name)) throw refused("BadAttribute", field, "is not an attribute's name: a-z and 0-9, at most 64");
    if (NOT_EXTENSIONS.has(name)) throw refused("BadAttribute", field, "can't be the name of an attribute");
    if (value.length > LONGEST_VALUE) throw tooLarge(`${field} has more than ${LONGEST_VALUE} characters`);
    if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) throw refused("BadAttribute", field, "has control characters");
  }
  const { specversion, time } = attributes;
  if (specversion !== "1.0") {
    const is = specversion === undefined ? "is missing" : `is "${specversion}"`;
    throw refused("UnsupportedVersion", `${prefix}specversion`, `${is}; 1.0 is read`);
  }
  for (const name of ["id", "source", "type"]) {
    if (!attributes[name]) throw refused("MissingAttribute", `${prefix}${name}`, "is missing or empty");
  }
  if (time !== undefined && !isTime(time)) {
    throw refused("BadAttribute", `${prefix}time`, `"${time}" is not an RFC 3339 time`);
  }
  return attributes;
}

/** Through the package, which checks against the specification's schema; then as our plain value. */
function packed(attributes: Record<string, string>, contentType: string | undefined, data: unknown): CloudEvent {
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]));
  try {
    const decoded = HTTP.toEvent({ headers, body: undefined });
    if (!(decoded instanceof PackagedEvent)) throw new ValidationError("not one event");
    decoded.validate();
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Fault("refused", "InvalidEvent", `the event is not valid: ${message}`, { cause: thrown });
  }
  const { id = "", source = "", type = "", specversion: _, subject, time, dataschema, ...extensions } = attributes;
  return Object.freeze({
    specversion: "1.0",
    id,
    source,
    type,
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    ...(dataschema === undefined ? {} : { dataschema }),
    ...(contentType === undefined ? {} : { datacontenttype: contentType }),
    ...(data === undefined ? {} : { data }),
    extensions: Object.freeze(extensions),
  });
}

function refused(reason: string, field: string, message: string): Fault {
  return new Fault("refused", reason, `${field}: ${message}`, {
    causes: [{ reason: "FieldValueInvalid", field, message }],
  });
}

function tooLarge(message: string): Fault {
  return new Fault("refused", "EventTooLarge", message);
}
