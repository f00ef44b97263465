/** The settings that an instance moves with: the cluster's, and over them those of the one policy that selects it best. Pure. */
import type { KubeVirt } from "#api/kubevirt.ts";
import type { MigrationPolicy } from "#api/migration-policy.ts";
import type { Stored } from "#api/object.ts";
import type { Instance } from "../instance.ts";

export type Configuration = NonNullable<
  NonNullable<NonNullable<Instance["status"]>["migrationState"]>["migrationConfiguration"]
>;
type ClusterSettings = NonNullable<KubeVirt["spec"]["configuration"]>["migrations"];
type Labels = Readonly<Record<string, string>> | undefined;

export interface Settings {
  /** Name of the policy that some of them come from. */
  readonly policy?: string;
  readonly configuration: Configuration;
}

/** KubeVirt's. Of these `parallel…` are the cluster's alone. */
export const DEFAULT_SETTINGS = {
  allowAutoConverge: false,
  allowPostCopy: false,
  completionTimeoutPerGiB: 150,
  maxDowntimeMs: 900,
  progressTimeout: 150,
  parallelMigrationsPerCluster: 5,
  parallelOutboundMigrationsPerNode: 2,
} as const satisfies Configuration;

export interface Deciding {
  readonly vmi: Instance;
  readonly namespaceLabels: Labels;
  readonly policies: readonly Stored<MigrationPolicy>[];
  readonly cluster: ClusterSettings;
}

export function settingsFor({ vmi, namespaceLabels, policies, cluster }: Deciding): Settings {
  const base: Configuration = { ...DEFAULT_SETTINGS, ...cluster };
  const policy = policyFor(vmi.metadata.labels, namespaceLabels, policies);
  if (policy === undefined) return { configuration: base };
  const { selectors: _whose, ...settings } = policy.spec;
  return { policy: policy.metadata.name, configuration: { ...base, ...settings } };
}

/** Most labels wins; among equals the one with more of the instance's own; then the first by name. */
export function policyFor(
  labels: Labels,
  namespaceLabels: Labels,
  policies: readonly Stored<MigrationPolicy>[],
): Stored<MigrationPolicy> | undefined {
  return policies
    .filter(({ spec: { selectors } }) => {
      return (
        holds(selectors.virtualMachineInstanceSelector, labels) && holds(selectors.namespaceSelector, namespaceLabels)
      );
    })
    .sort((one, other) => {
      const [mine, its] = [countsOf(one), countsOf(other)];
      return its.all - mine.all || its.own - mine.own || (one.metadata.name < other.metadata.name ? -1 : 1);
    })[0];
}

function holds(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels?.[name] === value);
}

function countsOf({ spec: { selectors } }: MigrationPolicy): { readonly all: number; readonly own: number } {
  const own = Object.keys(selectors.virtualMachineInstanceSelector ?? {}).length;
  return { own, all: own + Object.keys(selectors.namespaceSelector ?? {}).length };
}
