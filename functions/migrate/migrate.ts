/**
 * migrate: lets a waiting migration begin when it is its turn: within the limits of cluster and node, one for an
 * instance, when a node has room for it. Wakes on migrations, instances and nodes. Creates the target's anchor pod; writes
 * the migration's phases Pending and Scheduling. What comes after is `move`'s.
 *
 * ```
 *   (new) ──► Pending ──limits, room──► Scheduling: the target's pod exists
 * ```
 */
import { Pod } from "#api/core.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { SCHEDULER_NAME } from "#api/names.ts";
import { partsOf, withCondition } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { Reader } from "#events/cluster.ts";
import type { FunctionsConfig } from "../config.ts";
import {
  changed,
  defineFunction,
  due,
  nothing,
  statusPatch,
  type Decision,
  type FunctionDefinition,
} from "../define.ts";
import { isDeleting, type Instance } from "../instance.ts";
import { claimOf, targetOf } from "../machine-facts.ts";
import { anchorOf } from "../schedule/anchor.ts";
import { explain, place } from "../schedule/placement.ts";
import { readPlaces, type Places } from "../schedule/places.ts";
import { requestsOf } from "../schedule/resources.ts";
import { instanceKeys } from "./keys.ts";
import { hindrance, refusal } from "./migratable.ts";
import { current, inMigrationPhase, isUnderWay, migrationPhase, type Migration } from "./migrations.ts";

export interface MigrateFacts {
  readonly vmi: Instance | undefined;
  /** The one whose turn it is. */
  readonly migration: Migration | undefined;
  /** Other migrations that are under way, and the node that each leaves. */
  readonly underWay: readonly { readonly from: string | undefined }[];
  readonly limits: { readonly cluster: number; readonly outbound: number };
  readonly cluster: Places | undefined;
}

const AGAIN_MILLISECONDS = 5_000;

export function migrate(config: FunctionsConfig): FunctionDefinition<MigrateFacts> {
  return defineFunction<MigrateFacts>({
    name: "migrate",
    purpose: "Lets a waiting migration begin when limits and room allow it: creates the target's anchor pod.",
    on: [
      changed(VirtualMachineInstanceMigration, { keys: instanceKeys }),
      { ...due(VirtualMachineInstanceMigration), keys: instanceKeys },
      changed(VirtualMachineInstance, { idleIn: ["Pending", "Scheduling", "Scheduled"] }),
    ],
    reads: [
      "VirtualMachineInstance.get",
      "VirtualMachineInstanceMigration.list",
      "KubeVirt.list",
      "Node.list",
      "Pod.list",
    ],
    writes: [
      "Pod.create=of a migration's target",
      "VirtualMachineInstanceMigration.status.phase=Pending",
      "VirtualMachineInstanceMigration.status.phase=Scheduling",
      "VirtualMachineInstanceMigration.status.phaseTransitionTimestamps[Pending]",
      "VirtualMachineInstanceMigration.status.phaseTransitionTimestamps[Scheduling]",
      "VirtualMachineInstanceMigration.status.conditions[Waiting]",
      "record",
    ],
    // Two at a time would both count the same free place.
    oneAtATime: () => true,

    async read({ cluster }, key) {
      const at = partsOf(key);
      const about = { namespace: at.namespace, instance: at.name };
      const mine = await cluster.list(VirtualMachineInstanceMigration, about);
      if (mine.length === 0) return undefined;
      const vmi = await cluster.get(VirtualMachineInstance, at);
      const migration = current(mine);
      const idle = { vmi, migration, underWay: [], limits: { cluster: 0, outbound: 0 }, cluster: undefined };
      if (vmi === undefined || migration === undefined || !waits(migration)) return idle;
      const all = await cluster.list(VirtualMachineInstanceMigration);
      const others = all.filter((other) => isUnderWay(other) && other.metadata.uid !== migration.metadata.uid);
      const settings = (await cluster.list(KubeVirt))[0]?.spec.configuration?.migrations;
      return {
        vmi,
        migration,
        underWay: await Promise.all(others.map(async (other) => ({ from: await leavesNode(cluster, other) }))),
        limits: {
          cluster: settings?.parallelMigrationsPerCluster ?? DEFAULT_LIMITS.cluster,
          outbound: settings?.parallelOutboundMigrationsPerNode ?? DEFAULT_LIMITS.outbound,
        },
        cluster: await readPlaces(cluster),
      };
    },

    decide(facts, now) {
      const { vmi, migration } = facts;
      if (migration === undefined || !waits(migration))
        return nothing("no migration of the instance waits for its turn");
      if (isDeleting(migration)) return nothing("the migration was called off before it began");
      if (vmi === undefined || refusal(vmi) !== undefined) return nothing("the instance can't move: `move` says so");
      const why =
        hindrance(vmi) ?? (targetOf(vmi) === undefined ? limited(facts) : "its last migration is not settled");
      return why === undefined ? begin(facts, vmi, migration, config, now) : wait(migration, "Waiting", why, now);
    },
  });
}

