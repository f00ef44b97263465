/** MigrationPolicy: settings of live migrations for the instances that it selects, by their own labels and their namespace's. */
import type { Kind, KubeObject } from "./object.ts";
import type { MigrationPolicySpecSchema } from "./schema/kinds.ts";
import type { Value } from "./schema/vocabulary.ts";

export interface MigrationPolicy extends KubeObject {
  readonly spec: Value<typeof MigrationPolicySpecSchema>;
}

export const MigrationPolicy: Kind<MigrationPolicy> = {
  group: "migrations.kubevirt.io",
  version: "v1alpha1",
  kind: "MigrationPolicy",
  plural: "migrationpolicies",
  namespaced: false,
};
