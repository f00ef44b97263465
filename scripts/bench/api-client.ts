/** A plain client of a Kubernetes API for benchmarks: kept connections, nothing retried, what is refused is an error. */
import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";

export interface ApiAccess {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor({ url, ca, cert, key }: ApiAccess) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, ca, cert, key });
  }

  #open(method: Method, path: string, body?: object): Promise<IncomingMessage> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = {
      accept: "application/json",
      ...(text === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      request(this.#url + path, { agent: this.#agent, method, headers }, resolve)
        .on("error", reject)
        .end(text);
    });
  }

  /** The answer's body, not parsed. @throws Error on anything but success */
  async bytes(method: Method, path: string, body?: object): Promise<Buffer> {
    const response = await this.#open(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const whole = Buffer.concat(chunks);
    if ((response.statusCode ?? 0) >= 300)
      throw new Error(`${method} ${path}: ${response.statusCode} ${whole.toString().slice(0, 500)}`);
    return whole;
  }

  /** The answer's body, parsed when it is JSON. */
  async send(method: Method, path: string, body?: object): Promise<unknown> {
    const text = (await this.bytes(method, path, body)).toString("utf8");
    return text.startsWith("{") ? (JSON.parse(text) as unknown) : text;
  }

  /** Calls for each line. Resolves once the server has answered, with what ends the watch. */
  async watch(path: string, onLine: () => void): Promise<() => void> {
    const response = await this.#open("GET", path);
    if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode}`);
    response.on("error", () => undefined);
    response.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) onLine();
    });
    return () => response.destroy();
  }

  /** Asks until it is served. */
  async until(path: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#open("GET", path);
      response.resume();
      if (response.statusCode === 200) return;
      if (attempt === 300) throw new Error(`${path} is not served after 30 s: ${response.statusCode}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
