/** The KubeVirt object, whose settings hold for the whole cluster: which one counts is decided here for all who read it. */
import { KubeVirt } from "#api/kubevirt.ts";
import type { Stored } from "#api/object.ts";
import type { Reader } from "#events/cluster.ts";

/** The oldest, where there are several: one that is made later, by mistake, changes nothing. Of one second, the first by name. */
export async function kubevirtIn(reader: Pick<Reader, "list">): Promise<Stored<KubeVirt> | undefined> {
  const found = await reader.list(KubeVirt);
  return found.reduce<Stored<KubeVirt> | undefined>(
    (oldest, one) => (oldest === undefined || ageOf(one) < ageOf(oldest) ? one : oldest),
    undefined,
  );
}

/** Less is older. */
function ageOf({ metadata }: Stored<KubeVirt>): string {
  return `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`;
}
