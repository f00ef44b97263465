/**
 * The path of a request: who asks → is it health, an aggregated API, discovery, OpenAPI, or a resource → may they →
 * the operation. The README draws it.
 */
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import { forwarded, type AggregatedApis } from "./aggregated.ts";
import type { Authentication } from "./authentication/authentication.ts";
import { actingAs } from "./authentication/impersonation.ts";
import type { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import { requestToken } from "./authentication/token-request.ts";
import type { UserInfo } from "./authentication/user.ts";
import { attributesOf, authorize, type Authorizer } from "./authorization/authorizer.ts";
import { messageOf, parseBody, requireObject, type Message } from "./body.ts";
import { AGGREGATED_TYPE, wantsAggregated, type Discovery } from "./discovery/discovery.ts";
import type { OpenApi } from "./discovery/openapi.ts";
import type { Served } from "./kinds/kind.ts";
import { negotiated } from "./representation.ts";
import { headersOf, replyError, replyJson, responseOf, type Reply } from "./reply.ts";
import { resourcePath } from "./request-path.ts";
import { answerReview, reviewAt } from "./reviews.ts";
import {
  answerResource,
  placeOf,
  requireKind,
  scopeOf,
  verbOf,
  viewOf,
  type ResourceRequest,
} from "./resource-requests.ts";
import type { Room } from "./room.ts";
import { methodNotAllowed, noSuchPath, StatusError } from "./status.ts";
import { answerSubresource } from "./subresources.ts";
import { responseSink, timeoutSeconds, watchOptions } from "./watching/watch-request.ts";
import type { Watches } from "./watching/watches.ts";

/** What `kubectl version` shows: the API level that this server follows. */
const version = {
  major: "1",
  minor: "37",
  gitVersion: "v1.37.0+virtive",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
} as const;

const healthPaths: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"]);

export interface AppOptions {
  readonly room: Room;
  readonly watches: Watches;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly aggregated: AggregatedApis;
  readonly authentication: Authentication;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  /** Who ends with this process, and so may know of writes that are not on disk yet. */
  readonly isInsider: (user: UserInfo) => boolean;
  readonly onTrouble: (error: unknown) => void;
}

type Env = { Bindings: HttpBindings };

export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((error) => {
    if (!(error instanceof StatusError)) options.onTrouble(error);
    return responseOf(replyError(error));
  });
  app.all("*", async (context) => {
    const caller = await options.authentication.userOf(context.env.incoming);
    if (options.isInsider(caller)) return answer(options, context, caller);
    try {
      return await answer(options, context, caller);
    } finally {
      // Whatever the answer is, an error too: it may tell of a write that is not on disk yet.
      await options.room.store.onDisk();
    }
  });
  return app;
}

async function answer(options: AppOptions, context: Context<Env>, caller: UserInfo): Promise<Response> {
  const { req } = context;
  const { path } = req;
  const message: Message = messageOf(context.env.incoming);
  const { authentication, authorizer } = options;
  const user = await actingAs(caller, context.env.incoming.headersDistinct, authorizer);
  const named = resourcePath(path);
  const query = new URL(req.url).searchParams;
  const verb = named === undefined ? undefined : verbOf(req.method, named, query);
  await authorize(authorizer, attributesOf(user, { method: req.method, path, query }, named, verb));
  if (healthPaths.has(path)) return new Response("ok", { headers: { "content-type": "text/plain; charset=utf-8" } });
  // The client for Python asks with a slash at the end, here and for discovery.
  if (path === "/version" || path === "/version/") return responseOf(replyJson(version));
  const aggregated = options.aggregated.at(path);
  if (aggregated !== undefined) return aggregated.app.fetch(forwarded(req.raw, user), context.env);
  if (named === undefined) return answerPath(options, context, user);
  const review = reviewAt(named);
  if (review !== undefined && verb === "create") {
    const body = parseBody(await message.bytes(), message.header("content-type"));
    return responseOf(
      replyJson(await answerReview(review, body.value, named, { user, authorizer, authentication }), 201),
    );
  }
  const served = options.room.kinds.find(named.group, named.version, named.plural);
  if (served === undefined) throw noSuchPath(path);
  if (verb === undefined) throw methodNotAllowed(served.kind, req.method);
  const request: ResourceRequest = { room: options.room, message, query, served, path: named, verb, user };
  if (named.subresource === "token" && served.kind.actions.includes("token"))
    return responseOf(await token(options, request));
  if (named.subresource !== undefined) return responseOf(await answerSubresource(request));
  return verb === "watch" ? watch(options, request, context) : responseOf(await answerResource(request));
}

async function token({ room, tokens }: AppOptions, request: ResourceRequest): Promise<Reply> {
  if (request.verb !== "create") throw methodNotAllowed(request.served.kind, `${request.verb} of a token`);
  const body = parseBody(await request.message.bytes(), request.message.header("content-type")).value;
  requireKind(body, "authentication.k8s.io/v1", "TokenRequest");
  return replyJson(await requestToken(room, tokens, placeOf(request), requireObject(body)), 201);
}

/** Discovery and OpenAPI. */
async function answerPath(options: AppOptions, { req }: Context<Env>, user: UserInfo): Promise<Response> {
  const path = req.path.replace(/(?<=.)\/$/, "");
  if (req.method !== "GET") throw noSuchPath(path);
  const accept = req.header("accept") ?? "";
  const asks = wantsAggregated(accept) && (path === "/api" || path === "/apis");
  const found = await options.discovery.answer(path, asks, user);
  if (found !== undefined) {
    if (!asks) negotiated(accept);
    return new Response(JSON.stringify(found), {
      headers: { "content-type": asks ? AGGREGATED_TYPE : "application/json", "vary": "Accept" },
    });
  }
  if (path === "/openapi/v3") return responseOf(replyJson(options.openApi.index()));
  if (path.startsWith("/openapi/v3/")) {
    const schemas = options.openApi.document(path.slice("/openapi/v3/".length));
    if (schemas !== undefined) return new Response(schemas, { headers: { "content-type": "application/json" } });
  }
  const document = await options.tokens.document(path);
  if (document !== undefined) return responseOf(replyJson(document));
  if (path === "/")
    return responseOf(
      replyJson({ paths: ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"] }),
    );
  throw noSuchPath(path);
}

/** Takes the connection over: lines are written straight to it until the watch ends. */
function watch({ room, watches, isInsider }: AppOptions, request: ResourceRequest, context: Context<Env>): Response {
  const served: Served = request.served;
  if (!served.kind.verbs.includes("watch")) throw methodNotAllowed(served.kind, "watch");
  const insider = isInsider(request.user);
  const options = { ...watchOptions(room, scopeOf(request), request.query, viewOf(request)), insider };
  const timeout = timeoutSeconds(request.query);
  watches.requireRoom();
  const { outgoing } = context.env;
  const warnings = served.version.deprecationWarning === undefined ? [] : [served.version.deprecationWarning];
  outgoing.writeHead(200, Object.fromEntries(headersOf("application/json", warnings)));
  outgoing.flushHeaders();
  const stop = watches.start(responseSink(outgoing), options, timeout);
  outgoing.once("close", stop);
  return RESPONSE_ALREADY_SENT;
}
