/**
 * A cluster behind a real Kubernetes API, and the one door to @kubernetes/client-node: its KubeConfig finds the server
 * and applies whatever credentials a kubeconfig may name. Requests go over our own connections (events/kube-http.ts),
 * which takes a fraction of what the package's generated clients take a request.
 */
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { apiVersionOf, keyOf, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { Cluster, WatchNotice } from "./cluster.ts";
import { Fault } from "./fault.ts";
import { faultOf } from "./kube-faults.ts";
import { inCluster } from "./in-cluster.ts";
import { createKubeHttp, type Credentials, type KubeHttp } from "./kube-http.ts";
import { patchOf } from "./merge-patch.ts";
import { isSelected, type Selection } from "./selection.ts";

export interface KubeCluster extends Cluster {
  /** The API server's address. */
  readonly server: string;
  /** The same, but snapshots and watches see one namespace only, as roles of that namespace allow. */
  within(namespace: string): Cluster;
  /** What the server answers at a path that is no object's, as JSON. @throws Fault */
  document(path: string): Promise<unknown>;
  close(): void;
}

export interface ConnectOptions {
  /** For one request; watches go on. Default 10,000. */
  readonly timeoutMilliseconds?: number;
}

const TIMEOUT_MILLISECONDS = 10_000;
const PAGE = 500;
/** Watches end and resume after this, so that connections get balanced over API servers. */
const WATCH_SECONDS = 300;
const WATCH_GRACE_SECONDS = 20;
const FIELD_MANAGER = "virtive";
/** The keys of an API server's tokens are not to be had as plain JSON. */
const DOCUMENTS = "application/json, application/jwk-set+json";

/**
 * By the path of a kubeconfig, a KubeConfig, or what is found as kubectl does (KUBECONFIG, ~/.kube/config, in a pod).
 * Connects at the first request. @throws Fault refused when the configuration can't be used
 */
export async function connect(config?: string | KubeConfig, options: ConnectOptions = {}): Promise<KubeCluster> {
  // A pod's own credentials are two files: the package, which takes a tenth of a second to load, is for all else.
  const inside = config === undefined && !process.env["KUBECONFIG"] ? inCluster() : undefined;
  if (inside !== undefined) {
    return at(inside.server.origin, () => inside.credentials(), options);
  }
  const { KubeConfig: Config } = await import("@kubernetes/client-node");
  let loaded: KubeConfig;
  try {
    loaded = typeof config === "object" ? config : new Config();
    if (typeof config === "string") loaded.loadFromFile(config);
    else if (config === undefined) loaded.loadFromDefault();
  } catch (thrown) {
    throw badConfig(`it can't be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  }
  const server = loaded.getCurrentCluster()?.server;
  if (server === undefined) throw badConfig("its current context names no cluster");
  return at(server, () => credentialsOf(loaded), options);
}

/** By an address and a client certificate, PEM: no kubeconfig is read, and nothing is loaded that could read one. */
export function connectAs(
  server: string,
  identity: { readonly ca: string; readonly cert: string; readonly key: string },
  options: ConnectOptions = {},
): KubeCluster {
  const { ca, cert, key } = identity;
  return at(server, async () => ({ headers: {}, tls: { ca, cert, key } }), options);
}

/** By other means than HTTP to a server, such as a way into one that runs in this process. */
export function connectOver(http: KubeHttp): Cluster {
  return overHttp(http, {});
}

function at(server: string, credentials: () => Promise<Credentials>, options: ConnectOptions): KubeCluster {
  const { timeoutMilliseconds = TIMEOUT_MILLISECONDS } = options;
  const http = createKubeHttp({ server: new URL(server), credentials, timeoutMilliseconds });
  return {
    ...overHttp(http, {}),
    server,
    within: (namespace) => overHttp(http, { namespace }),
    async document(path) {
      const what = `get ${path}`;
      const { status, body, retryAfterSeconds } = await http.ask({ method: "GET", path, what, accept: DOCUMENTS });
      if (status !== 200) throw faultOf(status, body, what, undefined, retryAfterSeconds);
      return body;
    },
    close: () => http.close(),
  };
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const applied: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(applied);
  } catch (thrown) {
    // A program or a server that gives them may be away; what was asked for is not refused by that.
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Fault("later", "NoCredentials", `kubeconfig: its credentials can't be had: ${why}`, { cause: thrown });
  }
  const { headers, auth, agent, ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = applied;
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) plain[name.toLowerCase()] = String(value);
  if (auth != null) plain["authorization"] = `Basic ${Buffer.from(auth).toString("base64")}`;
  const tls = defined({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized });
  const proxied = config.getCurrentCluster()?.proxyUrl !== undefined;
  return { headers: plain, tls, ...(proxied && typeof agent === "object" ? { proxy: agent } : {}) };
}

/** Without the members that are not set. */
function defined<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member != null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function badConfig(message: string, cause?: unknown): Fault {
  return new Fault("refused", "BadKubeconfig", `kubeconfig: ${message}`, { cause });
}

function overHttp(http: KubeHttp, watched: { readonly namespace?: string }): Cluster {
  return {
    get: (kind, at) => getOne(http, kind, at),

    async list(kind, selection = {}) {
      const { items } = await listAll(http, kind, selection);
      // Not every kind has its node and phase among the fields that the server can select by.
      const { node, phase, instance } = selection;
      return items.filter((item) => isSelected(item, { node, phase, instance }));
    },

    async create<T extends KubeObject>(kind: Kind<T>, object: T) {
      const { namespace } = object.metadata;
      const what = `create ${kind.kind} ${keyOf(object)}`;
      const path = `${pathOf(kind, namespace === undefined ? {} : { namespace })}?fieldManager=${FIELD_MANAGER}`;
      const body = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
      const answer = await http.ask({ method: "POST", path, body, what });
      if (answer.status === 200 || answer.status === 201) return { created: true, object: answer.body as Stored<T> };
      const fault = faultOf(answer.status, answer.body, what, "create", answer.retryAfterSeconds);
      if (answer.status !== 409) throw fault;
      const there = await getOne(http, kind, object.metadata);
      // Taken a moment ago and gone now.
      if (there === undefined) throw fault;
      return { created: false, object: there };
    },

    async patch<T extends KubeObject>(kind: Kind<T>, before: Stored<T>, after: T, part: "object" | "status") {
      const difference = patchOf(before, after, part);
      if (difference === undefined) return before;
      const what = `patch ${part === "status" ? "status of " : ""}${kind.kind} ${keyOf(before)}`;
      const subresource = part === "status" ? "/status" : "";
      const { uid, resourceVersion } = before.metadata;
      const metadata = { ...(difference["metadata"] as object | undefined), uid, resourceVersion };
      const { status, body, retryAfterSeconds } = await http.ask({
        method: "PATCH",
        path: `${pathOf(kind, before.metadata)}${subresource}?fieldManager=${FIELD_MANAGER}`,
        contentType: "application/merge-patch+json",
        body: { ...difference, metadata },
        what,
      });
      if (status !== 200) throw faultOf(status, body, what, "patch", retryAfterSeconds);
      return body as Stored<T>;
    },

    async remove(kind, object, options = {}) {
      const what = `delete ${kind.kind} ${keyOf(object)}`;
      const { status, body, retryAfterSeconds } = await http.ask({
        method: "DELETE",
        path: pathOf(kind, object.metadata),
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid: object.metadata.uid },
          propagationPolicy: "Background",
          ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
        },
        what,
      });
      // 409: another object has the name by now.
      if (status === 404 || status === 409) return undefined;
      if (status === 200 || status === 202) return leftBy(body);
      throw faultOf(status, body, what, undefined, retryAfterSeconds);
    },

    snapshot: (kind, signal) => listAll(http, kind, watched, signal),

    async watch<T extends KubeObject>(
      kind: Kind<T>,
      resourceVersion: string,
      notice: (notice: WatchNotice<T>) => void,
      signal: AbortSignal,
    ) {
      const what = `watch ${kind.plural}`;
      if (signal.aborted) return;
      await mustHaveCome(http, kind, watched, resourceVersion);
      const query = new URLSearchParams({
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion,
        timeoutSeconds: String(WATCH_SECONDS),
      });
      const idle = (WATCH_SECONDS + WATCH_GRACE_SECONDS) * 1000;
      const line = (text: string): void => notice(noticeOf(text, what));
      await http.lines(`${pathOf(kind, watched)}?${query.toString()}`, what, idle, line, signal);
    },
  };
}