export const DEFAULT_LIMITS = { cluster: 5, outbound: 2 } as const;

function waits(migration: Migration): boolean {
  return migrationPhase(migration) === "Pending";
}

async function leavesNode(cluster: Reader, { metadata, spec }: Migration): Promise<string | undefined> {
  const vmi = await cluster.get(VirtualMachineInstance, {
    namespace: metadata.namespace ?? "",
    name: spec.vmiName ?? "",
  });
  return vmi === undefined ? undefined : claimOf(vmi)?.node;
}

function limited({ vmi, underWay, limits }: MigrateFacts): string | undefined {
  if (underWay.length >= limits.cluster) {
    return `${underWay.length} migrations are under way, and the cluster allows ${limits.cluster}`;
  }
  const node = vmi === undefined ? undefined : claimOf(vmi)?.node;
  const leaving = underWay.filter(({ from }) => from === node).length;
  return leaving >= limits.outbound
    ? `${leaving} guests are leaving ${node}, which allows ${limits.outbound}`
    : undefined;
}

function wait(migration: Migration, reason: string, why: string, now: Date): Decision {
  const status = inMigrationPhase(migration, "Pending", now);
  const condition = { type: "Waiting", status: "True", reason, message: `${why}.` } as const;
  return {
    effects: statusPatch(VirtualMachineInstanceMigration, migration, {
      ...status,
      conditions: withCondition(status.conditions, condition, now),
    }),
    because: why,
    at: new Date(now.getTime() + AGAIN_MILLISECONDS),
  };
}

function begin(facts: MigrateFacts, vmi: Instance, migration: Migration, config: FunctionsConfig, now: Date): Decision {
  const source = claimOf(vmi)?.node ?? "";
  const { addedNodeSelector = {} } = migration.spec;
  let node: string | undefined;
  let because = `${vmi.spec.schedulerName ?? "default-scheduler"} will place the target's pod`;
  if (vmi.spec.schedulerName === SCHEDULER_NAME && facts.cluster !== undefined) {
    const spec = { ...vmi.spec, nodeSelector: { ...vmi.spec.nodeSelector, ...addedNodeSelector } };
    const others = facts.cluster.nodes.filter(({ metadata }) => metadata.name !== source);
    const placement = place(
      { spec, requests: requestsOf(spec, config.cpuAllocationRatio) },
      others,
      facts.cluster.pods,
    );
    if (placement.node === undefined) return wait(migration, "Unschedulable", explain(placement.reasons), now);
    ({ node, because } = placement);
  }
  const { name, uid } = migration.metadata;
  const pod = anchorOf(vmi, node, config, [], { migration: { name, uid }, addedNodeSelector, notOn: source });
  const status = inMigrationPhase(migration, "Scheduling", now);
  const conditions = status.conditions?.filter(({ type }) => type !== "Waiting");
  return {
    effects: [
      { do: "create", kind: Pod, object: pod },
      ...statusPatch(VirtualMachineInstanceMigration, migration, {
        ...status,
        ...(conditions === undefined ? {} : { conditions }),
      }),
      {
        do: "record",
        about: migration,
        type: "Normal",
        reason: "SuccessfulCreate",
        message: `Created target pod ${pod.metadata.name}: ${because}.`,
      },
    ],
    because: `its turn has come: ${because}`,
  };
}
