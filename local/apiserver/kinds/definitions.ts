/** CustomResourceDefinitions: what makes one valid, the status that the server gives it, and the kind that it defines. */
import { sameJson } from "#events/json.ts";
import { isObject, metadataOf, objectAt, objectsAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import { nameProblem } from "../names.ts";
import { ruleProblems } from "../schema/rule-check.ts";
import { emptySchema, type Schema } from "../schema/schema.ts";
import { compileStructural } from "../schema/structural.ts";
import type { StatusCause } from "../status.ts";
import { ageColumn, printerColumn } from "../tables/printer-column.ts";
import { metadataSchema } from "./core-schema.ts";
import { specCauses } from "./definition-checks.ts";
import {
  allVerbs,
  apiVersionFor,
  type KindRules,
  type ScalePaths,
  type ServedKind,
  type ServedVersion,
} from "./kind.ts";

/** Present while objects of the kind may exist. */
export const DEFINITION_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";
export const DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io";

function specOf(object: JsonObject): JsonObject {
  return objectAt(object, "spec") ?? {};
}

function namesOf(object: JsonObject): JsonObject {
  return objectAt(specOf(object), "names") ?? {};
}

function versionsOf(object: JsonObject): JsonObject[] {
  return objectsAt(specOf(object), "versions");
}

function schemaSource(version: JsonObject): JsonObject | undefined {
  const schema = objectAt(version, "schema");
  return schema === undefined ? undefined : objectAt(schema, "openAPIV3Schema");
}

function fillNames(object: JsonObject): void {
  const names = namesOf(object);
  const kind = stringAt(names, "kind") ?? "";
  names["singular"] ??= kind.toLowerCase();
  names["listKind"] ??= `${kind}List`;
  const spec = specOf(object);
  spec["conversion"] ??= { strategy: "None" };
}

/** Names are accepted and the kind is served as soon as the definition is stored. */
function established(object: JsonObject, old: JsonObject | undefined, now: Date): JsonObject {
  const had = old === undefined ? undefined : objectAt(old, "status");
  const versions = versionsOf(object);
  const storage = versions.find((version) => version["storage"] === true);
  const since = now.toISOString().replace(/\.\d+Z$/, "Z");
  const stored = new Set([...stringsAt(had, "storedVersions"), stringAt(storage, "name") ?? ""]);
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: "True",
    reason,
    message,
    lastTransitionTime: since,
  });
  return {
    acceptedNames: namesOf(object),
    conditions: had?.["conditions"] ?? [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the kind is served"),
    ],
    storedVersions: [...stored],
  };
}

export const definitionRules: KindRules = {
  prepareCreate(object, now) {
    fillNames(object);
    const metadata = metadataOf(object);
    metadata["finalizers"] = [...new Set([...stringsAt(metadata, "finalizers"), DEFINITION_FINALIZER])];
    object["status"] = established(object, undefined, now);
  },
  prepareUpdate(object, old) {
    fillNames(object);
    object["status"] = established(object, old, new Date());
  },
  validate: definitionCauses,
  validateCreate: specCauses,
  validateUpdate(object, old) {
    // One that was stored before this was looked at can still go.
    const causes = sameJson(specOf(object), specOf(old)) ? [] : specCauses(object);
    for (const path of ["group", "scope"]) {
      if (specOf(object)[path] === specOf(old)[path]) continue;
      causes.push({
        reason: "FieldValueInvalid",
        field: `spec.${path}`,
        message: "Invalid value: the field is immutable",
      });
    }
    for (const field of ["plural", "kind"]) {
      if (namesOf(object)[field] === namesOf(old)[field]) continue;
      causes.push({
        reason: "FieldValueInvalid",
        field: `spec.names.${field}`,
        message: "Invalid value: the field is immutable",
      });
    }
    return causes;
  },
};

function definitionCauses(object: JsonObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const refuse = (field: string, message: string, reason = "FieldValueInvalid") =>
    causes.push({ reason, field, message });
  const spec = specOf(object);
  const group = stringAt(spec, "group") ?? "";
  const plural = stringAt(namesOf(object), "plural") ?? "";
  if (nameProblem(group, "subdomain") !== undefined || !group.includes(".")) {
    refuse("spec.group", `Invalid value: ${JSON.stringify(group)}: must be a DNS name with at least one dot`);
  }
  if (nameProblem(plural, "label") !== undefined)
    refuse("spec.names.plural", `Invalid value: ${JSON.stringify(plural)}: must be a DNS label`);
  const name = stringAt(metadataOf(object), "name");
  if (name !== `${plural}.${group}`) {
    refuse("metadata.name", `Invalid value: ${JSON.stringify(name)}: must be spec.names.plural+"."+spec.group`);
  }
  const scope = stringAt(spec, "scope");
  if (scope !== "Namespaced" && scope !== "Cluster") {
    refuse(
      "spec.scope",
      `Unsupported value: ${JSON.stringify(scope)}: supported values: Cluster, Namespaced`,
      "FieldValueNotSupported",
    );
  }
  const strategy = stringAt(objectAt(spec, "conversion"), "strategy");
  if (strategy !== "None") {
    refuse(
      "spec.conversion.strategy",
      `Unsupported value: "${strategy}": supported values: None`,
      "FieldValueNotSupported",
    );
  }
  const versions = versionsOf(object);
  if (versions.filter((version) => version["storage"] === true).length !== 1) {
    refuse("spec.versions", "Invalid value: exactly one version must be the storage version");
  }
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    const source = schemaSource(version);
    if (source === undefined) refuse(path, "Required value: schemas are required", "FieldValueRequired");
    else causes.push(...schemaCauses(source, path));
  });
  return causes;
}

