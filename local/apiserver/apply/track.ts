/**
 * Ownership under ordinary writes: whoever creates an object owns its fields, whoever changes one takes it, and all others
 * lose it. An object whose managedFields were cleared is not tracked any more until it is applied; the apply then counts
 * what it finds as owned by "before-first-apply".
 */
import { sameJson } from "#events/json.ts";
import { metadataOf, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { WriteContext } from "../room.ts";
import { changesOf, fieldsOf } from "./field-set.ts";
import { managersOf, seconds, setManagers, without, type Manager } from "./managed-fields.ts";

function asText({ fields, ...manager }: Manager): string {
  return JSON.stringify([manager, [...fields].toSorted()]);
}

interface Tracking {
  readonly kind: ServedKind;
  readonly context: WriteContext;
  readonly now: Date;
}

export function trackCreation(object: JsonObject, { kind, context, now }: Tracking): void {
  // Apply has settled the ownership already.
  if (context.verb !== "create") return;
  setManagers(object, [
    {
      name: context.fieldManager,
      operation: "Update",
      apiVersion: kind.storedApiVersion,
      subresource: "",
      time: seconds(now),
      fields: new Set(fieldsOf(object, kind.storedVersion.schema).keys()),
    },
  ]);
}

/** The client may hand managedFields over as well: kubectl does so when it moves to server-side apply. */
function managersGiven(after: JsonObject, old: JsonObject): Manager[] {
  const given = metadataOf(after)["managedFields"];
  // One empty entry is how clients ask to forget all ownership.
  if (Array.isArray(given) && given.length === 1 && sameJson(given[0], {})) return [];
  const managers = managersOf(after);
  return managers.length > 0 && managers.every(({ name }) => name !== "") ? managers : managersOf(old);
}

export function trackUpdate(after: JsonObject, old: JsonObject, { kind, context, now }: Tracking): void {
  // Apply has settled the ownership already.
  if (context.verb === "apply") return;
  const handed = metadataOf(after)["managedFields"];
  const had = metadataOf(old)["managedFields"];
  const untouched = sameJson(handed, had);
  const managers = untouched ? managersOf(old) : managersGiven(after, old);
  if (managers.length === 0) {
    delete metadataOf(after)["managedFields"];
    return;
  }
  if (untouched || sameJson(managers.map(asText), managersOf(old).map(asText))) {
    metadataOf(after)["managedFields"] = had;
  } else setManagers(after, managers);
  const { taken, gone } = changesOf(old, after, kind.storedVersion.schema);
  if (taken.size === 0 && gone.size === 0) return;
  const subresource = context.subresource ?? "";
  const isMine = (manager: Manager) =>
    manager.name === context.fieldManager && manager.operation === "Update" && manager.subresource === subresource;
  const mine = managers.find(isMine);
  const kept = without(mine?.fields ?? new Set(), gone);
  const lost = taken.union(gone);
  const others = managers
    .filter((manager) => !isMine(manager))
    .map((manager) => ({ ...manager, fields: without(manager.fields, lost) }));
  setManagers(after, [
    ...others,
    {
      name: context.fieldManager,
      operation: "Update",
      apiVersion: kind.storedApiVersion,
      subresource,
      time: seconds(now),
      fields: taken.isSubsetOf(kept) ? kept : kept.union(taken),
    },
  ]);
}
