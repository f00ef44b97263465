/** HTTPS servers of ours: what all of them need that Node does not do by itself. */
import { createServer, type Server, type ServerOptions } from "node:https";
import type { RequestListener } from "node:http";
import type { TLSSocket } from "node:tls";

export type { Server, ServerOptions };

/** As node:https has it, without its defect of connections that carry large answers and large requests. */
export function createTlsServer(options: ServerOptions, handle?: RequestListener): Server {
  const server = createServer(options, handle);
  server.on("secureConnection", readByStream);
  const open = new Set<TLSSocket>();
  server.on("secureConnection", (socket: TLSSocket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  connections.set(server, open);
  return server;
}

const connections = new WeakMap<Server, ReadonlySet<TLSSocket>>();

/**
 * Takes no more and ends all connections at once; resolves when they are closed. Node itself waits for those that were upgraded,
 * and ends none of them: a console or a guest's memory on its way would hold its process.
 */
export async function closeTlsServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  for (const socket of connections.get(server) ?? []) socket.destroy();
  await closed;
}

/**
 * Node (24) stops its HTTP parser when a request comes while much of the last answer waits to be written. It reads TLS past
 * the stream, so that what is decrypted already still reaches the parser, which takes it for an error (HPE_PAUSED) and
 * breaks the connection: a client that sends a large body right after, or before, it has read a large answer. A listener
 * for data, however short, makes Node read by the stream, which keeps what comes until the parser goes on.
 */
function readByStream(socket: TLSSocket): void {
  const nothing = (): void => {};
  socket.on("data", nothing);
  socket.off("data", nothing);
}

/**
 * What a connection's certificate says, read once: that takes longer than many a request, and a connection has one
 * certificate for its life. What can't be told (undefined, an error) is asked again.
 */
export function ofConnection<Socket extends WeakKey, Value>(
  read: (socket: Socket) => Value | undefined,
): (socket: Socket) => Value | undefined {
  const known = new WeakMap<Socket, Value>();
  return (socket) => {
    const value = known.get(socket) ?? read(socket);
    if (value !== undefined) known.set(socket, value);
    return value;
  };
}