/** A DELETE answers the object while something holds it, and a Status once it is gone. */
function leftBy(body: unknown): Stored<KubeObject> | undefined {
  const left = body as Stored<KubeObject> | undefined;
  return left?.metadata?.deletionTimestamp === undefined ? undefined : left;
}

async function getOne<T extends KubeObject>(
  http: KubeHttp,
  kind: Kind<T>,
  at: { readonly namespace?: string; readonly name: string },
): Promise<Stored<T> | undefined> {
  const what = `get ${kind.kind} ${keyOf({ metadata: at })}`;
  const { status, body, retryAfterSeconds } = await http.ask({ method: "GET", path: pathOf(kind, at), what });
  if (status === 404) return undefined;
  if (status !== 200) throw faultOf(status, body, what, undefined, retryAfterSeconds);
  return body as Stored<T>;
}

/** All pages of one list. A page that has expired meanwhile is told as stale. @throws Fault */
async function listAll<T extends KubeObject>(
  http: KubeHttp,
  kind: Kind<T>,
  query: Selection,
  signal?: AbortSignal,
): Promise<{ readonly items: readonly Stored<T>[]; readonly resourceVersion: string }> {
  const items: Stored<T>[] = [];
  const labels = Object.entries(query.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  let next: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const page = await pageOf<T>(http, kind, query, {
      limit: String(PAGE),
      ...(labels.length > 0 ? { labelSelector: labels.join(",") } : {}),
      ...(next === undefined ? {} : { continue: next }),
    });
    // Items of a list do not say their kind.
    for (const item of page.items) items.push({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind });
    next = page.next;
    if (next === undefined || next === "") return { items, resourceVersion: page.resourceVersion };
  }
}

