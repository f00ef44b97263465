/**
 * The command line's HTTP client: a kubeconfig's current context, plain requests, JSON-line streams and websockets.
 * The CLI is a client like any other: it works against the local shape and any cluster that serves the same API.
 */
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { Fault } from "#events/fault.ts";
import { readTarget, type Target } from "./kubeconfig.ts";

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const REQUEST_TIMEOUT_MILLISECONDS = 60_000;

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
  readonly #tls: Target["tls"];
  readonly #headers: Readonly<Record<string, string>>;

  private constructor({ server, namespace, tls, token }: Target) {
    this.server = server;
    this.namespace = namespace;
    this.#tls = tls;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** @param kubeconfig one file, or several as in KUBECONFIG. @throws Fault refused when there is none that we can use */
  static async open(kubeconfig: string): Promise<Client> {
    return new Client(await readTarget(kubeconfig));
  }

  /** One request; the parsed JSON answer. @throws ApiError for a non-2xx answer, Fault later when nobody answers */
  async send<T = unknown>(
    method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.#open(method, path, body, headers, AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS));
    const text = await textOf(response, this.server);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw apiError(status, text);
    return (text === "" ? undefined : this.#parse(text)) as T;
  }

  /**
   * The answer's lines as they come, until the server ends it or the signal aborts.
   * @throws ApiError, Fault later when the connection breaks
   */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    try {
      const response = await this.#open("GET", path, undefined, {}, signal);
      try {
        const status = response.statusCode ?? 0;
        if (status !== 200) throw apiError(status, await textOf(response, this.server));
        yield* linesOf(response, this.server);
      } finally {
        response.destroy();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /**
   * Open; it tells its messages from the next turn on, so that none comes before its caller listens.
   * @throws ApiError when the server refuses before the upgrade
   */
  async websocket(path: string): Promise<WebSocket> {
    const url = this.#url(path);
    url.protocol = "wss:";
    const socket = new WebSocket(url, "plain.kubevirt.io", {
      ...this.#tls,
      headers: this.#headers,
      handshakeTimeout: REQUEST_TIMEOUT_MILLISECONDS,
      perMessageDeflate: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", () => {
        socket.pause();
        setImmediate(() => socket.resume());
        resolve();
      });
      socket.once("error", (error) => reject(unreachable(this.server, error)));
      socket.once("unexpected-response", (_request, response) => {
        textOf(response, this.server).then((text) => reject(apiError(response.statusCode ?? 0, text)), reject);
      });
    });
    return socket;
  }

  /** Below the path under which the server has the API (a gateway to many clusters, say). */
  #url(path: string): URL {
    return new URL(`${this.server.pathname.replace(/\/+$/, "")}${path}`, this.server);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      const start = text.slice(0, 80).replaceAll(/\s+/g, " ");
      throw new Fault("later", "AnswerInvalid", `${this.server.origin} answers what is not JSON: "${start}"`, {
        cause: error,
      });
    }
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
        this.#url(path),
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

/** For `catch`: undefined where the answer was that the object is not there. */
export function goneOrThrow(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined;
  throw error;
}

async function textOf(response: IncomingMessage, server: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES)
        throw new Fault("later", "AnswerTooLarge", `the answer is over ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Fault ? error : connectionLost(server, error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Ends of lines are line feeds alone: JSON's texts may hold all other characters that end lines elsewhere. */
async function* linesOf(response: IncomingMessage, server: URL): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
      rest += first;
      for (const next of others) {
        yield rest;
        rest = next;
      }
      if (rest.length > MAX_ANSWER_BYTES)
        throw new Fault("later", "AnswerTooLarge", `a line of the answer is over ${MAX_ANSWER_BYTES} characters`);
    }
  } catch (error) {
    throw error instanceof Fault ? error : connectionLost(server, error);
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
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
  return new Fault("later", "ServerUnreachable", `${server.origin} does not answer: ${whyOf(error)}; ${whatToDo()}`, {
    cause: error,
  });
}

/** It answered, and then the connection broke: the server ended, most likely. */
function connectionLost(server: URL, error: unknown): Fault {
  return new Fault(
    "later",
    "ConnectionLost",
    `the connection to ${server.origin} broke: ${whyOf(error)}; ${whatToDo()}`,
    {
      cause: error,
    },
  );
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return `no answer in ${REQUEST_TIMEOUT_MILLISECONDS / 1000} s`;
  }
  const { code } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? error.message;
}

/** What an error of the network means to a person. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it was reset by the other end",
  EPIPE: "it was closed by the other end",
  ENOTFOUND: "its name has no address",
  ETIMEDOUT: "it timed out",
};

function whatToDo(): string {
  return "see whether it runs (the local shape: virtive status, virtive up), then try again";
}
