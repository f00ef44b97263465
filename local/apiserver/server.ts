/**
 * startApiServer: a Kubernetes-style API server in this process, on one SQLite file. Serves the core kinds of its table
 * and whatever CRDs define; knows nothing of what they mean.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { inOrder, type Admission } from "./admission/admission.ts";
import type { ServiceResolver } from "./admission/webhook-call.ts";
import { MutatingWebhooks, ValidatingWebhooks } from "./admission/webhooks.ts";
import { AggregatedApis, type AggregatedApi } from "./aggregated.ts";
import { createApp } from "./app.ts";
import { Authentication, type StaticToken } from "./authentication/authentication.ts";
import { DefaultAccounts } from "./authentication/default-accounts.ts";
import { actingAs } from "./authentication/impersonation.ts";
import type { UserInfo } from "./authentication/user.ts";
import { ServiceAccountTokens } from "./authentication/service-account-tokens.ts";
import { RoleAggregation } from "./authorization/aggregation.ts";
import { attributesOf, authorize, type Authorizer } from "./authorization/authorizer.ts";
import { ensureBootstrapPolicy } from "./authorization/bootstrap.ts";
import { Escalation } from "./authorization/escalation.ts";
import { Rbac } from "./authorization/rbac.ts";
import type { KubeHttp } from "#events/kube-http.ts";
import { Emptying } from "./cleaning/emptying.ts";
import { cleaningContext, GarbageCollector } from "./cleaning/garbage-collector.ts";
import { Discovery } from "./discovery/discovery.ts";
import { OpenApi } from "./discovery/openapi.ts";
import type { JsonObject } from "./json-value.ts";
import { DEFINITIONS } from "./kinds/definitions.ts";
import { Kinds } from "./kinds/kinds.ts";
import { inside } from "./inside.ts";
import { initialNamespaces } from "./kinds/namespaces.ts";
import { createObject } from "./operations/create.ts";
import { isEnding } from "./operations/remove.ts";
import { answerRaw, listen, listener, type ListenerOptions } from "./listener.ts";
import { replyError } from "./reply.ts";
import { resourcePath } from "./request-path.ts";
import type { Room } from "./room.ts";
import { noSuchPath, StatusError } from "./status.ts";
import { Store } from "./store/store.ts";
import { parsed } from "./store/stored-object.ts";
import type { WindowBounds } from "./store/window.ts";
import { Watches, type WatchBounds } from "./watching/watches.ts";
import { Writes, type WriteCount } from "./writes.ts";

/** Where the server says what went wrong on its own side. pino's loggers fit. */
export interface Logger {
  error(details: object, message: string): void;
}

export interface ApiServerOptions extends ListenerOptions {
  /** The SQLite file lives here; made with mode 0700 when missing. */
  readonly directory: string;
  readonly tokens?: readonly StaticToken[];
  /** Judges writes in this process, between the mutating and the validating webhooks. */
  readonly admission?: Admission;
  /** Where Services answer that webhooks name. Without it such webhooks fail, since nothing routes to Services here. */
  readonly services?: ServiceResolver;
  /** Instead of RBAC: roles and bindings are then only kept. */
  readonly authorizer?: Authorizer;
  /**
   * Users who end with this process: they are shown writes at once, all others when these are on disk. What insiders let
   * out of this process has to wait for `onDisk`. Default: nobody.
   */
  readonly isInsider?: (user: UserInfo) => boolean;
  readonly aggregated?: readonly AggregatedApi[];
  readonly log?: Logger;
  /** How far back watches may start. Default 16,384 changes, 32 Mi characters. */
  readonly window?: WindowBounds;
  readonly now?: () => Date;
  /** Of watches: how many, how often they get bookmarks, how long a client may not read. */
  readonly watches?: WatchBounds;
}

export interface ApiServer {
  /** https://host:port */
  readonly url: string;
  readonly port: number;
  addAggregated(api: AggregatedApi): void;
  /** The API for callers in this process, who need not prove who they are. Aggregated APIs and reviews are not in it. */
  inside(user: UserInfo): KubeHttp;
  /** Resolves when all that insiders can see now is on disk. Rejects when the disk fails. */
  onDisk(): Promise<void>;
  /** Writes since the start, by kind, verb and subresource. */
  writes(): readonly WriteCount[];
  /** Ends watches and connections, and closes the file. Acknowledged writes are on disk already. */
  close(): Promise<void>;
}

/** Milliseconds that connections get to end by themselves when the server closes. */
const CLOSE_MILLISECONDS = 250;

