/**
 * What this runtime answers other nodes' runtimes, and nobody else: POST /moves/UID/prepare and /finish, and the upgrades
 * /moves/UID/memory and /disks. A node may ask about the one machine that is to come from it.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { asFault, Fault } from "#events/fault.ts";
import { nodeURI } from "#events/identities.ts";
import type { Wire } from "../hypervisor.ts";
import { bodyOf } from "../request-body.ts";
import { FinishRequest, PrepareRequest, type FinishAnswer, type PrepareAnswer } from "./peers.ts";
import { admitChannel } from "./tunnel.ts";

/** Machines is one. */
export interface Arrivals {
  /** The node that a machine here is to come from; undefined when none is. */
  comesFrom(uid: string): string | undefined;
  prepareArrival(uid: string, request: PrepareRequest): Promise<PrepareAnswer>;
  finishArrival(uid: string, request: FinishRequest): Promise<FinishAnswer>;
}

export interface PeerServerOptions {
  readonly arrivals: Arrivals;
  readonly wireOf: (uid: string) => Wire;
}

const MOST_BODY_BYTES = 4 * 1024 * 1024;
const PATH = /^\/moves\/([a-z0-9-]{1,64})\/(memory|disks)$/;

/** `names`: the URI names that the caller's certificate proved. */
export function peerApp(options: PeerServerOptions, names: (context: Context) => readonly string[]): Hono {
  const { arrivals } = options;
  const app = new Hono();
  app.use("/moves/*", bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => tooLarge() }));
  app.post("/moves/:uid/prepare", async (context) => {
    const uid = expected(arrivals, context.req.param("uid"), names(context));
    return context.json(await arrivals.prepareArrival(uid, await bodyOf(context, PrepareRequest)));
  });
  app.post("/moves/:uid/finish", async (context) => {
    const uid = expected(arrivals, context.req.param("uid"), names(context));
    return context.json(await arrivals.finishArrival(uid, await bodyOf(context, FinishRequest)));
  });
  return app;
}

/** False: not a path of ours. */
export function upgradeMove(
  options: PeerServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  names: readonly string[],
): boolean {
  const found = PATH.exec(request.url ?? "");
  if (found === null) return false;
  const [, uid = "", channel] = found;
  socket.on("error", () => undefined); // its end tells
  void (async () => {
    try {
      expected(options.arrivals, uid, names);
      if (head.length > 0) socket.unshift(head);
      socket.pause();
      const path = options.wireOf(uid)[channel === "disks" ? "disks" : "memory"];
      // Before the first byte of QEMU's: the other end takes what follows for its own.
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: virtive-move\r\n\r\n");
      await admitChannel(path, socket);
    } catch (thrown) {
      const status = asFault(thrown).reason === "Forbidden" ? "403 Forbidden" : "503 Service Unavailable";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    }
  })();
  return true;
}

/** @throws Fault refused Forbidden unless the caller is the node that the machine is to come from */
export function expected(arrivals: Arrivals, uid: string, names: readonly string[]): string {
  const from = arrivals.comesFrom(uid);
  if (from !== undefined && names.includes(nodeURI(from))) return uid;
  throw new Fault("refused", "Forbidden", `no machine ${uid} is to come from you`);
}

function tooLarge(): never {
  throw new Fault("refused", "BodyTooLarge", `the body is larger than ${MOST_BODY_BYTES} bytes`);
}
