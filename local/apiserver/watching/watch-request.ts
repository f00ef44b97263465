/** A watch as a request asks for it: its options, checked, and the connection that it writes to. */
import type { ServerResponse } from "node:http";
import { apiVersionOfServed } from "../kinds/kind.ts";
import { requireReached, versionIn } from "../operations/list.ts";
import type { Query } from "../operations/options.ts";
import { objectText, type View } from "../representation.ts";
import type { Room } from "../room.ts";
import type { Selector } from "../selectors.ts";
import { badRequest, expired, invalidOptions, type StatusError } from "../status.ts";
import type { StoredObject } from "../store/stored-object.ts";
import type { Sink, WatchOptions } from "./watcher.ts";

/** A watch lives at least this long when the client does not say; the real one is random, so that not all end at once. */
const MIN_TIMEOUT_SECONDS = 1800;
const MAX_TIMEOUT_SECONDS = 24 * 3600;

function flag(query: Query, name: string): boolean {
  const value = query.get(name);
  return value === "true" || value === "1";
}

export function isWatch(query: Query): boolean {
  return flag(query, "watch");
}

export function timeoutSeconds(query: Query): number {
  const text = query.get("timeoutSeconds") ?? "";
  if (text === "" || text === "0") return MIN_TIMEOUT_SECONDS * (1 + Math.random());
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`timeoutSeconds ${JSON.stringify(text)} is not a decimal number`);
  return Math.min(Number(text), MAX_TIMEOUT_SECONDS);
}

/** @throws StatusError 400, 410 (the version is compacted), 422, 504 (the version is in the future) */
export function watchOptions(
  room: Room,
  where: { readonly namespace: string | undefined; readonly selector: Selector },
  query: Query,
  view: View,
): Omit<WatchOptions, "insider"> {
  const initialEvents = flag(query, "sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  if (query.has("sendInitialEvents") && match !== "NotOlderThan")
    throw forbiddenMatch("must be NotOlderThan with sendInitialEvents");
  if (!query.has("sendInitialEvents") && match !== "")
    throw forbiddenMatch("is not allowed on a watch without sendInitialEvents");
  const asked = versionIn(query);
  if (asked !== undefined) requireReached(room, asked);
  if (asked !== undefined && !initialEvents && asked < room.store.compacted) {
    throw expired(`too old resource version: ${asked} (${room.store.compacted})`);
  }
  // With sendInitialEvents=false, a missing version means from now on.
  const since = query.get("sendInitialEvents") === "false" ? (asked ?? room.store.version) : asked;
  const { kind } = view.served;
  return {
    resource: kind.resource,
    ...where,
    since,
    initialEvents,
    bookmarks: flag(query, "allowWatchBookmarks"),
    encode: encoder(view, room.now),
    form:
      view.representation.as === "table" ? undefined : `${view.representation.as} ${apiVersionOfServed(view.served)}`,
    bookmark: (version, initialEnd) => bookmarkText(view, version, initialEnd),
  };
}

function forbiddenMatch(why: string): StatusError {
  return invalidOptions("ListOptions", [
    { reason: "FieldValueForbidden", field: "resourceVersionMatch", message: `Forbidden: ${why}` },
  ]);
}

function encoder(view: View, now: () => Date): (object: StoredObject) => string {
  // Ages in a table are as of the moment that the row is sent.
  return view.representation.as === "table"
    ? (object) => objectText(object, { ...view, now: now() })
    : (object) => objectText(object, view);
}

function bookmarkText({ served, representation }: View, version: number, initialEnd: boolean): string {
  const type =
    representation.as === "object"
      ? { kind: served.kind.kind, apiVersion: apiVersionOfServed(served) }
      : { kind: representation.as === "table" ? "Table" : "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" };
  const annotations = initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const metadata = { resourceVersion: String(version), creationTimestamp: null, ...annotations };
  const object =
    representation.as === "table" ? { ...type, metadata, columnDefinitions: [], rows: [] } : { ...type, metadata };
  return JSON.stringify({ type: "BOOKMARK", object });
}

/** Milliseconds that a client gets to take the last of an ended watch. */
const LAST_WORDS_MILLISECONDS = 5000;

/** Writes straight to the connection: chunks that all watches share, with no stream and no copy in between. */
export function responseSink(response: ServerResponse): Sink {
  // A client that goes while a line is on its way is no error of ours: the connection's end ends the watch.
  response.on("error", () => {});
  let waiting = 0;
  let drained = (): void => {};
  return {
    write(line) {
      if (response.destroyed) return;
      const { chunkedEncoding, socket } = response;
      const { byteLength } = line.chunk;
      waiting += byteLength;
      const taken = (): void => {
        waiting -= byteLength;
        if (waiting === 0) drained();
      };
      // It has no socket while the answer to an earlier request of the connection is not finished; HTTP/1.0 has no chunks.
      if (chunkedEncoding && socket !== null) socket.write(line.chunk, taken);
      else response.write(line.bytes, taken);
    },
    together(work) {
      const { socket } = response;
      socket?.cork();
      work();
      socket?.uncork();
    },
    get waiting() {
      return waiting;
    },
    onDrain(then) {
      drained = () => {
        drained = () => {};
        then();
      };
    },
    end() {
      response.end();
      const cut = setTimeout(() => response.destroy(), LAST_WORDS_MILLISECONDS);
      cut.unref();
      response.once("close", () => clearTimeout(cut));
    },
  };
}
