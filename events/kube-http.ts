/**
 * HTTP to one API server: connections that stay open, one retry where a kept connection turned out to be closed,
 * deadlines, bounded answers, and streams of lines for watches.
 */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { StringDecoder } from "node:string_decoder";
import { Fault } from "./fault.ts";
import { faultOf, unreachable } from "./kube-faults.ts";

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SecureContextOptions & { readonly servername?: string; readonly rejectUnauthorized?: boolean };
  /** Only where a proxy stands between; then connections are its matter. */
  readonly proxy?: HttpAgent;
}

export interface Asked {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** With its query, below the server's address. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default: application/json. */
  readonly accept?: string;
  /** For messages: "patch VirtualMachine default/a". */
  readonly what: string;
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds: number | undefined;
}

export interface KubeHttp {
  /** Answers any status. @throws Fault later when there is no answer in time; refused when it is too large */
  ask(asked: Asked): Promise<Answered>;
  /** Each line of a 200 answer, until it ends or the signal aborts. @throws Fault */
  lines(
    path: string,
    what: string,
    idleMilliseconds: number,
    line: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
  close(): void;
}

export interface KubeHttpOptions {
  readonly server: URL;
  /** Called before a request when those known are older than a while, and after a 401. */
  readonly credentials: () => Promise<Credentials>;
  readonly timeoutMilliseconds: number;
}

const CREDENTIALS_MILLISECONDS = 30_000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const MOST_LINE_CHARACTERS = 16 * 1024 * 1024;
/** A dead peer is found within about half a minute, also on a silent watch. */
const KEEPALIVE_MILLISECONDS = 15_000;
const MOST_CONNECTIONS = 64;

interface Connection extends Credentials {
  readonly short: HttpAgent;
  /** For watches, so that they take no connection from requests. */
  readonly long: HttpAgent;
  readonly fingerprint: string;
  readonly until: number;
}

export function createKubeHttp({ server, credentials, timeoutMilliseconds }: KubeHttpOptions): KubeHttp {
  const secure = server.protocol === "https:";
  const prefix = server.pathname.replace(/\/$/, "");
  let current: Connection | undefined;
  let renewing: Promise<Connection> | undefined;

  async function renew(): Promise<Connection> {
    const fresh = await credentials();
    const { ca, cert, key, servername } = fresh.tls;
    const fingerprint = [ca, cert, key, servername].map(String).join("\n");
    const until = Date.now() + CREDENTIALS_MILLISECONDS;
    if (current?.fingerprint === fingerprint) {
      current = { ...fresh, fingerprint, until, short: current.short, long: current.long };
      return current;
    }
    current?.short.destroy();
    const kept = { keepAlive: true, keepAliveMsecs: KEEPALIVE_MILLISECONDS };
    // Certificates are read once: for each connection anew takes longer than many a request.
    const tls = secure ? { ...fresh.tls, secureContext: createSecureContext(fresh.tls) } : undefined;
    const agent = (maxSockets: number): HttpAgent =>
      tls === undefined ? new HttpAgent({ ...kept, maxSockets }) : new HttpsAgent({ ...tls, ...kept, maxSockets });
    const { proxy } = fresh;
    current = { ...fresh, fingerprint, until, short: proxy ?? agent(MOST_CONNECTIONS), long: proxy ?? agent(Infinity) };
    return current;
  }

  async function connection(): Promise<Connection> {
    if (current !== undefined && Date.now() < current.until) return current;
    renewing ??= renew().finally(() => (renewing = undefined));
    return renewing;
  }

  function open(asked: Asked, to: Connection, agent: HttpAgent, body: string | undefined): ClientRequest {
    const options: RequestOptions = {
      agent,
      method: asked.method,
      host: server.hostname.replace(/^\[|\]$/g, ""),
      port: server.port === "" ? (secure ? 443 : 80) : Number(server.port),
      path: `${prefix}${asked.path}`,
      headers: {
        ...to.headers,
        "accept": asked.accept ?? "application/json",
        "user-agent": "virtive",
        ...(body === undefined
          ? {}
          : { "content-type": asked.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
      },
    };
    const request = secure ? httpsRequest(options) : httpRequest(options);
    request.on("socket", (socket) => void socket.setKeepAlive(true, KEEPALIVE_MILLISECONDS));
    request.end(body);
    return request;
  }

  async function once(asked: Asked): Promise<Answered> {
    const to = await connection();
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const request = open(asked, to, to.short, body);
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${timeoutMilliseconds} ms`));
    }, timeoutMilliseconds);
    try {
      const response = await answerTo(request);
      const text = await bodyOf(response, asked.what);
      return {
        status: response.statusCode ?? 0,
        body: parsed(text),
        retryAfterSeconds: secondsOf(response.headers["retry-after"]),
      };
    } catch (thrown) {
      if (request.reusedSocket && isClosedUnderneath(thrown)) throw new Reused();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ask(asked) {
      try {
        // The server may close a kept connection at the very moment it is used; all that we ask may be asked again.
        const answer = await once(asked).catch((thrown: unknown) => {
          if (thrown instanceof Reused) return once(asked);
          throw thrown;
        });
        if (answer.status !== 401 || current === undefined) return answer;
        current = { ...current, until: 0 };
        return await once(asked);
      } catch (thrown) {
        throw unreachable(asked.what, thrown);
      }
    },

    async lines(path, what, idleMilliseconds, line, signal) {
      try {
        const to = await connection();
        if (signal.aborted) return;
        const request = open({ method: "GET", path, what }, to, to.long, undefined);
        const abort = (): void => void request.destroy();
        signal.addEventListener("abort", abort, { once: true });
        const idle = setTimeout(
          () => request.destroy(new Error(`silent for ${idleMilliseconds} ms`)),
          idleMilliseconds,
        );
        try {
          const response = await answerTo(request);
          if (response.statusCode !== 200) {
            const body = parsed(await bodyOf(response, what));
            throw faultOf(response.statusCode ?? 0, body, what, "watch", secondsOf(response.headers["retry-after"]));
          }
          response.on("data", () => idle.refresh());
          await eachLine(response, line, what);
        } finally {
          clearTimeout(idle);
          signal.removeEventListener("abort", abort);
          request.destroy();
        }
      } catch (thrown) {
        if (signal.aborted) return;
        throw unreachable(what, thrown);
      }
    },

    close() {
      current?.short.destroy();
      current?.long.destroy();
      current = undefined;
    },
  };
}

/** A kept connection was closed before the request was answered. */
class Reused extends Error {}

function isClosedUnderneath(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return code === "ECONNRESET" || code === "EPIPE";
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    // Stays for the request's life: an error after the response ends the response's stream too.
    request.on("error", reject);
  });
}

async function bodyOf(response: IncomingMessage, what: string): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.byteLength;
    if (size > MOST_ANSWER_BYTES) {
      throw new Fault("refused", "AnswerTooLarge", `${what}: the answer has more than ${MOST_ANSWER_BYTES} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Proxies answer errors in HTML; the status says enough.
    return undefined;
  }
}

async function eachLine(response: IncomingMessage, line: (line: string) => void, what: string): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const part of response as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.write(part)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MOST_LINE_CHARACTERS) {
      throw new Fault("later", "AnswerTooLarge", `${what}: a line has more than ${MOST_LINE_CHARACTERS} characters`);
    }
    for (const complete of lines) if (complete !== "") line(complete);
  }
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header === undefined || !Number.isFinite(seconds) ? undefined : Math.max(0, seconds);
}
