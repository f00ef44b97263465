/**
 * The bodies of requests to subresources.kubevirt.io. A body may be missing: then every option is unset. `kind` and
 * `apiVersion` may be there, as clients send them. Pure.
 */
import { z } from "zod";

const typeMeta = { kind: z.string().max(64).optional(), apiVersion: z.string().max(128).optional() };

/** ["All"]: only check whether the request would be carried out. */
const dryRun = z.array(z.literal("All")).max(1).nullish().describe("All: only check.");

/** PUT virtualmachines/{name}/start */
export const StartOptions = z.strictObject({
  ...typeMeta,
  paused: z.boolean().optional().describe("Start with the vCPUs halted."),
  dryRun,
});
export type StartOptions = z.infer<typeof StartOptions>;

/** PUT virtualmachines/{name}/stop */
export const StopOptions = z.strictObject({
  ...typeMeta,
  gracePeriod: z
    .int()
    .min(0)
    .max(86_400)
    .nullish()
    .describe("Seconds that the guest gets to shut down; what its spec says when unset."),
  dryRun,
});
export type StopOptions = z.infer<typeof StopOptions>;

/** PUT virtualmachines/{name}/restart. The range of gracePeriodSeconds is the gateway's to judge: it answers 400. */
export const RestartOptions = z.strictObject({
  ...typeMeta,
  gracePeriodSeconds: z.int().nullish().describe("0: end the guest now rather than ask it to shut down."),
  dryRun,
});
export type RestartOptions = z.infer<typeof RestartOptions>;

/** PUT virtualmachines/{name}/migrate */
export const MigrateOptions = z.strictObject({
  ...typeMeta,
  addedNodeSelector: z.record(z.string().max(317), z.string().max(63)).nullish().describe("Labels of the target."),
  dryRun,
});
export type MigrateOptions = z.infer<typeof MigrateOptions>;

/** PUT virtualmachineinstances/{name}/pause */
export const PauseOptions = z.strictObject({ ...typeMeta, dryRun });
export type PauseOptions = z.infer<typeof PauseOptions>;

/** PUT virtualmachineinstances/{name}/unpause */
export const UnpauseOptions = z.strictObject({ ...typeMeta, dryRun });
export type UnpauseOptions = z.infer<typeof UnpauseOptions>;
