/**
 * Groups that somebody else serves in this process: the whole of /apis/GROUP/VERSION goes to a hono app. It learns who
 * asks from the headers X-Remote-User and X-Remote-Group (one a group), as behind Kubernetes' aggregation layer; those
 * that a client sends itself are dropped.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Hono } from "hono";
import { isImpersonation } from "./authentication/impersonation.ts";
import { isObject, stringAt, type JsonObject } from "./json-value.ts";
import type { UserInfo } from "./authentication/user.ts";

export interface AggregatedApi {
  readonly group: string;
  readonly version: string;
  /** Gets the whole path. GET on /apis/GROUP/VERSION must answer an APIResourceList for discovery to list it. */
  readonly app: Hono;
  /** Websockets and other upgrades under the group's path. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer, user: UserInfo): void;
}

export class AggregatedApis {
  readonly #apis: AggregatedApi[] = [];

  add(api: AggregatedApi): void {
    const at = this.#apis.findIndex(({ group, version }) => group === api.group && version === api.version);
    if (at >= 0) this.#apis[at] = api;
    else this.#apis.push(api);
  }

  all(): readonly AggregatedApi[] {
    return this.#apis;
  }

  /** The API that serves a path, if one does. */
  at(path: string): AggregatedApi | undefined {
    return this.#apis.find(({ group, version }) => {
      const root = `/apis/${group}/${version}`;
      return path === root || path.startsWith(`${root}/`);
    });
  }
}

/** The request as the app gets it. */
export function forwarded(request: Request, user: UserInfo): Request {
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-remote-") || isImpersonation(name)) headers.delete(name);
  }
  headers.delete("authorization");
  headers.set("X-Remote-User", user.username);
  for (const group of user.groups) headers.append("X-Remote-Group", group);
  if (user.uid !== undefined) headers.set("X-Remote-Uid", user.uid);
  const { method, signal } = request;
  const init: RequestInit = { method, headers, signal };
  if (request.body !== null && method !== "GET" && method !== "HEAD")
    Object.assign(init, { body: request.body, duplex: "half" });
  return new Request(request.url, init);
}

/** The resources that an API says it serves; none when it does not say. */
export async function resourcesOf({ group, version, app }: AggregatedApi, user: UserInfo): Promise<JsonObject[]> {
  const root = `http://localhost/apis/${group}/${version}`;
  const response = await app.fetch(forwarded(new Request(root, { headers: { accept: "application/json" } }), user));
  if (!response.ok) return [];
  const list: unknown = await response.json();
  const resources = isObject(list) ? list["resources"] : undefined;
  return Array.isArray(resources)
    ? resources.filter(isObject).filter((entry) => stringAt(entry, "name") !== undefined)
    : [];
}
