/**
 * The orders API: HTTPS with client certificates, for the control plane only.
 *
 * | request | answers |
 * |---|---|
 * | GET /healthz | 200 ok |
 * | GET /node | NodeIdentity |
 * | GET /machines | MachineStatus[] |
 * | GET /machines/UID | MachineStatus; 404 |
 * | PUT /machines/UID | MachineOrder → MachineStatus |
 * | DELETE /machines/UID?epoch=N | 204: forgotten |
 * | POST /machines/UID/actions | MachineAction → 202 |
 * | GET /machines/UID/console | WebSocket, binary; ?history=1 begins with what was said before |
 * | GET /machines/UID/console/history | text, the newest 256 KiB |
 * | GET /machines/UID/domain-xml | the domain as the hypervisor has it |
 * | POST /moves/UID/prepare, /finish; upgrade /moves/UID/memory, /disks | for the node that a guest comes from: migration/ |
 *
 * Faults are answered as `{kind, reason, message, causes}` with the status of their kind.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { asFault, Fault, type FaultKind } from "#events/fault.ts";
import { CONTROL_URI, uriNames } from "#events/identities.ts";
import type { Log } from "#events/log.ts";
import { MachineAction, MachineOrder, type MachineStatus, type NodeIdentity } from "#events/machine.ts";
import { closeTlsServer, createTlsServer, ofConnection, type Server } from "#events/tls-server.ts";
import type { Consoles } from "./console/consoles.ts";
import { consoleSockets } from "./console/socket.ts";
import { bodyOf } from "./request-body.ts";
import { peerApp, upgradeMove, type PeerServerOptions } from "./migration/peer-server.ts";

/** PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Who signs the control plane's client certificate. */
  readonly ca: string;
}

export interface Listen {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls: ServerTls;
  /**
   * Whether a caller whose certificate (signed by tls.ca) carries these URI names is the control plane. Without it: one
   * of them is virtive://control.
   */
  readonly mayOrder?: (uris: readonly string[]) => boolean;
}

/** What the API serves; Machines is one. */
export interface Served {
  order(order: MachineOrder): Promise<MachineStatus>;
  all(): readonly MachineStatus[];
  status(uid: string): MachineStatus | undefined;
  forget(uid: string, epoch: number): Promise<void>;
  act(uid: string, epoch: number, action: MachineAction): Promise<void>;
  xml(uid: string): Promise<string>;
}

export interface ServerOptions {
  readonly listen: Listen;
  readonly identity: NodeIdentity;
  readonly machines: Served;
  readonly consoles: Pick<Consoles, "connect" | "history" | "mustBeOpen">;
  /** What other nodes' runtimes are answered. */
  readonly peers: PeerServerOptions;
  readonly log: Log;
}

export interface OrdersServer {
  readonly url: string;
  /** Another certificate, or other authorities, for connections that are made from now on. */
  renew(tls: ServerTls): void;
  close(): Promise<void>;
}

const MOST_BODY_BYTES = 1024 * 1024;
const REQUEST_MS = 30_000;
/** The control plane looks at each node every 8 to 60 s: a connection for each look would cost more than the look. */
const KEEP_ALIVE_MS = 90_000;
const MOST_CONNECTIONS = 256;
const STATUS = { stale: 409, later: 503, refused: 422, bug: 500 } as const satisfies Record<FaultKind, number>;
const STATUS_OF_REASON: Readonly<Record<string, 400 | 401 | 403 | 404 | 413>> = {
  Unauthenticated: 401,
  Forbidden: 403,
  UnknownMachine: 404,
  NotFound: 404,
  BodyTooLarge: 413,
  MalformedBody: 400,
};

type Caller = Pick<TLSSocket, "authorized" | "getPeerCertificate">;

