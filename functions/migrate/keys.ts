/** Events about a migration are for its instance's key: all work on one machine is done one at a time. */
import type { Key } from "#api/object.ts";
import type { CloudEvent } from "#events/cloud-event.ts";

export function instanceKeys(event: CloudEvent): readonly Key[] {
  const { spec } = event.data as { readonly spec?: { readonly vmiName?: unknown } };
  const name = spec?.vmiName;
  return typeof name === "string" && name !== "" ? [`${event.extensions["namespace"] ?? ""}/${name}`] : [];
}
