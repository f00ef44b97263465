/** Events about a migration are for its instance's key: all work on one machine is done one at a time. */
import { partsOf, type Key } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Reader } from "#events/cluster.ts";
import { ownKeys } from "../define.ts";
import type { Migration } from "./migrations.ts";

export function instanceKeys(event: CloudEvent): readonly Key[] {
  const { spec } = event.data as { readonly spec?: { readonly vmiName?: unknown } };
  const name = spec?.vmiName;
  return typeof name === "string" && name !== "" ? [`${event.extensions["namespace"] ?? ""}/${name}`] : [];
}

/** Those of the event's keys whose instance has a migration: most never have one. A migration that is made tells of itself. */
export async function migratingKeys(event: CloudEvent, cluster: Reader): Promise<readonly Key[]> {
  return which(ownKeys(event), async (key) => (await migrationsOf(cluster, key)).length > 0);
}

/** Those, and where one has been: a guest that has moved is looked after. */
export async function movedKeys(event: CloudEvent, cluster: Reader): Promise<readonly Key[]> {
  return which(ownKeys(event), async (key) => {
    if ((await migrationsOf(cluster, key)).length > 0) return true;
    const claim = (await cluster.get(VirtualMachineInstance, partsOf(key)))?.status?.claim;
    return claim?.migratingTo !== undefined || claim?.pod !== undefined;
  });
}

async function which(keys: readonly Key[], holds: (key: Key) => Promise<boolean>): Promise<readonly Key[]> {
  const [only] = keys;
  if (only !== undefined && keys.length === 1) return (await holds(only)) ? keys : [];
  const held = await Promise.all(keys.map(holds));
  return keys.filter((_, index) => held[index]);
}

function migrationsOf(cluster: Reader, key: Key): Promise<readonly Migration[]> {
  const { namespace, name: instance } = partsOf(key);
  return cluster.list(VirtualMachineInstanceMigration, { namespace, instance });
}
