/**
 * What in a definition would be taken and then be without effect, or break each object of its kind: names, columns, scale
 * paths, defaults. Looked at when a definition is made or its spec changes, not again when it goes.
 */
import { copyJson } from "#events/json.ts";
import { invalidValue, requiredValue, unsupportedValue } from "../causes.ts";
import { isObject, objectAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import { nameProblem } from "../names.ts";
import { prune } from "../schema/prune.ts";
import { ruleCauses } from "../schema/rules.ts";
import type { Schema } from "../schema/schema.ts";
import { compileStructural } from "../schema/structural.ts";
import { validate } from "../schema/validate.ts";
import type { StatusCause } from "../status.ts";
import { compileJsonPath } from "../tables/json-path.ts";
import { columnTypes } from "../tables/printer-column.ts";

/** @param definition whose shape holds and whose names are filled in */
export function specCauses(definition: JsonObject): StatusCause[] {
  const spec = objectAt(definition, "spec") ?? {};
  const versions = (Array.isArray(spec["versions"]) ? spec["versions"] : []).filter(isObject);
  const seen = new Set<string>();
  return [
    ...namesCauses(objectAt(spec, "names") ?? {}),
    ...versions.flatMap((version, index) => {
      const at = `spec.versions[${index}]`;
      const name = stringAt(version, "name") ?? "";
      const doubled = seen.has(name) ? [invalidValue("spec.versions", name, "a version is there once")] : [];
      seen.add(name);
      return [
        ...labelCauses(`${at}.name`, name),
        ...doubled,
        ...columnCauses(version["additionalPrinterColumns"], `${at}.additionalPrinterColumns`),
        ...scaleCauses(objectAt(objectAt(version, "subresources") ?? {}, "scale"), `${at}.subresources.scale`),
        ...defaultCauses(version, `${at}.schema.openAPIV3Schema`),
      ];
    }),
  ];
}

function labelCauses(field: string, text: string): StatusCause[] {
  if (text === "") return [requiredValue(field, "a name is wanted")];
  const problem = nameProblem(text, "label1035");
  return problem === undefined ? [] : [invalidValue(field, text, problem)];
}

function namesCauses(names: JsonObject): StatusCause[] {
  const at = "spec.names";
  const [kind, listKind] = [stringAt(names, "kind") ?? "", stringAt(names, "listKind") ?? ""];
  const same = kind !== "" && kind === listKind;
  return [
    ...labelCauses(`${at}.singular`, stringAt(names, "singular") ?? ""),
    ...labelCauses(`${at}.kind`, kind.toLowerCase()),
    ...labelCauses(`${at}.listKind`, listKind.toLowerCase()),
    ...(same ? [invalidValue(`${at}.listKind`, listKind, "must not be the kind itself")] : []),
    ...["shortNames", "categories"].flatMap((list) =>
      stringsAt(names, list).flatMap((name, index) => labelCauses(`${at}.${list}[${index}]`, name)),
    ),
  ];
}

function columnCauses(columns: unknown, at: string): StatusCause[] {
  if (!Array.isArray(columns)) return [];
  return columns.filter(isObject).flatMap((column, index) => {
    const path = stringAt(column, "jsonPath") ?? "";
    const type = stringAt(column, "type") ?? "";
    const understood = path.startsWith(".") && compileJsonPath(path) !== undefined;
    return [
      ...(understood ? [] : [invalidValue(`${at}[${index}].jsonPath`, path, "must be a JSON path such as .spec.size")]),
      ...(columnTypes.some((known) => known === type)
        ? []
        : [unsupportedValue(`${at}[${index}].type`, type, columnTypes)]),
    ];
  });
}

function scaleCauses(scale: JsonObject | undefined, at: string): StatusCause[] {
  if (scale === undefined) return [];
  const under = (field: string, root: string, isWanted: boolean): StatusCause[] => {
    const path = stringAt(scale, field) ?? "";
    if (path === "" && !isWanted) return [];
    if (new RegExp(`^\\.(${root})(\\.[A-Za-z0-9_-]+)+$`).test(path)) return [];
    return [invalidValue(`${at}.${field}`, path, `must be a path of fields under .${root.replace("|", " or .")}`)];
  };
  return [
    ...under("specReplicasPath", "spec", true),
    ...under("statusReplicasPath", "status", true),
    ...under("labelSelectorPath", "spec|status", false),
  ];
}

/** A default that is wrong would make each object wrong that leaves the field out. */
function defaultCauses(version: JsonObject, at: string): StatusCause[] {
  const source = objectAt(objectAt(version, "schema") ?? {}, "openAPIV3Schema");
  if (source === undefined) return [];
  const { schema, causes } = compileStructural(source, at);
  return causes.length > 0 ? [] : [...defaultsOf(schema, at)].flatMap(wrongDefault);
}

interface Default {
  readonly schema: Schema;
  readonly value: unknown;
  readonly at: string;
}

function* defaultsOf(schema: Schema, at: string): Generator<Default> {
  if (!schema.hasDefaults) return;
  if (schema.default !== undefined) yield { schema, value: schema.default.value, at };
  for (const [name, child] of schema.properties) yield* defaultsOf(child, `${at}.properties[${name}]`);
  if (schema.additional !== undefined) yield* defaultsOf(schema.additional, `${at}.additionalProperties`);
  if (schema.items !== undefined) yield* defaultsOf(schema.items, `${at}.items`);
}

function wrongDefault({ schema, value, at }: Default): StatusCause[] {
  const field = `${at}.default`;
  const unknown = prune(copyJson(value), schema);
  if (unknown.length > 0) return [invalidValue(field, value, `has fields that are not known: ${unknown.join(", ")}`)];
  const causes = validate(value, schema);
  const found = causes.length > 0 ? causes : ruleCauses(value, schema);
  return found.map(({ reason, message, field: below }) => ({
    reason,
    field,
    message: below === undefined || below === "" ? message : `${message} (at ${below})`,
  }));
}
