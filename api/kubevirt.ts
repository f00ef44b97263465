/** KubeVirt: the object that holds the settings of the cluster. */
import type { Kind, KubeObject } from "./object.ts";
import type { KubeVirtSpecSchema, KubeVirtStatusSchema } from "./schema/kinds.ts";
import type { Value } from "./schema/vocabulary.ts";

export type KubeVirtSpec = Value<typeof KubeVirtSpecSchema>;
export type KubeVirtStatus = Value<typeof KubeVirtStatusSchema>;

export interface KubeVirt extends KubeObject {
  readonly spec: KubeVirtSpec;
  readonly status?: KubeVirtStatus | undefined;
}

export const KubeVirt: Kind<KubeVirt> = {
  group: "kubevirt.io",
  version: "v1",
  kind: "KubeVirt",
  plural: "kubevirts",
  namespaced: true,
};
