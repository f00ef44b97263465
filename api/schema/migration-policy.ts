/** Spec of a migration policy: whose migrations, and their settings. */
import { ExperimentalSchema, migrationConfiguration as settings } from "./migration.ts";
import { map, object, required, text } from "./vocabulary.ts";

const labels = (whose: string) => map(`Labels that ${whose} must have, all of them.`, text("The label's value."));

export const PolicySpecSchema = object(
  "Which instances' migrations, and how they go. What is unset is the cluster's.",
  {
    selectors: required(
      object("Which instances: those that both select. An empty one selects all.", {
        namespaceSelector: labels("the instance's namespace"),
        virtualMachineInstanceSelector: labels("the instance"),
      }),
    ),
    allowAutoConverge: settings.allowAutoConverge,
    allowPostCopy: settings.allowPostCopy,
    allowWorkloadDisruption: settings.allowWorkloadDisruption,
    bandwidthPerMigration: settings.bandwidthPerMigration,
    completionTimeoutPerGiB: settings.completionTimeoutPerGiB,
    experimental: ExperimentalSchema,
    maxDowntimeMs: settings.maxDowntimeMs,
  },
);

export const PolicyStatusSchema = object("Nothing is told.", {});
