/**
 * The TLS listener and its bounds: connections, headers, time. What Node's HTTP parser refuses before a request is one
 * gets a `Status` too.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "#events/fault.ts";
import { createTlsServer, type Server, type ServerOptions } from "#events/tls-server.ts";
import { replyError, textOf, type Reply } from "./reply.ts";
import { badRequest, StatusError } from "./status.ts";

/** Bytes of a request's first line and headers: long selectors, continue tokens and bearer tokens fit. */
const MAX_HEADER_BYTES = 128 * 1024;

/** Milliseconds that the rest of a refused body may take. */
const LINGER_MILLISECONDS = 500;

export interface ListenerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** PEM. Clients with a certificate of `clientCA` are who their certificate says. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCA: string };
  /** Milliseconds that a client may take to send a request. Default 60,000. */
  readonly requestTimeoutMilliseconds?: number;
  /** Default 2048. More are closed at once. */
  readonly maxConnections?: number;
}

export function listener(
  options: ListenerOptions,
  handle: (...request: Parameters<RequestListener>) => unknown,
): Server {
  const { cert, key, clientCA } = options.tls;
  const requestTimeout = options.requestTimeoutMilliseconds ?? 60_000;
  const bounds = {
    minVersion: "TLSv1.2",
    handshakeTimeout: 10_000,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(10_000, requestTimeout),
    requestTimeout,
    connectionsCheckingInterval: Math.min(1000, requestTimeout),
    keepAliveTimeout: 120_000,
  } as const satisfies ServerOptions;
  // Clients may come with a token instead: who has no valid certificate is refused by authentication.
  const clients = { ca: clientCA, requestCert: true, rejectUnauthorized: false };
  const answering = new WeakMap<Duplex, ServerResponse>();
  const server = createTlsServer({ cert, key, ...clients, ...bounds, noDelay: true }, (request, response) => {
    answering.set(request.socket, response);
    response.once("finish", () => readOn(request));
    void handle(request, response);
  });
  server.maxConnections = options.maxConnections ?? 2048;
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const begun = answering.get(socket);
    // A client that is gone needs no answer, and one that is being answered does not get another in between.
    const isAnswered = begun !== undefined && begun.headersSent && !begun.writableFinished;
    if (error.code === "ECONNRESET" || !socket.writable || isAnswered) socket.destroy();
    else answerRaw(socket, replyError(refusalOf(error.code)));
  });
  return server;
}

/**
 * A body that was refused may still be on its way: it is let in for a while, so that the client reads the answer and not
 * a broken connection. What is complete is left alone: the next request of the connection may be there already.
 */
function readOn(request: IncomingMessage): void {
  if (!request.readableEnded) request.resume();
  if (request.complete) return;
  const cut = setTimeout(() => {
    if (!request.complete) request.socket.destroySoon();
  }, LINGER_MILLISECONDS);
  cut.unref();
}

function refusalOf(code: string | undefined): StatusError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new StatusError(
        431,
        "RequestHeaderFieldsTooLarge",
        `the request's path and headers are too long: at most ${MAX_HEADER_BYTES} bytes are allowed`,
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new StatusError(408, "Timeout", "the request did not arrive in time");
    default:
      return badRequest(`this is no HTTP request that the server can read${code === undefined ? "" : ` (${code})`}`);
  }
}

/** Writes an answer to a connection that has no request, and closes it. */
export function answerRaw(socket: Duplex, reply: Reply): void {
  const { code, contentType } = reply;
  const text = textOf(reply);
  const head = [
    `HTTP/1.1 ${code} Refused`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}

/** @returns the port */
export async function listen(server: Server, { host = "127.0.0.1", port = 0 }: ListenerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = `${host}:${port} is taken by another program; choose another port, or 0 for any free one`;
      reject(error.code === "EADDRINUSE" ? new Fault("refused", "PortInUse", taken, { cause: error }) : error);
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
