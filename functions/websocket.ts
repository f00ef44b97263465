/** The door to `ws` in this room: websockets as byte streams, dialled to nodes and accepted from clients. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { PeerCertificate } from "node:tls";
import { createWebSocketStream, WebSocket, WebSocketServer, type ClientOptions } from "ws";
import { Fault } from "#events/fault.ts";

/** KubeVirt's subprotocol: binary frames only, each a piece of the raw byte stream. */
export const PLAIN_PROTOCOL = "plain.kubevirt.io";
const MOST_FRAME_BYTES = 1024 * 1024;
const HANDSHAKE_MILLISECONDS = 5_000;
const MOST_REFUSAL_BYTES = 64 * 1024;

const STREAM = { readableHighWaterMark: 10_240, writableHighWaterMark: 10_240 } as const;

/** How a websocket was closed, or is to be. */
export interface Closing {
  readonly code: number;
  readonly text: string;
}

const closings = new WeakMap<Duplex, Closing>();

/** How the far end of a dialled stream has closed it; undefined while it is open, and for streams of other kinds. */
export function closingOf(stream: Duplex): Closing | undefined {
  return closings.get(stream);
}

/** Who we are, and how we know the other end. PEM. */
export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Answers why the certificate is not the other end's; that our authority has signed it is checked before. */
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** What a server answered instead of an upgrade. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/**
 * Opens a websocket as a stream of bytes.
 * @param refused makes a fault of an answer that is no upgrade
 * @throws Fault later when nobody answers in time
 */
export function dial(url: URL, tls: TlsIdentity, refused: (refusal: Refusal) => Fault): Promise<Duplex> {
  const socket = new WebSocket(url, [], {
    // As TLS takes it; the package's types expect a boolean here, which TLS would take for an error.
    ...(tls as unknown as ClientOptions),
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
    maxPayload: MOST_FRAME_BYTES,
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.once("open", () => {
      const stream = createWebSocketStream(socket, STREAM);
      socket.once("close", (code, reason) => closings.set(stream, { code, text: reason.toString("utf8") }));
      resolve(stream);
    });
    socket.once("unexpected-response", (_request, response) => {
      textOf(response).then(
        (body) => reject(refused({ status: response.statusCode ?? 0, body })),
        (error: Error) => reject(unreachable(url, error)),
      );
    });
    socket.on("error", (error) => reject(unreachable(url, error)));
  });
}

function unreachable(url: URL, error: Error): Fault {
  return new Fault("later", "NodeUnreachable", `${url.host} does not answer: ${error.message}`, { cause: error });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString("utf8");
    if (text.length > MOST_REFUSAL_BYTES) break;
  }
  return text.slice(0, MOST_REFUSAL_BYTES);
}

const server = new WebSocketServer({
  noServer: true,
  maxPayload: MOST_FRAME_BYTES,
  perMessageDeflate: false,
  handleProtocols: (offered) => (offered.has(PLAIN_PROTOCOL) ? PLAIN_PROTOCOL : false),
});

/**
 * Completes the upgrade and answers the client's bytes as a stream.
 * @param closing asked at the stream's end, when all that was written is on its way: how the client is told
 * @throws Fault refused when there is no upgrade: the client has gone, or asks for none, which it has been told
 */
export function accept(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  closing: () => Closing,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    // The package says nothing of an upgrade that does not come about: it closes the connection.
    const gone = (): void => reject(new Fault("refused", "ClientGone", "the client is gone before the upgrade"));
    if (socket.destroyed) return gone();
    socket.once("close", gone);
    server.handleUpgrade(request, socket, head, (client) => {
      socket.off("close", gone);
      const stream = createWebSocketStream(client, STREAM);
      // The package ends a websocket without a code; a close that was said before that stands.
      const end = stream._final.bind(stream);
      stream._final = (done) => {
        const { code, text } = closing();
        client.close(code, text);
        end(done);
      };
      resolve(stream);
    });
  });
}
