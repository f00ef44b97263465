/**
 * The two HTTPS servers of a replica, and their bounds. Certificates are swapped in place: connections that are open go
 * on, new ones get the new certificate.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import { closeTlsServer, createTlsServer, type ServerOptions } from "#events/tls-server.ts";

export interface TlsContext {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of authorities whose clients are known; clients without a certificate are let in as nobody. */
  readonly clientCA: string;
}

export interface SecureServer {
  readonly port: number;
  use(context: TlsContext): void;
  /** Serves on, but each answer is its connection's last: who asks again finds another replica. */
  linger(): void;
  /** Takes no more; what is open is closed. */
  close(): Promise<void>;
}

export interface SecureServerOptions {
  readonly name: string;
  readonly bind: string;
  readonly port: number;
  readonly context: TlsContext;
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly log: Log;
}

const BOUNDS = {
  maxHeaderSize: 64 * 1024,
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 120_000,
  noDelay: true,
} as const satisfies ServerOptions;
/** Nodes keep a few connections each, API servers some dozen. */
const MOST_CONNECTIONS = 16_384;

function secureOptions({ cert, key, clientCA }: TlsContext) {
  return { cert, key, ca: clientCA, minVersion: "TLSv1.2" } as const;
}

/** @throws Fault refused when the address can't be had */
export async function startSecureServer(options: SecureServerOptions): Promise<SecureServer> {
  const { name, bind, log } = options;
  let lingers = false;
  const server = createTlsServer(
    { ...BOUNDS, ...secureOptions(options.context), requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      try {
        if (lingers) response.setHeader("connection", "close");
        options.request(request, response);
      } catch (thrown) {
        // One request must not end the process.
        log.error({ server: name, thrown }, "a request failed");
        response.destroy();
      }
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.on("tlsClientError", (error, socket) => {
    log.debug({ server: name, error: error.message }, "a client was turned away");
    socket.destroy();
  });
  server.on("upgrade", (request, socket, head) => {
    if (options.upgrade === undefined) socket.destroy();
    else options.upgrade(request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const where = `${bind}:${options.port}`;
      reject(new Fault("refused", "CannotListen", `${name}: ${where}: ${error.message}`, { cause: error }));
    });
    server.listen(options.port, bind, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    use: (context) => server.setSecureContext(secureOptions(context)),
    linger: () => void (lingers = true),
    close: () => closeTlsServer(server),
  };
}
