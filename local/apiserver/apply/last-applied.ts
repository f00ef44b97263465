/**
 * kubectl's way from client-side to server-side apply. Client-side apply keeps what was applied in an annotation, and its
 * fields belong to another manager than those of server-side apply. What stands in the annotation is kubectl's own all the
 * same: it is no conflict. As long as the annotation is there it is kept in step, so that there is a way back.
 */
import { copyJson, sortedJson } from "#events/json.ts";
import { isObject, metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { ServedKind } from "../kinds/kind.ts";
import type { WriteContext } from "../room.ts";
import { fieldsOf, type Path } from "./field-set.ts";

/** The manager by which kubectl applies unless it is told another. */
export const KUBECTL = "kubectl";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

function lastApplied(live: JsonObject): JsonObject | undefined {
  const text = stringAt(objectAt(metadataOf(live), "annotations") ?? {}, ANNOTATION);
  if (text === undefined || text === "") return undefined;
  try {
    const object: unknown = JSON.parse(text);
    return isObject(object) ? object : undefined;
  } catch {
    return undefined; // anybody may write annotations: this one says nothing
  }
}

/** Whether all contested fields are kubectl's own from its client-side applies. */
export function isHandedOver(
  live: JsonObject,
  contested: ReadonlySet<Path>,
  { kind, context }: { readonly kind: ServedKind; readonly context: WriteContext },
): boolean {
  if (context.fieldManager !== KUBECTL) return false;
  const before = lastApplied(live);
  if (before === undefined) return false;
  const own = fieldsOf(before, kind.storedVersion.schema);
  return [...contested].every((path) => own.has(path));
}

export function renewLastApplied(result: JsonObject, applied: JsonObject): void {
  const annotations = objectAt(metadataOf(result), "annotations");
  if (annotations === undefined || lastApplied(result) === undefined) return;
  const kept = copyJson(applied);
  const metadata = metadataOf(kept);
  const own = objectAt(metadata, "annotations");
  delete own?.[ANNOTATION];
  if (own !== undefined && Object.keys(own).length === 0) delete metadata["annotations"];
  annotations[ANNOTATION] = `${JSON.stringify(sortedJson(kept))}\n`;
}
