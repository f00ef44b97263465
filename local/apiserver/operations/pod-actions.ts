/** pods/binding and pods/eviction: a pod gets its node; a pod is asked to go. */
import { reviewed } from "../admission/admission.ts";
import { requireObject } from "../body.ts";
import { isObject, metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { Place, Room, WriteContext } from "../room.ts";
import { badRequest, conflict } from "../status.ts";
import { deleteOptionsIn } from "./options.ts";
import { remove } from "./remove.ts";
import { update } from "./update.ts";

/** Once bound, a pod stays with its node. @throws StatusError 400, 404, 409 when it has a node already */
export async function bind(room: Room, place: Place, body: unknown, context: WriteContext): Promise<void> {
  const binding = requireObject(body);
  const target = objectAt(binding, "target");
  const node = stringAt(target, "name");
  if (node === undefined || node === "") throw badRequest("target.name must be the name of a node");
  const annotations = objectAt(metadataOf(binding), "annotations") ?? {};
  const bound = (pod: JsonObject) => {
    const spec = objectAt(pod, "spec") ?? {};
    const present = stringAt(spec, "nodeName") ?? "";
    if (present !== "")
      throw conflict(place.kind, place.name, `pod ${place.name} is already assigned to node "${present}"`);
    spec["nodeName"] = node;
    const metadata = metadataOf(pod);
    delete metadata["resourceVersion"];
    if (Object.keys(annotations).length > 0)
      metadata["annotations"] = { ...objectAt(metadata, "annotations"), ...annotations };
    pod["status"] = { ...objectAt(pod, "status"), conditions: scheduled(pod, room.now()) };
    return pod;
  };
  await update(room, place, bound, { ...context, subresource: "binding" });
}

function scheduled(pod: JsonObject, now: Date): JsonObject[] {
  const conditions = objectAt(pod, "status")?.["conditions"];
  const others = Array.isArray(conditions)
    ? conditions.filter(isObject).filter(({ type }) => type !== "PodScheduled")
    : [];
  const lastTransitionTime = now.toISOString().replace(/\.\d+Z$/, "Z");
  return [...others, { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime }];
}

/** There are no disruption budgets here: an eviction is a delete. */
export async function evict(room: Room, place: Place, body: unknown, context: WriteContext): Promise<void> {
  const eviction = requireObject(body);
  // Who looks after the pod may have it asked again later, with 429, as a disruption budget would.
  const { namespace, name, kind } = place;
  const { user } = context;
  // `kubectl drain --dry-run=server` says it here, and not in the query.
  const { options, dryRun: asked } = deleteOptionsIn(eviction["deleteOptions"] ?? {}, new URLSearchParams());
  const dryRun = context.dryRun || asked;
  await reviewed(room.admission, kind, {
    operation: "CREATE",
    namespace,
    name,
    object: eviction,
    user,
    dryRun,
    subresource: "eviction",
  });
  await remove(room, place, options, { ...context, dryRun });
}