function schemaCauses(source: JsonObject, path: string): readonly StatusCause[] {
  const { schema, causes } = compileStructural(source, path);
  return causes.length > 0 ? causes : ruleProblems(withObjectFields(schema), path);
}

/** Every object has these, whatever its definition says. */
function withObjectFields(schema: Schema): Schema {
  const text: Schema = { ...emptySchema(), type: "string" };
  schema.properties.set("apiVersion", text);
  schema.properties.set("kind", text);
  schema.properties.set("metadata", metadataSchema());
  return schema;
}

function path(text: unknown): readonly string[] {
  return typeof text === "string" ? text.split(".").filter((field) => field !== "") : [];
}

function scaleOf(subresources: JsonObject): ScalePaths | undefined {
  const scale = objectAt(subresources, "scale");
  if (scale === undefined) return undefined;
  return {
    spec: path(scale["specReplicasPath"]),
    status: path(scale["statusReplicasPath"]),
    selector: scale["labelSelectorPath"] === undefined ? undefined : path(scale["labelSelectorPath"]),
  };
}

function servedVersion(source: JsonObject, group: string, kind: string): ServedVersion {
  const name = stringAt(source, "name") ?? "";
  const subresources = objectAt(source, "subresources") ?? {};
  const columns = source["additionalPrinterColumns"];
  const deprecation = stringAt(source, "deprecationWarning") ?? `${group}/${name} ${kind} is deprecated`;
  return {
    name,
    served: source["served"] === true,
    deprecationWarning: source["deprecated"] === true ? deprecation : undefined,
    schema: withObjectFields(compileStructural(schemaSource(source) ?? {}, "").schema),
    columns: Array.isArray(columns) && columns.length > 0 ? columns.filter(isObject).map(printerColumn) : [ageColumn],
    hasStatus: objectAt(subresources, "status") !== undefined,
    scale: scaleOf(subresources),
  };
}

/** v2 before v1 before v1beta1 before v1alpha1 before anything else. */
export function versionRank(name: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name);
  if (match === null) return -1;
  const stage = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0;
  return stage * 1e6 + Number(match[1]) * 1e3 + Number(match[3] ?? 0);
}

/** The kind of a definition that has been validated. */
export function definedKind(definition: JsonObject): ServedKind {
  const spec = specOf(definition);
  const names = namesOf(definition);
  const group = stringAt(spec, "group") ?? "";
  const plural = stringAt(names, "plural") ?? "";
  const kind = stringAt(names, "kind") ?? "";
  const sources = versionsOf(definition);
  const versions = sources
    .map((source) => servedVersion(source, group, kind))
    .sort((a, b) => versionRank(b.name) - versionRank(a.name));
  const storage = stringAt(
    sources.find((source) => source["storage"] === true),
    "name",
  );
  const storedVersion = versions.find((version) => version.name === storage) ?? versions[0];
  if (storedVersion === undefined) throw new Error(`${plural}.${group} has no version`);
  return {
    group,
    kind,
    plural,
    resource: `${plural}.${group}`,
    singular: stringAt(names, "singular") ?? kind.toLowerCase(),
    listKind: stringAt(names, "listKind") ?? `${kind}List`,
    shortNames: stringsAt(names, "shortNames"),
    categories: stringsAt(names, "categories"),
    namespaced: stringAt(spec, "scope") === "Namespaced",
    custom: true,
    counted: true,
    verbs: allVerbs,
    nameGrammar: "subdomain",
    showsDeleted: false,
    versions,
    storedVersion,
    storedApiVersion: apiVersionFor(group, storedVersion.name),
    selectable: selectableOf(sources),
    rules: {},
    actions: [],
  };
}

function selectableOf(sources: readonly JsonObject[]): Record<string, readonly string[]> {
  const fields = sources.flatMap((source) => objectsAt(source, "selectableFields"));
  return Object.fromEntries(
    fields.map((field) => {
      const at = path(field["jsonPath"]);
      return [at.join("."), at];
    }),
  );
}
