/** Asks one webhook: an AdmissionReview goes out over HTTPS, and what comes back is checked before it is believed. */
import { randomUUID } from "node:crypto";
import https from "node:https";
import { isObject, objectAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import type { AdmissionRequest } from "./admission.ts";
import { inVersion, requestBody } from "./webhook-match.ts";
import type { ServiceRef, Webhook } from "./webhook.ts";

const MAX_ANSWER_BYTES = 3 * 1024 * 1024;
/** Of warnings: each is cut, and all together are bounded. */
const MAX_WARNING = 256;
const MAX_WARNINGS = 16;
const API_VERSION = "admission.k8s.io/v1";

/** Where a Service answers; undefined when nobody routes there. */
export type ServiceResolver = (service: ServiceRef) => string | undefined;

export interface WebhookAnswer {
  readonly allowed: boolean;
  /** JSON Patch, for mutating webhooks. */
  readonly patch: unknown;
  readonly warnings: readonly string[];
  readonly status: JsonObject | undefined;
}

function urlOf({ target }: Webhook, resolve: ServiceResolver | undefined): string {
  if ("url" in target) return target.url;
  const { namespace, name, port } = target.service;
  const url = resolve?.(target.service);
  if (url === undefined)
    throw new Error(
      `nothing routes to the Service ${namespace}/${name}:${port} from this server; give the webhook a url`,
    );
  return url;
}

/** @throws Error in words why it could not be asked, or what is wrong with its answer */
export async function ask(
  webhook: Webhook,
  request: AdmissionRequest,
  version: string,
  resolve: ServiceResolver | undefined,
): Promise<WebhookAnswer> {
  const uid = randomUUID();
  const review = {
    kind: "AdmissionReview",
    apiVersion: API_VERSION,
    request: {
      uid,
      ...requestBody(request, version),
      object: inVersion(request.object, request.kind, version),
      oldObject: inVersion(request.oldObject, request.kind, version),
      options: null,
    },
  };
  const url = `${urlOf(webhook, resolve)}?timeout=${webhook.timeoutSeconds}s`;
  const text = await post(url, JSON.stringify(review), webhook);
  return answerOf(text, uid);
}

function post(url: string, body: string, { timeoutSeconds, authority }: Webhook): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const late = () => new Error(`no answer within ${timeoutSeconds} s`);
    const headers = {
      "content-type": "application/json",
      "accept": "application/json",
      "content-length": Buffer.byteLength(body),
    };
    const ca = authority === undefined ? {} : { ca: authority };
    const request = https.request(url, { method: "POST", headers, signal, agent: false, ...ca }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error(`its answer has more than ${MAX_ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", (error) => reject(signal.aborted ? late() : error));
      response.on("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString("utf8"));
        else reject(new Error(`it answered ${response.statusCode}`));
      });
    });
    request.on("error", (error) => reject(signal.aborted ? late() : error));
    request.end(body);
  });
}

function answerOf(text: string, uid: string): WebhookAnswer {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    throw new Error("its answer is not JSON");
  }
  const response = isObject(review) ? objectAt(review, "response") : undefined;
  if (
    !isObject(review) ||
    review["kind"] !== "AdmissionReview" ||
    review["apiVersion"] !== API_VERSION ||
    response === undefined
  ) {
    throw new Error(`its answer is no AdmissionReview of ${API_VERSION} with a response`);
  }
  if (response["uid"] !== uid) throw new Error("its response has another uid than the request");
  const warnings = stringsAt(response, "warnings")
    .slice(0, MAX_WARNINGS)
    .map((warning) => warning.slice(0, MAX_WARNING));
  return {
    allowed: response["allowed"] === true,
    patch: patchOf(response),
    warnings,
    status: objectAt(response, "status"),
  };
}

function patchOf(response: JsonObject): unknown {
  const patch = stringAt(response, "patch");
  if (patch === undefined || patch === "") return undefined;
  if (response["patchType"] !== "JSONPatch")
    throw new Error(`its patchType must be "JSONPatch", not ${JSON.stringify(response["patchType"] ?? null)}`);
  try {
    return JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
  } catch {
    throw new Error("its patch is not base64 of JSON");
  }
}
