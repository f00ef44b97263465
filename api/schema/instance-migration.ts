/** Spec and status of a migration: the wish that an instance moves to another node, and what became of it. */
import { conditions } from "./kubernetes.ts";
import { MigrationStateSchema } from "./migration.ts";
import { list, map, object, required, text, time, word } from "./vocabulary.ts";

export const MIGRATION_PHASES = [
  "Pending",
  "Scheduling",
  "Scheduled",
  "PreparingTarget",
  "TargetReady",
  "Running",
  "Succeeded",
  "Failed",
  "WaitingForSync",
  "Synchronizing",
] as const;

export const InstanceMigrationSpecSchema = object("Which instance moves, and where it may go.", {
  vmiName: text("Name of the instance, in the migration's namespace."),
  addedNodeSelector: map(
    "Labels that the target must have besides those that the instance asks for.",
    text("A value."),
  ),
  priority: text(
    "Which go first of those that wait: system-critical, then user-triggered (when unset), then system-maintenance.",
  ),
  receive: object("The target's end of a migration between clusters.", {
    migrationID: required(text("Identity that both ends share.")),
  }),
  sendTo: object("The source's end of a migration between clusters.", {
    migrationID: required(text("Identity that both ends share.")),
    connectURL: required(text("Where the other end is reached.")),
  }),
});

export const InstanceMigrationStatusSchema = object("How far the migration is.", {
  phase: word("Where it is.", [...MIGRATION_PHASES]),
  conditions: conditions("migration"),
  migrationState: MigrationStateSchema,
  phaseTransitionTimestamps: list(
    "When it entered its phases.",
    object("One change of phase.", {
      phase: word("The phase that was entered.", [...MIGRATION_PHASES]),
      phaseTransitionTimestamp: time("When it was entered."),
    }),
    { list: "atomic" },
  ),
  synchronizationAddresses: list("Addresses for a migration between clusters.", text("An address."), {
    list: "atomic",
  }),
});
