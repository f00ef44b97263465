/**
 * OpenAPI v3, one document for each group and version: what `kubectl explain` shows, and where kubectl learns which
 * options a request understands. Made when first asked for, kept until a kind changes.
 */
import type { Kinds } from "../kinds/kinds.ts";
import { apiVersionFor, type ServedKind, type ServedVersion } from "../kinds/kind.ts";
import { documented } from "./discovery.ts";
import { Components } from "./openapi-schema.ts";

interface Served {
  readonly kind: ServedKind;
  readonly version: ServedVersion;
}

export class OpenApi {
  readonly #kinds: Kinds;
  readonly #documents = new Map<string, string>();
  readonly #started = Date.now().toString(36);
  #revision = -1;

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  #forgetIfStale(): void {
    if (this.#revision === this.#kinds.revision) return;
    this.#revision = this.#kinds.revision;
    this.#documents.clear();
  }

  /** The list of documents. Clients keep a document as long as its address stays the same. */
  index(): object {
    this.#forgetIfStale();
    const hash = `${this.#started}-${this.#revision}`;
    const paths = [...documented(this.#kinds).keys()].map((root) => [
      root,
      { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` },
    ]);
    return { paths: Object.fromEntries(paths) as object };
  }

  /** One document's JSON; `root` such as api/v1 or apis/example.com/v1. Undefined when there is none. */
  document(root: string): string | undefined {
    this.#forgetIfStale();
    const known = this.#documents.get(root);
    if (known !== undefined) return known;
    const served = documented(this.#kinds).get(root);
    if (served === undefined) return undefined;
    const text = JSON.stringify(describe(root, served));
    this.#documents.set(root, text);
    return text;
  }
}

function describe(root: string, all: readonly Served[]): object {
  const components = new Components();
  const paths: Record<string, object> = {};
  for (const served of all) {
    const { kind, version } = served;
    const gvk = { group: kind.group, version: version.name, kind: kind.kind };
    const name = `${kind.group.split(".").toReversed().concat(version.name, kind.kind).filter(Boolean).join(".")}`;
    components.schemas[name] = { ...components.inline(version.schema), "x-kubernetes-group-version-kind": [gvk] };
    const content = { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
    const collection = `/${root}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.plural}`;
    paths[collection] = {
      ...(kind.namespaced ? { parameters: [pathParameter("namespace")] } : {}),
      get: operation("list", gvk, content, listParameters),
      post: operation("post", gvk, content, writeParameters, content),
    };
    paths[`${collection}/{name}`] = {
      parameters: [pathParameter("name"), ...(kind.namespaced ? [pathParameter("namespace")] : [])],
      get: operation("get", gvk, content, []),
      put: operation("put", gvk, content, writeParameters, content),
      patch: operation("patch", gvk, content, [...writeParameters, parameter("force", "boolean")], patchContent(kind)),
      delete: operation("delete", gvk, content, deleteParameters),
    };
  }
  const title = apiVersionFor(all[0]?.kind.group ?? "", all[0]?.version.name ?? "");
  return { openapi: "3.0.0", info: { title, version: "v1" }, paths, components: { schemas: components.schemas } };
}

/** Strategic merge is left out: kubectl then uses the merge rules that it was built with, which are complete. */
function patchContent(kind: ServedKind): object {
  const types = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
  const schema = { schema: { type: "object", description: `A patch of a ${kind.kind}` } };
  return Object.fromEntries(types.map((type) => [type, schema]));
}

function operation(action: string, gvk: object, content: object, parameters: readonly object[], body?: object): object {
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: body, required: true } }),
    "responses": { 200: { description: "OK", content } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}

function parameter(name: string, type: "string" | "integer" | "boolean"): object {
  return { name, in: "query", schema: { type, uniqueItems: true } };
}

function pathParameter(name: string): object {
  return { name, in: "path", required: true, schema: { type: "string", uniqueItems: true } };
}

const writeParameters = ["dryRun", "fieldManager", "fieldValidation"].map((name) => parameter(name, "string"));
const listParameters = [
  ...["labelSelector", "fieldSelector", "continue", "resourceVersion", "resourceVersionMatch"].map((name) =>
    parameter(name, "string"),
  ),
  ...["allowWatchBookmarks", "sendInitialEvents", "watch"].map((name) => parameter(name, "boolean")),
  ...["limit", "timeoutSeconds"].map((name) => parameter(name, "integer")),
];
const deleteParameters = [
  parameter("dryRun", "string"),
  parameter("gracePeriodSeconds", "integer"),
  parameter("propagationPolicy", "string"),
];