async function pageOf<T extends KubeObject>(
  http: KubeHttp,
  kind: Kind<T>,
  { namespace }: Selection,
  parameters: Readonly<Record<string, string>>,
): Promise<{
  readonly items: readonly Stored<T>[];
  readonly resourceVersion: string;
  readonly next?: string | undefined;
}> {
  const path = `${pathOf(kind, namespace === undefined ? {} : { namespace })}?${new URLSearchParams(parameters).toString()}`;
  const what = `list ${kind.plural}`;
  const { status, body, retryAfterSeconds } = await http.ask({ method: "GET", path, what });
  if (status !== 200) throw faultOf(status, body, what, "list", retryAfterSeconds);
  const page = body as {
    readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
    readonly items: readonly Stored<T>[] | null;
  };
  return { items: page.items ?? [], resourceVersion: page.metadata.resourceVersion, next: page.metadata.continue };
}

/**
 * An API server whose etcd was restored to what it was before takes a watch from a version that it has not come to yet,
 * and says nothing until it has. @throws Fault stale then
 */
async function mustHaveCome(http: KubeHttp, kind: Kind, query: Selection, resourceVersion: string): Promise<void> {
  const { resourceVersion: present } = await pageOf(http, kind, query, { limit: "1" });
  if (!(Number(present) < Number(resourceVersion))) return;
  const message = `watch ${kind.plural}: the server is at version ${present}, before ${resourceVersion}, which it had told`;
  throw new Fault("stale", "VersionAhead", message);
}

function noticeOf<T extends KubeObject>(line: string, what: string): WatchNotice<T> {
  let told: { readonly type: string; readonly object: unknown };
  try {
    told = JSON.parse(line) as typeof told;
  } catch (thrown) {
    throw new Fault("later", "MalformedWatch", `${what}: a line is not JSON`, { cause: thrown });
  }
  switch (told.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: told.type, object: told.object as Stored<T> };
    case "BOOKMARK":
      return { type: "BOOKMARK", resourceVersion: (told.object as Stored<T>).metadata.resourceVersion };
    case "ERROR": {
      const { code = 500 } = told.object as { readonly code?: number };
      throw faultOf(code, told.object, what, "watch");
    }
    default:
      throw new Fault("later", "MalformedWatch", `${what}: a notice of type "${told.type}"`);
  }
}

function pathOf(kind: Kind, at: { readonly namespace?: string; readonly name?: string }): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const namespace =
    kind.namespaced && at.namespace !== undefined ? `/namespaces/${encodeURIComponent(at.namespace)}` : "";
  const name = at.name === undefined ? "" : `/${encodeURIComponent(at.name)}`;
  return `${root}${namespace}/${kind.plural}${name}`;
}