const DEFAULT_WINDOW: WindowBounds = { changes: 16_384, characters: 32 * 1024 * 1024 };

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const onTrouble = (error: unknown) => options.log?.error({ err: error }, "the API server failed at something");
  const kinds = new Kinds();
  const store = openStore(options, kinds, onTrouble);
  const rbac = new Rbac(store);
  const now = options.now ?? (() => new Date());
  const room: Room = {
    store,
    kinds,
    admission: inOrder([
      new MutatingWebhooks({ store, kinds }, options.services),
      options.admission,
      new ValidatingWebhooks({ store, kinds }, options.services),
      new Escalation(rbac),
    ]),
    now,
    writes: new Writes(),
  };
  followDefinitions(room);
  const early = { ...room, admission: undefined };
  await Promise.all([
    ensureNamespaces(early),
    ensureBootstrapPolicy(early, (verb) => cleaningContext("apiserver", verb)),
  ]);
  const watches = new Watches(store, options.watches);
  store.onChange((changes) => {
    for (const { resource, before, after } of changes) {
      if (resource === DEFINITIONS && after === undefined && before !== undefined) watches.endAll(before.name);
    }
  });
  const cleaners = [
    new GarbageCollector(room, onTrouble),
    new Emptying(room, onTrouble),
    new DefaultAccounts(early, onTrouble),
    new RoleAggregation(early, onTrouble),
  ];
  const aggregated = new AggregatedApis();
  const tokens = new ServiceAccountTokens({ store, directory: options.directory, now });
  const authentication = new Authentication(options.tokens ?? [], tokens);
  const authorizer = options.authorizer ?? rbac;
  const isInsider = options.isInsider ?? (() => false);
  const app = createApp({
    room,
    watches,
    discovery: new Discovery(kinds, aggregated),
    openApi: new OpenApi(kinds),
    aggregated,
    authentication,
    tokens,
    authorizer,
    isInsider,
    onTrouble,
  });
  const server = listener(
    options,
    // The listener itself takes the rest of bodies in: the adapter's way cuts connections that serve the next request.
    getRequestListener((request, env) => app.fetch(request, env), { autoCleanupIncoming: false }),
  );
  server.on("upgrade", (request, socket, head) => {
    void upgrade({ aggregated, authentication, authorizer, onTrouble }, request, socket, head);
  });
  const port = await listen(server, options);
  const addAggregated = (api: AggregatedApi) => {
    aggregated.add(api);
    announce(room, api).catch(onTrouble);
  };
  options.aggregated?.forEach(addAggregated);
  return {
    url: `https://${options.host ?? "127.0.0.1"}:${port}`,
    port,
    addAggregated,
    inside: (user) => inside({ room, watches, authorizer, isInsider, onTrouble }, user),
    onDisk: () => store.onDisk(),
    writes: () => room.writes.all(),
    async close() {
      watches.close();
      await Promise.all(cleaners.map((cleaner) => cleaner.close()));
      const closed = new Promise((resolve) => server.close(resolve));
      // What is being answered goes out first: watches get their end, writes their outcome.
      const hurry = setTimeout(() => server.closeAllConnections(), CLOSE_MILLISECONDS);
      await closed;
      clearTimeout(hurry);
      store.close();
    },
  };
}

function openStore(options: ApiServerOptions, kinds: Kinds, onTrouble: (error: unknown) => void): Store {
  return new Store({
    directory: options.directory,
    window: options.window ?? DEFAULT_WINDOW,
    fieldsOf: (resource, object) => kinds.fieldsOf(resource, object),
    first: DEFINITIONS,
    onFirst: (definition) => {
      const { resource } = kinds.define(definition);
      kinds.setEnding(resource, isEnding(definition));
    },
    onTrouble,
  });
}

/** A definition's kind is served before its creator gets the answer. */
function followDefinitions({ store, kinds }: Room): void {
  store.onChange((changes) => {
    for (const { resource, before, after } of changes) {
      if (resource !== DEFINITIONS) continue;
      if (after === undefined) kinds.undefine(before?.name ?? "");
      else {
        const kind = kinds.define(parsed(after));
        kinds.setEnding(after.name, isEnding(parsed(after)));
        if (before !== undefined && Object.keys(kind.selectable).length > 0) store.reindex(kind.resource);
      }
    }
  });
}

async function ensureNamespaces(room: Room): Promise<void> {
  const kind = room.kinds.byResource("namespaces");
  if (kind === undefined) return;
  for (const name of initialNamespaces) {
    if (room.store.get(kind.resource, "", name) !== undefined) continue;
    const object: JsonObject = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await createObject(room, kind, object, cleaningContext("apiserver", "create"));
  }
}

/** Kubernetes shows each aggregated group as an APIService. */
async function announce(room: Room, { group, version }: AggregatedApi): Promise<void> {
  const kind = room.kinds.byResource("apiservices.apiregistration.k8s.io");
  const name = `${version}.${group}`;
  if (kind === undefined || room.store.get(kind.resource, "", name) !== undefined) return;
  const object: JsonObject = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: { group, version, groupPriorityMinimum: 1000, versionPriority: 15 },
    status: { conditions: [{ type: "Available", status: "True", reason: "Local", message: "served in this process" }] },
  };
  await createObject({ ...room, admission: undefined }, kind, object, cleaningContext("apiserver", "create"));
}

interface UpgradeOptions {
  readonly aggregated: AggregatedApis;
  readonly authentication: Authentication;
  readonly authorizer: Authorizer;
  readonly onTrouble: (error: unknown) => void;
}

/** Websockets go to the aggregated API that serves the path, once it is known who asks. */
async function upgrade(options: UpgradeOptions, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on("error", () => socket.destroy());
  try {
    const path = new URL(request.url ?? "/", "https://localhost").pathname;
    const { authentication, authorizer } = options;
    const user = await actingAs(await authentication.userOf(request), request.headersDistinct, authorizer);
    await authorize(authorizer, attributesOf(user, { method: "GET", path }, resourcePath(path)));
    const api = options.aggregated.at(path);
    if (api?.upgrade === undefined) throw noSuchPath(path);
    api.upgrade(request, socket, head, user);
  } catch (error) {
    if (!(error instanceof StatusError)) options.onTrouble(error);
    answerRaw(socket, replyError(error));
  }
}
