/** Requests about resources: one function for each verb. Found by method and path, answered through the operations. */
import { copyJson } from "#events/json.ts";
import { parseBody, requireObject, type Message } from "./body.ts";
import { type Served, type Verb } from "./kinds/kind.ts";
import { create } from "./operations/create.ts";
import { decode } from "./operations/decode.ts";
import { list, requireReached, versionIn } from "./operations/list.ts";
import { deleteOptions, writeContext } from "./operations/options.ts";
import { APPLY, patch } from "./operations/patch.ts";
import { remove } from "./operations/remove.ts";
import { requireName, update } from "./operations/update.ts";
import { mediaType } from "./body.ts";
import { includeIn, listPieces, listText, negotiated, objectText, type View } from "./representation.ts";
import { reply, replyJson, type Reply } from "./reply.ts";
import type { ResourcePath } from "./request-path.ts";
import type { Place, Room, WriteContext } from "./room.ts";
import { parseSelector, type Selector } from "./selectors.ts";
import { badRequest, deletedBody, invalidOptions, methodNotAllowed, notFound, StatusError } from "./status.ts";
import type { StoredObject } from "./store/stored-object.ts";
import type { UserInfo } from "./authentication/user.ts";
import type { WriteVerb } from "./writes.ts";
import { isWatch, timeoutSeconds } from "./watching/watch-request.ts";

/** Items from which on a list is sent in pieces. */
const MANY_ITEMS = 500;

/** One request whose path names a kind that is served. */
export interface ResourceRequest {
  readonly room: Room;
  readonly message: Message;
  readonly query: URLSearchParams;
  readonly served: Served;
  readonly path: ResourcePath;
  readonly verb: Verb;
  readonly user: UserInfo;
}

/** Kubernetes' verb for a method. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): Verb | undefined {
  const named = path.name !== undefined;
  switch (method) {
    case "GET":
      return named ? "get" : isWatch(query) ? "watch" : "list";
    case "POST":
      return !named || path.subresource !== undefined ? "create" : undefined;
    case "PUT":
      return named ? "update" : undefined;
    case "PATCH":
      return named ? "patch" : undefined;
    case "DELETE":
      return named ? "delete" : "deletecollection";
    default:
      return undefined;
  }
}

export function viewOf({ room, message, query, served }: ResourceRequest): View {
  return {
    served,
    representation: negotiated(message.header("accept")),
    include: includeIn(query),
    now: room.now(),
  };
}

export function placeOf({ served, path }: ResourceRequest): Place {
  const { kind } = served;
  if (path.name === undefined) throw badRequest("the request names no object");
  if (kind.namespaced !== (path.namespace !== undefined)) {
    throw new StatusError(
      404,
      "NotFound",
      `${kind.plural} ${kind.namespaced ? "live in namespaces" : "live in no namespace"}; the path says otherwise`,
    );
  }
  return { kind, namespace: path.namespace ?? "", name: path.name };
}

export function contextOf(request: ResourceRequest, verb: WriteVerb): WriteContext {
  const context = writeContext(request.query, {
    user: request.user,
    userAgent: request.message.header("user-agent") ?? "",
    verb,
    subresource: request.path.subresource,
  });
  const { deprecationWarning } = request.served.version;
  if (deprecationWarning !== undefined) context.warnings.push(deprecationWarning);
  return context;
}

function answer(request: ResourceRequest, object: StoredObject, context: WriteContext, code = 200): Reply {
  const view = viewOf(request);
  return reply(objectText(object, view), { code, warnings: context.warnings, representation: view.representation });
}

function selectorOf({ room, served, query, path }: ResourceRequest): Selector {
  const fieldSelector = path.name === undefined ? (query.get("fieldSelector") ?? "") : `metadata.name=${path.name}`;
  return parseSelector(
    { labelSelector: query.get("labelSelector") ?? "", fieldSelector },
    room.kinds.selectableFields(served.kind),
  );
}

/** Where a list or watch looks, and for what. */
export function scopeOf(request: ResourceRequest): {
  readonly namespace: string | undefined;
  readonly selector: Selector;
} {
  return { namespace: request.path.namespace, selector: selectorOf(request) };
}

async function getOne(request: ResourceRequest): Promise<Reply> {
  const { room } = request;
  const { kind, namespace, name } = placeOf(request);
  const view = viewOf(request);
  const asked = versionIn(request.query);
  if (asked !== undefined) requireReached(room, asked);
  const found = room.store.get(kind.resource, namespace, name);
  if (found === undefined) throw notFound(kind, name);
  return reply(objectText(found, view), { warnings: deprecation(request), representation: view.representation });
}

function deprecation({ served }: ResourceRequest): string[] {
  return served.version.deprecationWarning === undefined ? [] : [served.version.deprecationWarning];
}

