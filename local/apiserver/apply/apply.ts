/**
 * Server-side apply: a manager declares the fields that it wants. Fields that others own with another value are
 * conflicts, unless forced; fields that it declared before and no longer declares go, unless others own them too.
 */
import { copyJson, sameJson } from "#events/json.ts";
import { metadataOf, valueAt, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { WriteContext } from "../room.ts";
import { badRequest, StatusError, type StatusCause } from "../status.ts";
import { elements, fieldsOf, type FieldSet, type Path } from "./field-set.ts";
import { managersOf, seconds, setManagers, without, type Manager } from "./managed-fields.ts";
import { isHandedOver, KUBECTL, renewLastApplied } from "./last-applied.ts";
import { merged, withoutFields } from "./merge.ts";

export interface ApplyOptions {
  readonly kind: ServedKind;
  readonly context: WriteContext;
  readonly force: boolean;
  readonly now: Date;
}

/** The part of the applied object that this request may write. */
function writable(applied: JsonObject, { kind, context }: ApplyOptions): JsonObject {
  const result = copyJson(applied);
  if (context.subresource === "status") {
    return { metadata: {}, ...(result["status"] === undefined ? {} : { status: result["status"] }) };
  }
  if (kind.storedVersion.hasStatus) delete result["status"];
  return result;
}

export function requireNoManagedFields(applied: JsonObject): void {
  const given = metadataOf(applied)["managedFields"];
  if (Array.isArray(given) && given.length > 0)
    throw badRequest("metadata.managedFields must be nil in an applied object");
}

/** A new object, owned by the one who applies it. */
export function appliedNew(applied: JsonObject, options: ApplyOptions): JsonObject {
  const object = copyJson(applied);
  delete metadataOf(object)["managedFields"];
  const fields = new Set(fieldsOf(writable(applied, options), options.kind.storedVersion.schema).keys());
  setManagers(object, [managerFor(options, fields)]);
  return object;
}

function managerFor({ kind, context, now }: ApplyOptions, fields: Manager["fields"]): Manager {
  return {
    name: context.fieldManager,
    operation: "Apply",
    apiVersion: kind.storedApiVersion,
    subresource: context.subresource ?? "",
    time: seconds(now),
    fields,
  };
}

/** `live` (not changed) after the apply. @throws StatusError 409 with a cause for each conflict */
export function appliedOver(live: JsonObject, applied: JsonObject, options: ApplyOptions): JsonObject {
  const { kind, context, force } = options;
  const { schema } = kind.storedVersion;
  const wished = writable(applied, options);
  const wishedFields = fieldsOf(wished, schema);
  const liveFields = fieldsOf(live, schema);
  const managers = trackedManagers(live, liveFields, options);
  const isMine = (manager: Manager) =>
    manager.name === context.fieldManager &&
    manager.operation === "Apply" &&
    manager.subresource === (context.subresource ?? "");
  const mine = managers.find(isMine);
  const contested = new Set<Path>();
  const causes: StatusCause[] = [];
  for (const manager of managers.filter((other) => !isMine(other))) {
    for (const [path, value] of wishedFields) {
      if (!manager.fields.has(path) || sameJson(liveFields.get(path), value)) continue;
      contested.add(path);
      causes.push({
        reason: "FieldManagerConflict",
        field: shownPath(path),
        message: `conflict with ${shownManager(manager)}`,
      });
    }
  }
  if (causes.length > 0 && !force && !isHandedOver(live, contested, options)) throw conflicts(causes);
  const others = managers
    .filter((other) => !isMine(other))
    .map((other) => ({ ...other, fields: without(other.fields, contested) }));
  const result = copyJson(merged(live, wished, schema)) as JsonObject;
  const kept = new Set<Path>([...wishedFields.keys(), ...others.flatMap(({ fields }) => [...fields])]);
  withoutFields(result, new Set([...(mine?.fields ?? [])].filter((path) => !kept.has(path))), kept, schema);
  const fields = new Set(wishedFields.keys());
  const entry = managerFor(options, fields);
  // The same fields once more: the entry keeps its time, so that an apply that changes nothing writes nothing.
  const same = mine !== undefined && sameSet(mine.fields, fields);
  setManagers(result, [...others, same ? { ...entry, time: mine.time } : entry]);
  if (context.fieldManager === KUBECTL) renewLastApplied(result, applied);
  metadataOf(result)["resourceVersion"] = valueAt(applied, ["metadata", "resourceVersion"]);
  return result;
}

function trackedManagers(live: JsonObject, fields: ReadonlyMap<Path, unknown>, options: ApplyOptions): Manager[] {
  const managers = managersOf(live);
  if (managers.length > 0) return managers;
  const { kind, now } = options;
  const all = new Set(fields.keys());
  return [
    {
      name: "before-first-apply",
      operation: "Update",
      apiVersion: kind.storedApiVersion,
      subresource: "",
      time: seconds(now),
      fields: all,
    },
  ];
}

function sameSet(left: FieldSet, right: FieldSet): boolean {
  return left.size === right.size && [...left].every((path) => right.has(path));
}

function shownManager({ name, operation, apiVersion, subresource }: Manager): string {
  const part = subresource === "" ? "" : ` with subresource "${subresource}"`;
  return operation === "Apply" ? `"${name}"${part}` : `"${name}"${part} using ${apiVersion}`;
}

/** .spec.containers[name="a"].image */
function shownPath(path: Path): string {
  return elements(path)
    .map((part) => {
      if (part.startsWith("f:")) return `.${part.slice(2)}`;
      if (part.startsWith("v:")) return `[=${part.slice(2)}]`;
      const keys = Object.entries(JSON.parse(part.slice(2)) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

function conflicts(causes: readonly StatusCause[]): StatusError {
  const list = causes.map(({ field, message }) => `${message}: ${field}`).join("\n");
  const count = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  return new StatusError(409, "Conflict", `Apply failed with ${count}: ${list}`, { causes });
}
