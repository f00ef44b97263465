/** KubeVirt: the object that holds the settings of the cluster. */
import type { Kind, KubeObject } from "./object.ts";
import { ClusterSpecSchema, ClusterStatusSchema } from "./schema/cluster.ts";
import { kindSchema, required, type Value } from "./schema/vocabulary.ts";

export const KubeVirtSpecSchema = required(ClusterSpecSchema);
export const KubeVirtStatusSchema = required(ClusterStatusSchema);
export const KubeVirtSchema = kindSchema(KubeVirtSpecSchema, ClusterStatusSchema);

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
