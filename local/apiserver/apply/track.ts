/**
 * Ownership under ordinary updates: whoever changes a field owns it, and all others lose it. Tracked from an object's
 * first server-side apply on; until then objects carry no managedFields, and the first apply counts what it finds as
 * owned by "before-first-apply", as Kubernetes does with objects that have none.
 */
import { metadataOf, sameJson, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { WriteContext } from "../room.ts";
import { fieldsOf, type Path } from "./field-set.ts";
import { managersOf, seconds, setManagers, without, type Manager } from "./managed-fields.ts";

export function trackUpdate(
  after: JsonObject,
  old: JsonObject,
  { kind, context, now }: { readonly kind: ServedKind; readonly context: WriteContext; readonly now: Date },
): void {
  // Apply has settled the ownership already.
  if (context.verb === "apply") return;
  const given = metadataOf(after)["managedFields"];
  // One empty entry is how clients ask to forget all ownership.
  const forget = Array.isArray(given) && given.length === 1 && sameJson(given[0], {});
  const managers = forget ? [] : managersOf(old);
  if (managers.length === 0) {
    delete metadataOf(after)["managedFields"];
    return;
  }
  metadataOf(after)["managedFields"] = metadataOf(old)["managedFields"];
  const { schema } = kind.storedVersion;
  const before = fieldsOf(old, schema);
  const now_ = fieldsOf(after, schema);
  const taken = new Set<Path>();
  const gone = new Set<Path>();
  for (const [path, value] of now_) if (!before.has(path) || !sameJson(before.get(path), value)) taken.add(path);
  for (const path of before.keys()) if (!now_.has(path)) gone.add(path);
  if (taken.size === 0 && gone.size === 0) return;
  const subresource = context.subresource ?? "";
  const isMine = (manager: Manager) =>
    manager.name === context.fieldManager && manager.operation === "Update" && manager.subresource === subresource;
  const mine = managers.find(isMine);
  const lost = new Set([...taken, ...gone]);
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
      fields: new Set([...without(mine?.fields ?? new Set(), gone), ...taken]),
    },
  ]);
}
