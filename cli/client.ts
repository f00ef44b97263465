/**
 * The command line's HTTP client: a kubeconfig's current context, plain requests, JSON-line streams and websockets.
 * The CLI is a client like any other: it works against the local shape and any cluster that serves the same API.
 */
import { readFile } from "node:fs/promises";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { parse } from "yaml";
import { z } from "zod";
import { Fault } from "#events/fault.ts";

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const REQUEST_TIMEOUT_MILLISECONDS = 60_000;

/** The part of a kubeconfig that we use; exec plugins and auth providers are refused by name. */
const Kubeconfig = z.looseObject({
  "current-context": z.string().min(1),
  "contexts": z.array(
    z.looseObject({
      name: z.string(),
      context: z.looseObject({ cluster: z.string(), user: z.string(), namespace: z.string().optional() }),
    }),
  ),
  "clusters": z.array(
    z.looseObject({
      name: z.string(),
      cluster: z.looseObject({
        "server": z.url({ protocol: /^https$/ }),
        "certificate-authority-data": z.string().optional(),
        "certificate-authority": z.string().optional(),
      }),
    }),
  ),
  "users": z.array(
    z.looseObject({
      name: z.string(),
      user: z.looseObject({
        "client-certificate-data": z.string().optional(),
        "client-certificate": z.string().optional(),
        "client-key-data": z.string().optional(),
        "client-key": z.string().optional(),
        "token": z.string().optional(),
        "exec": z.unknown().optional(),
      }),
    }),
  ),
});

export interface StatusCause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

/** A non-2xx answer, with the Status that Kubernetes gives for it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  /** One for each field that is wrong. */
  readonly causes: readonly StatusCause[];

  constructor(code: number, reason: string, message: string, causes: readonly StatusCause[] = []) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.causes = causes;
  }
}

export class Client {
  readonly server: URL;
  readonly namespace: string;
  readonly #tls: RequestOptions;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(server: URL, namespace: string, tls: RequestOptions, token: string | undefined) {
    this.server = server;
    this.namespace = namespace;
    this.#tls = tls;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** @throws Fault refused when the file is missing or is not a kubeconfig that we can use */
  static async open(path: string): Promise<Client> {
    const config = await readKubeconfig(path);
    const context = pick(config.contexts, config["current-context"], "contexts", path).context;
    const { cluster } = pick(config.clusters, context.cluster, "clusters", path);
    const { user } = pick(config.users, context.user, "users", path);
    if (user.exec !== undefined) {
      throw new Fault(
        "refused",
        "KubeconfigUnsupported",
        `${path}: users with an exec plugin are not supported here; use kubectl`,
      );
    }
    const ca = await dataOrFile(cluster["certificate-authority-data"], cluster["certificate-authority"]);
    const cert = await dataOrFile(user["client-certificate-data"], user["client-certificate"]);
    const key = await dataOrFile(user["client-key-data"], user["client-key"]);
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    return new Client(new URL(cluster.server), context.namespace ?? "default", tls, user.token);
  }

  /** One request; the parsed JSON answer. @throws ApiError for a non-2xx answer, Fault later when nobody answers */
  async send<T = unknown>(
    method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.#open(method, path, body, headers, AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS));
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw apiError(status, text);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** The answer's lines as they come, until the server ends it or the signal aborts. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#open("GET", path, undefined, {}, signal);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw apiError(status, await textOf(response));
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity })) yield line;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      response.destroy();
    }
  }

  /** @throws ApiError when the server refuses before the upgrade */
  async websocket(path: string): Promise<WebSocket> {
    const url = new URL(path, this.server);
    url.protocol = "wss:";
    const socket = new WebSocket(url, "plain.kubevirt.io", {
      ...this.#tls,
      headers: this.#headers,
      handshakeTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      perMessageDeflate: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", (error) => reject(unreachable(this.server, error)));
      socket.once("unexpected-response", (_request, response) => {
        textOf(response).then((text) => reject(apiError(response.statusCode ?? 0, text)), reject);
      });
    });
    return socket;
  }

  #open(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const request = httpsRequest(
        new URL(path, this.server),
        {
          ...this.#tls,
          method,
          signal,
          headers: {
            accept: "application/json",
            ...(payload === undefined ? {} : { "content-type": "application/json" }),
            ...this.#headers,
            ...headers,
          },
        },
        resolve,
      );
      request.once("error", (error) => reject(unreachable(this.server, error)));
      request.end(payload);
    });
  }
}

async function readKubeconfig(path: string): Promise<z.infer<typeof Kubeconfig>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Fault(
      "refused",
      "KubeconfigNotFound",
      `no kubeconfig at ${path}; start the local shape with: virtive up`,
      {
        cause: error,
      },
    );
  }
  const parsed = Kubeconfig.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new Fault(
    "refused",
    "KubeconfigInvalid",
    `${path} is not a usable kubeconfig: ${z.prettifyError(parsed.error)}`,
  );
}

function pick<T extends { readonly name: string }>(entries: readonly T[], name: string, list: string, path: string): T {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  throw new Fault("refused", "KubeconfigInvalid", `${path}: ${list} has no entry named "${name}"`);
}

async function dataOrFile(data: string | undefined, file: string | undefined): Promise<Buffer | undefined> {
  if (data !== undefined) return Buffer.from(data, "base64");
  return file === undefined ? undefined : readFile(file);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES)
      throw new Fault("later", "AnswerTooLarge", `the answer is over ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function apiError(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as {
      reason?: string;
      message?: string;
      details?: { causes?: readonly StatusCause[] };
    };
    return new ApiError(code, status.reason ?? "", status.message ?? text, status.details?.causes);
  } catch {
    return new ApiError(code, "", text.slice(0, 1024) || `HTTP ${code}`);
  }
}

function unreachable(server: URL, error: unknown): Fault {
  const why = error instanceof Error ? error.message : String(error);
  return new Fault("later", "ServerUnreachable", `${server.origin} does not answer: ${why}`, { cause: error });
}
