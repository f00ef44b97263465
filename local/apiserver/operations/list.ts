/** list: consistent, in chunks when asked. A continued list shows the state of its first chunk. */
import type { Room } from "../room.ts";
import type { ServedKind } from "../kinds/kind.ts";
import { matches, type Selector } from "../selectors.ts";
import { badRequest, expired, StatusError } from "../status.ts";
import { keyOfStored, type StoredObject } from "../store/stored-object.ts";
import type { Query } from "./options.ts";

export interface ListPage {
  readonly items: readonly StoredObject[];
  readonly version: number;
  readonly next: string | undefined;
  readonly remaining: number | undefined;
}

interface Token {
  readonly version: number;
  /** Key of the last object that was sent. */
  readonly after: string;
}

function encodeToken(token: Token): string {
  return Buffer.from(JSON.stringify({ v: token.version, k: token.after })).toString("base64url");
}

function decodeToken(text: string): Token {
  try {
    const { v, k } = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as { v: unknown; k: unknown };
    if (Number.isSafeInteger(v) && Number(v) >= 0 && typeof k === "string") return { version: Number(v), after: k };
  } catch {
    // Falls through: whatever it is, it is no token of ours.
  }
  throw badRequest("continue key is not valid: it must be the value of metadata.continue of an earlier list");
}

/** A version in a query: undefined when missing or "0", which means any. */
export function versionIn(query: Query): number | undefined {
  const text = query.get("resourceVersion") ?? "";
  if (text === "" || text === "0") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`resourceVersion ${JSON.stringify(text)} is not a decimal number`);
  return Number(text);
}

/** A version that this server has not reached: the client waits and asks again. */
export function requireReached(room: Room, version: number): void {
  if (version <= room.store.version) return;
  throw new StatusError(504, "Timeout", `Too large resource version: ${version}, current: ${room.store.version}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

/** Zero and less mean no limit, as in Kubernetes. */
function limitIn(query: Query): number | undefined {
  const text = query.get("limit") ?? "";
  if (text === "") return undefined;
  if (!/^-?\d{1,18}$/.test(text)) throw badRequest(`limit ${JSON.stringify(text)} is not a decimal number`);
  const limit = Number(text);
  return limit > 0 ? limit : undefined;
}

function invalidMatch(reason: string, message: string): StatusError {
  return new StatusError(422, "Invalid", `the list's options are invalid: resourceVersionMatch: ${message}`, {
    group: "meta.k8s.io",
    kind: "ListOptions",
    causes: [{ reason, field: "resourceVersionMatch", message }],
  });
}

/** What resourceVersion, resourceVersionMatch and continue may be together. */
function requireFittingOptions(query: Query): void {
  const version = query.get("resourceVersion") ?? "";
  const match = query.get("resourceVersionMatch") ?? "";
  const continues = (query.get("continue") ?? "") !== "";
  if (match !== "") {
    if (version === "") throw invalidMatch("FieldValueForbidden", "Forbidden: it needs a resourceVersion");
    if (continues) throw invalidMatch("FieldValueForbidden", "Forbidden: a continued list has its own version");
    if (match !== "Exact" && match !== "NotOlderThan") {
      const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`;
      throw invalidMatch("FieldValueNotSupported", message);
    }
    if (match === "Exact" && version === "0")
      throw invalidMatch("FieldValueForbidden", 'Forbidden: resourceVersion "0" means any, which is not exact');
  }
  if (continues && version !== "" && version !== "0")
    throw badRequest("a continued list has its own version: leave resourceVersion out");
}

/** @throws StatusError 400, 410 (the version of a continued list is compacted), 504 (the version is in the future) */
export function list(
  room: Room,
  kind: ServedKind,
  where: { readonly namespace: string | undefined; readonly name?: string | undefined; readonly selector: Selector },
  query: Query,
): ListPage {
  const { namespace, selector } = where;
  requireFittingOptions(query);
  const asked = versionIn(query);
  const match = query.get("resourceVersionMatch") ?? "";
  const token = query.get("continue") ? decodeToken(query.get("continue") ?? "") : undefined;
  if (asked !== undefined) requireReached(room, asked);
  const exact = token?.version ?? (match === "Exact" ? asked : undefined);
  const version = exact ?? room.store.version;
  // A token that this server made is never ahead of it.
  if (token !== undefined) requireReached(room, version);
  if (version < room.store.compacted) {
    throw expired(
      `The provided ${token === undefined ? "resource version" : "continue parameter"} is too old to display a consistent list result: version ${version} is compacted. Start a new list`,
    );
  }
  const all =
    version === room.store.version
      ? room.store.list(kind.resource, namespace)
      : room.store.listAt(kind.resource, namespace, version);
  const rest = token === undefined ? all : all.filter((object) => keyOfStored(object) > token.after);
  const limit = limitIn(query);
  const items: StoredObject[] = [];
  for (const [index, object] of rest.entries()) {
    if (limit !== undefined && items.length === limit) {
      const last = items.at(-1);
      const counts = selector.labels.length === 0 && selector.fields.length === 0;
      const next = last === undefined ? undefined : encodeToken({ version, after: keyOfStored(last) });
      return { items, version, next, remaining: counts ? rest.length - index : undefined };
    }
    if (matches(selector, object)) items.push(object);
  }
  return { items, version, next: undefined, remaining: undefined };
}
