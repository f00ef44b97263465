/** How a daemon is reached: a unix socket, TCP, or TLS with certificates on both sides. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Fault } from "#events/fault.ts";
import { disconnected } from "./error.ts";

export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | {
      readonly kind: "tls";
      readonly host: string;
      readonly port: number;
      /** PEM. */
      readonly ca: string;
      readonly certificate: string;
      readonly key: string;
      /** Name that the server's certificate must carry, when not `host`. */
      readonly serverName?: string;
    };

/** Bytes of a unix socket's path, by the kernel's sockaddr_un less its final zero. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** @throws Fault refused with the limit in its message when the kernel could not take the path */
export function checkSocketPath(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_SOCKET_PATH_BYTES) return;
  throw new Fault(
    "refused",
    "SocketPathTooLong",
    `socket path ${path} has ${length} bytes, the kernel allows ${MAX_SOCKET_PATH_BYTES}: use a shorter state directory`,
  );
}

export function describe(address: Address): string {
  return address.kind === "unix" ? address.path : `${address.kind}://${address.host}:${address.port}`;
}

/** After a TLS handshake the daemon sends this byte when it accepts the client's certificate. */
const TLS_VERIFIED = 1;

/** A connected socket, not yet read from. @throws Fault later, refused */
export async function dial(address: Address, timeoutMilliseconds: number): Promise<Socket> {
  if (address.kind === "unix") checkSocketPath(address.path);
  const socket = open(address);
  const ready = address.kind === "tls" ? verified(socket as TLSSocket) : once(socket, "connect");
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no connection within ${timeoutMilliseconds} ms`));
  }, timeoutMilliseconds);
  try {
    await ready;
    return socket;
  } catch (error) {
    socket.destroy();
    if (error instanceof Fault) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw disconnected(`cannot reach libvirt at ${describe(address)}: ${message}`, error);
  } finally {
    clearTimeout(timer);
  }
}

function open(address: Address): Socket {
  switch (address.kind) {
    case "unix":
      return connectTcp({ path: address.path });
    case "tcp":
      return connectTcp({ host: address.host, port: address.port, noDelay: true });
    case "tls":
      return connectTls({
        host: address.host,
        port: address.port,
        ca: address.ca,
        cert: address.certificate,
        key: address.key,
        servername: address.serverName ?? address.host,
        minVersion: "TLSv1.2",
      });
  }
}

function once(socket: Socket, event: "connect" | "secureConnect" | "readable"): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (error?: unknown): void => {
      socket.off(event, reached).off("error", ended).off("close", ended);
      reject(error instanceof Error ? error : new Error("closed by the peer"));
    };
    const reached = (): void => {
      socket.off("error", ended).off("close", ended);
      resolve();
    };
    socket.once(event, reached).once("error", ended).once("close", ended);
  });
}

async function verified(socket: TLSSocket): Promise<void> {
  await once(socket, "secureConnect");
  let verdict = socket.read(1) as Buffer | null;
  while (verdict === null) {
    await once(socket, "readable");
    verdict = socket.read(1) as Buffer | null;
  }
  if (verdict[0] !== TLS_VERIFIED) {
    throw new Fault("refused", "CertificateRefused", "libvirt does not accept our client certificate");
  }
}
