/** All kinds that are served now: the core table, and what the stored definitions define. */
import { metadataOf, stringAt, valueAt, type JsonObject } from "../json-value.ts";
import { coreKinds } from "./core.ts";
import { DEFINITIONS, definedKind } from "./definitions.ts";
import type { Served, ServedKind } from "./kind.ts";

export class Kinds {
  readonly #core = coreKinds();
  /** By the definition's name. */
  readonly #defined = new Map<string, ServedKind>();
  readonly #ending = new Set<string>();
  #paths = new Map<string, Served>();
  #byResource = new Map<string, ServedKind>();
  #revision = 0;

  constructor() {
    this.#rebuild();
  }

  /** Grows whenever a kind comes, changes or goes: what is derived from the kinds may be kept until then. */
  get revision(): number {
    return this.#revision;
  }

  define(definition: JsonObject): ServedKind {
    const kind = definedKind(definition);
    this.#defined.set(stringAt(metadataOf(definition), "name") ?? "", kind);
    this.#rebuild();
    return kind;
  }

  /** Its definition is being deleted: no new objects. */
  isEnding(resource: string): boolean {
    return this.#ending.has(resource);
  }

  setEnding(resource: string, ending: boolean): void {
    if (ending) this.#ending.add(resource);
    else this.#ending.delete(resource);
  }

  undefine(name: string): void {
    this.#defined.delete(name);
    this.#ending.delete(name);
    this.#rebuild();
  }

  #rebuild(): void {
    this.#revision++;
    this.#paths = new Map();
    this.#byResource = new Map();
    for (const kind of this.all()) {
      if (!this.#byResource.has(kind.resource)) this.#byResource.set(kind.resource, kind);
      for (const version of kind.versions) {
        if (version.served) this.#paths.set(`${kind.group}/${version.name}/${kind.plural}`, { kind, version });
      }
    }
  }

  all(): readonly ServedKind[] {
    return [...this.#core, ...this.#defined.values()];
  }

  find(group: string, version: string, plural: string): Served | undefined {
    return this.#paths.get(`${group}/${version}/${plural}`);
  }

  byResource(resource: string): ServedKind | undefined {
    return this.#byResource.get(resource);
  }

  /** The kind that an owner reference or a scale target names; any version will do. */
  byGroupKind(group: string, kind: string): ServedKind | undefined {
    return this.all().find((served) => served.group === group && served.kind === kind);
  }

  get definitions(): Served {
    const found = this.find("apiextensions.k8s.io", "v1", DEFINITIONS.split(".")[0] ?? "");
    if (found === undefined) throw new Error("the table of core kinds has no definitions");
    return found;
  }

  /** What field selectors may ask of objects of a resource, beside name and namespace. */
  fieldsOf(resource: string, object: JsonObject): Record<string, string> {
    const fields: Record<string, string> = {};
    const metadata = metadataOf(object);
    fields["metadata.name"] = stringAt(metadata, "name") ?? "";
    fields["metadata.namespace"] = stringAt(metadata, "namespace") ?? "";
    for (const [name, path] of Object.entries(this.#byResource.get(resource)?.selectable ?? {})) {
      const value = valueAt(object, path);
      if (value !== undefined && value !== null)
        fields[name] = typeof value === "string" ? value : JSON.stringify(value);
    }
    return fields;
  }

  selectableFields(kind: ServedKind): ReadonlySet<string> {
    return new Set(["metadata.name", "metadata.namespace", ...Object.keys(kind.selectable)]);
  }
}