/** The API without its transport; `allowed` says whether the caller is the control plane. */
export function ordersApp(
  options: Pick<ServerOptions, "identity" | "machines" | "consoles" | "log"> & {
    readonly allowed: (context: Context) => boolean;
  },
): Hono {
  const { machines, consoles, log } = options;
  const app = new Hono();

  app.get("/healthz", (context) => context.text("ok"));

  for (const path of ["/node", "/machines/*"]) {
    app.use(path, async (context, next) => {
      if (!options.allowed(context as Context))
        throw new Fault("refused", "Forbidden", "only the control plane is served here");
      await next();
    });
  }
  app.use(
    "/machines/*",
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: () => {
        throw new Fault("refused", "BodyTooLarge", `the body is larger than ${MOST_BODY_BYTES} bytes`);
      },
    }),
  );

  app.get("/node", (context) => context.json(options.identity));

  app.get("/machines", (context) => context.json(machines.all()));

  app.get("/machines/:uid", (context) => {
    const status = machines.status(context.req.param("uid"));
    if (status === undefined) throw unknown(context.req.param("uid"));
    return context.json(status);
  });

  app.put("/machines/:uid", async (context) => {
    const order = await bodyOf(context, MachineOrder);
    const uid = context.req.param("uid");
    if (order.uid !== uid) {
      const message = `uid is ${order.uid}; the path says ${uid}`;
      throw new Fault("refused", "Invalid", message, {
        causes: [{ reason: "FieldValueInvalid", field: "uid", message }],
      });
    }
    return context.json(await machines.order(order));
  });

  app.delete("/machines/:uid", async (context) => {
    const text = context.req.query("epoch") ?? "";
    const epoch = Number(text);
    if (!/^\d{1,15}$/.test(text) || epoch < 1) {
      const message = `epoch is ${JSON.stringify(text)}; it must be a whole number from 1`;
      throw new Fault("refused", "Invalid", message, {
        causes: [{ reason: "FieldValueInvalid", field: "epoch", message }],
      });
    }
    await machines.forget(context.req.param("uid"), epoch);
    return context.body(null, 204);
  });

  app.post("/machines/:uid/actions", async (context) => {
    const { action, epoch } = await bodyOf(context, MachineAction);
    await machines.act(context.req.param("uid"), epoch, action);
    return context.body(null, 202);
  });

  app.get("/machines/:uid/console/history", async (context) => {
    const uid = context.req.param("uid");
    if (machines.status(uid) === undefined) throw unknown(uid);
    return context.body(new Uint8Array(await consoles.history(uid)), 200, {
      "content-type": "application/octet-stream",
    });
  });

  app.get("/machines/:uid/console", () => {
    throw new Fault("refused", "WebSocketNeeded", "the console is a WebSocket: ask for an upgrade");
  });

  app.get("/machines/:uid/domain-xml", async (context) => {
    return context.body(await machines.xml(context.req.param("uid")), 200, { "content-type": "application/xml" });
  });

  app.notFound((context) => {
    const fault = new Fault("refused", "NotFound", `${context.req.method} ${context.req.path} is not served here`);
    return context.json(bodyOfFault(fault), 404);
  });

  app.onError((thrown, context) => {
    const fault = asFault(thrown);
    if (fault.kind === "bug") log.error({ path: context.req.path, reason: fault.reason, thrown }, fault.message);
    if (fault.retryAfterSeconds !== undefined)
      context.header("retry-after", String(Math.ceil(fault.retryAfterSeconds)));
    return context.json(bodyOfFault(fault), statusOf(fault));
  });

  return app;
}

export async function serveOrders(options: ServerOptions): Promise<OrdersServer> {
  const { listen, identity, machines, consoles, peers, log } = options;
  const { mayOrder = (uris: readonly string[]) => uris.includes(CONTROL_URI) } = listen;
  const certified = ofConnection((socket: Caller) =>
    socket.authorized ? uriNames(socket.getPeerCertificate().subjectaltname) : [],
  );
  const namesOf = (socket: Caller): readonly string[] => certified(socket) ?? [];
  const isControl = (socket: Caller): boolean => mayOrder(namesOf(socket));
  const app = ordersApp({
    identity,
    machines,
    consoles,
    log,
    allowed: (context) => isControl(callerOf((context.env as HttpBindings).incoming)),
  });
  app.route(
    "/",
    peerApp(peers, (context) => namesOf(callerOf((context.env as HttpBindings).incoming))),
  );
  const server = createTlsServer({
    ...listen.tls,
    minVersion: "TLSv1.3",
    requestCert: true,
    rejectUnauthorized: true,
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS / 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const listener = getRequestListener(app.fetch);
  server.on("request", (request, response) => void listener(request, response));
  const sockets = consoleSockets({ consoles, log });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (upgradeMove(peers, request, socket, head, namesOf(callerOf(request)))) return;
    sockets.upgrade(request, socket, head, {
      check: (uid) => {
        if (!isControl(callerOf(request)))
          throw new Fault("refused", "Forbidden", "only the control plane is served here");
        if (machines.status(uid) === undefined) throw unknown(uid);
        consoles.mustBeOpen(uid);
      },
      answer: (thrown) => {
        const fault = asFault(thrown);
        return { status: statusOf(fault), body: JSON.stringify(bodyOfFault(fault)) };
      },
    });
  });
  server.on("tlsClientError", (error) => log.debug({ problem: error.message }, "a client was turned away"));
  const port = await listening(server, listen);
  return {
    url: `https://${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${port}`,
    renew: (tls) => server.setSecureContext({ ...tls, minVersion: "TLSv1.3" }),
    async close() {
      await sockets.close();
      await closeTlsServer(server);
    },
  };
}

function listening(server: Server, listen: Listen): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(new Fault("later", "CannotListen", `${listen.host}:${listen.port}: ${error.message}`, { cause: error }));
    });
    server.listen(listen.port, listen.host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : listen.port);
    });
  });
}

function callerOf(request: { readonly socket: unknown }): Caller {
  return request.socket as TLSSocket; // the server speaks nothing but TLS
}

function unknown(uid: string): Fault {
  return new Fault("refused", "UnknownMachine", `this node knows no machine ${uid}`);
}

function statusOf(fault: Fault): 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503 {
  return STATUS_OF_REASON[fault.reason] ?? STATUS[fault.kind];
}

function bodyOfFault(fault: Fault): object {
  return { kind: fault.kind, reason: fault.reason, message: fault.message, causes: fault.causes };
}