async function listAll(request: ResourceRequest): Promise<Reply> {
  const view = viewOf(request);
  // A list is quick: its time is only looked at.
  timeoutSeconds(request.query);
  const page = list(request.room, request.served.kind, scopeOf(request), request.query);
  const { as, syntax } = view.representation;
  if (as === "object" && syntax === "json" && page.items.length > MANY_ITEMS)
    return { ...reply("", { warnings: deprecation(request) }), body: listPieces(page, view) };
  return reply(listText(page, view), { warnings: deprecation(request), representation: view.representation });
}

async function createOne(request: ResourceRequest): Promise<Reply> {
  const { room, served, path } = request;
  const { kind } = served;
  if (kind.namespaced && path.namespace === undefined) throw methodNotAllowed(kind, "create without a namespace");
  const context = contextOf(request, "create");
  const body = parseBody(await request.message.bytes(), request.message.header("content-type"));
  return answer(request, await create(room, served, path.namespace ?? "", body, context), context, 201);
}

async function updateOne(request: ResourceRequest): Promise<Reply> {
  const { room, served } = request;
  const context = contextOf(request, "update");
  const place = placeOf(request);
  const bytes = await request.message.bytes();
  const contentType = request.message.header("content-type");
  // Parsed anew for each attempt: an attempt changes it. Warnings are those of the first.
  const object = decode(parseBody(bytes, contentType), served, context);
  requireName(object, place.name);
  return answer(request, await update(room, place, () => copyJson(object), context), context);
}

async function patchOne(request: ResourceRequest): Promise<Reply> {
  const { room, served, query } = request;
  const contentType = request.message.header("content-type") ?? "";
  const isApply = mediaType(contentType) === APPLY;
  const context = contextOf(request, isApply ? "apply" : "patch");
  if (isApply && (query.get("fieldManager") ?? "") === "")
    throw invalidOptions("PatchOptions", [
      { reason: "FieldValueRequired", field: "fieldManager", message: "Required value: an apply names its manager" },
    ]);
  const force = query.get("force") === "true";
  if (force && !isApply) {
    const message = "Forbidden: only an apply can be forced";
    throw invalidOptions("PatchOptions", [{ reason: "FieldValueForbidden", field: "force", message }]);
  }
  const bytes = await request.message.bytes();
  const { object, created } = await patch(room, served, placeOf(request), { bytes, contentType, force }, context);
  return answer(request, object, context, created ? 201 : 200);
}

async function deleteOne(request: ResourceRequest): Promise<Reply> {
  const { room, served } = request;
  const place = placeOf(request);
  const { options, dryRun } = deleteOptions(
    request.query,
    await request.message.bytes(),
    request.message.header("content-type"),
  );
  const context = { ...contextOf(request, "delete"), dryRun };
  const { gone, object } = await remove(room, place, options, context);
  if (gone && !served.kind.showsDeleted)
    return reply(JSON.stringify(deletedBody(served.kind, object.name, object.uid)), { warnings: context.warnings });
  return answer(request, object, context);
}

async function deleteAll(request: ResourceRequest): Promise<Reply> {
  const { room, served } = request;
  const { kind } = served;
  if (kind.namespaced && request.path.namespace === undefined)
    throw methodNotAllowed(kind, "deletecollection without a namespace");
  const { options, dryRun } = deleteOptions(
    request.query,
    await request.message.bytes(),
    request.message.header("content-type"),
  );
  const context = { ...contextOf(request, "delete"), dryRun };
  const page = list(room, kind, scopeOf(request), request.query);
  for (const { namespace, name, uid } of page.items) {
    try {
      await remove(room, { kind, namespace, name }, { ...options, uid }, context);
    } catch (error) {
      // Gone in the meantime, or made anew.
      if (!(error instanceof StatusError && (error.code === 404 || error.code === 409))) throw error;
    }
  }
  const view = viewOf(request);
  return reply(listText(page, view), { warnings: context.warnings, representation: view.representation });
}

const verbs = {
  get: getOne,
  list: listAll,
  create: createOne,
  update: updateOne,
  patch: patchOne,
  delete: deleteOne,
  deletecollection: deleteAll,
} as const satisfies Record<Exclude<Verb, "watch">, (request: ResourceRequest) => Promise<Reply>>;

/** Answers everything but watches and subresources with code of their own. @throws StatusError */
export async function answerResource(request: ResourceRequest): Promise<Reply> {
  const { verb, served } = request;
  if (verb === "watch" || !served.kind.verbs.includes(verb)) throw methodNotAllowed(served.kind, verb);
  return verbs[verb](request);
}

/** A `Status` of success, for actions that answer no object. */
export function success(code: number): Reply {
  return replyJson({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code }, code);
}

export function requireKind(body: unknown, apiVersion: string, kind: string): void {
  const object = requireObject(body);
  if (object["kind"] !== undefined && object["kind"] !== kind)
    throw badRequest(`the body must be a ${kind} of ${apiVersion}`);
}
