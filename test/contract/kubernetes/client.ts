/** A small client for tests: raw requests and watches, so that tests see codes, headers and bodies as they are. */
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

export interface Access {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface Meta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly [field: string]: unknown;
  readonly creationTimestamp: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly { readonly name: string }[];
  readonly managedFields: readonly { readonly manager: string; readonly fieldsV1: Readonly<Record<string, unknown>> }[];
}

interface DiscoveredResource {
  readonly resource: string;
  readonly subresources: readonly { readonly subresource: string }[];
}

interface DocumentPath {
  /** In the list of documents. */
  readonly serverRelativeURL: string;
  readonly patch: { readonly parameters: readonly { readonly name: string }[] };
}

interface DocumentSchema {
  readonly "x-kubernetes-group-version-kind"?: readonly object[];
  readonly "properties"?: Readonly<Record<string, object>>;
}

/** Whatever the server answers: the fields that tests look at, each only in some answers. */
export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Meta;
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly size: number;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
  readonly status: Readonly<Record<string, unknown>> & {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
  readonly items: readonly Body[];
  readonly reason: string;
  readonly message: string;
  readonly details: {
    readonly causes: readonly { readonly field: string; readonly reason: string; readonly message: string }[];
  };
  /** Of Tables. */
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: Body }[];
  /** Of discovery and OpenAPI. */
  readonly versions: readonly { readonly resources: readonly DiscoveredResource[] }[];
  readonly paths: Readonly<Record<string, DocumentPath>>;
  readonly components: { readonly schemas: Readonly<Record<string, DocumentSchema>> };
  readonly groups: readonly { readonly name: string }[];
  readonly resources: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed when it is JSON. */
  readonly body: Body;
  readonly text: string;
  readonly warnings: readonly string[];
}

export interface RequestOptions {
  /** Texts and bytes go out as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WatchLine {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Body;
}

export interface Watch {
  /** The next event; undefined when the server has ended the watch. Fails after the timeout. */
  next(timeoutMilliseconds?: number): Promise<WatchLine | undefined>;
  /** "TYPE name" of the next n events. */
  names(count: number): Promise<string[]>;
  stop(): void;
}

/** The texts of Warning headers: each 299 - "text". */
function warningTexts(headers: readonly string[]): string[] {
  return headers.flatMap((header) =>
    [...header.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text.replaceAll(/\\(.)/g, "$1")),
  );
}

export class Client {
  readonly #access: Access;
  readonly #agent: https.Agent;

  constructor(access: Access) {
    this.#access = access;
    const { ca, cert, key } = access;
    this.#agent = new https.Agent({
      keepAlive: true,
      ca,
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  }

  #open(method: string, options: RequestOptions, text?: string | Buffer): https.RequestOptions {
    const { token } = this.#access;
    return {
      agent: this.#agent,
      method,
      headers: {
        ...(options.accept === undefined ? {} : { accept: options.accept }),
        ...(options.body === undefined ? {} : { "content-type": options.contentType ?? "application/json" }),
        ...(text === undefined ? {} : { "content-length": String(Buffer.byteLength(text)) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "user-agent": "contract/1",
        ...options.headers,
      },
    };
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { body } = options;
    const text =
      body === undefined ? undefined : typeof body === "string" || body instanceof Buffer ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = https.request(this.#access.url + path, this.#open(method, options, text), (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const raw = Buffer.concat(chunks).toString("utf8");
          const isJson = (response.headers["content-type"] ?? "").startsWith("application/json");
          const warnings = response.headersDistinct["warning"] ?? [];
          resolve({
            code: response.statusCode ?? 0,
            headers: response.headers,
            body: (isJson && raw !== "" ? JSON.parse(raw) : {}) as Body,
            text: raw,
            warnings: warningTexts(warnings),
          });
        });
      });
      request.on("error", reject);
      request.end(text);
    });
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request("GET", path, options);
  }

  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer> {
    return this.request("POST", path, { ...options, body });
  }

  put(path: string, body: unknown, options?: RequestOptions): Promise<Answer> {
    return this.request("PUT", path, { ...options, body });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.request("DELETE", path, body === undefined ? {} : { body });
  }

  patch(path: string, body: unknown, type: "json" | "merge" | "strategic" | "apply" = "merge"): Promise<Answer> {
    const contentType = {
      json: "application/json-patch+json",
      merge: "application/merge-patch+json",
      strategic: "application/strategic-merge-patch+json",
      apply: "application/apply-patch+yaml",
    }[type];
    return this.request("PATCH", path, { body, contentType });
  }

  /** Resolves once the server has answered; a refusal is an error with its code. */
  async watch(path: string, options: RequestOptions = {}): Promise<Watch> {
    const url = `${this.#access.url}${path}${path.includes("?") ? "&" : "?"}watch=true`;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = https.request(url, { ...this.#open("GET", options), agent: this.#agent }, resolve);
      request.on("error", reject);
      request.end();
    });
    if (response.statusCode !== 200) {
      response.resume();
      throw new Error(`watch answered ${response.statusCode}`);
    }
    return watchOf(response);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function watchOf(response: IncomingMessage): Watch {
  const lines: WatchLine[] = [];
  const waiting: ((line: WatchLine | undefined) => void)[] = [];
  let ended = false;
  const end = () => {
    ended = true;
    for (const resolve of waiting.splice(0)) resolve(undefined);
  };
  createInterface({ input: response })
    .on("line", (text) => {
      const line = JSON.parse(text) as WatchLine;
      const resolve = waiting.shift();
      if (resolve === undefined) lines.push(line);
      else resolve(line);
    })
    .on("close", end)
    .on("error", end);
  response.on("error", end);
  const next = async (timeoutMilliseconds = 10_000): Promise<WatchLine | undefined> => {
    const line = lines.shift();
    if (line !== undefined || ended) return line;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no event within ${timeoutMilliseconds} ms`)),
        timeoutMilliseconds,
      );
      waiting.push((event) => {
        clearTimeout(timer);
        resolve(event);
      });
    });
  };
  return {
    next,
    async names(count) {
      const found: string[] = [];
      while (found.length < count) {
        const event = await next();
        if (event === undefined) break;
        found.push(`${event.type} ${event.object.metadata.name}`);
      }
      return found;
    },
    stop: () => response.destroy(),
  };
}

/** Asks until the condition holds. */
export async function until<T>(
  ask: () => Promise<T | undefined | false>,
  what: string,
  timeoutMilliseconds = 15_000,
): Promise<T> {
  const end = Date.now() + timeoutMilliseconds;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`gave up waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
