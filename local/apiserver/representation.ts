/**
 * How an answer looks: plain JSON, a Table, metadata only, or YAML, as the Accept header wishes; in the version that the
 * request speaks. Plain JSON in the stored version is the stored text, untouched.
 */
import { stringify } from "yaml";
import { metadataOf, type JsonObject } from "./json-value.ts";
import { apiVersionOfServed, type Served } from "./kinds/kind.ts";
import { fromStored } from "./operations/decode.ts";
import type { ListPage } from "./operations/list.ts";
import { StatusError } from "./status.ts";
import { parsed, type StoredObject } from "./store/stored-object.ts";
import { tableOf, type IncludeObject } from "./tables/table.ts";

export interface Representation {
  readonly as: "object" | "table" | "metadata";
  readonly syntax: "json" | "yaml";
}

export const plainJson: Representation = { as: "object", syntax: "json" };

/** The first that the client accepts and this server can write. @throws StatusError 406 */
export function negotiated(accept: string | null | undefined): Representation {
  if (accept === null || accept === undefined || accept === "" || accept === "*/*" || accept === "application/json")
    return plainJson;
  for (const entry of accept.split(",")) {
    const [type = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    const syntax = syntaxOf(type);
    if (syntax === undefined) continue;
    const as = parameters.find((parameter) => parameter.startsWith("as="))?.slice(3);
    switch (as) {
      case undefined:
        return { as: "object", syntax };
      case "table":
        if (parameters.includes("v=v1")) return { as: "table", syntax };
        break;
      case "partialobjectmetadata":
      case "partialobjectmetadatalist":
        return { as: "metadata", syntax };
    }
  }
  const message = `none of the accepted media types is served: ${accept}; this server writes application/json and application/yaml`;
  throw new StatusError(406, "NotAcceptable", message);
}

function syntaxOf(type: string): Representation["syntax"] | undefined {
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json";
  return type === "application/yaml" ? "yaml" : undefined;
}

/** The stored object in the request's version, fresh. */
export function inVersion(object: StoredObject, served: Served): JsonObject {
  return fromStored(parsed(object), served);
}

/** Its JSON in the request's version. */
export function jsonOf(object: StoredObject, served: Served): string {
  const apiVersion = `{"apiVersion":${JSON.stringify(apiVersionOfServed(served))},`;
  if (object.text.startsWith(apiVersion)) return object.text;
  if (served.version.convert !== undefined) return JSON.stringify(inVersion(object, served));
  // All versions of a custom kind share their shape: only the first field differs.
  return apiVersion + object.text.slice(object.text.indexOf(',"kind":') + 1);
}

function partial(object: JsonObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: metadataOf(object) };
}

export interface View {
  readonly served: Served;
  readonly representation: Representation;
  readonly include: IncludeObject;
  readonly now: Date;
}

/** One object's JSON text. */
export function objectText(object: StoredObject, { served, representation, include, now }: View): string {
  switch (representation.as) {
    case "object":
      return jsonOf(object, served);
    case "metadata":
      return JSON.stringify(partial(inVersion(object, served)));
    case "table": {
      const metadata = { resourceVersion: String(object.version) };
      return JSON.stringify(
        tableOf([inVersion(object, served)], { columns: served.version.columns, include, now, metadata }),
      );
    }
  }
}

/** Characters of a long list that are made at a time. */
const LIST_PIECE_CHARACTERS = 128 * 1024;

/** A plain list's JSON text in pieces: whole, a list of 10,000 objects would be in memory three times over. */
export function* listPieces(page: ListPage, view: View): Generator<string> {
  const whole = listText({ ...page, items: [] }, view);
  let piece = whole.slice(0, -2);
  for (const [index, object] of page.items.entries()) {
    piece += (index === 0 ? "" : ",") + jsonOf(object, view.served);
    if (piece.length < LIST_PIECE_CHARACTERS) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

/** A list's JSON text. */
export function listText(page: ListPage, { served, representation, include, now }: View): string {
  const metadata = {
    resourceVersion: String(page.version),
    ...(page.next === undefined ? {} : { continue: page.next }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  switch (representation.as) {
    case "object": {
      const head = JSON.stringify({ kind: served.kind.listKind, apiVersion: apiVersionOfServed(served), metadata });
      return `${head.slice(0, -1)},"items":[${page.items.map((object) => jsonOf(object, served)).join(",")}]}`;
    }
    case "metadata": {
      const items = page.items.map((object) => partial(inVersion(object, served)));
      return JSON.stringify({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata, items });
    }
    case "table": {
      const objects = page.items.map((object) => inVersion(object, served));
      return JSON.stringify(tableOf(objects, { columns: served.version.columns, include, now, metadata }));
    }
  }
}

/** The text as it goes out, with its content type. */
export function written(
  text: string,
  { syntax }: Representation,
): { readonly body: string; readonly contentType: string } {
  if (syntax === "json") return { body: text, contentType: "application/json" };
  return { body: stringify(JSON.parse(text)), contentType: "application/yaml" };
}

export function includeIn(query: URLSearchParams): IncludeObject {
  const wished = query.get("includeObject");
  return wished === "None" || wished === "Object" ? wished : "Metadata";
}
