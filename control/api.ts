/**
 * What a replica serves to the API server: the aggregated groups, admission, and to whoever asks: probes and metrics.
 *
 * | path                        | who may                                                    |
 * |-----------------------------|------------------------------------------------------------|
 * | /apis/GROUP/VERSION/…       | the API server's front proxy, for the user it names        |
 * | /admit, /validate           | whoever reaches it: API servers do not say who they are    |
 * | /healthz, /readyz, /metrics | anybody                                                    |
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Admission } from "#functions/admit/admit.ts";
import { createAdmissionWebhook } from "#functions/admit/review.ts";
import type { Gateway, GatewayApi } from "#functions/gateway/gateway.ts";
import type { User } from "./front-proxy.ts";

export interface ApiParts {
  readonly gateway: Gateway;
  readonly admission: Admission;
  readonly userOf: (request: IncomingMessage) => User | undefined;
  /** True when another replica has to answer, and does. */
  readonly passedOn: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Undefined: ready; else what it waits for. */
  readonly waitsFor: () => string | undefined;
  readonly metrics: () => string;
}

export interface ApiHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Groups whose answers come from the journal, which the leader has. */
const OF_THE_LEADER = "/apis/subresources.virtive.dev/";

export function apiHandlers(parts: ApiParts): ApiHandlers {
  const plain = plainApp(parts);
  const apiAt = (path: string): GatewayApi | undefined =>
    parts.gateway.apis.find(({ group, version }) => {
      const root = `/apis/${group}/${version}`;
      return path === root || path.startsWith(`${root}/`);
    });

  const listener = getRequestListener((request, env) => {
    const { incoming } = env as HttpBindings;
    const api = apiAt(pathOf(incoming));
    if (api === undefined) return plain.fetch(request, env);
    const user = parts.userOf(incoming);
    if (user === undefined) return unauthorized();
    const { username, groups, uid, extra } = user;
    return api.app.fetch(request, { ...env, user: { name: username, groups, uid, extra } });
  });

  return {
    request(request, response) {
      const isLeaders = pathOf(request).startsWith(OF_THE_LEADER);
      if (isLeaders && parts.userOf(request) !== undefined && parts.passedOn(request, response)) return;
      void listener(request, response);
    },
    upgrade(request, socket, head) {
      const api = apiAt(pathOf(request));
      const user = parts.userOf(request);
      if (api?.upgrade === undefined) return refuse(socket, "404 Not Found");
      if (user === undefined) return refuse(socket, "401 Unauthorized");
      api.upgrade(request, socket, head, user);
    },
  };
}

function plainApp({ admission, waitsFor, metrics }: ApiParts): Hono {
  const app = new Hono();
  app.get("/healthz", (context) => context.text("ok"));
  app.get("/readyz", (context) => {
    const why = waitsFor();
    return why === undefined ? context.text("ok") : context.text(`waits for ${why}`, 503);
  });
  app.get("/metrics", (context) => context.text(metrics(), 200, { "content-type": "text/plain; version=0.0.4" }));
  app.route("/", createAdmissionWebhook(admission));
  app.notFound((context) => context.json(status(404, "NotFound", `nothing is served at ${context.req.path}`), 404));
  return app;
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

function status(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function unauthorized(): Response {
  const message = "only the API server's front proxy is served here: ask the API server";
  return Response.json(status(401, "Unauthorized", message), { status: 401 });
}

function refuse(socket: Duplex, line: string): void {
  socket.on("error", () => undefined); // it may be gone already
  socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}
