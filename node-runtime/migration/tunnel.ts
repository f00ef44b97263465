/**
 * What one node's QEMU sends to another's: each connection to a unix socket here becomes one connection over TLS to the
 * other runtime, which leads it to its QEMU's socket. No byte of a guest's memory is ever plain on a network, and no port
 * is open for it.
 */
import { chmod, chown, rm } from "node:fs/promises";
import { connect, createServer, Socket, type Server } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { GuestUser } from "../host/configuration.ts";
import type { Wire } from "../hypervisor.ts";
import { checkSocketPath } from "../libvirt/transport.ts";

export type Channel = "memory" | "disks";

export interface TunnelOptions {
  readonly wire: Wire;
  /** Who connects, when it is not root. */
  readonly owner: GuestUser | undefined;
  readonly dial: (channel: Channel) => Promise<Duplex>;
  readonly log: Log;
}

/** Disks have a connection each, memory has one. */
const MOST_CONNECTIONS = 64;
/** Two pipelines, an upgraded connection's own and ours are more than what Node takes for a leak, and warns of. */
const MOST_LISTENERS = 20;
/** For so long a connection says nothing before its other end is asked for. */
const KEEPALIVE_MILLISECONDS = 15_000;

/** Listens when it resolves. @throws Fault later, refused SocketPathTooLong */
export async function openTunnel(options: TunnelOptions): Promise<{ readonly wire: Wire; close(): Promise<void> }> {
  const { wire, owner, dial, log } = options;
  const open = new Set<Duplex>();
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    for (const stream of open) stream.destroy();
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    await Promise.all([wire.memory, wire.disks].map((path) => rm(path, { force: true })));
  };
  try {
    for (const channel of ["memory", "disks"] as const) {
      servers.push(await listen(wire[channel], owner, (socket) => void lead(channel, socket)));
    }
    return { wire, close };
  } catch (thrown) {
    await close();
    throw thrown instanceof Fault ? thrown : new Fault("later", "CannotListen", `${wire.memory}: ${String(thrown)}`);
  }

  async function lead(channel: Channel, socket: Socket): Promise<void> {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined); // its end tells
    socket.pause();
    try {
      const peer = await dial(channel);
      open.add(peer);
      peer.on("close", () => open.delete(peer));
      join(socket, peer);
    } catch (thrown) {
      log.warn({ channel, problem: String(thrown) }, "a guest's way to its new node could not be opened");
      socket.destroy();
    }
  }
}

/** The target's end: leads a connection of the source to this node's QEMU. Resolves once it is joined. @throws Fault */
export async function admitChannel(path: string, peer: Duplex): Promise<void> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (error) => {
      reject(new Fault("later", "NotListening", `nothing listens for the guest: ${error.message}`, { cause: error }));
    });
  });
  join(socket, peer);
}

/**
 * Either end's end is the other's. A node that loses its power ends nothing: who only reads, as the target does, would wait
 * for it for ever, so it is asked whether it is still there (by libuv ten times, a second apart).
 */
export function join(one: Duplex, other: Duplex): void {
  for (const end of [one, other]) {
    if (end instanceof Socket) end.setKeepAlive(true, KEEPALIVE_MILLISECONDS);
    end.setMaxListeners(MOST_LISTENERS);
  }
  pipeline(one, other, () => undefined);
  pipeline(other, one, () => undefined);
}

async function listen(
  path: string,
  owner: GuestUser | undefined,
  connected: (socket: Socket) => void,
): Promise<Server> {
  checkSocketPath(path);
  await rm(path, { force: true }); // of a process that is gone
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, connected);
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  return server;
}
