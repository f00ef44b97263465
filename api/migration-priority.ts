/** Which migrations go first of those that wait: KubeVirt's words, the first goes first. Pure. */

export const MIGRATION_PRIORITIES = ["system-critical", "user-triggered", "system-maintenance"] as const;
export type MigrationPriority = (typeof MIGRATION_PRIORITIES)[number];

export function isMigrationPriority(text: string): text is MigrationPriority {
  return MIGRATION_PRIORITIES.some((priority) => priority === text);
}
