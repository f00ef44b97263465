/**
 * Reads a request's body: bounded in bytes and depth, JSON or YAML, with the fields that are written twice. What it
 * returns is fresh, so that the caller may change it.
 */
import type { IncomingMessage } from "node:http";
import { parseDocument } from "yaml";
import { isObject, type JsonObject } from "./json-value.ts";
import { decodeProtobuf, PROTOBUF } from "./protobuf/decode.ts";
import { badRequest, StatusError, tooLarge, unsupportedMediaType } from "./status.ts";
import { MAX_DEPTH, surveyJson } from "./strict-json.ts";

/** Bytes of a request, as Kubernetes allows. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

export interface Body {
  readonly value: unknown;
  /** Paths of fields that are written more than once. */
  readonly duplicates: readonly string[];
}

/** What a request brings besides its method and path, wherever it comes from. */
export interface Message {
  /** Null when it is missing. */
  header(name: "accept" | "content-type" | "user-agent"): string | null;
  /** @throws StatusError 400, 413 */
  bytes(): Promise<Buffer>;
}

export function messageOf(request: IncomingMessage): Message {
  return {
    header: (name) => request.headers[name] ?? null,
    bytes: () => readBytes(request),
  };
}

/** The body. Stops reading as soon as there is too much; the rest is the listener's matter. */
function readBytes(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? "0");
  if (announced > MAX_REQUEST_BYTES)
    return Promise.reject(tooLarge("the request's body", announced, MAX_REQUEST_BYTES));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settled = (): void => {
      request.off("data", take).off("end", end).off("error", fail).off("close", cut);
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes > MAX_REQUEST_BYTES) fail(tooLarge("the request's body", bytes, MAX_REQUEST_BYTES));
    };
    const end = (): void => {
      settled();
      resolve(Buffer.concat(chunks));
    };
    /** A slow or broken upload ends as a refusal, not as a server error. */
    const fail = (error: Error): void => {
      settled();
      reject(error instanceof StatusError ? error : badRequest(`the body could not be read: ${error.message}`));
    };
    const cut = (): void => fail(new Error("the connection was closed"));
    // Closed while it was found out who asks: nothing of it is told again.
    if (request.destroyed) return cut();
    request.on("data", take).on("end", end).on("error", fail).on("close", cut);
  });
}

/** The media type without its parameters, in lower case; "" when the header is missing. */
export function mediaType(header: string | null | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Parses JSON. @throws StatusError 400 when it is no JSON or nested too deep */
export function parseJson(text: string): Body {
  const survey = surveyJson(text);
  if (survey.tooDeep) throw badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);
  if (survey.hasProto) throw badRequest("the body has a field called __proto__, which no object has");
  // Stored otherwise, it would come back as another number.
  if (survey.inexact !== undefined)
    throw badRequest(
      `the body has the number ${survey.inexact.slice(0, 40)}, which this server can't hold exactly: whole numbers go to ±9007199254740991`,
    );
  try {
    const value: unknown = JSON.parse(text);
    return { value, duplicates: survey.duplicates };
  } catch (error) {
    throw badRequest(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseYaml(text: string): Body {
  const document = parseDocument(text, { uniqueKeys: false, merge: false, schema: "core" });
  const problem = document.errors[0];
  if (problem !== undefined) throw badRequest(`the body is not YAML: ${problem.message}`);
  let json: string;
  try {
    json = JSON.stringify(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    throw badRequest(`the body is not usable YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseJson(json ?? "null");
}

/** Parses a body by its content type; none means JSON, as clients expect. @throws StatusError 400, 415 */
export function parseBody(bytes: Buffer, contentType: string | null): Body {
  switch (mediaType(contentType)) {
    case PROTOBUF:
      return { value: decodeProtobuf(bytes), duplicates: [] };
    case "":
    case "application/json":
      return parseJson(bytes.toString("utf8"));
    case "application/yaml":
    case "application/x-yaml":
    case "text/yaml":
      return parseYaml(bytes.toString("utf8"));
    default:
      throw unsupportedMediaType(contentType ?? "", ["application/json", "application/yaml"]);
  }
}

/** The value as an object. @throws StatusError 400 */
export function requireObject(value: unknown, what = "the body"): JsonObject {
  if (!isObject(value)) throw badRequest(`${what} must be a JSON object`);
  return value;
}
